/* `lockstep verify` */
#include "bench/commands/job.h"
#include "bench/commands/options.h"
#include "bench/devices/cores.h"
#include "bench/devices/processors.h"
#include "bench/operations/operations.h"
#include "bench/run/suite.h"
#include "bench/selection/selection.h"

#include <errno.h>
#include <stdio.h>

static const char doc[] =
    "Checks every implementation of the operations (default: all) against the float64 oracle on "
    "awkward shapes, leading dimensions and special values. Nothing is timed.\v"
    "Example:\n  lockstep verify softmax --implementation cpu-simd";

enum { OPERATIONS_MAX = 32 };

struct parsed {
    const char *names[OPERATIONS_MAX];
    int name_count;
    const struct operation *operations[OPERATIONS_MAX];
    struct added_list add;
    struct added *added;
    const char *gpu, *tuning;
    const char *cores; /* NULL: all that this process may run on */
    struct ranks *ranks;
    struct suite_options suite;
};

static const struct command_option options[] = {
    OPTION_IMPLEMENTATIONS(struct parsed, suite.implementations),
    OPTION_ADD(struct parsed, add),
    OPTION_LIST("dtype", struct parsed, suite.dtypes,
                "f32, tf32, bf16, f16 (default: all that an operation has)"),
    OPTION_LIST("shape", struct parsed, suite.shapes, "These shapes instead of the awkward ones"),
    OPTION_GPU(struct parsed, gpu),
    OPTION_TUNING(struct parsed, tuning),
    OPTION_THREADS(struct parsed, suite.threads,
                   "CPU threads (default: as many as run times, at least 2); one is checked too"),
    OPTION_CORES(struct parsed, cores),
    OPTION_SEED(struct parsed, suite.seed, "Seed of the inputs (default 1)"),
    OPTIONS_END,
};

static int operation_read(struct option_parse *parse, char *text) {
    struct parsed *parsed = parse->parsed;
    const char *name = text;
    parse->status = operations_check(&name, 1, parse->message);
    if (parse->status != STATUS_OK)
        return EINVAL;
    if (parsed->name_count == OPERATIONS_MAX)
        return option_refuse(parse, "more than %d operations were named", OPERATIONS_MAX);
    parsed->names[parsed->name_count++] = name;
    return 0;
}

/* With --add the rows that were added are what is asked of, unless others are named. */
static void operations_choose(struct parsed *parsed) {
    const struct operation_table *table = added_table(parsed->added);
    for (int i = 0; i < parsed->name_count; i++)
        parsed->operations[i] = operation_table_find(table, parsed->names[i]);
    const bool all = parsed->name_count == 0;
    parsed->suite.operations = all ? table->list : parsed->operations;
    parsed->suite.operation_count = all ? table->count : parsed->name_count;
    if (added_count(parsed->added) > 0 && !parsed->suite.implementations)
        parsed->suite.implementations = added_names(parsed->added);
    parsed->gpu = added_gpu(parsed->added, parsed->gpu, !parsed->suite.shapes);
}

/* Results are right with more threads than processors, and two threads find what one does not. */
static enum status threads_choose(int *threads, struct message *message) {
    struct processors processors;
    processors_read("", &processors);
    int usual = processors.threads > 2 ? processors.threads : 2;
    processors.threads = processors.thread_limit;
    if (*threads == 0 && usual < processors.threads)
        *threads = usual;
    return processors_choose(&processors, *threads, threads, message);
}

static enum status parsed_finish(struct parsed *parsed, struct message *message) {
    struct suite_options *suite = &parsed->suite;
    enum status status = cores_use(parsed->cores, message);
    if (status == STATUS_OK)
        status = added_open(&parsed->add, &parsed->added, message);
    if (status != STATUS_OK)
        return status;
    status = added_check_asked(parsed->added, parsed->names, (size_t)parsed->name_count, message);
    if (status != STATUS_OK)
        return status;
    const bool is_named = suite->implementations != NULL;
    operations_choose(parsed);
    if (is_named)
        status = implementations_check(suite->implementations, suite->operations,
                                       (size_t)suite->operation_count, message);
    if (status == STATUS_OK)
        status = suite->operation_count == 1
                     ? operation_dtypes_check(suite->operations[0], suite->dtypes, message)
                     : dtypes_check(suite->dtypes, message);
    if (status == STATUS_OK)
        status =
            shapes_check(suite->shapes, suite->operations, (size_t)suite->operation_count, message);
    return status == STATUS_OK ? threads_choose(&suite->threads, message) : status;
}

static enum status parsed_run(struct parsed *parsed, struct message *message) {
    struct devices devices;
    enum status status = devices_open_over(&devices, parsed->gpu, parsed->ranks, message);
    if (status != STATUS_OK)
        return status;
    status = devices_tune(&devices, parsed->tuning, message);
    if (status == STATUS_OK)
        status = added_load(parsed->added, &devices, message);
    if (status == STATUS_OK) {
        struct suite_totals totals;
        if (devices.tuning)
            fprintf(parsed->suite.log, "%s\n", devices.tuning->note);
        devices_stop_when(&devices, parsed->suite.stop, parsed->suite.stop_argument);
        parsed->suite.devices = &devices;
        status = suite_run(&parsed->suite, &totals, message);
        fprintf(parsed->suite.log, "%zu passed, %zu failed, %zu skipped\n", totals.passed,
                totals.failed, totals.skipped);
    }
    if (status == STATUS_OK)
        status = added_check_unchanged(parsed->added, message);
    return devices_close(&devices, status, message);
}

/* Over the ranks of a job, where there is one; the first prints. */
static enum status job_run(struct parsed *parsed, enum status status,
                           const struct command_context *context, struct message *message) {
    status = job_join(context, status, &parsed->ranks, message);
    FILE *silent = NULL;
    if (status == STATUS_OK && !ranks_is_first(parsed->ranks)) {
        silent = fopen("/dev/null", "w");
        if (silent)
            parsed->suite.log = silent;
    }
    if (status == STATUS_OK)
        status = parsed_run(parsed, message);
    if (silent)
        (void)fclose(silent);
    return job_leave(parsed->ranks, status, context, message);
}

enum status command_verify(int argc, char **argv, const struct command_context *context,
                           struct message *message) {
    static const struct command_option *const tables[] = {options, NULL};
    struct parsed parsed = {.gpu = "auto",
                            .suite = {.seed = 1,
                                      .stop = context->stop,
                                      .stop_argument = context->stop_argument,
                                      .log = stdout}};
    struct option_parse parse = {.name = "verify",
                                 .arguments = "[OPERATION…]",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &parsed,
                                 .argument = operation_read,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (parse.helped)
        return status;
    if (status == STATUS_OK)
        status = parsed_finish(&parsed, message);
    status = job_run(&parsed, status, context, message);
    added_close(parsed.added);
    return status;
}
