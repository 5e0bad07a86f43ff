/*
 * Integer arithmetic: add sub mul mad mul24 mad24 sad div rem abs neg min max, with carry too (PTX
 * ISA 9.7.1, 9.7.2).
 *
 * Unsigned numbers do the work, so that overflow wraps. 16-bit results leave the upper half of
 * their lane zero.
 */
#include "emulator/arithmetic/kernel.h"

#include <stdbool.h>

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 s128;

#define NO_CHOICE (void)choice
#define LOW16(value) ((uint32_t)(value)&0xffffu)
#define U16(bits) ((uint32_t)(uint16_t)(bits))
#define S16(bits) ((int32_t)(int16_t)(bits))
#define S32(bits) ((int32_t)(bits))
#define S64(bits) ((int64_t)(bits))

MAP_2(add_16, 32, 32, 32, NO_CHOICE, LOW16(a + b))
MAP_2(add_32, 32, 32, 32, NO_CHOICE, a + b)
MAP_2(add_64, 64, 64, 64, NO_CHOICE, a + b)
MAP_2(subtract_16, 32, 32, 32, NO_CHOICE, LOW16(a - b))
MAP_2(subtract_32, 32, 32, 32, NO_CHOICE, a - b)
MAP_2(subtract_64, 64, 64, 64, NO_CHOICE, a - b)

/* Two 16-bit numbers in a lane. */
#define PAIR(low, high) (LOW16(low) | (uint32_t)(high) << 16)
#define HIGH_S16(bits) ((int32_t)(bits) >> 16)

MAP_2(add_16x2, 32, 32, 32, NO_CHOICE, PAIR(a + b, (a >> 16) + (b >> 16)))
MAP_2(subtract_16x2, 32, 32, 32, NO_CHOICE, PAIR(a - b, (a >> 16) - (b >> 16)))

/* .sat for s32. */
ALWAYS_INLINE uint32_t s32_clamp(int64_t value) {
    const int64_t raised = value < INT32_MIN ? INT32_MIN : value;
    return (uint32_t)(raised > INT32_MAX ? INT32_MAX : raised);
}

MAP_2(add_saturated, 32, 32, 32, NO_CHOICE, s32_clamp((int64_t)S32(a) + S32(b)))
MAP_2(subtract_saturated, 32, 32, 32, NO_CHOICE, s32_clamp((int64_t)S32(a) - S32(b)))

/* mul and mad: products of the type's double width. */
#define PRODUCT_U32(x, y) ((uint64_t)(x) * (y))
#define PRODUCT_S32(x, y) ((uint64_t)((int64_t)S32(x) * S32(y)))
#define PRODUCT_U16(x, y) (U16(x) * U16(y))
#define PRODUCT_S16(x, y) ((uint32_t)(S16(x) * S16(y)))

ALWAYS_INLINE uint64_t high_u64(uint64_t x, uint64_t y) {
    return (uint64_t)((u128)x * y >> 64);
}

ALWAYS_INLINE uint64_t high_s64(uint64_t x, uint64_t y) {
    return (uint64_t)((u128)((s128)S64(x) * S64(y)) >> 64);
}

MAP_2(multiply_low_16, 32, 32, 32, NO_CHOICE, LOW16(a *b))
MAP_2(multiply_low_32, 32, 32, 32, NO_CHOICE, a *b)
MAP_2(multiply_low_64, 64, 64, 64, NO_CHOICE, a *b)
MAP_2(multiply_high_u16, 32, 32, 32, NO_CHOICE, PRODUCT_U16(a, b) >> 16)
MAP_2(multiply_high_s16, 32, 32, 32, NO_CHOICE, PRODUCT_S16(a, b) >> 16)
MAP_2(multiply_high_u32, 32, 32, 32, NO_CHOICE, PRODUCT_U32(a, b) >> 32)
MAP_2(multiply_high_s32, 32, 32, 32, NO_CHOICE, PRODUCT_S32(a, b) >> 32)
MAP_2(multiply_high_u64, 64, 64, 64, NO_CHOICE, high_u64(a, b))
MAP_2(multiply_high_s64, 64, 64, 64, NO_CHOICE, high_s64(a, b))
MAP_2(multiply_wide_u16, 32, 32, 32, NO_CHOICE, PRODUCT_U16(a, b))
MAP_2(multiply_wide_s16, 32, 32, 32, NO_CHOICE, PRODUCT_S16(a, b))
MAP_2(multiply_wide_u32, 64, 32, 32, NO_CHOICE, PRODUCT_U32(a, b))
MAP_2(multiply_wide_s32, 64, 32, 32, NO_CHOICE, PRODUCT_S32(a, b))

MAP_3(mad_low_16, 32, 32, 32, 32, NO_CHOICE, LOW16(a *b + c))
MAP_3(mad_low_32, 32, 32, 32, 32, NO_CHOICE, a *b + c)
MAP_3(mad_low_64, 64, 64, 64, 64, NO_CHOICE, a *b + c)
MAP_3(mad_high_u16, 32, 32, 32, 32, NO_CHOICE, LOW16((PRODUCT_U16(a, b) >> 16) + c))
MAP_3(mad_high_s16, 32, 32, 32, 32, NO_CHOICE, LOW16((PRODUCT_S16(a, b) >> 16) + c))
MAP_3(mad_high_u32, 32, 32, 32, 32, NO_CHOICE, (PRODUCT_U32(a, b) >> 32) + c)
MAP_3(mad_high_s32, 32, 32, 32, 32, NO_CHOICE, (PRODUCT_S32(a, b) >> 32) + c)
MAP_3(mad_high_saturated, 32, 32, 32, 32, NO_CHOICE,
      s32_clamp((S64(PRODUCT_S32(a, b)) >> 32) + S32(c)))
MAP_3(mad_high_u64, 64, 64, 64, 64, NO_CHOICE, high_u64(a, b) + c)
MAP_3(mad_high_s64, 64, 64, 64, 64, NO_CHOICE, high_s64(a, b) + c)
MAP_3(mad_wide_u16, 32, 32, 32, 32, NO_CHOICE, PRODUCT_U16(a, b) + c)
MAP_3(mad_wide_s16, 32, 32, 32, 32, NO_CHOICE, PRODUCT_S16(a, b) + c)
MAP_3(mad_wide_u32, 64, 32, 32, 64, NO_CHOICE, PRODUCT_U32(a, b) + c)
MAP_3(mad_wide_s32, 64, 32, 32, 64, NO_CHOICE, PRODUCT_S32(a, b) + c)

/* 24-bit factors; .hi is bits 47 to 16 of the product. */
#define U24(bits) ((bits)&0xffffffu)
#define S24(bits) (S32((bits) << 8) >> 8)
#define PRODUCT_U24(x, y) ((uint64_t)U24(x) * U24(y))
#define PRODUCT_S24(x, y) ((uint64_t)((int64_t)S24(x) * S24(y)))

MAP_2(multiply_24_low_u32, 32, 32, 32, NO_CHOICE, PRODUCT_U24(a, b))
MAP_2(multiply_24_low_s32, 32, 32, 32, NO_CHOICE, PRODUCT_S24(a, b))
MAP_2(multiply_24_high_u32, 32, 32, 32, NO_CHOICE, PRODUCT_U24(a, b) >> 16)
MAP_2(multiply_24_high_s32, 32, 32, 32, NO_CHOICE, PRODUCT_S24(a, b) >> 16)
MAP_3(mad_24_low_u32, 32, 32, 32, 32, NO_CHOICE, PRODUCT_U24(a, b) + c)
MAP_3(mad_24_low_s32, 32, 32, 32, 32, NO_CHOICE, PRODUCT_S24(a, b) + c)
MAP_3(mad_24_high_u32, 32, 32, 32, 32, NO_CHOICE, (PRODUCT_U24(a, b) >> 16) + c)
MAP_3(mad_24_high_s32, 32, 32, 32, 32, NO_CHOICE, (PRODUCT_S24(a, b) >> 16) + c)
MAP_3(mad_24_high_saturated, 32, 32, 32, 32, NO_CHOICE,
      s32_clamp((int64_t)S32(PRODUCT_S24(a, b) >> 16) + S32(c)))

#define SUM_OF_DIFFERENCE(as, x, y, z) ((as(x) < as(y) ? (y) - (x) : (x) - (y)) + (z))
#define U32(bits) (bits)
#define U64(bits) (bits)

MAP_3(sad_u16, 32, 32, 32, 32, NO_CHOICE, LOW16(SUM_OF_DIFFERENCE(U16, a, b, c)))
MAP_3(sad_s16, 32, 32, 32, 32, NO_CHOICE, LOW16(SUM_OF_DIFFERENCE(S16, a, b, c)))
MAP_3(sad_u32, 32, 32, 32, 32, NO_CHOICE, SUM_OF_DIFFERENCE(U32, a, b, c))
MAP_3(sad_s32, 32, 32, 32, 32, NO_CHOICE, SUM_OF_DIFFERENCE(S32, a, b, c))
MAP_3(sad_u64, 64, 64, 64, 64, NO_CHOICE, SUM_OF_DIFFERENCE(U64, a, b, c))
MAP_3(sad_s64, 64, 64, 64, 64, NO_CHOICE, SUM_OF_DIFFERENCE(S64, a, b, c))

/*
 * Division by zero gives all ones, quotient and remainder alike: PTX leaves it open, and that is
 * what the code that NVIDIA's assembler makes of it gives. The most negative number over -1 wraps.
 *
 * 32-bit quotients go through double, which vectorises: the quotient of two such integers is never
 * so close below an integer that 53 bits round it up to it.
 */
ALWAYS_INLINE uint32_t u32_divide(uint32_t x, uint32_t y) {
    const double divisor = y == 0 ? 1.0 : (double)y;
    const uint32_t quotient = (uint32_t)((double)x / divisor);
    return y == 0 ? ~0u : quotient;
}

ALWAYS_INLINE uint32_t u32_remainder(uint32_t x, uint32_t y) {
    return y == 0 ? ~0u : x - u32_divide(x, y) * y;
}

ALWAYS_INLINE uint32_t s32_magnitude(uint32_t x) {
    return x >> 31 ? 0 - x : x;
}

ALWAYS_INLINE uint32_t s32_divide(uint32_t x, uint32_t y) {
    const uint32_t quotient = u32_divide(s32_magnitude(x), s32_magnitude(y));
    const uint32_t with_sign = (x ^ y) >> 31 ? 0 - quotient : quotient;
    return y == 0 ? ~0u : with_sign;
}

ALWAYS_INLINE uint32_t s32_remainder(uint32_t x, uint32_t y) {
    return y == 0 ? ~0u : x - s32_divide(x, y) * y;
}

ALWAYS_INLINE uint64_t u64_divide(uint64_t x, uint64_t y) {
    return y == 0 ? ~(uint64_t)0 : x / y;
}

ALWAYS_INLINE uint64_t u64_remainder(uint64_t x, uint64_t y) {
    return y == 0 ? ~(uint64_t)0 : x % y;
}

ALWAYS_INLINE uint64_t s64_divide(uint64_t x, uint64_t y) {
    if (y == ~(uint64_t)0) {
        return 0 - x;
    }
    return y == 0 ? ~(uint64_t)0 : (uint64_t)(S64(x) / S64(y));
}

ALWAYS_INLINE uint64_t s64_remainder(uint64_t x, uint64_t y) {
    if (y == ~(uint64_t)0) {
        return 0;
    }
    return y == 0 ? ~(uint64_t)0 : (uint64_t)(S64(x) % S64(y));
}

#define SIGNED_16(kernel) LOW16(kernel((uint32_t)S16(a), (uint32_t)S16(b)))
#define UNSIGNED_16(kernel) LOW16(kernel(U16(a), U16(b)))

MAP_2(divide_u16, 32, 32, 32, NO_CHOICE, UNSIGNED_16(u32_divide))
MAP_2(divide_s16, 32, 32, 32, NO_CHOICE, SIGNED_16(s32_divide))
MAP_2(divide_u32, 32, 32, 32, NO_CHOICE, u32_divide(a, b))
MAP_2(divide_s32, 32, 32, 32, NO_CHOICE, s32_divide(a, b))
MAP_2(divide_u64, 64, 64, 64, NO_CHOICE, u64_divide(a, b))
MAP_2(divide_s64, 64, 64, 64, NO_CHOICE, s64_divide(a, b))
MAP_2(remainder_u16, 32, 32, 32, NO_CHOICE, UNSIGNED_16(u32_remainder))
MAP_2(remainder_s16, 32, 32, 32, NO_CHOICE, SIGNED_16(s32_remainder))
MAP_2(remainder_u32, 32, 32, 32, NO_CHOICE, u32_remainder(a, b))
MAP_2(remainder_s32, 32, 32, 32, NO_CHOICE, s32_remainder(a, b))
MAP_2(remainder_u64, 64, 64, 64, NO_CHOICE, u64_remainder(a, b))
MAP_2(remainder_s64, 64, 64, 64, NO_CHOICE, s64_remainder(a, b))

MAP_1(absolute_16, 32, 32, NO_CHOICE, LOW16(S16(a) < 0 ? 0 - a : a))
MAP_1(absolute_32, 32, 32, NO_CHOICE, S32(a) < 0 ? 0 - a : a)
MAP_1(absolute_64, 64, 64, NO_CHOICE, S64(a) < 0 ? 0 - a : a)
MAP_1(negate_16, 32, 32, NO_CHOICE, LOW16(0 - a))
MAP_1(negate_32, 32, 32, NO_CHOICE, 0 - a)
MAP_1(negate_64, 64, 64, NO_CHOICE, 0 - a)

#define MINMAX(type, lane, as)                                                                     \
    MAP_2(minimum_##type, lane, lane, lane, NO_CHOICE, as(a) < as(b) ? a : b)                      \
    MAP_2(maximum_##type, lane, lane, lane, NO_CHOICE, as(a) > as(b) ? a : b)

MINMAX(u16, 32, U16)
MINMAX(s16, 32, S16)
MINMAX(u32, 32, U32)
MINMAX(s32, 32, S32)
MINMAX(u64, 64, U64)
MINMAX(s64, 64, S64)

/* .relu: not below zero. */
ALWAYS_INLINE int32_t s32_minimum(int32_t x, int32_t y, bool relu) {
    const int32_t least = x < y ? x : y;
    return relu && least < 0 ? 0 : least;
}

ALWAYS_INLINE int32_t s32_maximum(int32_t x, int32_t y, bool relu) {
    const int32_t most = x > y ? x : y;
    return relu && most < 0 ? 0 : most;
}

#define RELU const bool relu = choice[0] >= 0

MAP_2(minimum_relu, 32, 32, 32, NO_CHOICE, s32_minimum(S32(a), S32(b), true))
MAP_2(maximum_relu, 32, 32, 32, NO_CHOICE, s32_maximum(S32(a), S32(b), true))
MAP_2(minimum_s16x2, 32, 32, 32, RELU,
      PAIR(s32_minimum(S16(a), S16(b), relu), s32_minimum(HIGH_S16(a), HIGH_S16(b), relu)))
MAP_2(maximum_s16x2, 32, 32, 32, RELU,
      PAIR(s32_maximum(S16(a), S16(b), relu), s32_maximum(HIGH_S16(a), HIGH_S16(b), relu)))
MAP_2(minimum_u16x2, 32, 32, 32, NO_CHOICE,
      PAIR(U16(a) < U16(b) ? a : b, a >> 16 < b >> 16 ? a >> 16 : b >> 16))
MAP_2(maximum_u16x2, 32, 32, 32, NO_CHOICE,
      PAIR(U16(a) > U16(b) ? a : b, a >> 16 > b >> 16 ? a >> 16 : b >> 16))

/*
 * Extended precision. A carry operand comes after the sources that PTX writes, or after its
 * destination (arithmetic.h). A difference with borrow is a sum with the complement and the
 * opposite carry.
 */
ALWAYS_INLINE uint64_t sum_with_carry(uint64_t x, uint64_t y, uint64_t carry, unsigned bits,
                                      uint32_t *carry_out) {
    const u128 sum = (u128)x + y + carry;
    *carry_out = (uint32_t)(sum >> bits) & 1;
    return (uint64_t)sum;
}

ALWAYS_INLINE uint64_t difference_with_borrow(uint64_t x, uint64_t y, uint64_t borrow,
                                              unsigned bits, uint32_t *borrow_out) {
    const u128 difference = (u128)x - y - borrow;
    *borrow_out = (uint32_t)(difference >> bits) & 1;
    return (uint64_t)difference;
}

/* The sources are two with the carry in from[2], or three with it in from[3]. */
#define CARRY_2(name, lane_bits, kernel, takes_carry, gives_carry)                                 \
    LANE_FUNCTION(name) {                                                                          \
        (void)choice;                                                                              \
        struct lanes##lane_bits *const d = to[0];                                                  \
        const struct lanes##lane_bits *const a = from[0];                                          \
        const struct lanes##lane_bits *const b = from[1];                                          \
        const uint32_t in = (takes_carry) ? *(const uint32_t *)from[2] : 0;                        \
        uint32_t out = 0;                                                                          \
        for (unsigned lane = 0; lane < LANES; lane++) {                                            \
            uint32_t carry = 0;                                                                    \
            d->at[lane] = (uint##lane_bits##_t)kernel(a->at[lane], b->at[lane], in >> lane & 1,    \
                                                      lane_bits, &carry);                          \
            out |= carry << lane;                                                                  \
        }                                                                                          \
        if (gives_carry) {                                                                         \
            *(uint32_t *)to[1] = out;                                                              \
        }                                                                                          \
    }

#define CARRY_3(name, lane_bits, product, takes_carry, gives_carry)                                \
    LANE_FUNCTION(name) {                                                                          \
        (void)choice;                                                                              \
        struct lanes##lane_bits *const d = to[0];                                                  \
        const struct lanes##lane_bits *const a = from[0];                                          \
        const struct lanes##lane_bits *const b = from[1];                                          \
        const struct lanes##lane_bits *const c = from[2];                                          \
        const uint32_t in = (takes_carry) ? *(const uint32_t *)from[3] : 0;                        \
        uint32_t out = 0;                                                                          \
        for (unsigned lane = 0; lane < LANES; lane++) {                                            \
            uint32_t carry = 0;                                                                    \
            const uint##lane_bits##_t part =                                                       \
                (uint##lane_bits##_t)(product(a->at[lane], b->at[lane]));                          \
            d->at[lane] = (uint##lane_bits##_t)sum_with_carry(part, c->at[lane], in >> lane & 1,   \
                                                              lane_bits, &carry);                  \
            out |= carry << lane;                                                                  \
        }                                                                                          \
        if (gives_carry) {                                                                         \
            *(uint32_t *)to[1] = out;                                                              \
        }                                                                                          \
    }

#define LOW_32(x, y) ((x) * (y))
#define HIGH_U32(x, y) (PRODUCT_U32(x, y) >> 32)
#define HIGH_S32(x, y) (PRODUCT_S32(x, y) >> 32)

/* .cc, c without it, and c.cc: no carry taken, none given, both. */
#define CARRIES_2(name, lane_bits, kernel)                                                         \
    CARRY_2(name##_cc_##lane_bits, lane_bits, kernel, false, true)                                 \
    CARRY_2(name##c_##lane_bits, lane_bits, kernel, true, false)                                   \
    CARRY_2(name##c_cc_##lane_bits, lane_bits, kernel, true, true)

#define CARRIES_3(name, lane_bits, product)                                                        \
    CARRY_3(name##_cc, lane_bits, product, false, true)                                            \
    CARRY_3(name##_c, lane_bits, product, true, false)                                             \
    CARRY_3(name##_c_cc, lane_bits, product, true, true)

CARRIES_2(add, 32, sum_with_carry)
CARRIES_2(add, 64, sum_with_carry)
CARRIES_2(sub, 32, difference_with_borrow)
CARRIES_2(sub, 64, difference_with_borrow)
CARRIES_3(mad_low_32, 32, LOW_32)
CARRIES_3(mad_low_64, 64, LOW_32)
CARRIES_3(mad_high_u32, 32, HIGH_U32)
CARRIES_3(mad_high_s32, 32, HIGH_S32)
CARRIES_3(mad_high_u64, 64, high_u64)
CARRIES_3(mad_high_s64, 64, high_s64)

/* A row a type for what depends on the sign, of `name`_u16 … functions. */
#define SIX_ROWS(prefix, name, h, w, d)                                                            \
    {prefix ".u16", h, name##_u16}, {prefix ".s16", h, name##_s16},                                \
        {prefix ".u32", w, name##_u32}, {prefix ".s32", w, name##_s32},                            \
        {prefix ".u64", d, name##_u64}, {                                                          \
        prefix ".s64", d, name##_s64                                                               \
    }

#define CARRY_ROWS_2(prefix, name)                                                                 \
    {prefix ".cc.{u32,s32}", "w,c=w,w", name##_cc_32},                                             \
        {prefix "c.{u32,s32}", "w=w,w,c", name##c_32},                                             \
        {prefix "c.cc.{u32,s32}", "w,c=w,w,c", name##c_cc_32},                                     \
        {prefix ".cc.{u64,s64}", "d,c=d,d", name##_cc_64},                                         \
        {prefix "c.{u64,s64}", "d=d,d,c", name##c_64}, {                                           \
        prefix "c.cc.{u64,s64}", "d,c=d,d,c", name##c_cc_64                                        \
    }

#define CARRY_ROWS_3(part, type, name, letter)                                                     \
    {"mad" part ".cc." type, letter ",c=" letter "," letter "," letter, name##_cc},                \
        {"madc" part "." type, letter "=" letter "," letter "," letter ",c", name##_c}, {          \
        "madc" part ".cc." type, letter ",c=" letter "," letter "," letter ",c", name##_c_cc       \
    }

static const struct lane_operation rows[] = {
    {"add.{u32,s32}", "w=w,w", add_32},
    {"add.{u64,s64}", "d=d,d", add_64},
    {"add.{u16,s16}", "h=h,h", add_16},
    {"add.{u16x2,s16x2}", "w=w,w", add_16x2},
    {"add.sat.s32", "w=w,w", add_saturated},
    {"sub.{u32,s32}", "w=w,w", subtract_32},
    {"sub.{u64,s64}", "d=d,d", subtract_64},
    {"sub.{u16,s16}", "h=h,h", subtract_16},
    {"sub.{u16x2,s16x2}", "w=w,w", subtract_16x2},
    {"sub.sat.s32", "w=w,w", subtract_saturated},
    {"mul.lo.{u32,s32}", "w=w,w", multiply_low_32},
    {"mul.lo.{u64,s64}", "d=d,d", multiply_low_64},
    {"mul.lo.{u16,s16}", "h=h,h", multiply_low_16},
    SIX_ROWS("mul.hi", multiply_high, "h=h,h", "w=w,w", "d=d,d"),
    {"mul.wide.u16", "w=h,h", multiply_wide_u16},
    {"mul.wide.s16", "w=h,h", multiply_wide_s16},
    {"mul.wide.u32", "d=w,w", multiply_wide_u32},
    {"mul.wide.s32", "d=w,w", multiply_wide_s32},
    {"mad.lo.{u32,s32}", "w=w,w,w", mad_low_32},
    {"mad.lo.{u64,s64}", "d=d,d,d", mad_low_64},
    {"mad.lo.{u16,s16}", "h=h,h,h", mad_low_16},
    SIX_ROWS("mad.hi", mad_high, "h=h,h,h", "w=w,w,w", "d=d,d,d"),
    {"mad.hi.sat.s32", "w=w,w,w", mad_high_saturated},
    {"mad.wide.u16", "w=h,h,w", mad_wide_u16},
    {"mad.wide.s16", "w=h,h,w", mad_wide_s16},
    {"mad.wide.u32", "d=w,w,d", mad_wide_u32},
    {"mad.wide.s32", "d=w,w,d", mad_wide_s32},
    {"mul24.lo.u32", "w=w,w", multiply_24_low_u32},
    {"mul24.lo.s32", "w=w,w", multiply_24_low_s32},
    {"mul24.hi.u32", "w=w,w", multiply_24_high_u32},
    {"mul24.hi.s32", "w=w,w", multiply_24_high_s32},
    {"mad24.lo.u32", "w=w,w,w", mad_24_low_u32},
    {"mad24.lo.s32", "w=w,w,w", mad_24_low_s32},
    {"mad24.hi.u32", "w=w,w,w", mad_24_high_u32},
    {"mad24.hi.s32", "w=w,w,w", mad_24_high_s32},
    {"mad24.hi.sat.s32", "w=w,w,w", mad_24_high_saturated},
    SIX_ROWS("sad", sad, "h=h,h,h", "w=w,w,w", "d=d,d,d"),
    SIX_ROWS("div", divide, "h=h,h", "w=w,w", "d=d,d"),
    SIX_ROWS("rem", remainder, "h=h,h", "w=w,w", "d=d,d"),
    {"abs.s16", "h=h", absolute_16},
    {"abs.s32", "w=w", absolute_32},
    {"abs.s64", "d=d", absolute_64},
    {"neg.s16", "h=h", negate_16},
    {"neg.s32", "w=w", negate_32},
    {"neg.s64", "d=d", negate_64},
    SIX_ROWS("min", minimum, "h=h,h", "w=w,w", "d=d,d"),
    SIX_ROWS("max", maximum, "h=h,h", "w=w,w", "d=d,d"),
    {"min.relu.s32", "w=w,w", minimum_relu},
    {"max.relu.s32", "w=w,w", maximum_relu},
    {"min[.relu].s16x2", "w=w,w", minimum_s16x2},
    {"max[.relu].s16x2", "w=w,w", maximum_s16x2},
    {"min.u16x2", "w=w,w", minimum_u16x2},
    {"max.u16x2", "w=w,w", maximum_u16x2},
    CARRY_ROWS_2("add", add),
    CARRY_ROWS_2("sub", sub),
    CARRY_ROWS_3(".lo", "{u32,s32}", mad_low_32, "w"),
    CARRY_ROWS_3(".lo", "{u64,s64}", mad_low_64, "d"),
    CARRY_ROWS_3(".hi", "u32", mad_high_u32, "w"),
    CARRY_ROWS_3(".hi", "s32", mad_high_s32, "w"),
    CARRY_ROWS_3(".hi", "u64", mad_high_u64, "d"),
    CARRY_ROWS_3(".hi", "s64", mad_high_s64, "d"),
};

ARITHMETIC_TABLE(arithmetic_integer, rows, 0);
