#include "tests/support/matrix_elements.h"

#include "tests/support/small_floats.h"

#include <math.h>
#include <string.h>

double element_value(enum element_type type, uint32_t word) {
    static const struct small_float *const formats[] = {
        [F16] = &small_f16,   [BF16] = &small_bf16, [TF32] = &small_tf32,
        [E4M3] = &small_e4m3, [E5M2] = &small_e5m2, [E2M3] = &small_e2m3,
        [E3M2] = &small_e3m2, [E2M1] = &small_e2m1, [E2M1_PAIR] = &small_e2m1};
    if (type == S8 || type == U8)
        return type == S8 ? (int8_t)word : (uint8_t)word;
    return small_float_value(formats[type], type == TF32 ? word >> 13 : word);
}

uint32_t element_random(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8 ^ *seed << 13;
}

uint32_t element_draw(enum element_type type, bool is_wild, uint32_t *seed) {
    static const struct {
        uint32_t keep, set;
    } tame[] = {[F16] = {0x8fff, 0x3000},
                [BF16] = {0x81ff, 0x3e00},
                [TF32] = {0x80ffffff, 0x3f000000},
                [E4M3] = {0xbf, 0},
                [E5M2] = {0x8f, 0x30},
                [E2M3] = {0xff, 0},
                [E3M2] = {0xff, 0},
                [E2M1] = {0xff, 0},
                [E2M1_PAIR] = {0xff, 0},
                [S8] = {0xff, 0},
                [U8] = {0xff, 0},
                [B1] = {0xff, 0},
                [S32] = {UINT32_MAX, 0},
                [F32] = {0x81ffffff, 0x3e000000}};
    const uint32_t random = element_random(seed);
    return is_wild ? random : (random & tame[type].keep) | tame[type].set;
}

static uint32_t integer_sum(const struct element_sum *of, const double *a, const double *b,
                            uint32_t before) {
    int64_t sum = of->overwrites ? 0 : (int32_t)before;
    for (unsigned k = 0; k < of->depth; k++)
        sum += (int64_t)(a[k] * b[k]);
    if (of->saturates && sum > INT32_MAX)
        sum = INT32_MAX;
    if (of->saturates && sum < INT32_MIN)
        sum = INT32_MIN;
    return (uint32_t)sum;
}

uint32_t element_sum(const struct element_sum *of, const double *a, const double *b,
                     uint32_t before) {
    if (of->d == S32)
        return integer_sum(of, a, b, before);
    float sum;
    memcpy(&sum, &before, sizeof sum);
    if (of->d == F16)
        sum = (float)small_float_value(&small_f16, before & 0xffff);
    sum = of->overwrites ? 0 : ldexpf(sum, -(int)of->scale);
    for (unsigned k = 0; k < of->depth; k++)
        sum = fmaf((float)a[k], (float)b[k], sum);
    return small_float_round(of->d == F16 ? &small_f16 : &small_f32, (double)sum, false);
}
