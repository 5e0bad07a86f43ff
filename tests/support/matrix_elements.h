/* The elements that instructions on matrices multiply, for models in tests that were written from
 * the PTX ISA: what they are worth, in which order they are summed, and random ones. */
#ifndef LOCKSTEP_TESTS_SUPPORT_MATRIX_ELEMENTS_H
#define LOCKSTEP_TESTS_SUPPORT_MATRIX_ELEMENTS_H

#include <stdbool.h>
#include <stdint.h>

enum element_type {
    F16,
    BF16,
    TF32,
    E4M3,
    E5M2,
    E2M3,
    E3M2,
    E2M1,
    E2M1_PAIR,
    S8,
    U8,
    B1,
    F32,
    S32
};

/* An element by its bits, the lowest of `word`; of TF32 the upper 19 of 32. */
double element_value(enum element_type type, uint32_t word);
/* Random bits. */
uint32_t element_random(uint32_t *seed);
/* An element of any bits where that is wanted, else one around 1. More random bits stand above
 * it. */
uint32_t element_draw(enum element_type type, bool is_wild, uint32_t *seed);

/* An element of d = a * b + d / 2^scale. */
struct element_sum {
    enum element_type d;
    bool overwrites, saturates; /* d counts as 0; integers are clamped */
    unsigned scale, depth;
};
/* Its bits. Products are exact and summed upwards along k, with one rounding to f32 a step;
 * integers wrap around, or are clamped once. */
uint32_t element_sum(const struct element_sum *of, const double *a, const double *b,
                     uint32_t before);

#endif
