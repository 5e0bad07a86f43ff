/*
 * The f32 instructions: add sub mul fma mad div rcp sqrt rsqrt min max abs neg copysign, the
 * approximate functions, and the packed f32x2 forms (PTX ISA 9.7.3).
 *
 * The forms that compilers emit all the time have a row and a loop of their own; the row after them
 * takes every other combination of modifiers.
 */
#include "emulator/arithmetic/float32.h"
#include "emulator/arithmetic/approximate.h"

#define NO_CHOICE (void)choice

#define FINISH(bits) f32_finish(bits, false, false)
#define FINISH_FLUSHED(bits) f32_finish(bits, true, false)
#define FLUSH lane_flush32

/* {.rn,.rz,.rm,.rp}[.ftz][.sat] */
#define ROUND_FLUSH_SATURATE                                                                       \
    const enum rounding mode = rounding_of(choice[0]);                                             \
    const bool flush = choice[1] >= 0;                                                             \
    const bool saturate = choice[2] >= 0

MAP_2(add_nearest, 32, 32, 32, NO_CHOICE, FINISH(f32_add_nearest(a, b)))
MAP_2(add_flushed, 32, 32, 32, NO_CHOICE, FINISH_FLUSHED(f32_add_nearest(FLUSH(a), FLUSH(b))))
MAP_2(add_any, 32, 32, 32, ROUND_FLUSH_SATURATE, f32_add(a, b, mode, flush, saturate))

MAP_2(subtract_nearest, 32, 32, 32, NO_CHOICE, FINISH(f32_subtract_nearest(a, b)))
MAP_2(subtract_flushed, 32, 32, 32, NO_CHOICE,
      FINISH_FLUSHED(f32_subtract_nearest(FLUSH(a), FLUSH(b))))
MAP_2(subtract_any, 32, 32, 32, ROUND_FLUSH_SATURATE,
      f32_add(a, b ^ F32_SIGN, mode, flush, saturate))

MAP_2(multiply_nearest, 32, 32, 32, NO_CHOICE, FINISH(f32_multiply_nearest(a, b)))
MAP_2(multiply_flushed, 32, 32, 32, NO_CHOICE,
      FINISH_FLUSHED(f32_multiply_nearest(FLUSH(a), FLUSH(b))))
MAP_2(multiply_any, 32, 32, 32, ROUND_FLUSH_SATURATE, f32_multiply(a, b, mode, flush, saturate))

MAP_3(fma_nearest, 32, 32, 32, 32, NO_CHOICE, FINISH(f32_fma_nearest(a, b, c)))
MAP_3(fma_flushed, 32, 32, 32, 32, NO_CHOICE,
      FINISH_FLUSHED(f32_fma_nearest(FLUSH(a), FLUSH(b), FLUSH(c))))
MAP_3(fma_any, 32, 32, 32, 32, ROUND_FLUSH_SATURATE, f32_fma(a, b, c, mode, flush, saturate))

#define ROUND_FLUSH                                                                                \
    const enum rounding mode = rounding_of(choice[0]);                                             \
    const bool flush = choice[1] >= 0

#define FLUSH_ONLY const bool flush = choice[0] >= 0

MAP_2(divide_nearest, 32, 32, 32, NO_CHOICE, FINISH(f32_divide_nearest(a, b)))
MAP_2(divide_any, 32, 32, 32, ROUND_FLUSH, f32_divide(a, b, mode, flush))
MAP_2(divide_approximate, 32, 32, 32, FLUSH_ONLY, f32_divide_approximate(a, b, flush))
/* Correct rounding is within the 2 ulp that div.full may be off (9.7.3.8). */
MAP_2(divide_full, 32, 32, 32, FLUSH_ONLY,
      f32_finish(f32_divide_nearest(f32_flush(a, flush), f32_flush(b, flush)), flush, false))

#define F32_ONE 0x3f800000u

/* Correct rounding is within the 1 ulp that rcp.approx may be off (9.7.3.13), and within the 2^-23
 * of sqrt.approx (9.7.3.15). */
MAP_1(reciprocal_nearest, 32, 32, NO_CHOICE, FINISH(f32_divide_nearest(F32_ONE, a)))
MAP_1(reciprocal_flushed, 32, 32, NO_CHOICE, FINISH_FLUSHED(f32_divide_nearest(F32_ONE, FLUSH(a))))
MAP_1(reciprocal_any, 32, 32, ROUND_FLUSH, f32_divide(F32_ONE, a, mode, flush))

#define SQUARE_ROOT(bits) lane_bits32(__builtin_sqrtf(lane_f32(bits)))

MAP_1(sqrt_nearest, 32, 32, NO_CHOICE, FINISH(SQUARE_ROOT(a)))
MAP_1(sqrt_flushed, 32, 32, NO_CHOICE, FINISH_FLUSHED(SQUARE_ROOT(FLUSH(a))))
MAP_1(sqrt_any, 32, 32, ROUND_FLUSH, f32_sqrt(a, mode, flush))

/* A function of the approximate kind, in its plain and its .ftz form. */
#define APPROXIMATE(name)                                                                          \
    MAP_1(name##_kept, 32, 32, NO_CHOICE, FINISH(lane_bits32(approximate_##name(lane_f32(a)))))    \
    MAP_1(name##_flushed, 32, 32, NO_CHOICE,                                                       \
          FINISH_FLUSHED(lane_bits32(approximate_##name(lane_f32(FLUSH(a))))))

APPROXIMATE(rsqrt)
APPROXIMATE(sin)
APPROXIMATE(cos)
APPROXIMATE(lg2)
APPROXIMATE(ex2)
MAP_1(tanh_kept, 32, 32, NO_CHOICE, FINISH(lane_bits32(approximate_tanh(lane_f32(a)))))

#define MINMAX(is_maximum)                                                                         \
    const struct f32_minmax_modifiers modifiers = {(is_maximum), choice[0] >= 0, choice[1] >= 0,   \
                                                   choice[2] >= 0}

#define MINMAX_PLAIN(is_maximum)                                                                   \
    NO_CHOICE;                                                                                     \
    const struct f32_minmax_modifiers modifiers = {.maximum = (is_maximum)}

MAP_2(minimum_plain, 32, 32, 32, MINMAX_PLAIN(false), f32_minmax(a, b, modifiers))
MAP_2(maximum_plain, 32, 32, 32, MINMAX_PLAIN(true), f32_minmax(a, b, modifiers))
MAP_2(minimum, 32, 32, 32, MINMAX(false), f32_minmax(a, b, modifiers))
MAP_2(maximum, 32, 32, 32, MINMAX(true), f32_minmax(a, b, modifiers))

/* Of three; choice[2] is .abs there, which drops all signs. */
#define MINMAX_3(is_maximum)                                                                       \
    const struct f32_minmax_modifiers modifiers = {(is_maximum), choice[0] >= 0, choice[1] >= 0,   \
                                                   false};                                         \
    const uint32_t kept = choice[2] >= 0 ? ~F32_SIGN : ~0u

MAP_3(minimum_3, 32, 32, 32, 32, MINMAX_3(false),
      f32_minmax(f32_minmax(a &kept, b &kept, modifiers), c &kept, modifiers))
MAP_3(maximum_3, 32, 32, 32, 32, MINMAX_3(true),
      f32_minmax(f32_minmax(a &kept, b &kept, modifiers), c &kept, modifiers))

MAP_1(absolute, 32, 32, FLUSH_ONLY, f32_finish(a & ~F32_SIGN, flush, false))
MAP_1(negate, 32, 32, FLUSH_ONLY, f32_finish(a ^ F32_SIGN, flush, false))
/* The sign of a on the value of b (9.7.3.2). */
MAP_2(copy_sign, 32, 32, 32, NO_CHOICE, (a & F32_SIGN) | (b & ~F32_SIGN))

/* f32x2: two numbers in a 64-bit register, the first in the low half. */
#define LOW(pair) ((uint32_t)(pair))
#define HIGH(pair) ((uint32_t)((pair) >> 32))
#define PAIR(low, high) ((uint64_t)(low) | (uint64_t)(high) << 32)

MAP_2(add_pairs, 64, 64, 64, ROUND_FLUSH,
      PAIR(f32_add(LOW(a), LOW(b), mode, flush, false),
           f32_add(HIGH(a), HIGH(b), mode, flush, false)))
MAP_2(subtract_pairs, 64, 64, 64, ROUND_FLUSH,
      PAIR(f32_add(LOW(a), LOW(b) ^ F32_SIGN, mode, flush, false),
           f32_add(HIGH(a), HIGH(b) ^ F32_SIGN, mode, flush, false)))
MAP_2(multiply_pairs, 64, 64, 64, ROUND_FLUSH,
      PAIR(f32_multiply(LOW(a), LOW(b), mode, flush, false),
           f32_multiply(HIGH(a), HIGH(b), mode, flush, false)))
MAP_3(fma_pairs, 64, 64, 64, 64, ROUND_FLUSH,
      PAIR(f32_fma(LOW(a), LOW(b), LOW(c), mode, flush, false),
           f32_fma(HIGH(a), HIGH(b), HIGH(c), mode, flush, false)))

static const struct lane_operation multiply_adds[] = {
    {"fma.rn.f32", "w=w,w,w", fma_nearest},
    {"fma.rn.ftz.f32", "w=w,w,w", fma_flushed},
    {"fma{.rn,.rz,.rm,.rp}[.ftz][.sat].f32", "w=w,w,w", fma_any},
    {"mad{.rn,.rz,.rm,.rp}[.ftz][.sat].f32", "w=w,w,w", fma_any},
};

ARITHMETIC_TABLE(arithmetic_fma32, multiply_adds, OPERATION_FMA);

static const struct lane_operation unrounded[] = {
    {"mad[{.rn,.rz,.rm,.rp}][.ftz][.sat].f32", "w=w,w,w", fma_any},
};

ARITHMETIC_TABLE(arithmetic_unrounded32, unrounded, OPERATION_FMA | OPERATION_UNROUNDED);

static const struct lane_operation rows[] = {
    {"add[.rn].f32", "w=w,w", add_nearest},
    {"sub[.rn].f32", "w=w,w", subtract_nearest},
    {"mul[.rn].f32", "w=w,w", multiply_nearest},
    {"add[.rn].ftz.f32", "w=w,w", add_flushed},
    {"sub[.rn].ftz.f32", "w=w,w", subtract_flushed},
    {"mul[.rn].ftz.f32", "w=w,w", multiply_flushed},
    {"add[{.rn,.rz,.rm,.rp}][.ftz][.sat].f32", "w=w,w", add_any},
    {"sub[{.rn,.rz,.rm,.rp}][.ftz][.sat].f32", "w=w,w", subtract_any},
    {"mul[{.rn,.rz,.rm,.rp}][.ftz][.sat].f32", "w=w,w", multiply_any},
    {"div.rn.f32", "w=w,w", divide_nearest},
    {"div.full[.ftz].f32", "w=w,w", divide_full},
    {"div.approx[.ftz].f32", "w=w,w", divide_approximate},
    {"div{.rn,.rz,.rm,.rp}[.ftz].f32", "w=w,w", divide_any},
    {"rcp{.approx,.rn}.f32", "w=w", reciprocal_nearest},
    {"rcp{.approx,.rn}.ftz.f32", "w=w", reciprocal_flushed},
    {"rcp{.rn,.rz,.rm,.rp}[.ftz].f32", "w=w", reciprocal_any},
    {"sqrt{.approx,.rn}.f32", "w=w", sqrt_nearest},
    {"sqrt{.approx,.rn}.ftz.f32", "w=w", sqrt_flushed},
    {"sqrt{.rn,.rz,.rm,.rp}[.ftz].f32", "w=w", sqrt_any},
    {"rsqrt.approx.f32", "w=w", rsqrt_kept},
    {"rsqrt.approx.ftz.f32", "w=w", rsqrt_flushed},
    {"ex2.approx.f32", "w=w", ex2_kept},
    {"ex2.approx.ftz.f32", "w=w", ex2_flushed},
    {"lg2.approx.f32", "w=w", lg2_kept},
    {"lg2.approx.ftz.f32", "w=w", lg2_flushed},
    {"sin.approx.f32", "w=w", sin_kept},
    {"sin.approx.ftz.f32", "w=w", sin_flushed},
    {"cos.approx.f32", "w=w", cos_kept},
    {"cos.approx.ftz.f32", "w=w", cos_flushed},
    {"tanh.approx.f32", "w=w", tanh_kept},
    {"min.f32", "w=w,w", minimum_plain},
    {"max.f32", "w=w,w", maximum_plain},
    {"min[.ftz][.NaN][.xorsign.abs].f32", "w=w,w", minimum},
    {"max[.ftz][.NaN][.xorsign.abs].f32", "w=w,w", maximum},
    {"min[.ftz][.NaN][.abs].f32", "w=w,w,w", minimum_3},
    {"max[.ftz][.NaN][.abs].f32", "w=w,w,w", maximum_3},
    {"abs[.ftz].f32", "w=w", absolute},
    {"neg[.ftz].f32", "w=w", negate},
    {"copysign.f32", "w=w,w", copy_sign},
    {"add[{.rn,.rz,.rm,.rp}][.ftz].f32x2", "d=d,d", add_pairs},
    {"sub[{.rn,.rz,.rm,.rp}][.ftz].f32x2", "d=d,d", subtract_pairs},
    {"mul[{.rn,.rz,.rm,.rp}][.ftz].f32x2", "d=d,d", multiply_pairs},
    {"fma{.rn,.rz,.rm,.rp}[.ftz].f32x2", "d=d,d,d", fma_pairs},
};

ARITHMETIC_TABLE(arithmetic_float32, rows, 0);
