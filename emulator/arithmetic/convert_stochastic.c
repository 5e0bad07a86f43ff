/*
 * cvt.rs: two or four f32 to a narrower float, rounded by given bits (PTX ISA 9.7.9: cvt). They are
 * added to the bits that are cut off, from the highest of these on. A carry rounds away from zero.
 */
#include "emulator/arithmetic/small_float.h"

#define MAP_5(name, setup, result)                                                                 \
    LANE_FUNCTION(name) {                                                                          \
        setup;                                                                                     \
        struct lanes32 *const map_d = to[0];                                                       \
        const struct lanes32 *const map_a = from[0];                                               \
        const struct lanes32 *const map_b = from[1];                                               \
        const struct lanes32 *const map_c = from[2];                                               \
        const struct lanes32 *const map_e = from[3];                                               \
        const struct lanes32 *const map_f = from[4];                                               \
        FOR_LANES(lane) {                                                                          \
            const uint32_t a = map_a->at[lane], b = map_b->at[lane];                               \
            const uint32_t c = map_c->at[lane], e = map_e->at[lane];                               \
            const uint32_t random = map_f->at[lane];                                               \
            map_d->at[lane] = (result);                                                            \
        }                                                                                          \
    }

/* [.relu][.satfinite], and how many random bits a number gets. */
struct stochastic {
    const struct format *format;
    unsigned random_bits;
    bool relu, saturate_finite;
};

/* The magnitude of a finite f32 in the format, as if its exponents went on for ever. */
ALWAYS_INLINE uint32_t stochastic_round(uint32_t magnitude, uint32_t random,
                                        const struct stochastic target) {
    enum { FRACTION_BITS = 23, BIAS = 127, SIGNIFICANT_BITS = FRACTION_BITS + 1, NEVER = 40 };
    const uint32_t field = magnitude >> FRACTION_BITS;
    const uint32_t fraction = magnitude & ((1U << FRACTION_BITS) - 1);
    const uint64_t significand = field ? fraction | 1U << FRACTION_BITS : fraction;
    const int exponent = (int)(field ? field : 1) - BIAS;
    const int below = exponent < target.format->exponent ? target.format->exponent - exponent : 0;
    const int wanted = SIGNIFICANT_BITS - target.format->precision + below;
    /* With so many bits cut off, 16 random ones do not carry into those that are kept. */
    const unsigned shift = (unsigned)(wanted < NEVER ? wanted : NEVER);
    const uint64_t sum = significand + ((uint64_t)random << (shift - target.random_bits));
    const uint32_t biased = below ? 0 : (uint32_t)(exponent - target.format->exponent);
    return (biased << (target.format->precision - 1)) + (uint32_t)(sum >> shift);
}

ALWAYS_INLINE uint32_t stochastic_convert(uint32_t bits, uint32_t random,
                                          const struct stochastic target) {
    const uint32_t magnitude = bits & ~F32_SIGN;
    const uint32_t beyond =
        target.saturate_finite ? target.format->largest : target.format->infinity;
    const uint32_t rounded = stochastic_round(magnitude, random, target);
    const bool overflow = magnitude == F32_INFINITY || rounded > target.format->largest;
    const uint32_t number = overflow ? beyond : rounded;
    const bool negative = bits >> 31;
    const uint32_t signed_number = number | (negative ? target.format->sign : 0);
    const uint32_t rectified = target.relu && negative ? 0 : signed_number;
    return magnitude > F32_INFINITY ? target.format->nan : rectified;
}

/* f16 takes 13 bits of its half of the random ones, bf16 all 16. The first source is above. */
#define HALVES(number_format, bits)                                                                \
    const struct stochastic target =                                                               \
        ((struct stochastic){&(number_format), bits, choice[0] >= 0, choice[1] >= 0});             \
    const uint32_t mask = (1U << (bits)) - 1

MAP_3(f16x2_from_f32, 32, 32, 32, 32, HALVES(FORMAT_F16, 13),
      stochastic_convert(b, c &mask, target) | stochastic_convert(a, c >> 16 & mask, target) << 16)
MAP_3(bf16x2_from_f32, 32, 32, 32, 32, HALVES(FORMAT_BF16, 16),
      stochastic_convert(b, c &mask, target) | stochastic_convert(a, c >> 16 & mask, target) << 16)

/* 16 bits from the lowest to the highest. */
ALWAYS_INLINE uint32_t reverse_16(uint32_t bits) {
    const uint32_t by_1 = (bits >> 1 & 0x5555u) | (bits & 0x5555u) << 1;
    const uint32_t by_2 = (by_1 >> 2 & 0x3333u) | (by_1 & 0x3333u) << 2;
    const uint32_t by_4 = (by_2 >> 4 & 0x0f0fu) | (by_2 & 0x0f0fu) << 4;
    return (by_4 >> 8 & 0xffu) | (by_4 & 0xffu) << 8;
}

/* Two numbers side by side. PTX gives both the same 16 bits, and says no more; an sm_100 takes them
 * the other way round for the first. */
ALWAYS_INLINE uint32_t stochastic_pair(uint32_t a, uint32_t b, uint32_t random, unsigned width,
                                       const struct stochastic target) {
    return stochastic_convert(b, random, target) | stochastic_convert(a, reverse_16(random), target)
                                                       << width;
}

/* [.relu].satfinite */
#define QUADS(number_format)                                                                       \
    const struct stochastic target = ((struct stochastic){number_format, 16, choice[0] >= 0, true})

/* Bytes take their pair's half of the random bits, numbers of 4 bits one byte of either half. */
#define BYTES_OF_PAIRS                                                                             \
    stochastic_pair(c, e, random & 0xffffu, 8, target) |                                           \
        stochastic_pair(a, b, random >> 16, 8, target) << 16
#define NIBBLES_OF_PAIRS                                                                           \
    stochastic_pair(c, e, (random & 0xffu) | (random >> 8 & 0xff00u), 4, target) |                 \
        stochastic_pair(a, b, (random >> 8 & 0xffu) | (random >> 16 & 0xff00u), 4, target) << 8

MAP_5(fp8x4_from_f32, QUADS(choice[1] > 0 ? &FORMAT_E5M2 : &FORMAT_E4M3), BYTES_OF_PAIRS)
MAP_5(fp6x4_from_f32, QUADS(choice[1] > 0 ? &FORMAT_E3M2 : &FORMAT_E2M3), BYTES_OF_PAIRS)
MAP_5(fp4x4_from_f32, QUADS(&FORMAT_E2M1), NIBBLES_OF_PAIRS)

static const struct lane_operation rows[] = {
    {"cvt.rs[.relu][.satfinite].f16x2.f32", "w=w,w,r", f16x2_from_f32},
    {"cvt.rs[.relu][.satfinite].bf16x2.f32", "w=w,w,r", bf16x2_from_f32},
    {"cvt.rs[.relu].satfinite{.e4m3x4,.e5m2x4}.f32", "w=w4,r", fp8x4_from_f32},
    {"cvt.rs[.relu].satfinite{.e2m3x4,.e3m2x4}.f32", "w=w4,r", fp6x4_from_f32},
    {"cvt.rs[.relu].satfinite.e2m1x4.f32", "h=w4,r", fp4x4_from_f32},
};

ARITHMETIC_TABLE(arithmetic_convert_stochastic, rows, 0);
