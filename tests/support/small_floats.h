/* Binary floating-point formats of up to 32 bits, for models in tests: by definition, in double. */
#ifndef LOCKSTEP_TESTS_SUPPORT_SMALL_FLOATS_H
#define LOCKSTEP_TESTS_SUPPORT_SMALL_FLOATS_H

#include <stdbool.h>
#include <stdint.h>

/* A sign, an exponent and a fraction. Formats of five bits of exponent and more have infinities; of
 * four only all ones are NaN, and of fewer nothing is. */
struct small_float {
    unsigned exponent_bits, fraction_bits;
};

extern const struct small_float small_f16, small_bf16, small_tf32, small_e4m3, small_e5m2,
    small_e2m3, small_e3m2, small_e2m1, small_f32;

double small_float_value(const struct small_float *format, uint32_t bits);
/* To nearest, ties to even; NaN has all bits but the sign. Too large a value becomes infinity, or
 * with `is_bounded` the largest number. */
uint32_t small_float_round(const struct small_float *format, double value, bool is_bounded);

#endif
