/*
 * mma and wmma.mma (PTX ISA 9.7.14.4, 9.7.14.5): d = a * b + c over a warp.
 *
 * Each function unpacks its fragments into plain matrices, multiplies those and packs the result.
 * Shapes and types are constants in each, so that the compiler unrolls the unpacking.
 * matrix.h says how sums are rounded.
 */
#include "emulator/arithmetic/matrix_product.h"

ALWAYS_INLINE void multiply_floats(void *const to[], const void *const from[],
                                   const struct multiply multiply, enum matrix_type b_type) {
    enum { DEPTH = 32 };
    const unsigned m = multiply.m;
    const unsigned n = multiply.n;
    const unsigned k = multiply.k;
    float a[ROWS_MAX * DEPTH];
    float b[DEPTH * COLUMNS_MAX];
    float sums[ROWS_MAX * COLUMNS_MAX];
    const unsigned bits = multiply.bits;
    const void *const *const b_registers = from + multiply.registers_a;
    const void *const *const c_registers = b_registers + multiply.registers_b;
    unpack_floats(a, k, from, fragment_of('a', m, k, bits), multiply.inputs);
    unpack_floats(b, n, b_registers, fragment_of('b', k, n, bits), b_type);
    unpack_floats(sums, n, c_registers, fragment_of('c', m, n, bits_of(multiply.c)), multiply.c);
    for (unsigned row = 0; row < m; row++) {
        for (unsigned step = 0; step < k; step++) {
            for (unsigned column = 0; column < n; column++) {
                sums[row * n + column] = accumulate(sums[row * n + column], a[row * k + step],
                                                    b[step * n + column], multiply.inputs);
            }
        }
    }
    pack_floats(to, sums, n, fragment_of('c', m, n, bits_of(multiply.d)), multiply.d);
}

ALWAYS_INLINE void unpack_doubles(double *matrix, unsigned stride, const void *const registers[],
                                  const struct matrix_fragment fragment) {
    const unsigned count = (unsigned)fragment.rows * fragment.columns / LANES;
    for (unsigned element = 0; element < count; element++) {
        const struct lanes64 *const source = registers[element];
        for (unsigned lane = 0; lane < LANES; lane++) {
            const struct matrix_position at = matrix_position(&fragment, lane, element);
            matrix[at.row * stride + at.column] = lane_f64(source->at[lane]);
        }
    }
}

ALWAYS_INLINE void multiply_doubles(void *const to[], const void *const from[],
                                    const struct multiply multiply) {
    enum { DEPTH = 16 };
    const unsigned m = multiply.m;
    const unsigned n = multiply.n;
    const unsigned k = multiply.k;
    double a[16 * DEPTH];
    double b[DEPTH * 8];
    double sums[16 * 8];
    const void *const *const b_registers = from + multiply.registers_a;
    const void *const *const c_registers = b_registers + multiply.registers_b;
    const struct matrix_fragment result = fragment_of('c', m, n, 64);
    unpack_doubles(a, k, from, fragment_of('a', m, k, 64));
    unpack_doubles(b, n, b_registers, fragment_of('b', k, n, 64));
    unpack_doubles(sums, n, c_registers, result);
    for (unsigned row = 0; row < m; row++) {
        for (unsigned step = 0; step < k; step++) {
            for (unsigned column = 0; column < n; column++) {
                double *const sum = &sums[row * n + column];
                *sum = __builtin_fma(a[row * k + step], b[step * n + column], *sum);
            }
        }
    }
    for (unsigned element = 0; element < m * n / LANES; element++) {
        struct lanes64 *const d = to[element];
        for (unsigned lane = 0; lane < LANES; lane++) {
            const struct matrix_position at = matrix_position(&result, lane, element);
            const double sum = sums[at.row * n + at.column];
            d->at[lane] = sum != sum ? F64_NAN : lane_bits64(sum);
        }
    }
}

ALWAYS_INLINE void multiply_integers(void *const to[], const void *const from[],
                                     const struct multiply multiply,
                                     const struct integer_modifiers modifiers) {
    const unsigned m = multiply.m;
    const unsigned n = multiply.n;
    const unsigned k = multiply.k;
    int32_t a[16 * DEPTH_MAX];
    int32_t b[DEPTH_MAX * 16];
    int32_t c[ROWS_MAX * COLUMNS_MAX];
    int32_t products[ROWS_MAX * COLUMNS_MAX];
    const void *const *const b_registers = from + multiply.registers_a;
    const void *const *const c_registers = b_registers + multiply.registers_b;
    const struct matrix_fragment result = fragment_of('c', m, n, 32);
    unpack_integers(a, k, from, fragment_of('a', m, k, multiply.bits), m * k / LANES,
                    modifiers.a_signed);
    unpack_integers(b, n, b_registers, fragment_of('b', k, n, multiply.bits), k * n / LANES,
                    modifiers.b_signed);
    unpack_integers(c, n, c_registers, result, m * n / LANES, false);
    for (unsigned row = 0; row < m; row++) {
        for (unsigned column = 0; column < n; column++) {
            products[row * n + column] = 0;
        }
        for (unsigned step = 0; step < k; step++) {
            const int32_t x = a[row * k + step];
            for (unsigned column = 0; column < n; column++) {
                const int32_t y = b[step * n + column];
                products[row * n + column] += modifiers.exclusive_or ? x ^ y : x * y;
            }
        }
    }
    for (unsigned element = 0; element < m * n / LANES; element++) {
        struct lanes32 *const d = to[element];
        for (unsigned lane = 0; lane < LANES; lane++) {
            const struct matrix_position at = matrix_position(&result, lane, element);
            const int64_t sum =
                (int64_t)c[at.row * n + at.column] + products[at.row * n + at.column];
            d->at[lane] = integer_result(sum, modifiers.saturate);
        }
    }
}

/* The function of one shape and one set of types. */
#define FLOATS(name, ...)                                                                          \
    LANE_FUNCTION(name) {                                                                          \
        static const struct multiply multiply = {__VA_ARGS__};                                     \
        (void)choice;                                                                              \
        multiply_floats(to, from, multiply, multiply.inputs);                                      \
    }

/* {.e4m3,.e5m2}{.e4m3,.e5m2} */
#define FP8_TYPE(choice) ((choice) > 0 ? TYPE_E5M2 : TYPE_E4M3)
#define FP8(name, m, n, k, registers_a, registers_b, sums)                                         \
    LANE_FUNCTION(name) {                                                                          \
        const struct multiply multiply = {                                                         \
            m, n, k, registers_a, registers_b, 8, FP8_TYPE(choice[0]), sums, sums};                \
        multiply_floats(to, from, multiply, FP8_TYPE(choice[1]));                                  \
    }

#define DOUBLES(name, ...)                                                                         \
    LANE_FUNCTION(name) {                                                                          \
        static const struct multiply multiply = {__VA_ARGS__};                                     \
        (void)choice;                                                                              \
        multiply_doubles(to, from, multiply);                                                      \
    }

/* `setup` makes `modifiers` of the choices. */
#define INTEGERS(name, setup, ...)                                                                 \
    LANE_FUNCTION(name) {                                                                          \
        static const struct multiply multiply = {__VA_ARGS__, TYPE_INTEGER, TYPE_INTEGER,          \
                                                 TYPE_INTEGER};                                    \
        setup;                                                                                     \
        multiply_integers(to, from, multiply, modifiers);                                          \
    }

FLOATS(f16_m16n8k8_f16, 16, 8, 8, 2, 1, 16, TYPE_F16, TYPE_F16, TYPE_F16)
FLOATS(f16_m16n8k8_f32, 16, 8, 8, 2, 1, 16, TYPE_F16, TYPE_F32, TYPE_F32)
FLOATS(f16_m16n8k16_f16, 16, 8, 16, 4, 2, 16, TYPE_F16, TYPE_F16, TYPE_F16)
FLOATS(f16_m16n8k16_f32, 16, 8, 16, 4, 2, 16, TYPE_F16, TYPE_F32, TYPE_F32)
FLOATS(bf16_m16n8k8, 16, 8, 8, 2, 1, 16, TYPE_BF16, TYPE_F32, TYPE_F32)
FLOATS(bf16_m16n8k16, 16, 8, 16, 4, 2, 16, TYPE_BF16, TYPE_F32, TYPE_F32)
FLOATS(tf32_m16n8k4, 16, 8, 4, 2, 1, 32, TYPE_TF32, TYPE_F32, TYPE_F32)
FLOATS(tf32_m16n8k8, 16, 8, 8, 4, 2, 32, TYPE_TF32, TYPE_F32, TYPE_F32)
FP8(fp8_m16n8k16_f16, 16, 8, 16, 2, 1, TYPE_F16)
FP8(fp8_m16n8k16_f32, 16, 8, 16, 2, 1, TYPE_F32)
FP8(fp8_m16n8k32_f16, 16, 8, 32, 4, 2, TYPE_F16)
FP8(fp8_m16n8k32_f32, 16, 8, 32, 4, 2, TYPE_F32)
DOUBLES(f64_m8n8k4, 8, 8, 4, 1, 1, 64, TYPE_F64, TYPE_F64, TYPE_F64)
DOUBLES(f64_m16n8k4, 16, 8, 4, 2, 1, 64, TYPE_F64, TYPE_F64, TYPE_F64)
DOUBLES(f64_m16n8k8, 16, 8, 8, 4, 2, 64, TYPE_F64, TYPE_F64, TYPE_F64)
DOUBLES(f64_m16n8k16, 16, 8, 16, 8, 4, 64, TYPE_F64, TYPE_F64, TYPE_F64)

/* mma: [.satfinite].s32.{unsigned,signed}.{unsigned,signed}.s32, binary: .s32{.xor,.and}.popc */
#define MMA_INTEGER                                                                                \
    const struct integer_modifiers modifiers = {choice[1] > 0, choice[2] > 0, choice[0] >= 0, false}
#define MMA_BINARY const struct integer_modifiers modifiers = {.exclusive_or = choice[0] == 0}

INTEGERS(int8_m8n8k16, MMA_INTEGER, 8, 8, 16, 1, 1, 8)
INTEGERS(int8_m16n8k16, MMA_INTEGER, 16, 8, 16, 2, 1, 8)
INTEGERS(int8_m16n8k32, MMA_INTEGER, 16, 8, 32, 4, 2, 8)
INTEGERS(int4_m8n8k32, MMA_INTEGER, 8, 8, 32, 1, 1, 4)
INTEGERS(int4_m16n8k32, MMA_INTEGER, 16, 8, 32, 2, 1, 4)
INTEGERS(int4_m16n8k64, MMA_INTEGER, 16, 8, 64, 4, 2, 4)
INTEGERS(binary_m8n8k128, MMA_BINARY, 8, 8, 128, 1, 1, 1)
INTEGERS(binary_m16n8k128, MMA_BINARY, 16, 8, 128, 2, 1, 1)
INTEGERS(binary_m16n8k256, MMA_BINARY, 16, 8, 256, 4, 2, 1)

/* wmma on f16 of one shape, by accumulator types d and c. */
#define WMMA_F16(shape, m, n, k)                                                                   \
    FLOATS(wmma_##shape##_f16_f16, m, n, k, 8, 8, 16, TYPE_F16, TYPE_F16, TYPE_F16)                \
    FLOATS(wmma_##shape##_f16_f32, m, n, k, 8, 8, 16, TYPE_F16, TYPE_F32, TYPE_F16)                \
    FLOATS(wmma_##shape##_f32_f16, m, n, k, 8, 8, 16, TYPE_F16, TYPE_F16, TYPE_F32)                \
    FLOATS(wmma_##shape##_f32_f32, m, n, k, 8, 8, 16, TYPE_F16, TYPE_F32, TYPE_F32)

WMMA_F16(m16n16k16, 16, 16, 16)
WMMA_F16(m32n8k16, 32, 8, 16)
WMMA_F16(m8n32k16, 8, 32, 16)
FLOATS(wmma_bf16_m16n16k16, 16, 16, 16, 4, 4, 16, TYPE_BF16, TYPE_F32, TYPE_F32)
FLOATS(wmma_bf16_m32n8k16, 32, 8, 16, 8, 2, 16, TYPE_BF16, TYPE_F32, TYPE_F32)
FLOATS(wmma_bf16_m8n32k16, 8, 32, 16, 2, 8, 16, TYPE_BF16, TYPE_F32, TYPE_F32)
FLOATS(wmma_tf32_m16n16k8, 16, 16, 8, 4, 4, 32, TYPE_TF32, TYPE_F32, TYPE_F32)

/* {.row,.col}{.row,.col}.shape.s32.TYPE.TYPE.s32[.satfinite], a and b of the same type */
#define WMMA_INTEGER                                                                               \
    const struct integer_modifiers modifiers = {choice[2] > 0, choice[2] > 0, choice[3] >= 0, false}
/* .row.col.shape.s32.TYPE.TYPE.s32[.satfinite] */
#define WMMA_INT4                                                                                  \
    const struct integer_modifiers modifiers = {choice[0] > 0, choice[0] > 0, choice[1] >= 0, false}

INTEGERS(wmma_int8_m16n16k16, WMMA_INTEGER, 16, 16, 16, 2, 2, 8)
INTEGERS(wmma_int8_m32n8k16, WMMA_INTEGER, 32, 8, 16, 4, 1, 8)
INTEGERS(wmma_int8_m8n32k16, WMMA_INTEGER, 8, 32, 16, 1, 4, 8)
INTEGERS(wmma_int4_m8n8k32, WMMA_INT4, 8, 8, 32, 1, 1, 4)

#define MMA "mma.sync.aligned."
#define ROW_COL ".row.col"
#define FP8_TYPES ".{e4m3,e5m2}.{e4m3,e5m2}"

#define MMA_INTEGER_ROW(shape, types, operands, function)                                          \
    { MMA shape ROW_COL "[.satfinite].s32." types "." types ".s32", operands, function }
#define MMA_BINARY_ROW(shape, operands, function)                                                  \
    { MMA shape ROW_COL ".s32.b1.b1.s32{.xor,.and}.popc", operands, function }

#define WMMA "wmma.mma.sync.aligned{.row,.col}{.row,.col}."
#define WMMA_F16_ROWS(shape, name)                                                                 \
    {WMMA shape ".f32.f32", "w8=w8,w8,w8", wmma_##name##_f32_f32},                                 \
        {WMMA shape ".f32.f16", "w8=w8,w8,w4", wmma_##name##_f32_f16},                             \
        {WMMA shape ".f16.f32", "w4=w8,w8,w8", wmma_##name##_f16_f32}, {                           \
        WMMA shape ".f16.f16", "w4=w8,w8,w4", wmma_##name##_f16_f16                                \
    }

/* a and b have one type in wmma: a row for each. */
#define WMMA_INTEGER_ROW(shape, types, operands, function)                                         \
    { WMMA shape ".s32" types ".s32[.satfinite]", operands, function }

static const struct lane_operation rows[] = {
    {MMA "m16n8k16" ROW_COL ".f32.f16.f16.f32", "w4=w4,w2,w4", f16_m16n8k16_f32},
    {MMA "m16n8k16" ROW_COL ".f16.f16.f16.f16", "w2=w4,w2,w2", f16_m16n8k16_f16},
    {MMA "m16n8k8" ROW_COL ".f32.f16.f16.f32", "w4=w2,w,w4", f16_m16n8k8_f32},
    {MMA "m16n8k8" ROW_COL ".f16.f16.f16.f16", "w2=w2,w,w2", f16_m16n8k8_f16},
    {MMA "m16n8k16" ROW_COL ".f32.bf16.bf16.f32", "w4=w4,w2,w4", bf16_m16n8k16},
    {MMA "m16n8k8" ROW_COL ".f32.bf16.bf16.f32", "w4=w2,w,w4", bf16_m16n8k8},
    {MMA "m16n8k8" ROW_COL ".f32.tf32.tf32.f32", "w4=w4,w2,w4", tf32_m16n8k8},
    {MMA "m16n8k4" ROW_COL ".f32.tf32.tf32.f32", "w4=w2,w,w4", tf32_m16n8k4},
    {MMA "m16n8k32" ROW_COL ".f32" FP8_TYPES ".f32", "w4=w4,w2,w4", fp8_m16n8k32_f32},
    {MMA "m16n8k32" ROW_COL ".f16" FP8_TYPES ".f16", "w2=w4,w2,w2", fp8_m16n8k32_f16},
    {MMA "m16n8k16" ROW_COL ".f32" FP8_TYPES ".f32", "w4=w2,w,w4", fp8_m16n8k16_f32},
    {MMA "m16n8k16" ROW_COL ".f16" FP8_TYPES ".f16", "w2=w2,w,w2", fp8_m16n8k16_f16},
    {MMA "m8n8k4" ROW_COL "[.rn].f64.f64.f64.f64", "d2=d,d,d2", f64_m8n8k4},
    {MMA "m16n8k4" ROW_COL "[.rn].f64.f64.f64.f64", "d4=d2,d,d4", f64_m16n8k4},
    {MMA "m16n8k8" ROW_COL "[.rn].f64.f64.f64.f64", "d4=d4,d2,d4", f64_m16n8k8},
    {MMA "m16n8k16" ROW_COL "[.rn].f64.f64.f64.f64", "d4=d8,d4,d4", f64_m16n8k16},
    MMA_INTEGER_ROW("m8n8k16", "{u8,s8}", "w2=w,w,w2", int8_m8n8k16),
    MMA_INTEGER_ROW("m16n8k16", "{u8,s8}", "w4=w2,w,w4", int8_m16n8k16),
    MMA_INTEGER_ROW("m16n8k32", "{u8,s8}", "w4=w4,w2,w4", int8_m16n8k32),
    MMA_INTEGER_ROW("m8n8k32", "{u4,s4}", "w2=w,w,w2", int4_m8n8k32),
    MMA_INTEGER_ROW("m16n8k32", "{u4,s4}", "w4=w2,w,w4", int4_m16n8k32),
    MMA_INTEGER_ROW("m16n8k64", "{u4,s4}", "w4=w4,w2,w4", int4_m16n8k64),
    MMA_BINARY_ROW("m8n8k128", "w2=w,w,w2", binary_m8n8k128),
    MMA_BINARY_ROW("m16n8k128", "w4=w2,w,w4", binary_m16n8k128),
    MMA_BINARY_ROW("m16n8k256", "w4=w4,w2,w4", binary_m16n8k256),
    WMMA_F16_ROWS("m16n16k16", m16n16k16),
    WMMA_F16_ROWS("m32n8k16", m32n8k16),
    WMMA_F16_ROWS("m8n32k16", m8n32k16),
    {WMMA "m16n16k16.f32.bf16.bf16.f32", "w8=w4,w4,w8", wmma_bf16_m16n16k16},
    {WMMA "m32n8k16.f32.bf16.bf16.f32", "w8=w8,w2,w8", wmma_bf16_m32n8k16},
    {WMMA "m8n32k16.f32.bf16.bf16.f32", "w8=w2,w8,w8", wmma_bf16_m8n32k16},
    {WMMA "m16n16k8.f32.tf32.tf32.f32", "w8=w4,w4,w8", wmma_tf32_m16n16k8},
    /* The PTX ISA has the rounding behind the shape, nvcc 13 writes it at the end. */
    {WMMA "m8n8k4[.rn].f64.f64.f64.f64[.rn]", "d2=d,d,d2", f64_m8n8k4},
    WMMA_INTEGER_ROW("m16n16k16", "{.u8.u8,.s8.s8}", "w8=w2,w2,w8", wmma_int8_m16n16k16),
    WMMA_INTEGER_ROW("m32n8k16", "{.u8.u8,.s8.s8}", "w8=w4,w,w8", wmma_int8_m32n8k16),
    WMMA_INTEGER_ROW("m8n32k16", "{.u8.u8,.s8.s8}", "w8=w,w4,w8", wmma_int8_m8n32k16),
    {"wmma.mma.sync.aligned.row.col.m8n8k32.s32{.u4.u4,.s4.s4}.s32[.satfinite]", "w2=w,w,w2",
     wmma_int4_m8n8k32},
    {"wmma.mma{.xor,.and}.popc.sync.aligned.row.col.m8n8k128.s32.b1.b1.s32", "w2=w,w,w2",
     binary_m8n8k128},
};

ARITHMETIC_TABLE(arithmetic_matrix_multiply, rows, OPERATION_TENSOR);
