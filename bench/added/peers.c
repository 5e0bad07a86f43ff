/* Making rows of what a peer says, and running them. */
#include "bench/added/peers.h"
#include "bench/added/peer.h"
#include "bench/added/peer_tensors.h"
#include "common/clock.h"
#include "common/words.h"
#include "gpu/gpu.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const double start_seconds = 120.0;
enum { ROWS_MAX = 256 };

struct peers_row {
    struct peers *peers;
    int index;
    const cJSON *object; /* of peer.rows */
};

struct peers {
    struct peer peer;
    struct device cpu; /* says what memory there is */
    long launches;     /* that were opened: the next one's number */
    double answered;   /* when its last batch was */
    int row_count;
    struct peers_row rows[ROWS_MAX];
};

/* What is kept of a launch. */
struct peers_launch {
    struct peers_row *row;
    const struct bench_case *bench_case; /* borrowed: of the contest */
    struct peer_tensors tensors;
    long number;
    int start;      /* the life of the peer that knows it; 0: none does */
    bool is_loaded; /* the tensors have been, in that life */
};

/* --- requests --------------------------------------------------------------------------------- */

static cJSON *request_make(const char *verb, long number) {
    cJSON *request = cJSON_CreateObject();
    cJSON_AddNumberToObject(request, verb, (double)number);
    return request;
}

/* The numbers of the operation's problem. Its codes are said by variant and dtype. */
static void parameters_add(cJSON *request, const struct operation *operation,
                           const struct launch *launch) {
    cJSON *parameters = cJSON_AddObjectToObject(request, "parameters");
    for (int i = 0; i < operation->argument_count; i++) {
        const struct operation_argument *argument = &operation->arguments[i];
        const char *member = (const char *)launch->problem + argument->offset;
        int64_t whole;
        float real;
        if (argument->kind == ARGUMENT_WHOLE) {
            memcpy(&whole, member, sizeof whole);
            cJSON_AddNumberToObject(parameters, argument->name, (double)whole);
        } else if (argument->kind == ARGUMENT_REAL) {
            memcpy(&real, member, sizeof real);
            cJSON_AddNumberToObject(parameters, argument->name, (double)real);
        }
    }
}

static cJSON *open_request(const struct peers_launch *kept, const struct launch *launch,
                           int threads) {
    const struct bench_case *c = kept->bench_case;
    char name[256];
    cJSON *request = request_make("open", kept->number);
    case_name(c, name, sizeof name);
    cJSON_AddNumberToObject(request, "row", kept->row->index);
    cJSON_AddStringToObject(request, "case", name);
    cJSON_AddStringToObject(request, "operation", c->operation->name);
    cJSON_AddStringToObject(request, "variant", c->operation->variants[c->variant]);
    cJSON_AddStringToObject(request, "dtype", dtype_name(c->dtype));
    cJSON_AddNumberToObject(request, "threads", threads);
    cJSON *sizes = cJSON_AddArrayToObject(request, "sizes");
    for (int i = 0; i < c->size_count; i++)
        cJSON_AddItemToArray(sizes, cJSON_CreateNumber((double)c->sizes[i]));
    parameters_add(request, c->operation, launch);
    peer_tensors_describe(&kept->tensors, request);
    return request;
}

/* Asks for what is acknowledged by the launch's number. */
static enum status number_ask(struct peers *peers, cJSON *request, const char *wanted, long number,
                              struct message *message) {
    double answered;
    enum status status = peer_ask(&peers->peer, request, wanted, &answered, message);
    if (status != STATUS_OK || answered == (double)number)
        return status;
    (void)message_set(message, STATUS_FAILED, "%.200s answers \"%s\": %g when asked for %ld",
                      peers->peer.command, wanted, answered, number);
    return peer_fail(&peers->peer, STATUS_FAILED, message);
}

static enum status tensors_load(struct peers_launch *kept, struct gpu *gpu,
                                struct message *message) {
    struct peers *peers = kept->row->peers;
    enum status status = peer_tensors_load(&kept->tensors, gpu, message);
    if (status == STATUS_OK)
        status =
            number_ask(peers, request_make("load", kept->number), "loaded", kept->number, message);
    kept->is_loaded = status == STATUS_OK;
    return status;
}

/* Sees to it that the peer lives and knows the launch. */
static enum status launch_ready(const struct launch *launch, struct execution *execution) {
    struct peers_launch *kept = launch->kept;
    struct peers *peers = kept->row->peers;
    struct message *message = execution->message;
    if (execution->gpu && gpu_properties(execution->gpu)->emulated)
        return message_set(message, STATUS_UNSUPPORTED,
                           "runs on a GPU in a process of its own, where none is emulated");
    enum status status = peer_revive(&peers->peer, message);
    if (status != STATUS_OK || kept->start == peers->peer.starts)
        return status;
    kept->is_loaded = false;
    status = peer_tensors_load(&kept->tensors, execution->gpu, message);
    if (status == STATUS_OK)
        status = number_ask(peers, open_request(kept, launch, execution->threads), "opened",
                            kept->number, message);
    if (status == STATUS_OK)
        kept->start = peers->peer.starts;
    return status;
}

/* --- the methods of a row --------------------------------------------------------------------- */

static void peers_release(struct launch *launch) {
    struct peers_launch *kept = launch->kept;
    if (!kept)
        return;
    struct peers *peers = kept->row->peers;
    struct message ignored; /* what it cannot close is lost with the process */
    if (peers->peer.is_running && kept->start == peers->peer.starts)
        (void)number_ask(peers, request_make("close", kept->number), "closed", kept->number,
                         &ignored);
    peer_tensors_close(&kept->tensors);
    free(kept);
}

/* Whether the list holds the text; a list that is not there holds all. */
static bool list_has(const cJSON *list, const char *text) {
    const cJSON *item;
    if (!list)
        return true;
    cJSON_ArrayForEach(item, list) {
        const char *value = cJSON_GetStringValue(item);
        if (value && strcmp(value, text) == 0)
            return true;
    }
    return false;
}

static enum status peers_keep(const struct bench_case *bench_case,
                              const struct implementation *implementation, void *const buffers[],
                              struct launch *launch, struct message *message) {
    struct peers_row *row = (struct peers_row *)implementation->own;
    const char *variant = bench_case->operation->variants[bench_case->variant];
    if (!list_has(cJSON_GetObjectItemCaseSensitive(row->object, "variants"), variant))
        return message_set(message, STATUS_UNSUPPORTED, "does not compute the variant %s", variant);
    struct peers_launch *kept = calloc(1, sizeof *kept);
    if (!kept)
        return message_set(message, STATUS_NO_MEMORY, "no memory for a launch");
    enum status status =
        peer_tensors_open(&kept->tensors, bench_case, buffers, &row->peers->cpu, message);
    if (status != STATUS_OK) {
        free(kept);
        return status;
    }
    kept->row = row;
    kept->bench_case = bench_case;
    kept->number = row->peers->launches++;
    launch->kept = kept;
    launch->release = peers_release;
    return STATUS_OK;
}

static enum status peers_run(const struct implementation *implementation,
                             const struct launch *launch, int64_t iteration,
                             struct execution *execution) {
    (void)implementation;
    struct peers_launch *kept = launch->kept;
    struct message *message = execution->message;
    enum status status = launch_ready(launch, execution);
    if (status == STATUS_OK)
        status = tensors_load(kept, execution->gpu, message);
    if (status != STATUS_OK)
        return status;
    cJSON *request = request_make("run", kept->number);
    cJSON_AddNumberToObject(request, "iteration", (double)iteration);
    status = number_ask(kept->row->peers, request, "ran", kept->number, message);
    return status == STATUS_OK ? peer_tensors_store(&kept->tensors, execution->gpu, message)
                               : status;
}

/* Its own clock is believed as far as this one can tell: no batch takes longer than its answer. */
static enum status seconds_check(struct peers *peers, double seconds, double waited,
                                 struct message *message) {
    static const double slack = 1e-4;
    if (seconds >= 0.0 && seconds <= 1.01 * waited + slack)
        return STATUS_OK;
    (void)message_set(message, STATUS_FAILED,
                      "%.200s says that a batch took %g seconds, and the answer came after %g",
                      peers->peer.command, seconds, waited);
    return peer_fail(&peers->peer, STATUS_FAILED, message);
}

/* What ran before in this process may have left threads that spin: they go to sleep first. Between
 * two batches of the peer nothing ran. */
static void threads_settle(const struct peers *peers, int threads) {
    static const double at_once = 1e-3;
    static const struct timespec spinning = {.tv_nsec = 10000000};
    if (threads > 1 && clock_seconds() - peers->answered > at_once)
        (void)nanosleep(&spinning, NULL);
}

/* The launches have successive numbers, for they were kept one behind the other. */
static enum status peers_batch(const struct implementation *implementation,
                               const struct launch *launches, int launch_count, int64_t first,
                               int64_t iterations, double *seconds, struct execution *execution) {
    (void)implementation;
    const struct peers_launch *kept = launches[0].kept;
    struct peers *peers = kept->row->peers;
    const bool anew = first == 0 && kept->bench_case->operation->restore_each_sample;
    enum status status = STATUS_OK;
    for (int i = 0; i < launch_count && status == STATUS_OK; i++) {
        struct peers_launch *one = launches[i].kept;
        status = launch_ready(&launches[i], execution);
        if (status == STATUS_OK && (anew || !one->is_loaded))
            status = tensors_load(one, execution->gpu, execution->message);
    }
    if (status != STATUS_OK)
        return status;
    cJSON *request = request_make("take", kept->number);
    cJSON_AddNumberToObject(request, "launches", launch_count);
    cJSON_AddNumberToObject(request, "first", (double)first);
    cJSON_AddNumberToObject(request, "iterations", (double)iterations);
    threads_settle(peers, execution->threads);
    const double start = clock_seconds();
    status = peer_ask(&peers->peer, request, "seconds", seconds, execution->message);
    peers->answered = clock_seconds();
    return status == STATUS_OK
               ? seconds_check(peers, *seconds, peers->answered - start, execution->message)
               : status;
}

static const struct implementation_methods methods = {
    .keep = peers_keep, .launch = peers_run, .batch = peers_batch};

/* --- its rows --------------------------------------------------------------------------------- */

static enum status dtypes_read(const cJSON *row, const char *command, unsigned *dtypes,
                               struct message *message) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(row, "dtypes"), *item;
    *dtypes = 0;
    cJSON_ArrayForEach(item, list) {
        const char *name = cJSON_GetStringValue(item);
        unsigned bit = 0;
        for (enum dtype d = DTYPE_F32; name && d <= DTYPE_F16; d++)
            if (strcmp(name, dtype_name(d)) == 0)
                bit = DTYPE_BIT(d);
        if (bit == 0)
            return message_set(message, STATUS_INVALID,
                               "%.200s has a row of dtype '%.60s'; there are f32, tf32, bf16 and "
                               "f16",
                               command, name ? name : "?");
        *dtypes |= bit;
    }
    return STATUS_OK;
}

static const char *text_of(const cJSON *object, const char *key) {
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static enum status row_append(struct peers *peers, const cJSON *object, const char *renamed,
                              struct added_rows *rows, struct message *message) {
    const char *command = peers->peer.command;
    const char *operation = text_of(object, "operation"), *name = text_of(object, "name");
    const char *summary = text_of(object, "summary"), *device = text_of(object, "device");
    struct peers_row *row = &peers->rows[peers->row_count];
    struct implementation implementation = {
        .file = command,
        .summary = summary ? summary : "computed by a process",
        .device = device && strcmp(device, "gpu") == 0 ? DEVICE_GPU : DEVICE_CPU,
        .one_thread = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "one_thread")),
        .methods = &methods,
        .own = row};
    if (!operation || !name)
        return message_set(message, STATUS_INVALID,
                           "%.200s: row %d lacks its \"operation\" or its \"name\"", command,
                           peers->row_count);
    enum status status = dtypes_read(object, command, &implementation.dtypes, message);
    if (status != STATUS_OK)
        return status;
    *row = (struct peers_row){peers, peers->row_count++, object};
    return added_rows_append(rows, operation, renamed ? renamed : name, &implementation, message);
}

static enum status rows_append(struct peers *peers, const char *renamed, struct added_rows *rows,
                               struct message *message) {
    const int count = cJSON_GetArraySize(peers->peer.rows);
    const cJSON *object;
    enum status status = STATUS_OK;
    if (count < 1 || count > ROWS_MAX)
        return message_set(message, STATUS_INVALID, "%.200s has %s; 1 to %d can be added",
                           peers->peer.command, COUNTED(count, "row"), ROWS_MAX);
    if (renamed && count > 1)
        return message_set(message, STATUS_INVALID,
                           "%.200s has %d rows, and a name can be given to one alone",
                           peers->peer.command, count);
    cJSON_ArrayForEach(object, peers->peer.rows) {
        if (status == STATUS_OK)
            status = row_append(peers, object, renamed, rows, message);
    }
    return status;
}

/* --- the way ---------------------------------------------------------------------------------- */

static bool peers_takes(const char *what) {
    struct stat found;
    return strpbrk(what, " \t") ||
           (stat(what, &found) == 0 && S_ISREG(found.st_mode) && access(what, X_OK) == 0);
}

static enum status peers_open(const char *what, const char *name, struct added_rows *rows,
                              void **state, struct message *message) {
    struct peers *peers = calloc(1, sizeof *peers);
    *state = peers;
    if (!peers)
        return message_set(message, STATUS_NO_MEMORY, "no memory for a process' rows");
    enum status status = device_cpu_open(&peers->cpu, message);
    if (status == STATUS_OK)
        status = peer_open(&peers->peer, what, start_seconds, message);
    return status == STATUS_OK ? rows_append(peers, name, rows, message) : status;
}

static void peers_close(void *state) {
    struct peers *peers = state;
    if (!peers)
        return;
    struct message ignored; /* it only told what memory there is */
    peer_close(&peers->peer);
    if (peers->cpu.close)
        (void)peers->cpu.close(&peers->cpu, &ignored);
    free(peers);
}

const struct added_way added_way_peer = {
    .takes = peers_takes, .is_file = false, .open = peers_open, .close = peers_close};
