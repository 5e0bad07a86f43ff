/* See ranks/elements.h. */
#include "ranks/elements.h"
#include "common/instruction_set.h"

static void add(float *to, const float *from, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        to[i] += from[i];
}

static void scale_into(float *to, const float *from, float scale, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        to[i] = from[i] * scale;
}

static void add_scaled(float *to, const float *from, float scale, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        to[i] += from[i] * scale;
}

const struct element_loops SIMD_NAME(element_loops) = {add, scale_into, add_scaled};
