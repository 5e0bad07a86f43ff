/*
 * cvt from and to integers, and cvt.pack (PTX ISA 9.7.9: cvt, cvt.pack).
 *
 * Types of one size share a row and a function: whether source and result are signed is a choice of
 * the row. Integers are at first extended to 64 bits, floats to double, which both hold every
 * source exactly.
 */
#include "emulator/arithmetic/half.h"

#define NO_CHOICE (void)choice

/* How an integer source of a size becomes 64 bits. */
ALWAYS_INLINE uint64_t extend(uint64_t value, unsigned bits, bool is_signed) {
    const uint64_t top = (uint64_t)1 << (bits - 1);
    const uint64_t field = bits == 64 ? value : value & ((top << 1) - 1);
    return is_signed ? (field ^ top) - top : field;
}

/* The low bits of a value. */
ALWAYS_INLINE uint64_t truncate(uint64_t value, unsigned bits) {
    return bits == 64 ? value : value & (((uint64_t)1 << bits) - 1);
}

/* .sat: the nearest value of the destination type, not yet truncated to its bits. */
ALWAYS_INLINE uint64_t saturate(uint64_t value, bool source_signed, unsigned bits, bool is_signed) {
    const uint64_t top = (uint64_t)1 << (bits - 1);
    const uint64_t largest = is_signed ? top - 1 : top + (top - 1);
    const int64_t smallest = is_signed ? (int64_t)(0 - top) : 0;
    const bool negative = source_signed && value >> 63;
    const uint64_t raised = (int64_t)value < smallest ? (uint64_t)smallest : value;
    const uint64_t lowered = value > largest ? largest : value;
    return negative ? raised : lowered;
}

ALWAYS_INLINE uint64_t convert_integer(uint64_t value, bool source_signed, unsigned bits,
                                       bool is_signed, bool saturated) {
    const uint64_t clamped = saturate(value, source_signed, bits, is_signed);
    return truncate(saturated ? clamped : value, bits);
}

#define INTEGER_TO_INTEGER(name, lane, bits, source_lane, source_bits, setup)                      \
    MAP_1(name, lane, source_lane, setup,                                                          \
          convert_integer(extend(a, source_bits, source_signed), source_signed, bits, is_signed,   \
                          saturated))

/* [.sat].{unsigned,signed}.{unsigned,signed}, to a smaller type */
#define NARROWING                                                                                  \
    const bool saturated = choice[0] >= 0;                                                         \
    const bool is_signed = choice[1] > 0;                                                          \
    const bool source_signed = choice[2] > 0
/* .{unsigned,signed}.{unsigned,signed} */
#define WRAPPING                                                                                   \
    const bool saturated = false;                                                                  \
    const bool is_signed = false;                                                                  \
    const bool source_signed = choice[1] > 0
/* .sat where the type is no smaller: what is negative for unsigned, or too large for signed. */
#define TO_SIGNED(to_signed)                                                                       \
    NO_CHOICE;                                                                                     \
    const bool saturated = true;                                                                   \
    const bool is_signed = to_signed;                                                              \
    const bool source_signed = !(to_signed)

INTEGER_TO_INTEGER(b_from_h, 32, 8, 32, 16, NARROWING)
INTEGER_TO_INTEGER(b_from_w, 32, 8, 32, 32, NARROWING)
INTEGER_TO_INTEGER(b_from_d, 32, 8, 64, 64, NARROWING)
INTEGER_TO_INTEGER(h_from_w, 32, 16, 32, 32, NARROWING)
INTEGER_TO_INTEGER(h_from_d, 32, 16, 64, 64, NARROWING)
INTEGER_TO_INTEGER(w_from_d, 32, 32, 64, 64, NARROWING)

#define WIDENING(name, lane, bits, source_lane, source_bits)                                       \
    INTEGER_TO_INTEGER(name, lane, bits, source_lane, source_bits, WRAPPING)                       \
    INTEGER_TO_INTEGER(name##_unsigned, lane, bits, source_lane, source_bits, TO_SIGNED(false))
#define OF_ONE_SIZE(name, lane, bits)                                                              \
    WIDENING(name, lane, bits, lane, bits)                                                         \
    INTEGER_TO_INTEGER(name##_signed, lane, bits, lane, bits, TO_SIGNED(true))

OF_ONE_SIZE(b_from_b, 32, 8)
OF_ONE_SIZE(h_from_h, 32, 16)
OF_ONE_SIZE(w_from_w, 32, 32)
OF_ONE_SIZE(d_from_d, 64, 64)
WIDENING(h_from_b, 32, 16, 32, 8)
WIDENING(w_from_b, 32, 32, 32, 8)
WIDENING(w_from_h, 32, 32, 32, 16)
WIDENING(d_from_b, 64, 64, 32, 8)
WIDENING(d_from_h, 64, 64, 32, 16)
WIDENING(d_from_w, 64, 64, 32, 32)

/* The common ones: addresses and indices. */
MAP_1(s64_from_s32, 64, 32, NO_CHOICE, (int64_t)(int32_t)a)
MAP_1(u64_from_u32, 64, 32, NO_CHOICE, a)
MAP_1(w_low_of_d, 32, 64, NO_CHOICE, a)
MAP_1(h_low_of_w, 32, 32, NO_CHOICE, a & 0xffff)
MAP_1(u32_from_u16, 32, 32, NO_CHOICE, a & 0xffff)
MAP_1(s32_from_s16, 32, 32, NO_CHOICE, (int32_t)(int16_t)a)

/* {.rni,.rzi,.rmi,.rpi}, in the order of enum rounding. */
ALWAYS_INLINE double round_to_integer(double value, enum rounding mode) {
    switch (mode) {
    case ROUND_ZERO:
        return __builtin_trunc(value);
    case ROUND_DOWN:
        return __builtin_floor(value);
    case ROUND_UP:
        return __builtin_ceil(value);
    case ROUND_NEAREST:
    case ROUND_NEAREST_AWAY:
    default:
        return __builtin_rint(value);
    }
}

/*
 * A float is clamped to the range of the destination whether .sat is there or not. NaN becomes 0,
 * or the top bit alone where the source is f64 or the destination has 64 bits.
 */
ALWAYS_INLINE uint64_t integer_from_double(double value, enum rounding mode, unsigned bits,
                                           bool is_signed, bool source_f64) {
    const double rounded = round_to_integer(value, mode);
    const uint64_t top = (uint64_t)1 << (bits - 1);
    const double end = (double)top * (is_signed ? 1.0 : 2.0); /* the first number too large */
    const double smallest = is_signed ? -(double)top : 0.0;
    const uint64_t largest = is_signed ? top - 1 : top + (top - 1);
    const bool above = rounded >= end;
    const bool below = rounded < smallest;
    const bool inside = rounded >= smallest && rounded < end;
    const double safe = inside ? rounded : 0.0;
    /* In two halves, because a conversion to uint64_t has no instruction everywhere. */
    const bool high_half = safe >= 0x1p63;
    const int64_t low = (int64_t)(high_half ? safe - 0x1p63 : safe);
    const uint64_t number = (uint64_t)low + (high_half ? F64_SIGN : 0);
    const uint64_t clamped = above ? largest : below && is_signed ? 0 - top : number;
    const uint64_t nan = source_f64 || bits == 64 ? top : 0;
    return truncate(value != value ? nan : clamped, bits);
}

#define F16_VALUE(bits) ((double)lane_f32(f16_widen(bits)))
#define BF16_VALUE(bits) ((double)lane_f32(bf16_widen(bits)))
#define F32_VALUE(bits) ((double)lane_f32(f32_flush(bits, flush)))
#define F64_VALUE(bits) lane_f64(bits)

/* {.rni,.rzi,.rmi,.rpi}, what the type has of [.ftz] and [.sat], .{unsigned,signed} */
#define FLOAT_CHOICES(sign)                                                                        \
    const enum rounding mode = rounding_of(choice[0]);                                             \
    const bool is_signed = choice[sign] > 0
#define FLUSHED_CHOICES                                                                            \
    FLOAT_CHOICES(3);                                                                              \
    const bool flush = choice[1] >= 0

#define INTEGER_FROM_FLOATS(letter, lane, bits)                                                    \
    MAP_1(letter##_from_f16, lane, 32, FLOAT_CHOICES(2),                                           \
          integer_from_double(F16_VALUE(a), mode, bits, is_signed, false))                         \
    MAP_1(letter##_from_bf16, lane, 32, FLOAT_CHOICES(1),                                          \
          integer_from_double(BF16_VALUE(a), mode, bits, is_signed, false))                        \
    MAP_1(letter##_from_f32, lane, 32, FLUSHED_CHOICES,                                            \
          integer_from_double(F32_VALUE(a), mode, bits, is_signed, false))                         \
    MAP_1(letter##_from_f64, lane, 64, FLOAT_CHOICES(2),                                           \
          integer_from_double(F64_VALUE(a), mode, bits, is_signed, true))

INTEGER_FROM_FLOATS(b, 32, 8)
INTEGER_FROM_FLOATS(h, 32, 16)
INTEGER_FROM_FLOATS(w, 32, 32)
INTEGER_FROM_FLOATS(d, 64, 64)

/* f32 to s32 by the host's conversion, which truncates. */
ALWAYS_INLINE uint32_t s32_from_f32(float value) {
    const float safe = value >= -0x1p31f && value < 0x1p31f ? value : 0.0f;
    const uint32_t number = (uint32_t)(int32_t)safe;
    const uint32_t clamped = value >= 0x1p31f ? 0x7fffffffu : number;
    return value < -0x1p31f ? 0x80000000u : clamped;
}

ALWAYS_INLINE uint32_t u32_from_f32(float value) {
    const uint32_t high_half = value >= 0x1p31f ? 0x80000000u : 0;
    const float lowered = value >= 0x1p31f ? value - 0x1p31f : value;
    const float safe = lowered > 0 && lowered < 0x1p31f ? lowered : 0.0f;
    const uint32_t number = (uint32_t)(int32_t)safe + high_half;
    return value >= 0x1p32f ? 0xffffffffu : number;
}

MAP_1(s32_truncated, 32, 32, NO_CHOICE, s32_from_f32(lane_f32(a)))
MAP_1(u32_truncated, 32, 32, NO_CHOICE, u32_from_f32(lane_f32(a)))
MAP_1(s32_rounded, 32, 32, NO_CHOICE, s32_from_f32(__builtin_rintf(lane_f32(a))))

/* {.rn,.rz,.rm,.rp}, [.ftz] for f32 alone, [.sat] but for bf16, .{type}.{unsigned,signed} */
#define TO_FLOAT_CHOICES(sign)                                                                     \
    const enum rounding mode = rounding_of(choice[0]);                                             \
    const bool saturated = (sign) > 1 && choice[(sign)-1] >= 0;                                    \
    const bool source_signed = choice[sign] > 0

ALWAYS_INLINE uint32_t float_from_integer(uint64_t value, bool source_signed,
                                          const struct format *format, enum rounding mode) {
    const bool negative = source_signed && value >> 63;
    return round_integer(negative ? 0 - value : value, negative, format, mode);
}

/* .sat of a result that is an integer: 0 or 1. */
ALWAYS_INLINE uint32_t float_or_unit(uint32_t bits, bool saturated, const struct format *format) {
    const uint32_t one = (uint32_t)(1 - format->exponent); /* the exponent field of 1 */
    const uint32_t unit = bits == 0 || bits & format->sign ? 0 : one << (format->precision - 1);
    return saturated ? unit : bits;
}

ALWAYS_INLINE uint64_t f64_from_integer(uint64_t value, bool source_signed, enum rounding mode,
                                        bool saturated) {
    const bool negative = source_signed && value >> 63;
    const uint64_t bits = round_integer_f64(negative ? 0 - value : value, negative, mode);
    const uint64_t unit = bits == 0 || negative ? 0 : lane_bits64(1.0);
    return saturated ? unit : bits;
}

#define NARROW_FROM_INTEGER(format, source_bits)                                                   \
    float_or_unit(                                                                                 \
        float_from_integer(extend(a, source_bits, source_signed), source_signed, &(format), mode), \
        saturated, &(format))

#define FLOATS_FROM_INTEGER(letter, source_lane, source_bits)                                      \
    MAP_1(f16_from_##letter, 32, source_lane, TO_FLOAT_CHOICES(2),                                 \
          NARROW_FROM_INTEGER(FORMAT_F16, source_bits))                                            \
    MAP_1(bf16_from_##letter, 32, source_lane, TO_FLOAT_CHOICES(1),                                \
          NARROW_FROM_INTEGER(FORMAT_BF16, source_bits))                                           \
    MAP_1(f32_from_##letter, 32, source_lane, TO_FLOAT_CHOICES(3),                                 \
          NARROW_FROM_INTEGER(FORMAT_F32, source_bits))                                            \
    MAP_1(f64_from_##letter, 64, source_lane, TO_FLOAT_CHOICES(2),                                 \
          f64_from_integer(extend(a, source_bits, source_signed), source_signed, mode, saturated))

FLOATS_FROM_INTEGER(b, 32, 8)
FLOATS_FROM_INTEGER(h, 32, 16)
FLOATS_FROM_INTEGER(w, 32, 32)
FLOATS_FROM_INTEGER(d, 64, 64)

MAP_1(f32_from_s32, 32, 32, NO_CHOICE, lane_bits32((float)(int32_t)a))
MAP_1(f32_from_u32, 32, 32, NO_CHOICE, lane_bits32((float)a))
MAP_1(f64_from_s32, 64, 32, NO_CHOICE, lane_bits64((double)(int32_t)a))
MAP_1(f64_from_u32, 64, 32, NO_CHOICE, lane_bits64((double)a))

/* cvt.pack.sat: b below a, and the low bits of c above both. */
ALWAYS_INLINE uint32_t pack(uint32_t a, uint32_t b, uint32_t c, unsigned bits, bool is_signed) {
    const uint64_t low = truncate(saturate(extend(b, 32, true), true, bits, is_signed), bits);
    const uint64_t high = truncate(saturate(extend(a, 32, true), true, bits, is_signed), bits);
    return (uint32_t)(low | high << bits | (uint64_t)c << (2 * bits));
}

#define PACK_SIGNED const bool is_signed = choice[0] > 0

MAP_2(pack_16, 32, 32, 32, PACK_SIGNED, pack(a, b, 0, 16, is_signed))
MAP_3(pack_8, 32, 32, 32, 32, PACK_SIGNED, pack(a, b, c, 8, is_signed))
MAP_3(pack_4, 32, 32, 32, 32, PACK_SIGNED, pack(a, b, c, 4, is_signed))
MAP_3(pack_2, 32, 32, 32, 32, PACK_SIGNED, pack(a, b, c, 2, is_signed))

#define FROM_FLOATS(letter, types)                                                                 \
    {"cvt{.rni,.rzi,.rmi,.rpi}[.ftz][.sat]." types ".f32", #letter "=w", letter##_from_f32},       \
        {"cvt{.rni,.rzi,.rmi,.rpi}[.sat]." types ".f64", #letter "=d", letter##_from_f64},         \
        {"cvt{.rni,.rzi,.rmi,.rpi}[.sat]." types ".f16", #letter "=h", letter##_from_f16}, {       \
        "cvt{.rni,.rzi,.rmi,.rpi}." types ".bf16", #letter "=h", letter##_from_bf16                \
    }

#define TO_FLOAT(modifiers, type, letter)                                                          \
    {"cvt{.rn,.rz,.rm,.rp}" modifiers "." #type ".{u8,s8}", letter "=b", type##_from_b},           \
        {"cvt{.rn,.rz,.rm,.rp}" modifiers "." #type ".{u16,s16}", letter "=h", type##_from_h},     \
        {"cvt{.rn,.rz,.rm,.rp}" modifiers "." #type ".{u32,s32}", letter "=w", type##_from_w}, {   \
        "cvt{.rn,.rz,.rm,.rp}" modifiers "." #type ".{u64,s64}", letter "=d", type##_from_d        \
    }

#define NARROWER(bits, source, operands, name)                                                     \
    { "cvt[.sat].{u" #bits ",s" #bits "}.{u" #source ",s" #source "}", operands, name }
#define WIDER(bits, source, operands, name)                                                        \
    {"cvt.{u" #bits ",s" #bits "}.{u" #source ",s" #source "}", operands, name}, {                 \
        "cvt.sat.u" #bits ".s" #source, operands, name##_unsigned                                  \
    }
#define AS_WIDE(bits, operands, name)                                                              \
    WIDER(bits, bits, operands, name), {                                                           \
        "cvt.sat.s" #bits ".u" #bits, operands, name##_signed                                      \
    }

static const struct lane_operation rows[] = {
    {"cvt.s64.s32", "d=w", s64_from_s32},
    {"cvt.u64.u32", "d=w", u64_from_u32},
    {"cvt.{u32,s32}.{u64,s64}", "w=d", w_low_of_d},
    {"cvt.{u16,s16}.{u32,s32}", "h=w", h_low_of_w},
    {"cvt.u32.u16", "w=h", u32_from_u16},
    {"cvt.s32.s16", "w=h", s32_from_s16},
    {"cvt.rzi.s32.f32", "w=w", s32_truncated},
    {"cvt.rzi.u32.f32", "w=w", u32_truncated},
    {"cvt.rni.s32.f32", "w=w", s32_rounded},
    {"cvt.rn.f32.s32", "w=w", f32_from_s32},
    {"cvt.rn.f32.u32", "w=w", f32_from_u32},
    {"cvt.rn.f64.s32", "d=w", f64_from_s32},
    {"cvt.rn.f64.u32", "d=w", f64_from_u32},
    AS_WIDE(8, "b=b", b_from_b),
    AS_WIDE(16, "h=h", h_from_h),
    AS_WIDE(32, "w=w", w_from_w),
    AS_WIDE(64, "d=d", d_from_d),
    NARROWER(8, 16, "b=h", b_from_h),
    NARROWER(8, 32, "b=w", b_from_w),
    NARROWER(8, 64, "b=d", b_from_d),
    NARROWER(16, 32, "h=w", h_from_w),
    NARROWER(16, 64, "h=d", h_from_d),
    NARROWER(32, 64, "w=d", w_from_d),
    WIDER(16, 8, "h=b", h_from_b),
    WIDER(32, 8, "w=b", w_from_b),
    WIDER(32, 16, "w=h", w_from_h),
    WIDER(64, 8, "d=b", d_from_b),
    WIDER(64, 16, "d=h", d_from_h),
    WIDER(64, 32, "d=w", d_from_w),
    FROM_FLOATS(b, "{u8,s8}"),
    FROM_FLOATS(h, "{u16,s16}"),
    FROM_FLOATS(w, "{u32,s32}"),
    FROM_FLOATS(d, "{u64,s64}"),
    TO_FLOAT("[.sat]", f16, "h"),
    TO_FLOAT("", bf16, "h"),
    TO_FLOAT("[.ftz][.sat]", f32, "w"),
    TO_FLOAT("[.sat]", f64, "d"),
    {"cvt.pack.sat.{u16,s16}.s32", "w=w,w", pack_16},
    {"cvt.pack.sat.{u8,s8}.s32.b32", "w=w,w,w", pack_8},
    {"cvt.pack.sat.{u4,s4}.s32.b32", "w=w,w,w", pack_4},
    {"cvt.pack.sat.{u2,s2}.s32.b32", "w=w,w,w", pack_2},
};

ARITHMETIC_TABLE(arithmetic_convert_integer, rows, OPERATION_WIDENS);
