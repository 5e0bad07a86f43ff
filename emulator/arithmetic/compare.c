/*
 * Comparison and selection: setp, set, testp, selp, slct (PTX ISA 9.7.5, 9.7.6, 9.7.3.1).
 *
 * setp has a function for each operator and type, because loops end with one; set, which compilers
 * emit only for pairs of halves, has one for a type and finds the operator in `choice`.
 */
#include "emulator/arithmetic/half.h"

#define NO_CHOICE (void)choice

/* ---- setp on integers ---- */

#define AS_U16(bits) ((uint16_t)(bits))
#define AS_S16(bits) ((int16_t)(bits))
#define AS_U32(bits) (bits)
#define AS_S32(bits) ((int32_t)(bits))
#define AS_U64(bits) (bits)
#define AS_S64(bits) ((int64_t)(bits))

#define EQUALITY(type, lane, as)                                                                   \
    TEST_2(type##_eq, lane, lane, NO_CHOICE, as(a) == as(b))                                       \
    TEST_2(type##_ne, lane, lane, NO_CHOICE, as(a) != as(b))

#define ORDER(type, lane, as)                                                                      \
    TEST_2(type##_lt, lane, lane, NO_CHOICE, as(a) < as(b))                                        \
    TEST_2(type##_le, lane, lane, NO_CHOICE, as(a) <= as(b))                                       \
    TEST_2(type##_gt, lane, lane, NO_CHOICE, as(a) > as(b))                                        \
    TEST_2(type##_ge, lane, lane, NO_CHOICE, as(a) >= as(b))

EQUALITY(b16, 32, AS_U16)
EQUALITY(b32, 32, AS_U32)
EQUALITY(b64, 64, AS_U64)
ORDER(u16, 32, AS_U16)
ORDER(s16, 32, AS_S16)
ORDER(u32, 32, AS_U32)
ORDER(s32, 32, AS_S32)
ORDER(u64, 64, AS_U64)
ORDER(s64, 64, AS_S64)

/* ---- setp on floats: the ordered operators are false on NaN, those with u true ---- */

#define FLOAT_OPERATORS(name, lane, setup, value, type)                                            \
    TEST_2(name##_eq, lane, lane, setup, value(a) == value(b))                                     \
    TEST_2(name##_ne, lane, lane, setup, value(a) < value(b) || value(a) > value(b))               \
    TEST_2(name##_lt, lane, lane, setup, value(a) < value(b))                                      \
    TEST_2(name##_le, lane, lane, setup, value(a) <= value(b))                                     \
    TEST_2(name##_gt, lane, lane, setup, value(a) > value(b))                                      \
    TEST_2(name##_ge, lane, lane, setup, value(a) >= value(b))                                     \
    TEST_2(name##_equ, lane, lane, setup, !(value(a) < value(b) || value(a) > value(b)))           \
    TEST_2(name##_neu, lane, lane, setup, value(a) != value(b))                                    \
    TEST_2(name##_ltu, lane, lane, setup, !(value(a) >= value(b)))                                 \
    TEST_2(name##_leu, lane, lane, setup, !(value(a) > value(b)))                                  \
    TEST_2(name##_gtu, lane, lane, setup, !(value(a) <= value(b)))                                 \
    TEST_2(name##_geu, lane, lane, setup, !(value(a) < value(b)))                                  \
    TEST_2(name##_num, lane, lane, setup, value(a) == value(a) && value(b) == value(b))            \
    TEST_2(name##_nan, lane, lane, setup, value(a) != value(a) || value(b) != value(b))

#define F32_FLUSHED(bits) lane_f32(lane_flush32(bits))
#define F16_VALUE(bits) lane_f32(f16_widen(half_flush(bits, HALF_F16, flush)))
#define BF16_VALUE(bits) lane_f32(bf16_widen(bits))
#define HALF_FLUSH const bool flush = choice[0] >= 0

FLOAT_OPERATORS(f32, 32, NO_CHOICE, lane_f32, float)
FLOAT_OPERATORS(f32_flushed, 32, NO_CHOICE, F32_FLUSHED, float)
FLOAT_OPERATORS(f64, 64, NO_CHOICE, lane_f64, double)
FLOAT_OPERATORS(f16, 32, HALF_FLUSH, F16_VALUE, float)
FLOAT_OPERATORS(bf16, 32, NO_CHOICE, BF16_VALUE, float)

/* ---- any operator, chosen at run time ---- */

/* In the order of FLOAT_NAMES. */
enum comparison {
    COMPARE_EQ,
    COMPARE_NE,
    COMPARE_LT,
    COMPARE_LE,
    COMPARE_GT,
    COMPARE_GE,
    COMPARE_EQU,
    COMPARE_NEU,
    COMPARE_LTU,
    COMPARE_LEU,
    COMPARE_GTU,
    COMPARE_GEU,
    COMPARE_NUM,
    COMPARE_NAN
};

#define FLOAT_NAMES "{eq,ne,lt,le,gt,ge,equ,neu,ltu,leu,gtu,geu,num,nan}"

/* f32 numbers and those of the narrower types, exactly; f64 too. */
ALWAYS_INLINE bool compare(double x, double y, enum comparison comparison) {
    const bool unordered = x != x || y != y;
    switch (comparison) {
    case COMPARE_EQ:
        return x == y;
    case COMPARE_NE:
        return x != y && !unordered;
    case COMPARE_LT:
        return x < y;
    case COMPARE_LE:
        return x <= y;
    case COMPARE_GT:
        return x > y;
    case COMPARE_GE:
        return x >= y;
    case COMPARE_EQU:
        return x == y || unordered;
    case COMPARE_NEU:
        return x != y;
    case COMPARE_LTU:
        return x < y || unordered;
    case COMPARE_LEU:
        return x <= y || unordered;
    case COMPARE_GTU:
        return x > y || unordered;
    case COMPARE_GEU:
        return x >= y || unordered;
    case COMPARE_NUM:
        return !unordered;
    case COMPARE_NAN:
    default:
        return unordered;
    }
}

#define LOW(pair) ((pair)&0xffffu)
#define HIGH(pair) ((pair) >> 16)

/* setp on pairs has two results. `halves` are the values of the type. */
static void compare_pairs(void *const to[], const void *const from[], enum comparison comparison,
                          enum half_type type, bool flush) {
    const struct lanes32 *const a = from[0];
    const struct lanes32 *const b = from[1];
    uint32_t low = 0;
    uint32_t high = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        const uint32_t x = a->at[lane];
        const uint32_t y = b->at[lane];
        const double low_x = (double)lane_f32(half_widen(half_flush(LOW(x), type, flush), type));
        const double low_y = (double)lane_f32(half_widen(half_flush(LOW(y), type, flush), type));
        const double high_x = (double)lane_f32(half_widen(half_flush(HIGH(x), type, flush), type));
        const double high_y = (double)lane_f32(half_widen(half_flush(HIGH(y), type, flush), type));
        low |= (uint32_t)compare(low_x, low_y, comparison) << lane;
        high |= (uint32_t)compare(high_x, high_y, comparison) << lane;
    }
    *(uint32_t *)to[0] = low;
    *(uint32_t *)to[1] = high;
}

LANE_FUNCTION(f16x2_pairs) {
    compare_pairs(to, from, (enum comparison)choice[0], HALF_F16, choice[1] >= 0);
}

LANE_FUNCTION(bf16x2_pairs) {
    compare_pairs(to, from, (enum comparison)choice[0], HALF_BF16, false);
}

/* ---- set: all ones or zero, or 1.0 or zero ---- */

/* set.OP[.ftz].{u32,s32,f32}.TYPE */
#define SET_FLUSHED                                                                                \
    const enum comparison comparison = (enum comparison)choice[0];                                 \
    const bool flush = choice[1] >= 0;                                                             \
    const uint32_t yes = choice[2] == 2 ? 0x3f800000u : 0xffffffffu

/* set.OP.{u32,s32,f32}.TYPE */
#define SET_PLAIN                                                                                  \
    const enum comparison comparison = (enum comparison)choice[0];                                 \
    const uint32_t yes = choice[1] == 2 ? 0x3f800000u : 0xffffffffu

#define F32_VALUE(bits) ((double)lane_f32(f32_flush(bits, flush)))
#define WIDE_F16(bits) ((double)F16_VALUE(bits))
#define WIDE_BF16(bits) ((double)BF16_VALUE(bits))

MAP_2(set_f32, 32, 32, 32, SET_FLUSHED, compare(F32_VALUE(a), F32_VALUE(b), comparison) ? yes : 0)
MAP_2(set_f64, 32, 64, 64, SET_PLAIN, compare(lane_f64(a), lane_f64(b), comparison) ? yes : 0)
MAP_2(set_f16, 32, 32, 32, SET_FLUSHED, compare(WIDE_F16(a), WIDE_F16(b), comparison) ? yes : 0)
MAP_2(set_bf16, 32, 32, 32, SET_PLAIN, compare(WIDE_BF16(a), WIDE_BF16(b), comparison) ? yes : 0)

/* Integers: eq ne lt le gt ge alone, and lo ls hi hs for the last four of unsigned ones. */
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
    MAP_2(set_##type, 32, lane, lane, SET_PLAIN, compare_as(as(a), as(b), comparison) ? yes : 0)

SET_INTEGER(u16, 32, AS_U16, compare_unsigned)
SET_INTEGER(s16, 32, AS_S16, compare_signed)
SET_INTEGER(u32, 32, AS_U32, compare_unsigned)
SET_INTEGER(s32, 32, AS_S32, compare_signed)
SET_INTEGER(u64, 64, AS_U64, compare_unsigned)
SET_INTEGER(s64, 64, AS_S64, compare_signed)

/* set.OP.{and,or,xor}…: what was set, combined with a predicate; the choice of that comes second. */
ALWAYS_INLINE void set_combined(void *const to[], const void *const from[],
                                const signed char choice[], lane_function *set, uint32_t yes) {
    const signed char others[] = {choice[0], choice[2], choice[3]};
    struct lanes32 *const d = to[0];
    const uint32_t with = *(const uint32_t *)from[2];
    set(to, from, others);
    FOR_LANES(lane) {
        const uint32_t is_set = d->at[lane] != 0 ? 1u : 0u;
        const uint32_t other = with >> lane & 1;
        const uint32_t both = choice[1] == 0   ? is_set & other
                              : choice[1] == 1 ? is_set | other
                                               : is_set ^ other;
        d->at[lane] = both ? yes : 0;
    }
}

#define SET_COMBINED(function, type_choice)                                                        \
    LANE_FUNCTION(function##_combined) {                                                           \
        set_combined(to, from, choice, function,                                                   \
                     choice[type_choice] == 2 ? 0x3f800000u : 0xffffffffu);                        \
    }

SET_COMBINED(set_f32, 3)
SET_COMBINED(set_f64, 2)
SET_COMBINED(set_f16, 3)
SET_COMBINED(set_bf16, 2)
SET_COMBINED(set_u16, 2)
SET_COMBINED(set_s16, 2)
SET_COMBINED(set_u32, 2)
SET_COMBINED(set_s32, 2)
SET_COMBINED(set_u64, 2)
SET_COMBINED(set_s64, 2)

/* Halves: 16 bits of result each, all ones for integers, 1.0 of the type else. */
ALWAYS_INLINE uint32_t set_half(uint32_t a, uint32_t b, enum comparison comparison,
                                enum half_type type, bool flush, uint32_t yes) {
    const double x = (double)lane_f32(half_widen(half_flush(a, type, flush), type));
    const double y = (double)lane_f32(half_widen(half_flush(b, type, flush), type));
    return compare(x, y, comparison) ? yes : 0;
}

/* set.OP[.ftz].{f16,u16,s16}.f16, and so on: choice[2] of 0 is the float type. */
#define SET_F16                                                                                    \
    const enum comparison comparison = (enum comparison)choice[0];                                 \
    const bool flush = choice[1] >= 0;                                                             \
    const uint32_t yes = choice[2] == 0 ? 0x3c00u : 0xffffu
#define SET_BF16                                                                                   \
    const enum comparison comparison = (enum comparison)choice[0];                                 \
    const bool flush = false;                                                                      \
    const uint32_t yes = choice[1] == 0 ? 0x3f80u : 0xffffu

MAP_2(set_half_f16, 32, 32, 32, SET_F16, set_half(LOW(a), LOW(b), comparison, HALF_F16, flush, yes))
MAP_2(set_half_bf16, 32, 32, 32, SET_BF16,
      set_half(LOW(a), LOW(b), comparison, HALF_BF16, flush, yes))
MAP_2(set_f16x2, 32, 32, 32, SET_F16,
      set_half(LOW(a), LOW(b), comparison, HALF_F16, flush, yes) |
          set_half(HIGH(a), HIGH(b), comparison, HALF_F16, flush, yes) << 16)
MAP_2(set_bf16x2, 32, 32, 32, SET_BF16,
      set_half(LOW(a), LOW(b), comparison, HALF_BF16, flush, yes) |
          set_half(HIGH(a), HIGH(b), comparison, HALF_BF16, flush, yes) << 16)

/* ---- testp (9.7.3.1); zero counts as normal ---- */

#define F32_MAGNITUDE(bits) ((bits) & ~F32_SIGN)
#define F64_MAGNITUDE(bits) ((bits) & ~F64_SIGN)

#define TEST_PROPERTIES(type, lane, magnitude, infinity, smallest_normal)                          \
    TEST_1(type##_finite, lane, NO_CHOICE, magnitude(a) < (infinity))                              \
    TEST_1(type##_infinite, lane, NO_CHOICE, magnitude(a) == (infinity))                           \
    TEST_1(type##_number, lane, NO_CHOICE, magnitude(a) <= (infinity))                             \
    TEST_1(type##_notanumber, lane, NO_CHOICE, magnitude(a) > (infinity))                          \
    TEST_1(type##_normal, lane, NO_CHOICE,                                                         \
           magnitude(a) == 0 || (magnitude(a) >= (smallest_normal) && magnitude(a) < (infinity)))  \
    TEST_1(type##_subnormal, lane, NO_CHOICE, magnitude(a) != 0 && magnitude(a) < (smallest_normal))

TEST_PROPERTIES(f32, 32, F32_MAGNITUDE, F32_INFINITY, 0x00800000u)
TEST_PROPERTIES(f64, 64, F64_MAGNITUDE, F64_INFINITY, 0x0010000000000000u)

/* ---- selp and slct ---- */

#define SELECT(name, lane_bits)                                                                    \
    LANE_FUNCTION(name) {                                                                          \
        (void)choice;                                                                              \
        struct lanes##lane_bits *const d = to[0];                                                  \
        const struct lanes##lane_bits *const a = from[0];                                          \
        const struct lanes##lane_bits *const b = from[1];                                          \
        const uint32_t predicate = *(const uint32_t *)from[2];                                     \
        FOR_LANES(lane) {                                                                          \
            d->at[lane] = predicate >> lane & 1 ? a->at[lane] : b->at[lane];                       \
        }                                                                                          \
    }

SELECT(select_32, 32)
SELECT(select_64, 64)

MAP_3(select_32_s32, 32, 32, 32, 32, NO_CHOICE, (int32_t)c >= 0 ? a : b)
MAP_3(select_64_s32, 64, 64, 64, 32, NO_CHOICE, (int32_t)c >= 0 ? a : b)
/* Flushing changes no sign: a subnormal below zero becomes -0, which is not less than 0. */
MAP_3(select_32_f32, 32, 32, 32, 32, const bool flush = choice[0] >= 0,
      lane_f32(f32_flush(c, flush)) >= 0 ? a : b)
MAP_3(select_64_f32, 64, 64, 64, 32, const bool flush = choice[0] >= 0,
      lane_f32(f32_flush(c, flush)) >= 0 ? a : b)

#define EQUALITY_ROWS(types, operands, function)                                                   \
    {"setp.eq." types, operands, function##_eq}, {                                                 \
        "setp.ne." types, operands, function##_ne                                                  \
    }

#define SIGNED_ROWS(type, operands)                                                                \
    {"setp.lt." #type, operands, type##_lt}, {"setp.le." #type, operands, type##_le},              \
        {"setp.gt." #type, operands, type##_gt}, {                                                 \
        "setp.ge." #type, operands, type##_ge                                                      \
    }

#define UNSIGNED_ROWS(type, operands)                                                              \
    {"setp.{lt,lo}." #type, operands, type##_lt}, {"setp.{le,ls}." #type, operands, type##_le},    \
        {"setp.{gt,hi}." #type, operands, type##_gt}, {                                            \
        "setp.{ge,hs}." #type, operands, type##_ge                                                 \
    }

#define FLOAT_ROWS(type, operands, function)                                                       \
    {"setp.eq" type, operands, function##_eq}, {"setp.ne" type, operands, function##_ne},          \
        {"setp.lt" type, operands, function##_lt}, {"setp.le" type, operands, function##_le},      \
        {"setp.gt" type, operands, function##_gt}, {"setp.ge" type, operands, function##_ge},      \
        {"setp.equ" type, operands, function##_equ}, {"setp.neu" type, operands, function##_neu},  \
        {"setp.ltu" type, operands, function##_ltu}, {"setp.leu" type, operands, function##_leu},  \
        {"setp.gtu" type, operands, function##_gtu}, {"setp.geu" type, operands, function##_geu},  \
        {"setp.num" type, operands, function##_num}, {                                             \
        "setp.nan" type, operands, function##_nan                                                  \
    }

#define TESTP_ROWS(type, operands)                                                                 \
    {"testp.finite." #type, operands, type##_finite},                                              \
        {"testp.infinite." #type, operands, type##_infinite},                                      \
        {"testp.number." #type, operands, type##_number},                                          \
        {"testp.notanumber." #type, operands, type##_notanumber},                                  \
        {"testp.normal." #type, operands, type##_normal}, {                                        \
        "testp.subnormal." #type, operands, type##_subnormal                                       \
    }

static const struct lane_operation comparisons[] = {
    EQUALITY_ROWS("{b32,u32,s32}", "p=w,w", b32),
    SIGNED_ROWS(s32, "p=w,w"),
    UNSIGNED_ROWS(u32, "p=w,w"),
    FLOAT_ROWS(".f32", "p=w,w", f32),
    FLOAT_ROWS(".ftz.f32", "p=w,w", f32_flushed),
    EQUALITY_ROWS("{b64,u64,s64}", "p=d,d", b64),
    SIGNED_ROWS(s64, "p=d,d"),
    UNSIGNED_ROWS(u64, "p=d,d"),
    FLOAT_ROWS(".f64", "p=d,d", f64),
    EQUALITY_ROWS("{b16,u16,s16}", "p=h,h", b16),
    SIGNED_ROWS(s16, "p=h,h"),
    UNSIGNED_ROWS(u16, "p=h,h"),
    FLOAT_ROWS("[.ftz].f16", "p=h,h", f16),
    FLOAT_ROWS(".bf16", "p=h,h", bf16),
};

ARITHMETIC_TABLE(arithmetic_compare, comparisons, OPERATION_COMPARES);

#define BOOLEANS "{.and,.or,.xor}"

static const struct lane_operation rows[] = {
    {"setp." FLOAT_NAMES "[.ftz].f16x2", "p,p=w,w", f16x2_pairs},
    {"setp." FLOAT_NAMES ".bf16x2", "p,p=w,w", bf16x2_pairs},
    {"set." FLOAT_NAMES "[.ftz].{f16x2,u32,s32}.f16x2", "w=w,w", set_f16x2},
    {"set." FLOAT_NAMES ".{bf16x2,u32,s32}.bf16x2", "w=w,w", set_bf16x2},
    {"set." FLOAT_NAMES "[.ftz].{f16,u16,s16}.f16", "h=h,h", set_half_f16},
    {"set." FLOAT_NAMES ".{bf16,u16,s16}.bf16", "h=h,h", set_half_bf16},
    {"set." FLOAT_NAMES "[.ftz].{u32,s32,f32}.f32", "w=w,w", set_f32},
    {"set." FLOAT_NAMES ".{u32,s32,f32}.f64", "w=d,d", set_f64},
    {"set." FLOAT_NAMES "[.ftz].{u32,s32,f32}.f16", "w=h,h", set_f16},
    {"set." FLOAT_NAMES ".{u32,s32,f32}.bf16", "w=h,h", set_bf16},
    {"set." INTEGER_NAMES ".{u32,s32,f32}.{u16,b16}", "w=h,h", set_u16},
    {"set." INTEGER_NAMES ".{u32,s32,f32}.s16", "w=h,h", set_s16},
    {"set." INTEGER_NAMES ".{u32,s32,f32}.{u32,b32}", "w=w,w", set_u32},
    {"set." INTEGER_NAMES ".{u32,s32,f32}.s32", "w=w,w", set_s32},
    {"set." INTEGER_NAMES ".{u32,s32,f32}.{u64,b64}", "w=d,d", set_u64},
    {"set." INTEGER_NAMES ".{u32,s32,f32}.s64", "w=d,d", set_s64},
    {"set." UNSIGNED_NAMES ".{u32,s32,f32}.u16", "w=h,h", set_u16},
    {"set." UNSIGNED_NAMES ".{u32,s32,f32}.u32", "w=w,w", set_u32},
    {"set." UNSIGNED_NAMES ".{u32,s32,f32}.u64", "w=d,d", set_u64},
    {"set." FLOAT_NAMES BOOLEANS "[.ftz].{u32,s32,f32}.f32", "w=w,w,p", set_f32_combined},
    {"set." FLOAT_NAMES BOOLEANS ".{u32,s32,f32}.f64", "w=d,d,p", set_f64_combined},
    {"set." FLOAT_NAMES BOOLEANS "[.ftz].{u32,s32,f32}.f16", "w=h,h,p", set_f16_combined},
    {"set." FLOAT_NAMES BOOLEANS ".{u32,s32,f32}.bf16", "w=h,h,p", set_bf16_combined},
    {"set." INTEGER_NAMES BOOLEANS ".{u32,s32,f32}.{u16,b16}", "w=h,h,p", set_u16_combined},
    {"set." INTEGER_NAMES BOOLEANS ".{u32,s32,f32}.s16", "w=h,h,p", set_s16_combined},
    {"set." INTEGER_NAMES BOOLEANS ".{u32,s32,f32}.{u32,b32}", "w=w,w,p", set_u32_combined},
    {"set." INTEGER_NAMES BOOLEANS ".{u32,s32,f32}.s32", "w=w,w,p", set_s32_combined},
    {"set." INTEGER_NAMES BOOLEANS ".{u32,s32,f32}.{u64,b64}", "w=d,d,p", set_u64_combined},
    {"set." INTEGER_NAMES BOOLEANS ".{u32,s32,f32}.s64", "w=d,d,p", set_s64_combined},
    {"set." UNSIGNED_NAMES BOOLEANS ".{u32,s32,f32}.u16", "w=h,h,p", set_u16_combined},
    {"set." UNSIGNED_NAMES BOOLEANS ".{u32,s32,f32}.u32", "w=w,w,p", set_u32_combined},
    {"set." UNSIGNED_NAMES BOOLEANS ".{u32,s32,f32}.u64", "w=d,d,p", set_u64_combined},
    TESTP_ROWS(f32, "p=w"),
    TESTP_ROWS(f64, "p=d"),
    {"selp.{b32,u32,s32,f32}", "w=w,w,p", select_32},
    {"selp.{b64,u64,s64,f64}", "d=d,d,p", select_64},
    {"selp.{b16,u16,s16}", "h=h,h,p", select_32},
    {"slct.{b16,u16,s16}.s32", "h=h,h,w", select_32_s32},
    {"slct.{b32,u32,s32,f32}.s32", "w=w,w,w", select_32_s32},
    {"slct.{b64,u64,s64,f64}.s32", "d=d,d,w", select_64_s32},
    {"slct[.ftz].{b16,u16,s16}.f32", "h=h,h,w", select_32_f32},
    {"slct[.ftz].{b32,u32,s32,f32}.f32", "w=w,w,w", select_32_f32},
    {"slct[.ftz].{b64,u64,s64,f64}.f32", "d=d,d,w", select_64_f32},
};

ARITHMETIC_TABLE(arithmetic_select, rows, 0);
