/*
 * mma.sp (PTX ISA 9.7.14.6): d = a * b + c over a warp, where half of a is zero and left out.
 *
 * Of each chunk of a row of a, metadata has the places of what is there, in four bits: two indices
 * of elements among four, or of pairs of 4-bit elements among four; or of half an element of tf32
 * among four. Products with what is left out are not computed, so that infinities of b beside it do
 * no harm. matrix.h says how sums are rounded; they run along k in the order of the metadata.
 *
 * Metadata comes from one, two or all four lanes of a group, by the selector. A lane has 16 bits of
 * its group's upper row below those of its lower row, where elements have 16 or 32 bits. With
 * narrower elements lanes take turns between the upper and the lower row, 32 bits each.
 *
 * Scale factors are of parts of k with what is left out: a has half as many elements in one as b.
 */
#include "emulator/arithmetic/matrix_product.h"

#include "emulator/arithmetic/sparse.h"
#include <stddef.h>

enum { SPARSE_ROWS = 16, SPARSE_COLUMNS = 8, SPARSE_DEPTH = 128 };

/* Where the elements of a lie along k. */
struct sparse_places {
    uint8_t column[SPARSE_ROWS][SPARSE_DEPTH / 2];
};

ALWAYS_INLINE void find_places(struct sparse_places *places, const void *const from[],
                               const struct multiply multiply) {
    const unsigned each = multiply.bits == 32 ? 1 : multiply.bits == 4 ? 4 : 2;
    const unsigned elements = multiply.k / 2;
    const unsigned lanes = elements / each / 4;
    const struct lanes32 *const metadata = from[0];
    const int64_t *const selector = from[1];
    const unsigned first = (unsigned)*selector * lanes;
    for (unsigned row = 0; row < SPARSE_ROWS; row++) {
        for (unsigned element = 0; element < elements; element++) {
            const uint32_t bits =
                chunk_metadata(metadata, first, row, element / each, multiply.bits >= 16);
            places->column[row][element] = (uint8_t)sparse_column(element, bits, each);
        }
    }
}

/* Elements of a, which lie at `places`, and all of b. */
ALWAYS_INLINE void scale(float *a, float *b, const struct sparse_places *places,
                         const void *const from[], const struct factors factors) {
    const void *const *const of_b = from + FACTORS_SOURCES;
    const unsigned elements = factors.depth / 2;
    for (unsigned row = 0; row < SPARSE_ROWS; row++) {
        const unsigned lane = factor_lane_of_row(from, row);
        for (unsigned element = 0; element < elements; element++) {
            a[row * elements + element] *=
                factor_of(from, lane, places->column[row][element], factors);
        }
    }
    for (unsigned column = 0; column < SPARSE_COLUMNS; column++) {
        const unsigned lane = factor_lane_of_column(of_b, column);
        for (unsigned k = 0; k < factors.depth; k++) {
            b[k * SPARSE_COLUMNS + column] *= factor_of(of_b, lane, k, factors);
        }
    }
}

ALWAYS_INLINE void multiply_floats(void *const to[], const void *const from[],
                                   const struct multiply multiply, enum matrix_type b_type,
                                   const struct factors factors) {
    const unsigned k = multiply.k;
    const unsigned n = SPARSE_COLUMNS;
    float a[SPARSE_ROWS * SPARSE_DEPTH / 2];
    float b[SPARSE_DEPTH * SPARSE_COLUMNS];
    float sums[SPARSE_ROWS * SPARSE_COLUMNS];
    struct sparse_places places;
    const unsigned bits = multiply.bits;
    const void *const *const b_registers = from + multiply.registers_a;
    const void *const *const c_registers = b_registers + multiply.registers_b;
    const struct matrix_fragment result =
        fragment_of('c', SPARSE_ROWS, SPARSE_COLUMNS, bits_of(multiply.c));
    unpack_floats(a, k / 2, from, fragment_of('a', SPARSE_ROWS, k / 2, bits), multiply.inputs);
    unpack_floats(b, n, b_registers, fragment_of('b', k, n, bits), b_type);
    unpack_floats(sums, n, c_registers, result, multiply.c);
    find_places(&places, c_registers + 4 / result.elements, multiply);
    if (factors.count > 0) {
        scale(a, b, &places, c_registers + 4 / result.elements + 2, factors);
    }
    for (unsigned row = 0; row < SPARSE_ROWS; row++) {
        for (unsigned element = 0; element < k / 2; element++) {
            const float *const b_row = &b[(size_t)places.column[row][element] * n];
            for (unsigned column = 0; column < n; column++) {
                sums[row * n + column] =
                    accumulate(sums[row * n + column], a[row * (k / 2) + element], b_row[column],
                               multiply.inputs);
            }
        }
    }
    pack_floats(to, sums, n, result, multiply.d);
}

ALWAYS_INLINE void multiply_integers(void *const to[], const void *const from[],
                                     const struct multiply multiply,
                                     const struct integer_modifiers modifiers) {
    const unsigned k = multiply.k;
    const unsigned n = SPARSE_COLUMNS;
    int32_t a[SPARSE_ROWS * SPARSE_DEPTH / 2];
    int32_t b[SPARSE_DEPTH * SPARSE_COLUMNS];
    int32_t c[SPARSE_ROWS * SPARSE_COLUMNS];
    struct sparse_places places;
    const void *const *const b_registers = from + multiply.registers_a;
    const void *const *const c_registers = b_registers + multiply.registers_b;
    const struct matrix_fragment result = fragment_of('c', SPARSE_ROWS, SPARSE_COLUMNS, 32);
    unpack_integers(a, k / 2, from, fragment_of('a', SPARSE_ROWS, k / 2, multiply.bits),
                    SPARSE_ROWS * k / 2 / LANES, modifiers.a_signed);
    unpack_integers(b, n, b_registers, fragment_of('b', k, n, multiply.bits), k * n / LANES,
                    modifiers.b_signed);
    unpack_integers(c, n, c_registers, result, SPARSE_ROWS * n / LANES, false);
    find_places(&places, c_registers + 4, multiply);
    for (unsigned element = 0; element < SPARSE_ROWS * n / LANES; element++) {
        struct lanes32 *const d = to[element];
        for (unsigned lane = 0; lane < LANES; lane++) {
            const struct matrix_position at = matrix_position(&result, lane, element);
            int64_t sum = c[at.row * n + at.column];
            for (unsigned step = 0; step < k / 2; step++) {
                const unsigned place = places.column[at.row][step] * n + at.column;
                sum += (int64_t)a[at.row * (k / 2) + step] * b[place];
            }
            d->at[lane] = integer_result(sum, modifiers.saturate);
        }
    }
}

#define NO_FACTORS ((struct factors){0, 0, false})

/* The function of one shape and one set of types; choice[0] is whether metadata is ordered. */
#define FLOATS(name, k, registers, bits, inputs, sums)                                             \
    LANE_FUNCTION(name) {                                                                          \
        static const struct multiply multiply = {16,   8,      k,    registers, registers,         \
                                                 bits, inputs, sums, sums};                        \
        (void)choice;                                                                              \
        multiply_floats(to, from, multiply, inputs, NO_FACTORS);                                   \
    }

#define FP8_TYPE(choice) ((choice) > 0 ? TYPE_E5M2 : TYPE_E4M3)
#define FP8(name, sums)                                                                            \
    LANE_FUNCTION(name) {                                                                          \
        const struct multiply multiply = {16, 8, 64, 4, 4, 8, FP8_TYPE(choice[1]), sums, sums};    \
        multiply_floats(to, from, multiply, FP8_TYPE(choice[2]), NO_FACTORS);                      \
    }

#define KIND(name, sums)                                                                           \
    LANE_FUNCTION(name) {                                                                          \
        const struct multiply multiply = {16, 8, 64, 4, 4, 8, byte_type(choice[1]), sums, sums};   \
        multiply_floats(to, from, multiply, byte_type(choice[2]), NO_FACTORS);                     \
    }

/* With factors metadata is ordered: choice[0] is whether their number stands there. */
LANE_FUNCTION(mxf8f6f4) {
    const struct multiply multiply = {16, 8, 64, 4, 4, 8, byte_type(choice[1]), TYPE_F32, TYPE_F32};
    const struct factors factors = {1, 64, true};
    multiply_floats(to, from, multiply, byte_type(choice[2]), factors);
}

#define FOURS(name, count, has_powers)                                                             \
    LANE_FUNCTION(name) {                                                                          \
        static const struct multiply multiply = {16, 8,         128,      4,       4,              \
                                                 4,  TYPE_E2M1, TYPE_F32, TYPE_F32};               \
        const struct factors factors = {count, 128, has_powers};                                   \
        (void)choice;                                                                              \
        multiply_floats(to, from, multiply, TYPE_E2M1, factors);                                   \
    }

/* [.satfinite].s32.{unsigned,signed}.{unsigned,signed}.s32 behind the choice of metadata */
#define INTEGERS(name, k, registers, bits)                                                         \
    LANE_FUNCTION(name) {                                                                          \
        static const struct multiply multiply = {                                                  \
            16, 8, k, registers, registers, bits, TYPE_INTEGER, TYPE_INTEGER, TYPE_INTEGER};       \
        const struct integer_modifiers modifiers = {choice[2] > 0, choice[3] > 0, choice[1] >= 0,  \
                                                    false};                                        \
        multiply_integers(to, from, multiply, modifiers);                                          \
    }

FLOATS(f16_m16n8k16_f16, 16, 2, 16, TYPE_F16, TYPE_F16)
FLOATS(f16_m16n8k16_f32, 16, 2, 16, TYPE_F16, TYPE_F32)
FLOATS(f16_m16n8k32_f16, 32, 4, 16, TYPE_F16, TYPE_F16)
FLOATS(f16_m16n8k32_f32, 32, 4, 16, TYPE_F16, TYPE_F32)
FLOATS(bf16_m16n8k16, 16, 2, 16, TYPE_BF16, TYPE_F32)
FLOATS(bf16_m16n8k32, 32, 4, 16, TYPE_BF16, TYPE_F32)
FLOATS(tf32_m16n8k8, 8, 2, 32, TYPE_TF32, TYPE_F32)
FLOATS(tf32_m16n8k16, 16, 4, 32, TYPE_TF32, TYPE_F32)
FP8(fp8_m16n8k64_f16, TYPE_F16)
FP8(fp8_m16n8k64_f32, TYPE_F32)
KIND(f8f6f4_f16, TYPE_F16)
KIND(f8f6f4_f32, TYPE_F32)
FOURS(mxf4, 2, true)
FOURS(mxf4nvf4, 4, false)
INTEGERS(int8_m16n8k32, 32, 2, 8)
INTEGERS(int8_m16n8k64, 64, 4, 8)
INTEGERS(int4_m16n8k64, 64, 2, 4)
INTEGERS(int4_m16n8k128, 128, 4, 4)

#define MMA(shape) "mma{.sp,.sp::ordered_metadata}.sync.aligned." shape ".row.col"
#define FP8_TYPES ".{e4m3,e5m2}.{e4m3,e5m2}"
#define INT8_TYPES "[.satfinite].s32.{u8,s8}.{u8,s8}.s32"
#define INT4_TYPES "[.satfinite].s32.{u4,s4}.{u4,s4}.s32"

#define SCALED "mma.sp::ordered_metadata.sync.aligned.kind::"
#define FACTORS "w4=w4,w4,w4,w,i1,w,h2,w,h2"
#define LONG ".m16n8k128.row.col.f32.e2m1.e2m1.f32"

/* The last operand is the selector, but for factors. */
static const struct lane_operation rows[] = {
    {MMA("m16n8k16") ".f16.f16.f16.f16", "w2=w2,w2,w2,w,i4", f16_m16n8k16_f16},
    {MMA("m16n8k16") ".f32.f16.f16.f32", "w4=w2,w2,w4,w,i4", f16_m16n8k16_f32},
    {MMA("m16n8k32") ".f16.f16.f16.f16", "w2=w4,w4,w2,w,i2", f16_m16n8k32_f16},
    {MMA("m16n8k32") ".f32.f16.f16.f32", "w4=w4,w4,w4,w,i2", f16_m16n8k32_f32},
    {MMA("m16n8k16") ".f32.bf16.bf16.f32", "w4=w2,w2,w4,w,i4", bf16_m16n8k16},
    {MMA("m16n8k32") ".f32.bf16.bf16.f32", "w4=w4,w4,w4,w,i2", bf16_m16n8k32},
    {MMA("m16n8k8") ".f32.tf32.tf32.f32", "w4=w2,w2,w4,w,i4", tf32_m16n8k8},
    {MMA("m16n8k16") ".f32.tf32.tf32.f32", "w4=w4,w4,w4,w,i2", tf32_m16n8k16},
    {MMA("m16n8k64") ".f16" FP8_TYPES ".f16", "w2=w4,w4,w2,w,i1", fp8_m16n8k64_f16},
    {MMA("m16n8k64") ".f32" FP8_TYPES ".f32", "w4=w4,w4,w4,w,i1", fp8_m16n8k64_f32},
    {MMA("kind::f8f6f4.m16n8k64") ".f16" BYTE_TYPES ".f16", "w2=w4,w4,w2,w,i1", f8f6f4_f16},
    {MMA("kind::f8f6f4.m16n8k64") ".f32" BYTE_TYPES ".f32", "w4=w4,w4,w4,w,i1", f8f6f4_f32},
    {SCALED "mxf8f6f4.block_scale[.scale_vec::1X].m16n8k64.row.col.f32" BYTE_TYPES ".f32.ue8m0",
     FACTORS, mxf8f6f4},
    {SCALED "mxf4.block_scale[.scale_vec::2X]" LONG ".ue8m0", FACTORS, mxf4},
    {SCALED "mxf4nvf4.block_scale.scale_vec::2X" LONG ".ue8m0", FACTORS, mxf4},
    {SCALED "mxf4nvf4.block_scale.scale_vec::4X" LONG ".ue4m3", FACTORS, mxf4nvf4},
    {MMA("m16n8k32") INT8_TYPES, "w4=w2,w2,w4,w,i2", int8_m16n8k32},
    {MMA("m16n8k64") INT8_TYPES, "w4=w4,w4,w4,w,i1", int8_m16n8k64},
    {MMA("m16n8k64") INT4_TYPES, "w4=w2,w2,w4,w,i2", int4_m16n8k64},
    {MMA("m16n8k128") INT4_TYPES, "w4=w4,w4,w4,w,i1", int4_m16n8k128},
};

ARITHMETIC_TABLE(arithmetic_matrix_sparse, rows, OPERATION_TENSOR);
