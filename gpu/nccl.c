/* NCCL, found at run time; see gpu/nccl.h. */
#include "gpu/nccl.h"

#include "common/clock.h"
#include "gpu/library.h"
#include "gpu/state.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The first with a sum of products. */
enum { NCCL_VERSION_OLDEST = 21100 };

static const double leaving_seconds = 10.0;

struct gpu_nccl {
    void *library;
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator takes none */
#define NCCL_MEMBER(member, name, parameters) nccl_result(*member) parameters;
    NCCL_FUNCTIONS(NCCL_MEMBER)
#undef NCCL_MEMBER
    /* What it last wrote for a log; NULL before NCCL 2.13. */
    const char *(*ncclGetLastError)(struct nccl_communicator *communicator);
    char version[16];
    struct joining *joining;                /* NULL: nobody joins */
    struct leaving *leaving;                /* those that were begun, the last one first */
    struct nccl_communicator *communicator; /* NULL: not one of several */
    int joined;                             /* how often */
};

/* The thread that joins, and whoever waits for it. The one that comes last frees it: a thread that
 * NCCL never lets go is left alone. */
struct joining {
    atomic_int state;     /* enum joining_state */
    struct gpu_nccl nccl; /* a copy: the GPU may be closed before */
    struct cuda_context *context;
    enum cuda_result (*cuCtxSetCurrent)(struct cuda_context *context);
    struct gpu_nccl_identity identity;
    int rank, ranks;
    nccl_result result;
    struct nccl_communicator *communicator;
};
enum joining_state { JOINING_WAITS, JOINING_ENDED, JOINING_LEFT };

/* ncclCommAbort ends what was enqueued at once, and then waits until the graphs are destroyed that
 * were captured with the communicator. Their owners do that later: it has a thread of its own. */
struct leaving {
    struct leaving *before;
    atomic_bool ended;
    struct nccl_communicator *communicator;
    struct cuda_context *context;
    enum cuda_result (*cuCtxSetCurrent)(struct cuda_context *context);
    nccl_result (*ncclCommAbort)(struct nccl_communicator *communicator);
};

static const struct library_symbol nccl_symbols[] = {
#define NCCL_SYMBOL(member, name, parameters) {#name, offsetof(struct gpu_nccl, member)},
    NCCL_FUNCTIONS(NCCL_SYMBOL)
#undef NCCL_SYMBOL
};
static const struct library_symbol nccl_symbols_known[] = {
    {"ncclGetLastError", offsetof(struct gpu_nccl, ncclGetLastError)}};

static const struct {
    nccl_result result;
    const char *name;
} result_names[] = {
#define NCCL_NAME(name, value) {name, #name},
    NCCL_RESULTS(NCCL_NAME)
#undef NCCL_NAME
};

/* --- errors ----------------------------------------------------------------------------------- */

static enum status nccl_check(const struct gpu_nccl *nccl, nccl_result result, const char *what,
                              struct message *message) {
    if (result == ncclSuccess)
        return STATUS_OK;
    const char *name = "an unknown result", *detail = NULL;
    for (size_t i = 0; i < sizeof result_names / sizeof result_names[0]; i++)
        if (result_names[i].result == result)
            name = result_names[i].name;
    if (nccl->ncclGetLastError)
        detail = nccl->ncclGetLastError(nccl->communicator);
    const bool detailed = detail && *detail;
    return message_set(message, STATUS_FAILED,
                       "%s failed: %s (%d)%s%.300s; NCCL_DEBUG=WARN makes NCCL say more", what,
                       name, (int)result, detailed ? ": " : "", detailed ? detail : "");
}

/* Of two calls of which the later one is made in any case, what went wrong first. */
static enum status first_failure(enum status status, enum status later, const struct message *said,
                                 struct message *message) {
    if (status == STATUS_OK && later != STATUS_OK)
        *message = *said;
    return status == STATUS_OK ? later : status;
}

/* --- the library ------------------------------------------------------------------------------ */

static enum status nccl_bind(struct gpu_nccl *nccl, const char *chosen, struct message *message) {
    const char *names[] = {chosen ? chosen : "libnccl.so.2", NULL};
    struct message reason;
    if (library_open(names, &nccl->library, &reason) != STATUS_OK)
        return message_set(
            message, STATUS_UNSUPPORTED,
            "NCCL could not be loaded (%s); install NCCL 2.11 or newer, and name its "
            "folder in LD_LIBRARY_PATH or its file in LOCKSTEP_NCCL",
            reason.text);
    /* An old one lacks functions: it is better named by its version. */
    nccl_result (*ask)(int *) = NULL;
    const struct library_symbol version_symbol = {"ncclGetVersion", 0};
    library_bind_known(nccl->library, &version_symbol, 1, (void *)&ask);
    int version = NCCL_VERSION_OLDEST;
    enum status status = STATUS_OK;
    if (ask)
        status = nccl_check(nccl, ask(&version), "ncclGetVersion", message);
    if (status == STATUS_OK && version < NCCL_VERSION_OLDEST)
        return message_set(message, STATUS_UNSUPPORTED,
                           "this NCCL is too old (its version number is %d); install NCCL 2.11 or "
                           "newer",
                           version);
    if (status == STATUS_OK &&
        library_bind(nccl->library, nccl_symbols, sizeof nccl_symbols / sizeof nccl_symbols[0],
                     nccl, &reason) != STATUS_OK)
        return message_set(message, STATUS_UNSUPPORTED,
                           "NCCL cannot be used, %s; install NCCL 2.11 or newer", reason.text);
    library_bind_known(nccl->library, nccl_symbols_known, 1, nccl);
    snprintf(nccl->version, sizeof nccl->version, "%d.%d.%d", version / 10000, version / 100 % 100,
             version % 100);
    return status;
}

enum status gpu_nccl_load(struct gpu *gpu, struct message *message) {
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK || gpu->nccl)
        return status;
    const char *chosen = getenv("LOCKSTEP_NCCL");
    if (chosen && !*chosen)
        chosen = NULL;
    if (gpu->properties.emulated && !chosen)
        return message_set(message, STATUS_UNSUPPORTED,
                           "NCCL needs a real GPU: it ships machine code, and the emulated GPU "
                           "runs PTX; a stand-in may be named in LOCKSTEP_NCCL");
    struct gpu_nccl *nccl = calloc(1, sizeof *nccl);
    if (!nccl)
        return message_set(message, STATUS_NO_MEMORY, "no host memory for NCCL's table");
    status = nccl_bind(nccl, chosen, message);
    if (status == STATUS_OK)
        gpu->nccl = nccl;
    else
        free(nccl);
    return status;
}

const char *gpu_nccl_version(const struct gpu *gpu) {
    return gpu->nccl ? gpu->nccl->version : NULL;
}

/* --- joining ---------------------------------------------------------------------------------- */

enum status gpu_nccl_identify(struct gpu *gpu, struct gpu_nccl_identity *identity,
                              struct message *message) {
    return nccl_check(gpu->nccl, gpu->nccl->ncclGetUniqueId(&identity->id), "ncclGetUniqueId",
                      message);
}

static void *joining_run(void *argument) {
    struct joining *joining = argument;
    const struct gpu_nccl *nccl = &joining->nccl;
    joining->result = ncclUnhandledCudaError;
    if (joining->cuCtxSetCurrent(joining->context) == CUDA_SUCCESS)
        joining->result = nccl->ncclCommInitRank(&joining->communicator, joining->ranks,
                                                 joining->identity.id, joining->rank);
    int waits = JOINING_WAITS;
    if (!atomic_compare_exchange_strong(&joining->state, &waits, JOINING_ENDED)) {
        if (joining->result == ncclSuccess)
            (void)nccl->ncclCommAbort(joining->communicator);
        free(joining);
    }
    return NULL;
}

enum status gpu_nccl_join(struct gpu *gpu, const struct gpu_nccl_identity *identity, int rank,
                          int ranks, struct message *message) {
    struct joining *joining = calloc(1, sizeof *joining);
    if (!joining)
        return message_set(message, STATUS_NO_MEMORY, "no host memory to join by NCCL");
    joining->nccl = *gpu->nccl;
    joining->context = gpu->context;
    joining->cuCtxSetCurrent = gpu->driver.cuCtxSetCurrent;
    joining->identity = *identity;
    joining->rank = rank;
    joining->ranks = ranks;
    pthread_t thread;
    const int error = pthread_create(&thread, NULL, joining_run, joining);
    if (error) {
        free(joining);
        return message_set(message, STATUS_FAILED, "no thread to join by NCCL: %s",
                           strerror(error));
    }
    (void)pthread_detach(thread);
    gpu->nccl->joining = joining;
    return STATUS_OK;
}

enum status gpu_nccl_joining(struct gpu *gpu, bool *waiting, struct message *message) {
    struct gpu_nccl *nccl = gpu->nccl;
    struct joining *joining = nccl->joining;
    *waiting = joining && atomic_load(&joining->state) == JOINING_WAITS;
    if (!joining || *waiting)
        return STATUS_OK;
    const enum status status = nccl_check(nccl, joining->result, "ncclCommInitRank", message);
    if (status == STATUS_OK) {
        nccl->communicator = joining->communicator;
        nccl->joined++;
    }
    nccl->joining = NULL;
    free(joining);
    return status;
}

int gpu_nccl_joined(const struct gpu *gpu) {
    return gpu->nccl && gpu->nccl->communicator ? gpu->nccl->joined : 0;
}

/* --- sums ------------------------------------------------------------------------------------- */

enum status gpu_nccl_sum(struct gpu *gpu, const struct gpu_nccl_sum *sum, struct message *message) {
    struct gpu_nccl *nccl = gpu->nccl;
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    nccl_operation operation = ncclSum;
    float factor = sum->factor;
    const bool weighted = factor < 1.0F || factor > 1.0F;
    if (weighted)
        status =
            nccl_check(nccl,
                       nccl->ncclRedOpCreatePreMulSum(&operation, &factor, sum->type,
                                                      ncclScalarHostImmediate, nccl->communicator),
                       "ncclRedOpCreatePreMulSum", message);
    if (status != STATUS_OK)
        return status;
    status =
        nccl_check(nccl,
                   nccl->ncclAllReduce(sum->in, sum->out, (size_t)sum->count, sum->type, operation,
                                       nccl->communicator, sum->beside ? gpu->beside : gpu->stream),
                   "ncclAllReduce", message);
    /* It may be destroyed as soon as the sum is enqueued. */
    struct message destroying;
    if (weighted)
        status =
            first_failure(status,
                          nccl_check(nccl, nccl->ncclRedOpDestroy(operation, nccl->communicator),
                                     "ncclRedOpDestroy", &destroying),
                          &destroying, message);
    return status;
}

/* --- exchanges -------------------------------------------------------------------------------- */

/* The two calls of a group. */
static enum status both_enqueue(struct gpu *gpu, const struct gpu_nccl_exchange *exchange,
                                struct message *message) {
    struct gpu_nccl *nccl = gpu->nccl;
    const enum status status =
        nccl_check(nccl,
                   nccl->ncclSend(exchange->sent, exchange->bytes, ncclInt8, exchange->to,
                                  nccl->communicator, gpu->stream),
                   "ncclSend", message);
    return status == STATUS_OK
               ? nccl_check(nccl,
                            nccl->ncclRecv(exchange->received, exchange->bytes, ncclInt8,
                                           exchange->from, nccl->communicator, gpu->stream),
                            "ncclRecv", message)
               : status;
}

enum status gpu_nccl_exchange(struct gpu *gpu, const struct gpu_nccl_exchange *exchange,
                              struct message *message) {
    struct gpu_nccl *nccl = gpu->nccl;
    struct message ending;
    enum status status = gpu_usable(gpu, message);
    if (status == STATUS_OK)
        status = nccl_check(nccl, nccl->ncclGroupStart(), "ncclGroupStart", message);
    if (status != STATUS_OK)
        return status;
    status = both_enqueue(gpu, exchange, message);
    /* Until its end all calls of this thread belong to the group. */
    return first_failure(status, nccl_check(nccl, nccl->ncclGroupEnd(), "ncclGroupEnd", &ending),
                         &ending, message);
}

enum status gpu_nccl_check(struct gpu *gpu, struct message *message) {
    const struct gpu_nccl *nccl = gpu->nccl;
    nccl_result happened = ncclSuccess;
    if (!gpu_nccl_joined(gpu))
        return STATUS_OK;
    enum status status =
        nccl_check(nccl, nccl->ncclCommGetAsyncError(nccl->communicator, &happened),
                   "ncclCommGetAsyncError", message);
    return status == STATUS_OK ? nccl_check(nccl, happened, "NCCL's work on the GPU", message)
                               : status;
}

/* --- leaving ---------------------------------------------------------------------------------- */

static void *leaving_run(void *argument) {
    struct leaving *leaving = argument;
    /* Results say no more than what made the caller abandon. */
    (void)leaving->cuCtxSetCurrent(leaving->context);
    (void)leaving->ncclCommAbort(leaving->communicator);
    atomic_store(&leaving->ended, true);
    return NULL;
}

/* Without memory or a thread the communicator is left as it is. */
static void communicator_leave(struct gpu *gpu, struct nccl_communicator *communicator) {
    struct leaving *leaving = malloc(sizeof *leaving);
    pthread_t thread;
    if (!leaving)
        return;
    *leaving = (struct leaving){.before = gpu->nccl->leaving,
                                .communicator = communicator,
                                .context = gpu->context,
                                .cuCtxSetCurrent = gpu->driver.cuCtxSetCurrent,
                                .ncclCommAbort = gpu->nccl->ncclCommAbort};
    if (pthread_create(&thread, NULL, leaving_run, leaving) != 0) {
        free(leaving);
        return;
    }
    (void)pthread_detach(thread);
    gpu->nccl->leaving = leaving;
}

/* Before the context goes, in which they work. One that never ends is left alone. */
static void leaving_wait(struct gpu_nccl *nccl) {
    const double deadline = clock_seconds() + leaving_seconds;
    const struct timespec pause = {.tv_nsec = 1000000};
    while (nccl->leaving) {
        struct leaving *leaving = nccl->leaving;
        while (!atomic_load(&leaving->ended) && clock_seconds() < deadline)
            (void)nanosleep(&pause, NULL);
        nccl->leaving = leaving->before;
        if (atomic_load(&leaving->ended))
            free(leaving);
    }
}

void gpu_nccl_abandon(struct gpu *gpu) {
    struct gpu_nccl *nccl = gpu->nccl;
    if (!nccl)
        return;
    int waits = JOINING_WAITS;
    if (nccl->joining &&
        !atomic_compare_exchange_strong(&nccl->joining->state, &waits, JOINING_LEFT)) {
        if (nccl->joining->result == ncclSuccess)
            communicator_leave(gpu, nccl->joining->communicator);
        free(nccl->joining);
    }
    nccl->joining = NULL;
    if (nccl->communicator)
        communicator_leave(gpu, nccl->communicator);
    nccl->communicator = NULL;
}

/* ncclCommDestroy waits for what was enqueued, which in a broken context never ends. */
void gpu_nccl_release(struct gpu *gpu) {
    struct gpu_nccl *nccl = gpu->nccl;
    struct message message;
    if (!nccl)
        return;
    if (nccl->communicator && !gpu->broken) {
        if (nccl_check(nccl, nccl->ncclCommDestroy(nccl->communicator), "ncclCommDestroy",
                       &message) != STATUS_OK &&
            *gpu->unreturned.text == '\0')
            gpu->unreturned = message;
        nccl->communicator = NULL;
    }
    gpu_nccl_abandon(gpu);
    leaving_wait(nccl);
    free(nccl);
    gpu->nccl = NULL;
}
