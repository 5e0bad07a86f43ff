/* What softmax and cross-entropy share: passes over one row, vectorised. A row that fits the first
 * or second level of cache is read from memory once, however many passes follow. Included by
 * simd_*.c only.
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_ROWS_H
#define LOCKSTEP_REFERENCE_SIMD_ROWS_H

#include "reference/simd_math.h"

#include <math.h>

/* Independent accumulators: enough to hide an addition's latency, and they shorten each chain of
 * roundings. */
enum { CHAINS = 4 };

SIMD_INLINE float row_maximum(const float *x, int64_t count) {
    const float least = -INFINITY;
    vector largest[CHAINS];
    for (int k = 0; k < CHAINS; k++)
        largest[k] = vector_set(least);
    int64_t i = 0;
    for (; i + CHAINS * WIDTH <= count; i += CHAINS * WIDTH)
        for (int k = 0; k < CHAINS; k++)
            largest[k] = vector_maximum(largest[k], vector_load(x + i + k * WIDTH));
    for (; i + WIDTH <= count; i += WIDTH)
        largest[0] = vector_maximum(largest[0], vector_load(x + i));
    if (i < count)
        largest[1] = vector_maximum(largest[1], vector_load_first(x + i, count - i, least));
    largest[0] = vector_maximum(largest[0], largest[1]);
    return vector_largest(vector_maximum(largest[0], vector_maximum(largest[2], largest[3])));
}

/* Sum of exp(x - maximum); the terms are kept in `terms` unless it is NULL. `terms` may be x. A NaN
 * in x, or a maximum of infinity, makes the sum NaN whatever the maximum was taken for. */
SIMD_INLINE float row_exponentials(const float *x, int64_t count, float maximum, float *terms) {
    vector shift = vector_set(maximum);
    vector sums[CHAINS];
    for (int k = 0; k < CHAINS; k++)
        sums[k] = vector_set(0);
    int64_t i = 0;
    for (; i + CHAINS * WIDTH <= count; i += CHAINS * WIDTH)
        for (int k = 0; k < CHAINS; k++) {
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

/* y = x * factor, y may be x. */
SIMD_INLINE void row_scale(const float *x, int64_t count, float factor, float *y, bool stream) {
    int64_t i = stream ? vector_misalignment(y, count) : 0;
    if (i > 0)
        vector_store_first(y, vector_load_first(x, i, 0) * factor, i);
    for (; i + WIDTH <= count; i += WIDTH) {
        vector scaled = vector_load(x + i) * factor;
        if (stream)
            vector_stream(y + i, scaled);
        else
            vector_store(y + i, scaled);
    }
    if (i < count)
        vector_store_first(y + i, vector_load_first(x + i, count - i, 0) * factor, count - i);
}

/* Where exponentials wait for their sum when the output is written around the caches: a row of this
 * many on the thread's stack, half of the smallest second-level cache. Longer rows wait in the
 * output. */
enum { ROW_BUFFER = 64 << 10 };

#endif
