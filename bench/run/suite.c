/* Going through the awkward cases. */
#include "bench/run/suite.h"
#include "bench/measure/measure.h"
#include "bench/measure/verify.h"
#include "bench/selection/selection.h"
#include "common/words.h"
#include "ranks/ranks.h"

#include <stdlib.h>
#include <string.h>

enum { FAILURES_SHOWN = 5 };

enum { SKIPS_MOST = 3 };

/* What one implementation of one operation did on one device. */
struct tally {
    struct suite_totals totals;
    struct skip {
        char reason[400];
        size_t count;
    } skips[SKIPS_MOST]; /* the first reasons that differ; count 0: none */
};

struct suite {
    const struct suite_options *options;
    const struct operation *operation;
    struct tally *tallies; /* one each of the operation's implementations, device by device */
};

static struct tally *tally_of(const struct suite *suite,
                              const struct implementation *implementation,
                              const struct device *device) {
    ptrdiff_t row = device - suite->options->devices->list;
    ptrdiff_t column = implementation - suite->operation->implementations;
    return &suite->tallies[row * suite->operation->implementation_count + column];
}

static void failure_print(const struct suite *suite, const struct implementation *implementation,
                          const struct device *device, const struct bench_case *c, int threads,
                          const char *reason) {
    if (tally_of(suite, implementation, device)->totals.failed > FAILURES_SHOWN)
        return;
    char name[256];
    case_name(c, name, sizeof name);
    fprintf(suite->options->log, "  FAILED %s %s on %s, ", name, implementation->name,
            device->name);
    if (threads > 0) /* none on a GPU */
        fprintf(suite->options->log, "%s, ", COUNTED(threads, "thread"));
    fprintf(suite->options->log, "%s values", values_name(c->settings.values));
    if (c->operation->settings_count)
        fprintf(suite->options->log, ", alpha %g beta %g padding %lld", (double)c->settings.alpha,
                (double)c->settings.beta, (long long)c->settings.padding);
    fprintf(suite->options->log, ": %s\n", reason);
}

/* Counts a skipped case by its reason, as long as there is room for another. */
static void skip_count(struct tally *tally, const char *reason) {
    for (int i = 0; i < SKIPS_MOST; i++) {
        struct skip *skip = &tally->skips[i];
        char fitting[sizeof skip->reason];
        words_fit(fitting, sizeof fitting, reason);
        if (skip->count == 0)
            memcpy(skip->reason, fitting, sizeof fitting);
        if (strcmp(skip->reason, fitting) != 0)
            continue;
        skip->count++;
        return;
    }
}

static enum status launch_verify(const struct bench_case *c,
                                 const struct implementation *implementation, int threads,
                                 struct expectation *expectation, struct buffer_set *set,
                                 struct message *message) {
    struct contender contender;
    enum status status =
        contender_open(&contender, c, implementation, set->device, threads, set, 1, message);
    status = ranks_agree(set->device->ranks, status, message);
    if (status == STATUS_OK) {
        struct check check;
        struct execution execution = contender_execution(&contender);
        execution.message = message;
        contender_enter(&contender, false);
        status = verify_launch(expectation, implementation, &contender.launches[0], 0, set,
                               &execution, &check, message);
    }
    contender_close(&contender);
    return status;
}

/* One implementation with one thread count on buffers that are ready. What became of it is in its
 * tally; STATUS_INTERRUPTED alone is a status. */
static enum status verify_one(const struct suite *suite, const struct bench_case *c,
                              const struct implementation *implementation, int threads,
                              struct expectation *expectation, struct buffer_set *set,
                              struct message *message) {
    struct tally *tally = tally_of(suite, implementation, set->device);
    enum status status = STATUS_UNSUPPORTED;
    if (implementation_can_run(implementation, c, message->text, sizeof message->text))
        status = launch_verify(c, implementation, threads, expectation, set, message);
    if (status == STATUS_INTERRUPTED)
        return status;
    if (status == STATUS_OK) {
        tally->totals.passed++;
    } else if (status == STATUS_UNSUPPORTED || status == STATUS_NO_MEMORY) {
        tally->totals.skipped++;
        skip_count(tally, message->text);
    } else {
        if (status == STATUS_ENDLESS)
            implementation_give_up(implementation, c, message->text);
        tally->totals.failed++;
        failure_print(suite, implementation, set->device, c, threads, message->text);
    }
    return STATUS_OK;
}

/* All variants, and without --dtype all dtypes, are gone through. One that an implementation does
 * not claim is not counted. A dtype and an implementation that were both asked for, and do not go
 * together, count as skipped. */
static bool is_wanted(const struct suite *suite, const struct implementation *implementation,
                      const struct bench_case *c) {
    const struct suite_options *options = suite->options;
    bool computes = implementation_has_dtype(implementation, c->dtype);
    if (implementation->kind == KIND_YARDSTICK ||
        !implementation_has_variant(implementation, c->variant))
        return false;
    if (implementation->over_ranks && c->settings.ranks < 1 && !options->implementations &&
        !c->operation->between_ranks)
        return false;
    if (!options->implementations || implementation->added)
        return computes && implementation_is_built(implementation);
    return (computes || options->dtypes) &&
           list_contains(options->implementations, implementation->name);
}

/* A device that refuses all work after what one implementation did is reset, and gets its buffers
 * anew: the next one is not to blame. */
static enum status device_recover(struct buffer_set *set, struct device *device,
                                  const struct inputs *inputs, struct message *message) {
    if (!device->lost || !device->lost(device))
        return STATUS_OK;
    buffer_set_close(set);
    enum status status = device->reset(device, message);
    return status == STATUS_OK ? buffer_set_open(set, device, inputs, message) : status;
}

/* Every implementation on one device. */
static enum status verify_on_device(const struct suite *suite, const struct bench_case *c,
                                    struct device *device, const struct inputs *inputs,
                                    struct expectation *expectation, struct message *message) {
    struct buffer_set set;
    enum status status = buffer_set_open(&set, device, inputs, message);
    if (status != STATUS_OK)
        return status;
    for (int i = 0; i < suite->operation->implementation_count && status == STATUS_OK; i++) {
        const struct implementation *implementation = &suite->operation->implementations[i];
        bool gpu = device->gpu != NULL;
        bool lacking = device->emulated && implementation->kind == KIND_LIBRARY &&
                       !suite->options->implementations;
        if (!is_wanted(suite, implementation, c) || lacking ||
            gpu != (implementation->device == DEVICE_GPU))
            continue;
        status = verify_one(suite, c, implementation, gpu ? 0 : 1, expectation, &set, message);
        if (status == STATUS_OK && !gpu && !implementation->one_thread &&
            suite->options->threads > 1)
            status = verify_one(suite, c, implementation, suite->options->threads, expectation,
                                &set, message);
        if (status == STATUS_OK)
            status = device_recover(&set, device, inputs, message);
    }
    buffer_set_close(&set);
    return status;
}

static bool is_wanted_at_all(const struct suite *suite, const struct bench_case *c) {
    for (int i = 0; i < suite->operation->implementation_count; i++)
        if (is_wanted(suite, &suite->operation->implementations[i], c))
            return true;
    return false;
}

static enum status verify_case(const struct suite *suite, const struct bench_case *c,
                               struct message *message) {
    if (!is_wanted_at_all(suite, c))
        return STATUS_OK;
    struct ranks *ranks = suite->options->devices->list[0].ranks;
    if (ranks_any(ranks,
                  suite->options->stop && suite->options->stop(suite->options->stop_argument)))
        return message_set(message, STATUS_INTERRUPTED, "interrupted");
    struct inputs inputs;
    struct expectation *expectation = NULL;
    enum status status = inputs_open(c, &inputs, message);
    if (status != STATUS_OK)
        return status;
    status = ranks_agree(ranks, expectation_open(c, &inputs, &expectation, message), message);
    for (int d = 0; d < suite->options->devices->count && status == STATUS_OK; d++)
        status = verify_on_device(suite, c, &suite->options->devices->list[d], &inputs, expectation,
                                  message);
    expectation_close(expectation);
    inputs_close(&inputs);
    return status;
}

/* All settings and values on one variant, dtype and shape. */
static enum status verify_shape(const struct suite *suite, int variant, enum dtype dtype,
                                const char *shape, struct message *message) {
    static const struct settings plain = {.alpha = 1.0f};
    const struct operation *operation = suite->operation;
    int settings_count = operation->settings_count ? operation->settings_count : 1;
    struct ranks *ranks = suite->options->devices->list[0].ranks;
    enum status status = STATUS_OK;
    for (int s = 0; s < settings_count; s++)
        for (int v = -1; v < operation->special_values_count && status == STATUS_OK; v++) {
            struct bench_case c = {.operation = operation, .variant = variant, .dtype = dtype};
            c.settings = operation->settings_count ? operation->settings[s] : plain;
            c.settings.seed = suite->options->seed;
            c.settings.rank = ranks_number(ranks);
            c.settings.ranks = ranks ? ranks_count(ranks) : 0;
            c.settings.values = v < 0 ? VALUES_UNIFORM : operation->special_values[v];
            status = case_shape_parse(shape, &c, message);
            /* One rank's, so that it can be shared. */
            if (status == STATUS_OK && operation->scale && ranks)
                operation->scale(&c, c.settings.ranks);
            if (status == STATUS_OK)
                status = verify_case(suite, &c, message);
        }
    return status;
}

/* The shapes of `--shape`; other operations' are passed over. */
static enum status verify_given(const struct suite *suite, int variant, enum dtype dtype,
                                struct message *message) {
    const char *shapes = suite->options->shapes;
    char shape[256];
    enum status status = STATUS_OK;
    while (status == STATUS_OK && shape_next(&shapes, shape, sizeof shape)) {
        struct bench_case c = {.operation = suite->operation, .variant = variant, .dtype = dtype};
        struct message ignored;
        if (case_shape_parse(shape, &c, &ignored) == STATUS_OK)
            status = verify_shape(suite, variant, dtype, shape, message);
    }
    return status;
}

/* All dtypes and shapes on one variant. */
static enum status verify_variant(const struct suite *suite, int variant, struct message *message) {
    enum status status = STATUS_OK;
    for (enum dtype d = DTYPE_F32; d <= DTYPE_F16 && status == STATUS_OK; d++) {
        if (!operation_has_dtype(suite->operation, d) ||
            !list_contains(suite->options->dtypes, dtype_name(d)))
            continue;
        if (suite->options->shapes)
            status = verify_given(suite, variant, d, message);
        for (const char *const *shape = suite->operation->awkward_shapes;
             !suite->options->shapes && *shape && status == STATUS_OK; shape++)
            status = verify_shape(suite, variant, d, *shape, message);
    }
    return status;
}

/* " 20 skipped (12: one reason; 8: another)" */
static void skips_print(FILE *log, const struct tally *tally) {
    size_t rest = tally->totals.skipped;
    fprintf(log, ", %zu skipped (", rest);
    for (int i = 0; i < SKIPS_MOST && tally->skips[i].count > 0; i++) {
        const struct skip *skip = &tally->skips[i];
        if (skip->count == tally->totals.skipped)
            fprintf(log, "%s", skip->reason);
        else
            fprintf(log, "%s%zu: %s", i > 0 ? "; " : "", skip->count, skip->reason);
        rest -= skip->count;
    }
    if (rest > 0)
        fprintf(log, "; %zu for other reasons", rest);
    fputc(')', log);
}

static void tally_print(const struct suite *suite, const struct implementation *implementation,
                        const struct device *device) {
    FILE *log = suite->options->log;
    const struct tally *tally = tally_of(suite, implementation, device);
    const struct suite_totals *totals = &tally->totals;
    if (totals->passed + totals->failed + totals->skipped == 0)
        return;
    fprintf(log, "  %-14s %-16s %-8s %6zu passed", suite->operation->name, implementation->name,
            device->name, totals->passed);
    if (totals->failed)
        fprintf(log, ", %zu FAILED", totals->failed);
    if (totals->skipped)
        skips_print(log, tally);
    fputc('\n', log);
}

static void tallies_close(struct suite *suite, struct suite_totals *totals) {
    const struct devices *devices = suite->options->devices;
    for (int d = 0; d < devices->count; d++)
        for (int i = 0; i < suite->operation->implementation_count; i++) {
            const struct implementation *implementation = &suite->operation->implementations[i];
            const struct tally *tally = tally_of(suite, implementation, &devices->list[d]);
            tally_print(suite, implementation, &devices->list[d]);
            totals->passed += tally->totals.passed;
            totals->failed += tally->totals.failed;
            totals->skipped += tally->totals.skipped;
        }
    fflush(suite->options->log);
    free(suite->tallies);
}

/* All cases of one operation. */
static enum status verify_operation(const struct suite_options *options,
                                    const struct operation *operation, struct suite_totals *totals,
                                    struct message *message) {
    struct suite suite = {.options = options, .operation = operation};
    size_t count = (size_t)options->devices->count * (size_t)operation->implementation_count;
    suite.tallies = calloc(count, sizeof *suite.tallies);
    if (!suite.tallies)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu tallies", count);
    enum status status = STATUS_OK;
    for (int v = 0; v < operation->variant_count && status == STATUS_OK; v++)
        status = verify_variant(&suite, v, message);
    tallies_close(&suite, totals);
    return status;
}

enum status suite_run(const struct suite_options *options, struct suite_totals *totals,
                      struct message *message) {
    *totals = (struct suite_totals){0};
    enum status status = STATUS_OK;
    for (int o = 0; o < options->operation_count && status == STATUS_OK; o++) {
        /* One process has no use for what goes on between several, unless it is all that is asked
         * for. */
        const bool apart = options->operations[o]->between_ranks &&
                           ranks_count(options->devices->list[0].ranks) == 1;
        if (!apart || options->operation_count == 1)
            status = verify_operation(options, options->operations[o], totals, message);
    }
    const bool nothing = totals->passed + totals->failed + totals->skipped == 0;
    /* A row that hangs ends so too, and has said its reason. */
    const bool stopped = options->stop && options->stop(options->stop_argument);
    if (status == STATUS_INTERRUPTED && stopped && nothing)
        status =
            message_set(message, STATUS_INTERRUPTED, "interrupted before anything was verified");
    if (status == STATUS_OK && nothing)
        status = message_set(message, STATUS_INVALID,
                             "nothing was verified: yardsticks compute no result, and a GPU's "
                             "implementations want a GPU; without one, --gpu emulated runs all but "
                             "cuBLAS");
    if (status == STATUS_OK && totals->passed + totals->failed == 0)
        status = message_set(message, STATUS_UNSUPPORTED,
                             "nothing was verified: %s %s skipped, for the reasons "
                             "above; --shape names other shapes",
                             COUNTED(totals->skipped, "case"),
                             ONE_OR_MORE(totals->skipped, "was", "were"));
    if (status == STATUS_OK && totals->failed > 0)
        status = message_set(message, STATUS_WRONG, "%zu of %s %s wrong", totals->failed,
                             COUNTED(totals->failed + totals->passed, "result"),
                             ONE_OR_MORE(totals->failed, "is", "are"));
    return status;
}
