/*
 * The instructions on f16, f16x2, bf16 and bf16x2 (PTX ISA 9.7.4). Packed forms hold their first
 * number in the low half of the lane.
 */
#include "emulator/arithmetic/half.h"

#include "emulator/arithmetic/approximate.h"
#include "emulator/lanes/tensor_map.h"

#define LOW(pair) ((pair)&0xffffu)
#define HIGH(pair) ((pair) >> 16)
#define PACK(low, high) ((low) | (high) << 16)

/* A kernel as the instruction on one number and on two. */
#define HALVES_1(name, type, setup, kernel)                                                        \
    MAP_1(name##_##type, 32, 32, setup, kernel(LOW(a), modifiers))                                 \
    MAP_1(name##_##type##x2, 32, 32, setup,                                                        \
          PACK(kernel(LOW(a), modifiers), kernel(HIGH(a), modifiers)))

#define HALVES_2(name, type, setup, kernel)                                                        \
    MAP_2(name##_##type, 32, 32, 32, setup, kernel(LOW(a), LOW(b), modifiers))                     \
    MAP_2(name##_##type##x2, 32, 32, 32, setup,                                                    \
          PACK(kernel(LOW(a), LOW(b), modifiers), kernel(HIGH(a), HIGH(b), modifiers)))

#define HALVES_3(name, type, setup, kernel)                                                        \
    MAP_3(name##_##type, 32, 32, 32, 32, setup, kernel(LOW(a), LOW(b), LOW(c), modifiers))         \
    MAP_3(name##_##type##x2, 32, 32, 32, 32, setup,                                                \
          PACK(kernel(LOW(a), LOW(b), LOW(c), modifiers),                                          \
               kernel(HIGH(a), HIGH(b), HIGH(c), modifiers)))

/* What the rows' patterns choose. The parentheses keep the commas out of the macros' arguments. */
#define PLAIN(half_type)                                                                           \
    (void)choice;                                                                                  \
    const struct half_modifiers modifiers = ((struct half_modifiers){.type = (half_type)})
/* [.ftz][.sat] */
#define FLUSH_SATURATE                                                                             \
    const struct half_modifiers modifiers =                                                        \
        ((struct half_modifiers){HALF_F16, choice[0] >= 0, choice[1] >= 0, false})
/* [.ftz] */
#define FLUSH_ONLY                                                                                 \
    const struct half_modifiers modifiers =                                                        \
        ((struct half_modifiers){HALF_F16, choice[0] >= 0, false, false})
/* [.ftz].relu */
#define FLUSH_RELU                                                                                 \
    const struct half_modifiers modifiers =                                                        \
        ((struct half_modifiers){HALF_F16, choice[0] >= 0, false, true})
#define BF16_RELU                                                                                  \
    (void)choice;                                                                                  \
    const struct half_modifiers modifiers =                                                        \
        ((struct half_modifiers){.type = HALF_BF16, .relu = true})
/* .oob[{.sat,.relu}], of which bf16 has no .sat */
#define OUTSIDE_F16                                                                                \
    const struct half_modifiers modifiers =                                                        \
        ((struct half_modifiers){HALF_F16, false, choice[0] == 0, choice[0] == 1})
#define OUTSIDE_BF16                                                                               \
    const struct half_modifiers modifiers =                                                        \
        ((struct half_modifiers){.type = HALF_BF16, .relu = choice[0] >= 0})
#define BF16_FLUSH                                                                                 \
    (void)choice;                                                                                  \
    const struct half_modifiers modifiers =                                                        \
        ((struct half_modifiers){.type = HALF_BF16, .flush = true})

ALWAYS_INLINE uint32_t half_subtract(uint32_t a, uint32_t b,
                                     const struct half_modifiers modifiers) {
    return half_add(a, b ^ F16_SIGN, modifiers);
}

HALVES_2(add, f16, PLAIN(HALF_F16), half_add)
HALVES_2(add_any, f16, FLUSH_SATURATE, half_add)
HALVES_2(add, bf16, PLAIN(HALF_BF16), half_add)
HALVES_2(subtract, f16, PLAIN(HALF_F16), half_subtract)
HALVES_2(subtract_any, f16, FLUSH_SATURATE, half_subtract)
HALVES_2(subtract, bf16, PLAIN(HALF_BF16), half_subtract)
HALVES_2(multiply, f16, PLAIN(HALF_F16), half_multiply)
HALVES_2(multiply_any, f16, FLUSH_SATURATE, half_multiply)
HALVES_2(multiply, bf16, PLAIN(HALF_BF16), half_multiply)
HALVES_3(fma, f16, PLAIN(HALF_F16), half_fma)
HALVES_3(fma_any, f16, FLUSH_SATURATE, half_fma)
HALVES_3(fma_relu, f16, FLUSH_RELU, half_fma)
HALVES_3(fma, bf16, PLAIN(HALF_BF16), half_fma)
HALVES_3(fma_relu, bf16, BF16_RELU, half_fma)

/* .oob: what a tensor map fills in outside of its tensor makes a product, and its sum, nothing. c
 * may be any number. */
ALWAYS_INLINE uint32_t half_fma_inside(uint32_t a, uint32_t b, uint32_t c,
                                       const struct half_modifiers modifiers) {
    const bool outside =
        (a & ~F16_SIGN) == TENSOR_MAP_OUTSIDE || (b & ~F16_SIGN) == TENSOR_MAP_OUTSIDE;
    const uint32_t sum = half_fma(a, b, c, modifiers);
    return outside ? 0 : sum;
}

HALVES_3(fma_inside, f16, OUTSIDE_F16, half_fma_inside)
HALVES_3(fma_inside, bf16, OUTSIDE_BF16, half_fma_inside)

ALWAYS_INLINE uint32_t half_canonical(uint32_t half, const struct half_modifiers modifiers) {
    const uint32_t number = half_flush(half, modifiers.type, modifiers.flush);
    return half_is_nan(half, modifiers.type) ? F16_NAN : number;
}

ALWAYS_INLINE uint32_t half_negate(uint32_t a, const struct half_modifiers modifiers) {
    return half_canonical(a ^ F16_SIGN, modifiers);
}

ALWAYS_INLINE uint32_t half_absolute(uint32_t a, const struct half_modifiers modifiers) {
    return half_canonical(a & ~F16_SIGN, modifiers);
}

HALVES_1(negate, f16, FLUSH_ONLY, half_negate)
HALVES_1(negate, bf16, PLAIN(HALF_BF16), half_negate)
HALVES_1(absolute, f16, FLUSH_ONLY, half_absolute)
HALVES_1(absolute, bf16, PLAIN(HALF_BF16), half_absolute)

/*
 * min and max (9.7.4.7, 9.7.4.8): those of f32 on the widened numbers, which keep their order. The
 * result is one of the sources, so that narrowing it is exact.
 */
struct half_minmax_modifiers {
    enum half_type type;
    struct f32_minmax_modifiers f32;
    bool flush;
};

ALWAYS_INLINE uint32_t half_minmax(uint32_t a, uint32_t b,
                                   const struct half_minmax_modifiers modifiers) {
    const enum half_type type = modifiers.type;
    const uint32_t x = half_widen(half_flush(a, type, modifiers.flush), type);
    const uint32_t y = half_widen(half_flush(b, type, modifiers.flush), type);
    return half_narrow(f32_minmax(x, y, modifiers.f32), type);
}

/* [.ftz][.NaN][.xorsign.abs] for f16, without .ftz for bf16 */
#define MINMAX_F16(is_maximum)                                                                     \
    const struct half_minmax_modifiers modifiers = ((struct half_minmax_modifiers){                \
        HALF_F16, {is_maximum, false, choice[1] >= 0, choice[2] >= 0}, choice[0] >= 0})
#define MINMAX_BF16(is_maximum)                                                                    \
    const struct half_minmax_modifiers modifiers = ((struct half_minmax_modifiers){                \
        HALF_BF16, {is_maximum, false, choice[0] >= 0, choice[1] >= 0}, false})

HALVES_2(minimum, f16, MINMAX_F16(false), half_minmax)
HALVES_2(minimum, bf16, MINMAX_BF16(false), half_minmax)
HALVES_2(maximum, f16, MINMAX_F16(true), half_minmax)
HALVES_2(maximum, bf16, MINMAX_BF16(true), half_minmax)

/* The approximations of f32 are far within what 9.7.4.9 and 9.7.4.10 allow f16 and bf16. */
ALWAYS_INLINE uint32_t half_ex2(uint32_t a, const struct half_modifiers modifiers) {
    const uint32_t flushed = half_flush(a, modifiers.type, modifiers.flush);
    const float x = lane_f32(half_widen(flushed, modifiers.type));
    return half_finish(half_narrow(lane_bits32(approximate_ex2(x)), modifiers.type), modifiers);
}

ALWAYS_INLINE uint32_t half_tanh(uint32_t a, const struct half_modifiers modifiers) {
    const float x = lane_f32(half_widen(a, modifiers.type));
    return half_narrow(lane_bits32(approximate_tanh(x)), modifiers.type);
}

HALVES_1(ex2, f16, PLAIN(HALF_F16), half_ex2)
HALVES_1(ex2, bf16, BF16_FLUSH, half_ex2)
HALVES_1(tanh, f16, PLAIN(HALF_F16), half_tanh)
HALVES_1(tanh, bf16, PLAIN(HALF_BF16), half_tanh)

/* {.rn,.rz,.rm,.rp}[.sat].f32.{f16,bf16}: sums of f32, to which a is widened */
#define MIXED                                                                                      \
    const enum rounding mode = rounding_of(choice[0]);                                             \
    const bool saturate = choice[1] >= 0;                                                          \
    const bool is_bf16 = choice[2] > 0
#define WIDEN(half) (is_bf16 ? bf16_widen(half) : f16_widen(half))

MAP_2(add_mixed, 32, 32, 32, MIXED, f32_add(WIDEN(a), b, mode, false, saturate))
MAP_2(subtract_mixed, 32, 32, 32, MIXED, f32_add(WIDEN(a), b ^ F32_SIGN, mode, false, saturate))
MAP_3(fma_mixed, 32, 32, 32, 32, MIXED, f32_fma(WIDEN(a), WIDEN(b), c, mode, false, saturate))

#define MIXED_TYPES "[.sat].f32.{f16,bf16}"

static const struct lane_operation rows[] = {
    {"add[{.rn,.rz,.rm,.rp}]" MIXED_TYPES, "w=h,w", add_mixed},
    {"sub[{.rn,.rz,.rm,.rp}]" MIXED_TYPES, "w=h,w", subtract_mixed},
    {"fma{.rn,.rz,.rm,.rp}" MIXED_TYPES, "w=h,h,w", fma_mixed},
    {"fma.rn.f16x2", "w=w,w,w", fma_f16x2},
    {"fma.rn.f16", "h=h,h,h", fma_f16},
    {"fma.rn.bf16x2", "w=w,w,w", fma_bf16x2},
    {"fma.rn.bf16", "h=h,h,h", fma_bf16},
    {"fma.rn[.ftz][.sat].f16x2", "w=w,w,w", fma_any_f16x2},
    {"fma.rn[.ftz][.sat].f16", "h=h,h,h", fma_any_f16},
    {"fma.rn[.ftz].relu.f16x2", "w=w,w,w", fma_relu_f16x2},
    {"fma.rn[.ftz].relu.f16", "h=h,h,h", fma_relu_f16},
    {"fma.rn.relu.bf16x2", "w=w,w,w", fma_relu_bf16x2},
    {"fma.rn.relu.bf16", "h=h,h,h", fma_relu_bf16},
    {"fma.rn.oob[{.sat,.relu}].f16x2", "w=w,w,w", fma_inside_f16x2},
    {"fma.rn.oob[{.sat,.relu}].f16", "h=h,h,h", fma_inside_f16},
    {"fma.rn.oob[.relu].bf16x2", "w=w,w,w", fma_inside_bf16x2},
    {"fma.rn.oob[.relu].bf16", "h=h,h,h", fma_inside_bf16},
    {"add[.rn].f16x2", "w=w,w", add_f16x2},
    {"add[.rn].f16", "h=h,h", add_f16},
    {"add.rn[.ftz][.sat].f16x2", "w=w,w", add_any_f16x2},
    {"add.rn[.ftz][.sat].f16", "h=h,h", add_any_f16},
    {"add[.ftz][.sat].f16x2", "w=w,w", add_any_f16x2},
    {"add[.ftz][.sat].f16", "h=h,h", add_any_f16},
    {"add[.rn].bf16x2", "w=w,w", add_bf16x2},
    {"add[.rn].bf16", "h=h,h", add_bf16},
    {"sub[.rn].f16x2", "w=w,w", subtract_f16x2},
    {"sub[.rn].f16", "h=h,h", subtract_f16},
    {"sub.rn[.ftz][.sat].f16x2", "w=w,w", subtract_any_f16x2},
    {"sub.rn[.ftz][.sat].f16", "h=h,h", subtract_any_f16},
    {"sub[.ftz][.sat].f16x2", "w=w,w", subtract_any_f16x2},
    {"sub[.ftz][.sat].f16", "h=h,h", subtract_any_f16},
    {"sub[.rn].bf16x2", "w=w,w", subtract_bf16x2},
    {"sub[.rn].bf16", "h=h,h", subtract_bf16},
    {"mul[.rn].f16x2", "w=w,w", multiply_f16x2},
    {"mul[.rn].f16", "h=h,h", multiply_f16},
    {"mul.rn[.ftz][.sat].f16x2", "w=w,w", multiply_any_f16x2},
    {"mul.rn[.ftz][.sat].f16", "h=h,h", multiply_any_f16},
    {"mul[.ftz][.sat].f16x2", "w=w,w", multiply_any_f16x2},
    {"mul[.ftz][.sat].f16", "h=h,h", multiply_any_f16},
    {"mul[.rn].bf16x2", "w=w,w", multiply_bf16x2},
    {"mul[.rn].bf16", "h=h,h", multiply_bf16},
    {"neg[.ftz].f16x2", "w=w", negate_f16x2},
    {"neg[.ftz].f16", "h=h", negate_f16},
    {"neg.bf16x2", "w=w", negate_bf16x2},
    {"neg.bf16", "h=h", negate_bf16},
    {"abs[.ftz].f16x2", "w=w", absolute_f16x2},
    {"abs[.ftz].f16", "h=h", absolute_f16},
    {"abs.bf16x2", "w=w", absolute_bf16x2},
    {"abs.bf16", "h=h", absolute_bf16},
    {"min[.ftz][.NaN][.xorsign.abs].f16x2", "w=w,w", minimum_f16x2},
    {"min[.ftz][.NaN][.xorsign.abs].f16", "h=h,h", minimum_f16},
    {"min[.NaN][.xorsign.abs].bf16x2", "w=w,w", minimum_bf16x2},
    {"min[.NaN][.xorsign.abs].bf16", "h=h,h", minimum_bf16},
    {"max[.ftz][.NaN][.xorsign.abs].f16x2", "w=w,w", maximum_f16x2},
    {"max[.ftz][.NaN][.xorsign.abs].f16", "h=h,h", maximum_f16},
    {"max[.NaN][.xorsign.abs].bf16x2", "w=w,w", maximum_bf16x2},
    {"max[.NaN][.xorsign.abs].bf16", "h=h,h", maximum_bf16},
    {"ex2.approx.f16x2", "w=w", ex2_f16x2},
    {"ex2.approx.f16", "h=h", ex2_f16},
    {"ex2.approx.ftz.bf16x2", "w=w", ex2_bf16x2},
    {"ex2.approx.ftz.bf16", "h=h", ex2_bf16},
    {"tanh.approx.f16x2", "w=w", tanh_f16x2},
    {"tanh.approx.f16", "h=h", tanh_f16},
    {"tanh.approx.bf16x2", "w=w", tanh_bf16x2},
    {"tanh.approx.bf16", "h=h", tanh_bf16},
};

ARITHMETIC_TABLE(arithmetic_half, rows, 0);
