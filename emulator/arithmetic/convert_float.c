/*
 * cvt between floating-point types, the packed ones and those of 4 to 8 bits included (PTX ISA
 * 9.7.9: cvt).
 */
#include "emulator/arithmetic/half.h"
#include "emulator/arithmetic/small_float.h"

#define NO_CHOICE (void)choice

/* What the modifiers ask of a conversion. */
struct conversion {
    enum rounding mode;
    bool flush;           /* .ftz: f32 sources and results */
    bool saturate;        /* .sat: to [0, 1], NaN to +0 */
    bool relu;            /* .relu: negative to +0 */
    bool saturate_finite; /* .satfinite: beyond the largest number to that */
};

#define CONVERSION(...) ((struct conversion){__VA_ARGS__})

/* .sat and .relu on a number that is about to be rounded: both keep its order. */
ALWAYS_INLINE double convert_prepare(double value, const struct conversion conversion) {
    const double positive = value > 0 ? value : 0.0;
    const double unit = positive < 1 ? positive : 1.0;
    const double rectified = value < 0 || (value == 0 && lane_bits64(value) >> 63) ? 0.0 : value;
    return conversion.saturate ? unit : conversion.relu ? rectified : value;
}

/* To a format of at most 16 bits. */
ALWAYS_INLINE uint32_t convert_to(double value, const struct format *format,
                                  const struct conversion conversion) {
    const double prepared = convert_prepare(value, conversion);
    const uint32_t bits = round_double(prepared, format, conversion.mode);
    const uint32_t magnitude = bits & ~format->sign;
    const bool limited =
        conversion.saturate_finite && prepared == prepared && magnitude > format->largest;
    return limited ? format->largest | (bits & format->sign) : bits;
}

ALWAYS_INLINE uint32_t convert_to_f32(double value, const struct conversion conversion) {
    const double prepared = convert_prepare(value, conversion);
    return f32_finish(round_f32(prepared, conversion.mode), conversion.flush, false);
}

/* NaN keeps its payload and becomes quiet. */
ALWAYS_INLINE uint64_t convert_to_f64(double value, const struct conversion conversion) {
    const double prepared = convert_prepare(value, conversion);
    const uint64_t bits = lane_bits64(prepared);
    return prepared != prepared ? bits | F64_QUIET : bits;
}

#define F16_VALUE(bits) ((double)lane_f32(f16_widen(bits)))
#define BF16_VALUE(bits) ((double)lane_f32(bf16_widen(bits)))
#define F32_VALUE(bits) ((double)lane_f32(f32_flush(bits, conversion.flush)))

/* {.rn,.rz,.rm,.rp} */
#define ROUND                                                                                      \
    const struct conversion conversion =                                                           \
        CONVERSION(rounding_of(choice[0]), false, false, false, false)
/* {.rn,.rz,.rm,.rp}[.ftz] */
#define ROUND_FLUSH                                                                                \
    const struct conversion conversion =                                                           \
        CONVERSION(rounding_of(choice[0]), choice[1] >= 0, false, false, false)
/* {.rn,.rz,.rm,.rp}[.sat] */
#define ROUND_SATURATE                                                                             \
    const struct conversion conversion =                                                           \
        CONVERSION(rounding_of(choice[0]), false, choice[1] >= 0, false, false)
/* {.rn,.rz,.rm,.rp}[.ftz][.sat] */
#define ROUND_FLUSH_SATURATE                                                                       \
    const struct conversion conversion =                                                           \
        CONVERSION(rounding_of(choice[0]), choice[1] >= 0, choice[2] >= 0, false, false)
/* [.sat], nothing to round */
#define SATURATE                                                                                   \
    const struct conversion conversion =                                                           \
        CONVERSION(ROUND_NEAREST, false, choice[0] >= 0, false, false)
/* [.ftz][.sat] */
#define FLUSH_SATURATE                                                                             \
    const struct conversion conversion =                                                           \
        CONVERSION(ROUND_NEAREST, choice[0] >= 0, choice[1] >= 0, false, false)
/* {.rn,.rz}[.relu][.satfinite] */
#define ROUND_RELU_FINITE                                                                          \
    const struct conversion conversion =                                                           \
        CONVERSION(rounding_of(choice[0]), false, false, choice[1] >= 0, choice[2] >= 0)

MAP_1(f16_from_f32, 32, 32, NO_CHOICE, f16_narrow(a))
MAP_1(bf16_from_f32, 32, 32, NO_CHOICE, bf16_narrow(a))
MAP_1(f32_from_f16, 32, 32, NO_CHOICE, f16_widen(a))
MAP_1(f32_from_bf16, 32, 32, NO_CHOICE, bf16_widen(a))
MAP_1(f64_from_f32, 64, 32, NO_CHOICE, lane_bits64((double)lane_f32(a)))
MAP_1(f32_from_f64, 32, 64, NO_CHOICE, lane_canonical32(lane_bits32((float)lane_f64(a))))
/* The first source goes to the upper half. */
MAP_2(f16x2_from_f32, 32, 32, 32, NO_CHOICE, f16_narrow(b) | f16_narrow(a) << 16)
MAP_2(bf16x2_from_f32, 32, 32, 32, NO_CHOICE, bf16_narrow(b) | bf16_narrow(a) << 16)

MAP_1(f16_from_f32_any, 32, 32, ROUND_FLUSH_SATURATE,
      convert_to(F32_VALUE(a), &FORMAT_F16, conversion))
MAP_1(f16_from_f32_relu, 32, 32, ROUND_RELU_FINITE,
      convert_to(F32_VALUE(a), &FORMAT_F16, conversion))
MAP_1(f16_from_f64, 32, 64, ROUND_SATURATE, convert_to(lane_f64(a), &FORMAT_F16, conversion))
MAP_1(f16_from_bf16, 32, 32, ROUND, convert_to(BF16_VALUE(a), &FORMAT_F16, conversion))
MAP_1(bf16_from_f32_any, 32, 32, ROUND_FLUSH, convert_to(F32_VALUE(a), &FORMAT_BF16, conversion))
MAP_1(bf16_from_f32_relu, 32, 32, ROUND_RELU_FINITE,
      convert_to(F32_VALUE(a), &FORMAT_BF16, conversion))
MAP_1(bf16_from_f64, 32, 64, ROUND, convert_to(lane_f64(a), &FORMAT_BF16, conversion))
MAP_1(bf16_from_f16, 32, 32, ROUND, convert_to(F16_VALUE(a), &FORMAT_BF16, conversion))
MAP_1(f32_from_f64_any, 32, 64, ROUND_FLUSH_SATURATE, convert_to_f32(lane_f64(a), conversion))
MAP_1(f32_from_f16_any, 32, 32, FLUSH_SATURATE, convert_to_f32(F16_VALUE(a), conversion))
MAP_1(f32_from_bf16_any, 32, 32, ROUND_FLUSH, convert_to_f32(BF16_VALUE(a), conversion))
MAP_1(f64_from_f32_any, 64, 32, FLUSH_SATURATE, convert_to_f64(F32_VALUE(a), conversion))
MAP_1(f64_from_f16, 64, 32, SATURATE, convert_to_f64(F16_VALUE(a), conversion))
MAP_1(f64_from_bf16, 64, 32, ROUND, convert_to_f64(BF16_VALUE(a), conversion))
MAP_2(f16x2_from_f32_any, 32, 32, 32, ROUND_RELU_FINITE,
      convert_to(F32_VALUE(b), &FORMAT_F16, conversion) |
          convert_to(F32_VALUE(a), &FORMAT_F16, conversion) << 16)
MAP_2(bf16x2_from_f32_any, 32, 32, 32, ROUND_RELU_FINITE,
      convert_to(F32_VALUE(b), &FORMAT_BF16, conversion) |
          convert_to(F32_VALUE(a), &FORMAT_BF16, conversion) << 16)

/*
 * Within one type: rounded to an integral value ({.rni,.rzi,.rmi,.rpi}), or only .ftz and .sat.
 * `round` is whether there is a rounding at all. An integral value needs no second rounding.
 */
#define INTEGRAL_CHOICES                                                                           \
    const bool round = choice[0] >= 0;                                                             \
    ROUND_FLUSH_SATURATE
#define INTEGRAL_SATURATE                                                                          \
    const bool round = choice[0] >= 0;                                                             \
    ROUND_SATURATE
#define INTEGRAL_ALONE                                                                             \
    const bool round = choice[0] >= 0;                                                             \
    ROUND

ALWAYS_INLINE double round_integral(double value, bool round, const struct conversion conversion) {
    if (!round) {
        return value;
    }
    return conversion.mode == ROUND_ZERO   ? __builtin_trunc(value)
           : conversion.mode == ROUND_DOWN ? __builtin_floor(value)
           : conversion.mode == ROUND_UP   ? __builtin_ceil(value)
                                           : __builtin_rint(value);
}

ALWAYS_INLINE double convert_integral(double value, bool round,
                                      const struct conversion conversion) {
    return convert_prepare(round_integral(value, round, conversion), conversion);
}

MAP_1(f32_integral, 32, 32, INTEGRAL_CHOICES,
      f32_finish(lane_bits32((float)convert_integral(F32_VALUE(a), round, conversion)),
                 conversion.flush, false))
MAP_1(f16_integral, 32, 32, INTEGRAL_SATURATE,
      f16_narrow(lane_bits32((float)convert_integral(F16_VALUE(a), round, conversion))))
MAP_1(bf16_integral, 32, 32, INTEGRAL_ALONE,
      bf16_narrow(lane_bits32((float)convert_integral(BF16_VALUE(a), round, conversion))))
MAP_1(f64_integral, 64, 64, INTEGRAL_SATURATE,
      convert_to_f64(round_integral(lane_f64(a), round, conversion), conversion))

#define INTEGRAL_F32(name, function)                                                               \
    MAP_1(name, 32, 32, NO_CHOICE, lane_canonical32(lane_bits32(function(lane_f32(a)))))

INTEGRAL_F32(f32_nearest_integer, __builtin_rintf)
INTEGRAL_F32(f32_truncated, __builtin_truncf)
INTEGRAL_F32(f32_floor, __builtin_floorf)
INTEGRAL_F32(f32_ceiling, __builtin_ceilf)
MAP_1(f32_saturated, 32, 32, NO_CHOICE, f32_saturate(a))

/* tf32 is f32 with 13 bits fewer, kept in an f32's place; those bits become zero. */
#define TF32_CUT 0x1fffu
#define TF32_LARGEST 0x7f7fe000u

ALWAYS_INLINE uint32_t tf32_from_f32(uint32_t bits, enum rounding mode, bool relu, bool finite) {
    const uint32_t ties_even = 0xfffu + (bits >> 13 & 1);
    const uint32_t addend = mode == ROUND_NEAREST_AWAY ? 0x1000u
                            : mode == ROUND_NEAREST    ? ties_even
                                                       : 0;
    const uint32_t infinite = (bits & ~F32_SIGN) == F32_INFINITY;
    const uint32_t rounded = infinite ? bits : (bits + addend) & ~TF32_CUT;
    const uint32_t magnitude = rounded & ~F32_SIGN;
    const uint32_t limited =
        finite && magnitude > TF32_LARGEST ? TF32_LARGEST | (bits & F32_SIGN) : rounded;
    const uint32_t rectified = relu && bits >> 31 ? 0 : limited;
    return f32_is_nan(bits) ? F32_NAN : rectified;
}

MAP_1(tf32_away, 32, 32, const bool finite = choice[0] >= 0,
      tf32_from_f32(a, ROUND_NEAREST_AWAY, false, finite))
MAP_1(tf32_any, 32, 32, const enum rounding mode = rounding_of(choice[0]);
      const bool relu = choice[1] >= 0;
      const bool finite = choice[2] >= 0, tf32_from_f32(a, mode, relu, finite))

/*
 * e4m3x2 and e5m2x2: two bytes, the first source in the upper. Conversion to them always has .rn
 * and .satfinite, and is NaN for NaN alone. choice: [.relu]{.e4m3x2,.e5m2x2}.
 */
#define FP8_CHOICES                                                                                \
    const struct format *const format = choice[1] > 0 ? &FORMAT_E5M2 : &FORMAT_E4M3;               \
    const struct conversion conversion =                                                           \
        CONVERSION(ROUND_NEAREST, false, false, choice[0] >= 0, true)

MAP_2(fp8x2_from_f32, 32, 32, 32, FP8_CHOICES,
      convert_to(F32_VALUE(b), format, conversion) | convert_to(F32_VALUE(a), format, conversion)
                                                         << 8)
MAP_1(fp8x2_from_f16x2, 32, 32, FP8_CHOICES,
      convert_to(F16_VALUE(a & 0xffffu), format, conversion) |
          convert_to(F16_VALUE(a >> 16), format, conversion) << 8)

MAP_1(fp4x2_from_f16x2, 32, 32,
      const struct conversion conversion = CONVERSION(ROUND_NEAREST, false, false, choice[0] >= 0,
                                                      true),
      convert_to(F16_VALUE(a & 0xffffu), &FORMAT_E2M1, conversion) |
          convert_to(F16_VALUE(a >> 16), &FORMAT_E2M1, conversion) << 4)

/* e5m2 is the upper byte of an f16. */
ALWAYS_INLINE uint32_t f16_from_e5m2(uint32_t byte) {
    const uint32_t half = byte << 8;
    return half_is_nan(half, HALF_F16) ? F16_NAN : half;
}

ALWAYS_INLINE uint32_t f16_from_e4m3(uint32_t byte) {
    const uint32_t sign = (byte & 0x80u) << 8;
    const uint32_t magnitude = byte & 0x7fu;
    /* The same bits under f16's bias are smaller by 2^8, exactly. */
    const float value = lane_f32(f16_widen(magnitude << 7)) * 0x1p8f;
    return magnitude == 0x7fu ? F16_NAN : f16_narrow(lane_bits32(value)) | sign;
}

ALWAYS_INLINE uint32_t f16_from_fp8(uint32_t byte, bool e5m2, bool relu) {
    const uint32_t half = e5m2 ? f16_from_e5m2(byte) : f16_from_e4m3(byte);
    return relu && half & F16_SIGN ? 0 : half;
}

MAP_1(f16x2_from_fp8x2, 32, 32, const bool relu = choice[0] >= 0;
      const bool e5m2 = choice[1] > 0,
      f16_from_fp8(a & 0xffu, e5m2, relu) | f16_from_fp8(a >> 8 & 0xffu, e5m2, relu) << 16)

/*
 * e2m3x2, e3m2x2 and e2m1x2: two bytes whose upper bits are zero, or two halves of a byte.
 * Conversion to them always has .rn and .satfinite. choice: [.relu]{.e2m3x2,.e3m2x2}.
 */
#define RELU_FINITE CONVERSION(ROUND_NEAREST, false, false, choice[0] >= 0, true)

MAP_2(fp6x2_from_f32, 32, 32, 32, const struct conversion conversion = RELU_FINITE;
      const struct format *const format = choice[1] > 0 ? &FORMAT_E3M2 : &FORMAT_E2M3,
      convert_to(F32_VALUE(b), format, conversion) | convert_to(F32_VALUE(a), format, conversion)
                                                         << 8)
MAP_2(fp4x2_from_f32, 32, 32, 32, const struct conversion conversion = RELU_FINITE,
      convert_to(F32_VALUE(b), &FORMAT_E2M1, conversion) |
          convert_to(F32_VALUE(a), &FORMAT_E2M1, conversion) << 4)

/* All of them are f16, too. */
ALWAYS_INLINE uint32_t f16_from_small(uint32_t widened, bool relu) {
    return relu && widened >> 31 ? 0 : f16_narrow(widened);
}

#define F16X2_FROM(name, widen, bits)                                                              \
    MAP_1(name, 32, 32, const bool relu = choice[0] >= 0,                                          \
          f16_from_small(widen(a), relu) | f16_from_small(widen(a >> (bits)), relu) << 16)

F16X2_FROM(f16x2_from_e2m3x2, e2m3_widen, 8)
F16X2_FROM(f16x2_from_e3m2x2, e3m2_widen, 8)
F16X2_FROM(f16x2_from_e2m1x2, e2m1_widen, 4)

/* ue8m0x2: the exponents of two numbers, whose signs do not count; 2^-127 stands for what is
 * smaller. choice: {.rz,.rp}[.satfinite], and the latter makes 2^127 of what is larger. */
ALWAYS_INLINE uint32_t ue8m0_from_f32(uint32_t bits, bool up, bool finite) {
    const uint32_t smallest = 1U << 22, magnitude = bits & ~F32_SIGN;
    const uint32_t is_cut = (magnitude & 0x7fffffu) != 0 && magnitude > smallest;
    const uint32_t exponent = (magnitude >> 23) + (up && magnitude < F32_INFINITY ? is_cut : 0);
    const uint32_t largest = finite && magnitude <= F32_INFINITY ? 0xfe : 0xff;
    return exponent > largest ? largest : exponent;
}

#define UE8M0_CHOICES const bool up = choice[0] > 0, finite = choice[1] >= 0

MAP_2(ue8m0x2_from_f32, 32, 32, 32, UE8M0_CHOICES,
      ue8m0_from_f32(b, up, finite) | ue8m0_from_f32(a, up, finite) << 8)
MAP_1(ue8m0x2_from_bf16x2, 32, 32, UE8M0_CHOICES,
      ue8m0_from_f32(a << 16, up, finite) | ue8m0_from_f32(a & 0xffff0000u, up, finite) << 8)
MAP_1(bf16x2_from_ue8m0x2, 32, 32, NO_CHOICE,
      bf16_narrow(ue8m0_widen(a & 0xffu)) | bf16_narrow(ue8m0_widen(a >> 8 & 0xffu)) << 16)

ALWAYS_INLINE uint32_t bf16_from_fp8(uint32_t byte, bool e5m2, bool relu) {
    const uint32_t half = bf16_narrow(e5m2 ? e5m2_widen(byte) : e4m3_widen(byte));
    return relu && half & F16_SIGN ? 0 : half;
}

MAP_1(bf16x2_from_fp8x2, 32, 32, const bool relu = choice[0] >= 0;
      const bool e5m2 = choice[1] > 0,
      bf16_from_fp8(a & 0xffu, e5m2, relu) | bf16_from_fp8(a >> 8 & 0xffu, e5m2, relu) << 16)

static const struct lane_operation rows[] = {
    {"cvt.rn.f16.f32", "h=w", f16_from_f32},
    {"cvt.rn.bf16.f32", "h=w", bf16_from_f32},
    {"cvt.f32.f16", "w=h", f32_from_f16},
    {"cvt.f32.bf16", "w=h", f32_from_bf16},
    {"cvt.f64.f32", "d=w", f64_from_f32},
    {"cvt.rn.f32.f64", "w=d", f32_from_f64},
    {"cvt.rni.f32.f32", "w=w", f32_nearest_integer},
    {"cvt.rzi.f32.f32", "w=w", f32_truncated},
    {"cvt.rmi.f32.f32", "w=w", f32_floor},
    {"cvt.rpi.f32.f32", "w=w", f32_ceiling},
    {"cvt.sat.f32.f32", "w=w", f32_saturated},
    {"cvt{.rn,.rz,.rm,.rp}[.ftz][.sat].f16.f32", "h=w", f16_from_f32_any},
    {"cvt{.rn,.rz}[.relu][.satfinite].f16.f32", "h=w", f16_from_f32_relu},
    {"cvt{.rn,.rz,.rm,.rp}[.sat].f16.f64", "h=d", f16_from_f64},
    {"cvt[{.rn,.rz,.rm,.rp}].f16.bf16", "h=h", f16_from_bf16},
    {"cvt{.rn,.rz,.rm,.rp}[.ftz].bf16.f32", "h=w", bf16_from_f32_any},
    {"cvt{.rn,.rz}[.relu][.satfinite].bf16.f32", "h=w", bf16_from_f32_relu},
    {"cvt{.rn,.rz,.rm,.rp}.bf16.f64", "h=d", bf16_from_f64},
    {"cvt[{.rn,.rz,.rm,.rp}].bf16.f16", "h=h", bf16_from_f16},
    {"cvt{.rn,.rz,.rm,.rp}[.ftz][.sat].f32.f64", "w=d", f32_from_f64_any},
    {"cvt[.ftz][.sat].f32.f16", "w=h", f32_from_f16_any},
    {"cvt[{.rn,.rz,.rm,.rp}][.ftz].f32.bf16", "w=h", f32_from_bf16_any},
    {"cvt[.ftz][.sat].f64.f32", "d=w", f64_from_f32_any},
    {"cvt[.sat].f64.f16", "d=h", f64_from_f16},
    {"cvt[{.rn,.rz,.rm,.rp}].f64.bf16", "d=h", f64_from_bf16},
    {"cvt[{.rni,.rzi,.rmi,.rpi}][.ftz][.sat].f32.f32", "w=w", f32_integral},
    {"cvt[{.rni,.rzi,.rmi,.rpi}][.sat].f16.f16", "h=h", f16_integral},
    {"cvt[{.rni,.rzi,.rmi,.rpi}].bf16.bf16", "h=h", bf16_integral},
    {"cvt[{.rni,.rzi,.rmi,.rpi}][.sat].f64.f64", "d=d", f64_integral},
    {"cvt.rna[.satfinite].tf32.f32", "w=w", tf32_away},
    {"cvt{.rn,.rz}[.relu][.satfinite].tf32.f32", "w=w", tf32_any},
};

ARITHMETIC_TABLE(arithmetic_convert_float, rows, OPERATION_WIDENS);

/* Registers of packed values are as wide as these. */
static const struct lane_operation packed[] = {
    {"cvt.rn.f16x2.f32", "w=w,w", f16x2_from_f32},
    {"cvt.rn.bf16x2.f32", "w=w,w", bf16x2_from_f32},
    {"cvt{.rn,.rz}[.relu][.satfinite].f16x2.f32", "w=w,w", f16x2_from_f32_any},
    {"cvt{.rn,.rz}[.relu][.satfinite].bf16x2.f32", "w=w,w", bf16x2_from_f32_any},
    {"cvt.rn.satfinite[.relu]{.e4m3x2,.e5m2x2}.f32", "h=w,w", fp8x2_from_f32},
    {"cvt.rn.satfinite[.relu]{.e4m3x2,.e5m2x2}.f16x2", "h=w", fp8x2_from_f16x2},
    {"cvt.rn[.relu].f16x2{.e4m3x2,.e5m2x2}", "w=h", f16x2_from_fp8x2},
    {"cvt.rn[.relu].bf16x2{.e4m3x2,.e5m2x2}", "w=h", bf16x2_from_fp8x2},
    {"cvt.rn.satfinite[.relu]{.e2m3x2,.e3m2x2}.f32", "h=w,w", fp6x2_from_f32},
    {"cvt.rn.satfinite[.relu].e2m1x2.f32", "b=w,w", fp4x2_from_f32},
    {"cvt.rn.satfinite[.relu].e2m1x2.f16x2", "b=w", fp4x2_from_f16x2},
    {"cvt.rn[.relu].f16x2.e2m3x2", "w=h", f16x2_from_e2m3x2},
    {"cvt.rn[.relu].f16x2.e3m2x2", "w=h", f16x2_from_e3m2x2},
    {"cvt.rn[.relu].f16x2.e2m1x2", "w=b", f16x2_from_e2m1x2},
    {"cvt{.rz,.rp}[.satfinite].ue8m0x2.f32", "h=w,w", ue8m0x2_from_f32},
    {"cvt{.rz,.rp}[.satfinite].ue8m0x2.bf16x2", "h=w", ue8m0x2_from_bf16x2},
    {"cvt.rn.bf16x2.ue8m0x2", "w=h", bf16x2_from_ue8m0x2},
};

ARITHMETIC_TABLE(arithmetic_convert_packed, packed, 0);
