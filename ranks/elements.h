/* Loops over f32, compiled once for each instruction set (common/instruction_set.h): neighbours'
 * memory comes from a cache, which vectors of 4 elements do not keep busy. For the files of this
 * room alone. */
#ifndef LOCKSTEP_RANKS_ELEMENTS_H
#define LOCKSTEP_RANKS_ELEMENTS_H

#include <stdint.h>

struct element_loops {
    void (*add)(float *to, const float *from, int64_t count); /* to += from */
    /* to = from * scale, to += from * scale */
    void (*scale)(float *to, const float *from, float scale, int64_t count);
    void (*add_scaled)(float *to, const float *from, float scale, int64_t count);
};

extern const struct element_loops element_loops_baseline, element_loops_avx2, element_loops_avx512;

#endif
