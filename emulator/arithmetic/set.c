/*
 * set (PTX ISA 9.7.6, 9.7.7): a comparison as a number, all ones or 1.0, alone or combined with a
 * predicate. Compilers emit it for pairs of halves and hardly else, so there is a function for a
 * type, which finds the operator in `choice`.
 */
#include "emulator/arithmetic/comparison.h"

/* What a comparison that holds gives, by the group of destination types. */
static const uint32_t yes_words[] = {0xffffffffu, 0xffffffffu, 0x3f800000u}; /* {u32,s32,f32} */
static const uint32_t yes_floats[] = {0x3c00u, 0x3f80u};                     /* {f16,bf16} */
static const uint32_t yes_f16[] = {0x3c00u, 0xffffu, 0xffffu};  /* {f16,u16,s16}, or of pairs */
static const uint32_t yes_bf16[] = {0x3f80u, 0xffffu, 0xffffu}; /* {bf16,u16,s16}, or of pairs */

/* {.and,.or,.xor} */
ALWAYS_INLINE uint32_t combine(bool is_set, uint32_t other, signed char operation, uint32_t yes) {
    const uint32_t flag = is_set ? 1u : 0u;
    const uint32_t both = operation == 0   ? flag & other
                          : operation == 1 ? flag | other
                                           : flag ^ other;
    return both ? yes : 0;
}

/* What was set, in `parts` of a register, combined with a predicate; the choice of that comes
 * second. */
ALWAYS_INLINE void set_combined(void *const to[], const void *const from[],
                                const signed char choice[], lane_function *set, uint32_t yes,
                                bool is_pair) {
    const signed char others[] = {choice[0], choice[2], choice[3]};
    const signed char operation = choice[1];
    struct lanes32 *const d = to[0];
    const uint32_t with = *(const uint32_t *)from[2];
    set(to, from, others);
    FOR_LANES(lane) {
        const uint32_t bits = d->at[lane];
        const uint32_t other = with >> lane & 1;
        const uint32_t pair = combine(LOW(bits) != 0, other, operation, yes) |
                              combine(HIGH(bits) != 0, other, operation, yes) << 16;
        d->at[lane] = is_pair ? pair : combine(bits != 0, other, operation, yes);
    }
}

/* set.OP[.ftz].{types}: whether there is a group for .ftz is `types` - 1. */
#define SET_FORM(name, lane, types, all, is_pair, setup, result)                                   \
    MAP_2(name, 32, lane, lane, setup;                                                             \
          const enum comparison comparison = (enum comparison)choice[0];                           \
          const uint32_t yes = (all)[choice[types]], result)                                       \
    LANE_FUNCTION(name##_combined) {                                                               \
        set_combined(to, from, choice, name, (all)[choice[(types) + 1]], is_pair);                 \
    }
#define SET(name, lane, types, all, setup, compared)                                               \
    SET_FORM(name, lane, types, all, false, setup, (compared) ? yes : 0)

#define FLUSH const bool flush = choice[1] >= 0
#define NO_FLUSH (void)0
#define F32_VALUE(bits) ((double)lane_f32(f32_flush(bits, flush)))
#define F16_VALUE(bits) ((double)lane_f32(f16_widen(half_flush(bits, HALF_F16, flush))))
#define BF16_VALUE(bits) ((double)lane_f32(bf16_widen(bits)))

#define COMPARE_F32 compare(F32_VALUE(a), F32_VALUE(b), comparison)
#define COMPARE_F64 compare(lane_f64(a), lane_f64(b), comparison)
#define COMPARE_F16 compare(F16_VALUE(LOW(a)), F16_VALUE(LOW(b)), comparison)
#define COMPARE_BF16 compare(BF16_VALUE(LOW(a)), BF16_VALUE(LOW(b)), comparison)
#define COMPARE_HIGH_F16 compare(F16_VALUE(HIGH(a)), F16_VALUE(HIGH(b)), comparison)
#define COMPARE_HIGH_BF16 compare(BF16_VALUE(HIGH(a)), BF16_VALUE(HIGH(b)), comparison)

SET(set_f32, 32, 2, yes_words, FLUSH, COMPARE_F32)
SET(set_f64, 64, 1, yes_words, NO_FLUSH, COMPARE_F64)
SET(set_f16, 32, 2, yes_words, FLUSH, COMPARE_F16)
SET(set_bf16, 32, 1, yes_words, NO_FLUSH, COMPARE_BF16)
SET(set_f16_f32, 32, 2, yes_f16, FLUSH, COMPARE_F32)
SET(set_bf16_f32, 32, 1, yes_bf16, const bool flush = false, COMPARE_F32)
SET(set_bf16_f16, 32, 1, yes_bf16, const bool flush = false, COMPARE_F16)
SET(set_float_f64, 64, 1, yes_floats, NO_FLUSH, COMPARE_F64)
SET(set_half_f16, 32, 2, yes_f16, FLUSH, COMPARE_F16)
SET(set_half_bf16, 32, 1, yes_bf16, NO_FLUSH, COMPARE_BF16)
SET_FORM(set_f16x2, 32, 2, yes_f16, true, FLUSH,
         (COMPARE_F16 ? yes : 0) | (COMPARE_HIGH_F16 ? yes : 0) << 16)
SET_FORM(set_bf16x2, 32, 1, yes_bf16, true, NO_FLUSH,
         (COMPARE_BF16 ? yes : 0) | (COMPARE_HIGH_BF16 ? yes : 0) << 16)

/* Bits are equal or not. Integers: lt le gt ge too, and lo ls hi hs for these of unsigned ones. */
#define BIT_NAMES "{eq,ne}"
#define INTEGER_NAMES "{eq,ne,lt,le,gt,ge}"
#define UNSIGNED_NAMES "{eq,ne,lo,ls,hi,hs}"

ALWAYS_INLINE bool compare_signed(int64_t x, int64_t y, enum comparison comparison) {
    const int order = (x > y) - (x < y);
    return compare(order, 0, comparison);
}

ALWAYS_INLINE bool compare_unsigned(uint64_t x, uint64_t y, enum comparison comparison) {
    const int order = (x > y) - (x < y);
    return compare(order, 0, comparison);
}

#define SET_INTEGER(type, lane, as, compare_as)                                                    \
    SET(set_##type, lane, 1, yes_words, NO_FLUSH, compare_as((as)a, (as)b, comparison))            \
    SET(set_float_##type, lane, 1, yes_floats, NO_FLUSH, compare_as((as)a, (as)b, comparison))

SET_INTEGER(u16, 32, uint16_t, compare_unsigned)
SET_INTEGER(s16, 32, int16_t, compare_signed)
SET_INTEGER(u32, 32, uint32_t, compare_unsigned)
SET_INTEGER(s32, 32, int32_t, compare_signed)
SET_INTEGER(u64, 64, uint64_t, compare_unsigned)
SET_INTEGER(s64, 64, int64_t, compare_signed)

#define ROWS(operators, types, operands, name)                                                     \
    {"set." operators types, operands, name}, {                                                    \
        "set." operators "{.and,.or,.xor}" types, operands ",p", name##_combined                   \
    }
#define ROWS_TO_ALL(operators, type, letter, name)                                                 \
    ROWS(operators, ".{u32,s32,f32}." type, "w=" letter "," letter, set_##name),                   \
        ROWS(operators, ".{f16,bf16}." type, "h=" letter "," letter, set_float_##name)

static const struct lane_operation rows[] = {
    ROWS(FLOAT_NAMES, "[.ftz].{f16x2,u32,s32}.f16x2", "w=w,w", set_f16x2),
    ROWS(FLOAT_NAMES, ".{bf16x2,u32,s32}.bf16x2", "w=w,w", set_bf16x2),
    ROWS(FLOAT_NAMES, "[.ftz].{f16,u16,s16}.f16", "h=h,h", set_half_f16),
    ROWS(FLOAT_NAMES, "{.bf16}.f16", "h=h,h", set_bf16_f16),
    ROWS(FLOAT_NAMES, ".{bf16,u16,s16}.bf16", "h=h,h", set_half_bf16),
    ROWS(FLOAT_NAMES, "[.ftz].{u32,s32}.f16", "w=h,h", set_f16),
    ROWS(FLOAT_NAMES, ".{u32,s32}.bf16", "w=h,h", set_bf16),
    ROWS(FLOAT_NAMES, "[.ftz].{u32,s32,f32}.f32", "w=w,w", set_f32),
    ROWS(FLOAT_NAMES, "[.ftz]{.f16}.f32", "h=w,w", set_f16_f32),
    ROWS(FLOAT_NAMES, "{.bf16}.f32", "h=w,w", set_bf16_f32),
    ROWS_TO_ALL(FLOAT_NAMES, "f64", "d", f64),
    ROWS_TO_ALL(BIT_NAMES, "b16", "h", u16),
    ROWS_TO_ALL(BIT_NAMES, "b32", "w", u32),
    ROWS_TO_ALL(BIT_NAMES, "b64", "d", u64),
    ROWS_TO_ALL(INTEGER_NAMES, "u16", "h", u16),
    ROWS_TO_ALL(INTEGER_NAMES, "s16", "h", s16),
    ROWS_TO_ALL(INTEGER_NAMES, "u32", "w", u32),
    ROWS_TO_ALL(INTEGER_NAMES, "s32", "w", s32),
    ROWS_TO_ALL(INTEGER_NAMES, "u64", "d", u64),
    ROWS_TO_ALL(INTEGER_NAMES, "s64", "d", s64),
    ROWS_TO_ALL(UNSIGNED_NAMES, "u16", "h", u16),
    ROWS_TO_ALL(UNSIGNED_NAMES, "u32", "w", u32),
    ROWS_TO_ALL(UNSIGNED_NAMES, "u64", "d", u64),
};

ARITHMETIC_TABLE(arithmetic_set, rows, 0);
