/*
 * Comparison and selection: setp, testp, selp, slct (PTX ISA 9.7.5, 9.7.6, 9.7.3.1). setp has a
 * function for each operator and type, because loops end with one.
 */
#include "emulator/arithmetic/comparison.h"

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

/* ---- setp on pairs ---- */

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

/* {.and,.or,.xor} with a third predicate. */
ALWAYS_INLINE void combine_pairs(void *const to[], const void *const from[],
                                 signed char operation) {
    const uint32_t with = *(const uint32_t *)from[2];
    for (unsigned half = 0; half < 2; half++) {
        uint32_t *const result = to[half];
        *result = operation == 0   ? *result & with
                  : operation == 1 ? *result | with
                                   : *result ^ with;
    }
}

LANE_FUNCTION(f16x2_pairs_combined) {
    compare_pairs(to, from, (enum comparison)choice[0], HALF_F16, choice[2] >= 0);
    combine_pairs(to, from, choice[1]);
}

LANE_FUNCTION(bf16x2_pairs_combined) {
    compare_pairs(to, from, (enum comparison)choice[0], HALF_BF16, false);
    combine_pairs(to, from, choice[1]);
}

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

static const struct lane_operation rows[] = {
    {"setp." FLOAT_NAMES "[.ftz].f16x2", "p,p=w,w", f16x2_pairs},
    {"setp." FLOAT_NAMES ".bf16x2", "p,p=w,w", bf16x2_pairs},
    {"setp." FLOAT_NAMES "{.and,.or,.xor}[.ftz].f16x2", "p,p=w,w,p", f16x2_pairs_combined},
    {"setp." FLOAT_NAMES "{.and,.or,.xor}.bf16x2", "p,p=w,w,p", bf16x2_pairs_combined},
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
