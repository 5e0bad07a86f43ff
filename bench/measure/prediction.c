/* Predicting an iteration's time. */
#include "bench/measure/prediction.h"

#include "common/list.h"

#include <stdlib.h>

struct prediction {
    const struct implementation *implementation;
    const struct device *device;
    int variant, threads;
    enum dtype dtype;
    double seconds, flops, bytes;
};

static struct prediction *prediction_find(const struct predictions *predictions,
                                          const struct contender *c) {
    for (size_t i = 0; i < predictions->count; i++) {
        struct prediction *p = &predictions->list[i];
        if (p->implementation == c->implementation && p->device == c->device &&
            p->variant == c->bench_case->variant && p->dtype == c->bench_case->dtype &&
            p->threads == c->threads)
            return p;
    }
    return NULL;
}

/* Below it an iteration may be no more than its call, which does not grow with the shape. */
static const double call_seconds = 100e-6;
/* Below it what passes between ranks is no more than their meeting. */
static const double meeting_bytes = 1 << 20;

void prediction_learn(struct predictions *predictions, const struct contender *c, double seconds) {
    struct prediction *p = prediction_find(predictions, c);
    const struct bench_case *bench_case = c->bench_case;
    if (seconds < call_seconds || (bench_case->operation->between_ranks &&
                                   bench_case->operation->bytes(bench_case) < meeting_bytes))
        return;
    if (!p) {
        struct prediction *larger = list_reserve(predictions->list, predictions->count + 1,
                                                 &predictions->capacity, sizeof *larger);
        if (!larger)
            return;
        predictions->list = larger;
        p = &predictions->list[predictions->count++];
    }
    *p = (struct prediction){.implementation = c->implementation,
                             .device = c->device,
                             .variant = c->bench_case->variant,
                             .dtype = c->bench_case->dtype,
                             .threads = c->threads,
                             .seconds = seconds,
                             .flops = c->bench_case->operation->flops(c->bench_case),
                             .bytes = c->bench_case->operation->bytes(c->bench_case)};
}

double prediction_seconds(const struct predictions *predictions, const struct contender *c) {
    const struct prediction *p = prediction_find(predictions, c);
    if (!p)
        return 0.0;
    double by_flops =
        p->flops > 0.0 ? c->bench_case->operation->flops(c->bench_case) / p->flops : 0.0;
    double by_bytes =
        p->bytes > 0.0 ? c->bench_case->operation->bytes(c->bench_case) / p->bytes : 0.0;
    return p->seconds * (by_flops > by_bytes ? by_flops : by_bytes);
}

void predictions_close(struct predictions *predictions) {
    free(predictions->list);
    *predictions = (struct predictions){0};
}
