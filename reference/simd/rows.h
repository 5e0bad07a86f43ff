/* What softmax and cross-entropy share: passes over one row, vectorised. A row that fits the first
 * or second level of cache is read from memory once, however many passes follow. Included
 * only by files that are compiled once an instruction set.
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_ROWS_H
#define LOCKSTEP_REFERENCE_SIMD_ROWS_H

#include "reference/simd/math.h"

#include <math.h>

/* Independent accumulators: enough to hide an addition's latency, and they shorten each chain of
 * roundings. */
enum { CHAINS = 4, STRIDE = CHAINS * WIDTH };

SIMD_INLINE float row_maximum(const float *x, int64_t count) {
    const float least = -INFINITY;
    vector largest[CHAINS];
    for (int64_t k = 0; k < CHAINS; k++)
        largest[k] = vector_set(least);
    int64_t i = 0;
    for (; i + STRIDE <= count; i += STRIDE)
        for (int64_t k = 0; k < CHAINS; k++)
            largest[k] = vector_maximum(largest[k], vector_load(x + i + k * WIDTH));
    for (; i + WIDTH <= count; i += WIDTH)
        largest[0] = vector_maximum(largest[0], vector_load(x + i));
    if (i < count)
        largest[1] = vector_maximum(largest[1], vector_load_first(x + i, count - i, least));
    largest[0] = vector_maximum(largest[0], largest[1]);
    return vector_largest(vector_maximum(largest[0], vector_maximum(largest[2], largest[3])));
}

/* Sum of exp(x - maximum); the terms are kept in `terms` unless it is NULL. `terms` may be x. A NaN
 * in x, or a maximum of infinity, makes the sum NaN whatever the maximum was taken for.
 *
 * `next` is the row that comes after, or x: it is fetched into the second level of cache meanwhile,
 * because the search for its maximum would wait for memory and these exponentials do not. */
SIMD_INLINE float row_exponentials(const float *x, const float *next, int64_t count, float maximum,
                                   float *terms) {
    enum { READ, SECOND_LEVEL = 2 };
    vector shift = vector_set(maximum);
    vector sums[CHAINS];
    for (int64_t k = 0; k < CHAINS; k++)
        sums[k] = vector_set(0);
    int64_t i = 0;
    for (; i + STRIDE <= count; i += STRIDE)
        for (int64_t k = 0; k < CHAINS; k++) {
            __builtin_prefetch(next + i + k * WIDTH, READ, SECOND_LEVEL);
            vector term = vector_exp_negative(vector_load(x + i + k * WIDTH) - shift);
            if (terms != NULL)
                vector_store(terms + i + k * WIDTH, term);
            sums[k] += term;
        }
    for (; i + WIDTH <= count; i += WIDTH) {
        vector term = vector_exp_negative(vector_load(x + i) - shift);
        if (terms != NULL)
            vector_store(terms + i, term);
        sums[0] += term;
    }
    if (i < count) {
        vector rest = vector_load_first(x + i, count - i, -INFINITY);
        vector term = vector_exp_negative(rest - shift);
        if (terms != NULL)
            vector_store_first(terms + i, term, count - i);
        sums[1] += term;
    }
    return vector_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

/* What is done to each element of a row once its sums are known: `a` and `b` are elements of up to
 * two inputs, p and q the row's numbers. */
enum row_formula {
    ROW_SCALE,        /* a p */
    ROW_LOG_SOFTMAX,  /* (a - p) - q */
    ROW_GRADIENT,     /* a (b - p) */
    ROW_LOG_GRADIENT, /* b - exp(a) p */
};

SIMD_INLINE vector row_formula(enum row_formula formula, vector a, vector b, vector p, vector q) {
    switch (formula) {
    case ROW_SCALE:
        return a * p;
    case ROW_LOG_SOFTMAX:
        return (a - p) - q;
    case ROW_GRADIENT:
        return a * (b - p);
    case ROW_LOG_GRADIENT:
        return b - vector_exp(a) * p;
    }
    return a;
}

/* A row's inputs and numbers; b is NULL where the formula does not read it. */
struct row {
    const float *a, *b;
    float p, q;
};

/* output[i, i + count) for count < WIDTH. */
SIMD_INLINE void row_finish_few(enum row_formula formula, const struct row *row, int64_t i,
                                int64_t count, float *output) {
    vector a = vector_load_first(row->a + i, count, 0);
    vector b = row->b == NULL ? a : vector_load_first(row->b + i, count, 0);
    vector_store_first(output + i,
                       row_formula(formula, a, b, vector_set(row->p), vector_set(row->q)), count);
}

/* output[0, count), which may be one of the inputs; around the caches where `stream`. */
SIMD_INLINE void row_finish(enum row_formula formula, struct row row, int64_t count, float *output,
                            bool stream) {
    int64_t i = stream ? vector_misalignment(output, count) : 0;
    if (i > 0)
        row_finish_few(formula, &row, 0, i, output);
    for (; i + WIDTH <= count; i += WIDTH) {
        vector a = vector_load(row.a + i);
        vector b = row.b == NULL ? a : vector_load(row.b + i);
        vector result = row_formula(formula, a, b, vector_set(row.p), vector_set(row.q));
        if (stream)
            vector_stream(output + i, result);
        else
            vector_store(output + i, result);
    }
    if (i < count)
        row_finish_few(formula, &row, i, count - i, output);
}

/* Where exponentials wait for their sum when the output is written around the caches: up to this
 * many on the thread's stack, 256 KiB, which a second-level cache holds. Longer rows wait in the
 * output. */
enum { ROW_BUFFER = 64 << 10 };

#endif
