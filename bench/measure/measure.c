/* Warm-up, batches, samples in turn, and when to stop. */
#include "bench/measure/measure.h"
#include "common/floating.h"
#include "common/list.h"
#include "common/words.h"
#include "ranks/ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct measure_limits measure_limits_default(bool quick) {
    return (struct measure_limits){
        .case_seconds = quick ? 0.3 : 2.0,
        .warm_up_seconds = quick ? 0.05 : 0.2,
        .sample_seconds = 1e-3,
        .target_noise = 0.01,
        .samples_min = 10,
        .samples_few = 3,
        .samples_max = 2000,
        .energy_seconds = 0.05,
        .patience = 5.0,
    };
}

double measure_patience(const struct measure_limits *limits,
                        const struct implementation *implementation) {
    double patience =
        implementation->kind == KIND_PLAIN ? fmin(1.0, limits->patience) : limits->patience;
    return patience * limits->case_seconds;
}

const char *measure_end_text(enum measure_end end) {
    static const char *const texts[] = {
        [MEASURE_CONVERGED] = "interval narrow enough",
        [MEASURE_TIME_UP] = "time up",
        [MEASURE_SAMPLES_MAX] = "as many samples as are kept",
        [MEASURE_FEW] = "few samples: ten would have taken five times the case's time",
    };
    return texts[end];
}

static void contender_break(struct contender *c, enum status status, const struct message *why) {
    c->status = status;
    c->message = *why;
    c->done = true;
}

/* --- warm-up ---------------------------------------------------------------------------------- */

/* More iterations for the next batch, because this one was too short for the clock. */
static enum status iterations_grow(struct contender *c, const struct measure_limits *limits,
                                   double seconds, struct message *message) {
    const double shortest = 1e-9; /* no launch is over sooner */
    double one = seconds / (double)c->iterations;
    double wanted = 1.1 * limits->sample_seconds / (one > shortest ? one : shortest);
    if (wanted <= (double)c->iterations)
        return message_set(message, STATUS_FAILED,
                           "%s's time does not grow with its work: %s took %.3g s by "
                           "its clock; check its driver",
                           c->device->name, COUNTED(c->iterations, "iteration"), seconds);
    double most = 8.0 * (double)c->iterations; /* a first batch says little */
    c->iterations = (int64_t)ceil(wanted < most ? wanted : most);
    return STATUS_OK;
}

/* What is kept between launches is made at its first use, which takes as long as many launches: a
 * graph is captured then. Where warming up was mostly that, a batch is shorter when a sample goes
 * through it again. */
static enum status batch_again(struct contender *c, double *seconds, struct message *message) {
    if (!c->launches[0].kept)
        return STATUS_OK;
    enum status status = contender_restore(c, message);
    return status == STATUS_OK ? contender_batch(c, c->iterations, seconds, message) : status;
}

enum status contender_warm_up(struct contender *c, const struct measure_limits *limits,
                              struct message *message) {
    contender_enter(c, true);
    enum status status = contender_restore(c, message);
    struct ranks *ranks = c->device->ranks;
    double start = ranks_clock(ranks), before = 0.0, seconds = 0.0;
    while (status == STATUS_OK) {
        status = contender_batch(c, c->iterations, &seconds, message);
        if (status != STATUS_OK)
            return status;
        double one = seconds / (double)c->iterations;
        bool settled = fabs(one - before) <= 0.05 * one;
        before = one;
        double elapsed = ranks_clock(ranks) - start;
        if (seconds >= limits->sample_seconds && elapsed >= limits->warm_up_seconds &&
            (settled || elapsed >= 4.0 * limits->warm_up_seconds)) {
            status = batch_again(c, &seconds, message);
            if (status != STATUS_OK || seconds >= limits->sample_seconds)
                return status;
        }
        if (seconds < limits->sample_seconds)
            status = iterations_grow(c, limits, seconds, message);
    }
    return status;
}

/* --- sampling --------------------------------------------------------------------------------- */

static enum status contender_remember(struct contender *c, double sample, struct message *message) {
    double *larger =
        list_reserve(c->samples, c->sample_count + 1, &c->sample_capacity, sizeof *larger);
    if (!larger)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu samples",
                           c->sample_count + 1);
    c->samples = larger;
    c->samples[c->sample_count++] = sample;
    return STATUS_OK;
}

/* Looked at right after the sample: reasons come and go in tenths of a second. */
static bool sample_throttled(struct contender *c) {
    char reasons[sizeof c->throttle_reasons] = "a rank's is";
    const bool here =
        c->device->throttled && c->device->throttled(c->device, reasons, sizeof reasons);
    if (!ranks_any(c->device->ranks, here))
        return false;
    memcpy(c->throttle_reasons, reasons, sizeof reasons);
    c->throttled++;
    return true;
}

enum status contender_sample(struct contender *c, const struct measure_limits *limits,
                             struct message *message) {
    double start = ranks_clock(c->device->ranks);
    contender_enter(c, true);
    enum status status = contender_restore(c, message);
    double expected = c->sample_count ? c->samples[c->sample_count - 1] : 0.0;
    bool rewarm = expected < 20.0 * limits->sample_seconds;
    double seconds = 0.0;
    if (status == STATUS_OK && rewarm)
        status = contender_batch(c, 1, &seconds, message);
    contender_range_begin(c, "sample");
    if (status == STATUS_OK)
        status = contender_batch(c, c->iterations, &seconds, message);
    contender_range_end(c);
    if (status == STATUS_OK && !sample_throttled(c))
        status = contender_remember(c, seconds / (double)c->iterations, message);
    c->spent += ranks_clock(c->device->ranks) - start;
    return status;
}

static bool contender_converged(const struct contender *c, double target, double *scratch) {
    struct statistics statistics;
    statistics_compute(c->samples, c->sample_count, scratch, &statistics);
    return statistics.noise <= target;
}

/* A device that is slowed down for good yields nothing that could be shown. */
static void contender_give_up(struct contender *c) {
    struct message why;
    enum status status = message_set(
        &why, STATUS_UNSUPPORTED,
        "the device is slowed down (%s): %s %s dropped and %zu are left; %s", c->throttle_reasons,
        COUNTED(c->throttled, "sample"), ONE_OR_MORE(c->throttled, "was", "were"), c->sample_count,
        c->device->gpu ? "let it cool and see `nvidia-smi -q -d PERFORMANCE`"
                       : "take fewer --threads, or raise the quota");
    contender_break(c, status, &why);
}

/* Decides whether the contender needs another sample. */
static void contender_judge(struct contender *c, const struct measure_limits *limits, bool time_up,
                            double *scratch) {
    double patience = measure_patience(limits, c->implementation);
    if (c->throttled > 0 && c->sample_count < limits->samples_few && c->spent >= patience) {
        contender_give_up(c);
        return;
    }
    if (c->sample_count < limits->samples_min) {
        c->end = MEASURE_FEW;
        c->done = c->sample_count >= limits->samples_few && c->spent >= patience;
    } else if (contender_converged(c, limits->target_noise, scratch)) {
        c->end = MEASURE_CONVERGED;
        c->done = true;
    } else if (c->sample_count >= limits->samples_max) {
        c->end = MEASURE_SAMPLES_MAX;
        c->done = true;
    } else {
        c->end = MEASURE_TIME_UP;
        c->done = time_up;
    }
}

/* One sample of every contender that is not done. */
static bool sample_round(struct contender *contenders, int count,
                         const struct measure_limits *limits, double deadline, double *scratch) {
    bool any = false;
    for (int i = 0; i < count; i++) {
        struct contender *c = &contenders[i];
        if (c->done)
            continue;
        struct message message;
        enum status status = contender_check_device(c, &message);
        c->bereft = status != STATUS_OK;
        if (status == STATUS_OK)
            status = contender_sample(c, limits, &message);
        if (status != STATUS_OK)
            contender_break(c, status, &message);
        else
            contender_judge(c, limits, ranks_clock(c->device->ranks) >= deadline, scratch);
        any |= !c->done;
    }
    return any;
}

static void contender_begin(struct contender *c, const struct measure_limits *limits) {
    struct message why;
    if (c->done)
        return;
    enum status status = contender_check_device(c, &why);
    c->bereft = status != STATUS_OK;
    contender_range_begin(c, "warm-up");
    if (status == STATUS_OK)
        status = contender_warm_up(c, limits, &why);
    contender_range_end(c);
    if (status != STATUS_OK)
        contender_break(c, status, &why);
}

enum status measure_contenders(struct contender *contenders, int count,
                               const struct measure_limits *limits, bool (*stop)(void *),
                               void *stop_argument, struct message *message) {
    struct ranks *ranks = count > 0 ? contenders[0].device->ranks : NULL;
    double *scratch = malloc(limits->samples_max * sizeof *scratch);
    if (!scratch)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu samples",
                           limits->samples_max);
    bool going = true, stopped = false;
    for (int i = 0; i < count && !stopped; i++) {
        contender_begin(&contenders[i], limits);
        stopped = ranks_any(ranks, stop && stop(stop_argument));
    }
    double deadline = ranks_clock(ranks) + limits->case_seconds;
    while (going && !stopped && !(stopped = ranks_any(ranks, stop && stop(stop_argument))))
        going = sample_round(contenders, count, limits, deadline, scratch);
    free(scratch);
    floating_flush_denormals(false);
    if (stopped)
        return message_set(message, STATUS_INTERRUPTED, "interrupted");
    return STATUS_OK;
}
