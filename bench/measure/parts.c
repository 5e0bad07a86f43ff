/* Timing the parts of an iteration. */
#include "bench/measure/parts.h"
#include "bench/measure/together.h"
#include "common/floating.h"
#include "ranks/ranks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* What the passes need. */
struct passes {
    const struct operation_parts *parts;
    void *plan;
    int count;      /* of parts */
    double *times;  /* of part p in pass s: times[p * samples + s], and a row of scratch */
    size_t samples; /* passes at most */
};

/* Times every part of one iteration. */
static enum status pass_run(struct contender *c, struct passes *passes, size_t pass,
                            struct message *message) {
    const struct operation_parts *parts = passes->parts;
    struct execution execution = contender_execution(c);
    passes->count = parts->plan(&c->launches[c->next % c->set_count], c->next, passes->plan);
    c->next++;
    enum status status = together_enter(c->implementation, c->device, message);
    for (int i = 0; i < passes->count && status == STATUS_OK; i++) {
        status = c->device->timer_start(c->device, message);
        contender_range_begin(c, parts->name(passes->plan, i));
        if (status == STATUS_OK) {
            status = parts->run(passes->plan, i, c->implementation, &execution);
            if (status != STATUS_OK)
                *message = c->message;
        }
        contender_range_end(c);
        status = together_leave(c->implementation, c->device, status, message);
        if (status == STATUS_OK)
            status = c->device->timer_stop(
                c->device, &passes->times[(size_t)i * passes->samples + pass], message);
    }
    return ranks_agree(c->device->ranks, status, message);
}

static enum status passes_run(struct contender *c, struct passes *passes, double max_seconds,
                              struct measured_part *measured, struct message *message) {
    contender_enter(c, true);
    enum status status = contender_restore(c, message);
    double start = ranks_clock(c->device->ranks);
    size_t done = 0;
    while (status == STATUS_OK && done < passes->samples &&
           ranks_clock(c->device->ranks) - start < (done < 3 ? (double)INFINITY : max_seconds))
        status = pass_run(c, passes, done++, message);
    floating_flush_denormals(false);
    if (status != STATUS_OK)
        return status;
    double *scratch = passes->times + (size_t)passes->parts->most * passes->samples;
    for (int i = 0; i < passes->count; i++) {
        snprintf(measured[i].name, sizeof measured[i].name, "%s",
                 passes->parts->name(passes->plan, i));
        statistics_compute(passes->times + (size_t)i * passes->samples, done, scratch,
                           &measured[i].statistics);
    }
    return STATUS_OK;
}

enum status measure_parts(struct contender *c, size_t samples, double max_seconds,
                          struct measured_part *parts, int *part_count, struct message *message) {
    struct passes passes = {.parts = c->bench_case->operation->parts, .samples = samples};
    const int most = passes.parts->most;
    passes.plan = malloc(passes.parts->plan_bytes);
    passes.times = malloc(((size_t)most + 1) * samples * sizeof *passes.times);
    enum status status;
    if (passes.plan && passes.times) {
        status = passes_run(c, &passes, max_seconds, parts, message);
        *part_count = status == STATUS_OK ? passes.count : 0;
    } else {
        status = message_set(message, STATUS_NO_MEMORY, "no memory to time %d parts", most);
    }
    free(passes.plan);
    free(passes.times);
    return status;
}
