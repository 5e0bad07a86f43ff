/* What the textbook's softmax and cross-entropy do first with a row: a pass for the maximum, and
 * one for the sum of the exponentials. Without the maximum exp overflows from 89 on. */
#ifndef LOCKSTEP_REFERENCE_NAIVE_ROWS_H
#define LOCKSTEP_REFERENCE_NAIVE_ROWS_H

#include <math.h>
#include <stdint.h>

static inline float row_maximum(const float *x, int64_t columns) {
    float maximum = x[0];
    for (int64_t c = 1; c < columns; c++)
        if (x[c] > maximum)
            maximum = x[c];
    return maximum;
}

static inline float exponential_sum(const float *x, int64_t columns, float maximum) {
    float sum = 0;
    for (int64_t c = 0; c < columns; c++)
        sum += expf(x[c] - maximum);
    return sum;
}

#endif
