/* Running the iterations of a contender. */
#include "bench/measure/contender.h"
#include "bench/measure/together.h"
#include "common/floating.h"
#include "ranks/ranks.h"
#include "reference/libraries.h"

#include <math.h>
#include <stdlib.h>

enum status contender_open(struct contender *contender, const struct bench_case *bench_case,
                           const struct implementation *implementation, struct device *device,
                           int threads, struct buffer_set *sets, int set_count,
                           struct message *message) {
    *contender = (struct contender){
        .bench_case = bench_case,
        .implementation = implementation,
        .device = device,
        .threads = threads,
        .iterations = 1,
        .energy_j = (double)NAN,
    };
    return contender_bind(contender, sets, set_count, message);
}

void contender_close(struct contender *contender) {
    contender_unbind(contender);
    free(contender->samples);
    contender->samples = NULL;
}

enum status contender_bind(struct contender *contender, struct buffer_set *sets, int set_count,
                           struct message *message) {
    contender->sets = sets;
    contender->set_count = set_count;
    if (contender->bereft) {
        contender->bereft = contender->done = false;
        contender->status = STATUS_OK;
    }
    contender->launches = calloc((size_t)set_count, sizeof *contender->launches);
    if (!contender->launches)
        return message_set(message, STATUS_NO_MEMORY, "no memory for a contender");
    enum status status = STATUS_OK;
    for (int i = 0; i < set_count && status == STATUS_OK; i++)
        status = launch_open(contender->bench_case, contender->implementation, sets[i].data,
                             &contender->launches[i], message);
    return status;
}

void contender_unbind(struct contender *contender) {
    for (int i = 0; contender->launches && i < contender->set_count; i++)
        launch_close(&contender->launches[i]);
    free(contender->launches);
    contender->launches = NULL;
}

enum status contender_check_device(const struct contender *c, struct message *message) {
    enum status status = STATUS_OK;
    if (c->device->lost && c->device->lost(c->device))
        status = message_set(message, STATUS_UNSUPPORTED,
                             "the device was lost while another row of this case ran; run this "
                             "implementation alone with --implementation %s",
                             c->implementation->name);
    return ranks_agree(c->device->ranks, status, message);
}

void contender_enter(const struct contender *contender, bool timed) {
    if (contender->device->gpu)
        return;
    cpu_threads_set(contender->threads);
    floating_flush_denormals(timed);
}

struct execution contender_execution(struct contender *contender) {
    return (struct execution){.threads = contender->threads,
                              .gpu = contender->device->gpu,
                              .cpu = contender->device->cpu,
                              .tuning = contender->device->tuning,
                              .ranks = contender->device->ranks,
                              .message = &contender->message};
}

void contender_range_begin(const struct contender *contender, const char *phase) {
    if (!contender->ranges)
        return;
    nvtx_push(contender->ranges, contender->implementation->name);
    nvtx_push(contender->ranges, phase);
}

void contender_range_end(const struct contender *contender) {
    if (!contender->ranges)
        return;
    nvtx_pop(contender->ranges);
    nvtx_pop(contender->ranges);
}

static enum status contender_iterate(struct contender *c, int64_t iterations) {
    struct execution execution = contender_execution(c);
    enum status status = STATUS_OK;
    if (c->implementation->kind == KIND_YARDSTICK) {
        /* One bare loop where there is one set; cold, it must not stay on one that grows warm. */
        int64_t together = c->set_count == 1 ? iterations : 1;
        for (int64_t i = 0; i < iterations && status == STATUS_OK; i += together, c->next++)
            status = c->implementation->yardstick(&c->launches[c->next % c->set_count], together,
                                                  &execution);
        return status;
    }
    for (int64_t i = 0; i < iterations && status == STATUS_OK; i++, c->next++)
        status = launch_run(c->bench_case, c->implementation, &c->launches[c->next % c->set_count],
                            c->next, &execution);
    return status;
}

/* By the row's own clock. */
static enum status contender_ask(struct contender *c, int64_t iterations, double *seconds) {
    struct execution execution = contender_execution(c);
    enum status status = c->implementation->methods->batch(
        c->implementation, c->launches, c->set_count, c->next, iterations, seconds, &execution);
    c->next += iterations;
    return status;
}

enum status contender_batch(struct contender *c, int64_t iterations, double *seconds,
                            struct message *message) {
    const struct implementation_methods *methods = c->implementation->methods;
    const bool asks = methods && methods->batch;
    struct ranks *ranks = c->device->ranks;
    ranks_meet(ranks);
    enum status status = together_enter(c->implementation, c->device, message);
    if (status != STATUS_OK)
        return status;
    status = c->device->timer_start(c->device, message);
    if (status == STATUS_OK) {
        status = asks ? contender_ask(c, iterations, seconds) : contender_iterate(c, iterations);
        if (status != STATUS_OK)
            *message = c->message;
    }
    status = together_leave(c->implementation, c->device, status, message);
    if (status == STATUS_OK && !asks)
        status = c->device->timer_stop(c->device, seconds, message);
    status = ranks_agree(ranks, status, message);
    if (status == STATUS_OK)
        *seconds = ranks_slowest(ranks, *seconds);
    return status;
}

enum status contender_restore(struct contender *c, struct message *message) {
    if (!c->bench_case->operation->restore_each_sample)
        return STATUS_OK;
    c->next = 0;
    enum status status = STATUS_OK;
    for (int i = 0; i < c->set_count && status == STATUS_OK; i++)
        status = buffer_set_restore(&c->sets[i], message);
    return ranks_agree(c->device->ranks, status, message);
}
