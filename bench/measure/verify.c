/* Launching once and comparing with the oracle. */
#include "bench/measure/verify.h"
#include "bench/measure/together.h"
#include "common/clock.h"
#include "common/hash.h"
#include "ranks/ranks.h"

#include <math.h>
#include <stdio.h>

static enum status launch_once(const struct bench_case *c,
                               const struct implementation *implementation,
                               const struct launch *launch, int64_t iteration,
                               struct device *device, struct execution *execution,
                               struct check *check, struct message *message) {
    enum status status = together_enter(implementation, device, message);
    if (status != STATUS_OK)
        return status;
    const double start = clock_seconds();
    status = launch_run(c, implementation, launch, iteration, execution);
    if (status != STATUS_OK && execution->message != message)
        *message = *execution->message;
    status = together_leave(implementation, device, status, message);
    if (status != STATUS_OK)
        return status;
    status = device->synchronize(device, message);
    check->seconds = clock_seconds() - start;
    return status;
}

/* Of the bits of an output; all NaN are one. */
static uint64_t output_hash(const struct buffer_spec *spec, const void *data) {
    const bool narrow = element_bytes(spec->element) == sizeof(uint16_t);
    uint64_t hash = hash_start;
    for (int64_t i = 0; i < spec->elements; i++) {
        uint32_t bits = narrow ? ((const uint16_t *)data)[i] : ((const uint32_t *)data)[i];
        if (isnan(element_read(data, spec->element, i)))
            bits = UINT32_MAX;
        hash = hash_bytes(hash, &bits, sizeof bits);
    }
    return hash;
}

/* Whether the outputs that all ranks should have alike are alike. */
static enum status ranks_compare(const struct launched *launched, const struct buffer_set *set,
                                 const struct observed *observed, struct message *message) {
    enum status status = STATUS_OK;
    for (int i = 0; i < BUFFERS_MAX && launched->ranks && status == STATUS_OK; i++) {
        const struct buffer_spec *spec = &set->inputs->specs[i];
        if (buffer_is_output(spec) && spec->same_on_ranks && launched->implementation->over_ranks &&
            !ranks_same(launched->ranks, output_hash(spec, observed->data[i])))
            status = message_set(message, STATUS_WRONG,
                                 "%s is within its tolerance on every rank, and has not the same "
                                 "bits on all of them",
                                 spec->name);
    }
    return status;
}

enum status verify_launch(struct expectation *expectation,
                          const struct implementation *implementation, const struct launch *launch,
                          int64_t iteration, struct buffer_set *set, struct execution *execution,
                          struct check *check, struct message *message) {
    const struct bench_case *c = expectation_case(expectation);
    struct ranks *ranks = set->device->ranks;
    const struct launched launched = {iteration, implementation, ranks};
    *check = (struct check){.error = (double)NAN, .tolerance = (double)NAN};
    bool finite_poison = !values_are_finite(c->settings.values) || implementation->reads_outputs;
    enum status status =
        ranks_agree(ranks, buffer_set_poison(set, finite_poison, message), message);
    if (status != STATUS_OK)
        return status;
    status =
        launch_once(c, implementation, launch, iteration, set->device, execution, check, message);
    status = ranks_agree(ranks, status, message);
    if (status != STATUS_OK)
        return status;
    check->seconds = ranks_slowest(ranks, check->seconds);
    if (ranks && implementation->over_ranks && c->operation->settle)
        c->operation->settle(launch, ranks);
    struct observed observed = {{NULL}, {NULL}};
    status = observed_open(&observed, set, message);
    if (status == STATUS_OK)
        status = observed_check_untouched(&observed, set, message);
    if (status == STATUS_OK)
        status = expectation_compare(expectation, &launched, &observed, check, message);
    status = ranks_agree(ranks, status, message);
    if (status == STATUS_OK)
        status = ranks_compare(&launched, set, &observed, message);
    observed_close(&observed);
    return status;
}
