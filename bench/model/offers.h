/* What GPUs offer for a case: whether they hold it, the predicted time of an iteration, and what a
 * dollar and a joule buy. */
#ifndef LOCKSTEP_BENCH_MODEL_OFFERS_H
#define LOCKSTEP_BENCH_MODEL_OFFERS_H

#include "bench/model/choice.h"
#include "bench/model/predict.h"

#include <stdio.h>

/* Dollars an hour, by the places of a choice; 0 where there is no price. */
struct gpu_prices {
    double an_hour[GPU_CHOICE_MAX];
    bool any;
};

/* `text` is as "a100=1.5,l4=0.7", or NULL. STATUS_INVALID: a name is not among the choice, or a
 * price is no number above 0. */
enum status gpu_prices_read(const char *text, const struct gpu_choice *choice,
                            struct gpu_prices *prices, struct message *message);

struct offer {
    const struct model_gpu *gpu;
    char implementation[32];   /* the one that is predicted to be fastest there */
    double seconds, low, high; /* predicted, an iteration */
    double a_dollar, a_joule;  /* iterations; at the power limit. NaN where there is no price */
    bool holds;                /* its memory has the bytes */
    struct message why;        /* it can run no implementation, for this reason; else empty */
};

/* One offer a GPU of the choice, by iterations a dollar where there are prices, else by time; what
 * does not hold the case, or cannot run it, comes last. `rows` are the counts of one case, which
 * needs `bytes` of memory. STATUS_INVALID: there are no rows, or one cannot be predicted. */
enum status offers_find(const struct counters_row *rows, size_t count,
                        const struct model_gpu *counted, double bytes,
                        const struct gpu_choice *choice, const struct gpu_prices *prices,
                        struct offer offers[GPU_CHOICE_MAX], struct message *message);

/* A line an offer below a heading; `measured_s` is of the fastest row of a CPU, or NaN. */
void offers_print(FILE *file, const struct offer *offers, int count, double measured_s);

#endif
