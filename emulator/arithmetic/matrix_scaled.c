/*
 * mma with a .kind (PTX ISA 9.7.14.5), which sm_120a has: a and b are of 4, 6 and 8 bits, each of
 * its own type, and rows of a and columns of b may have scale factors (PTX ISA 9.7.14.3).
 *
 * Under .kind::f8f6f4 and ::mxf8f6f4 an element has a byte: one of 6 bits its lowest, one of 4
 * bits the four in its middle. Under the other kinds elements of 4 bits lie side by side.
 *
 * A factor is for the elements of one, two or four equal parts of k. A lane's word has those of a
 * row, or column, one after another, from the byte on that the first selector names. The second
 * one names the lanes that have them, of four. Those with rows of a are a pair: first the upper row
 * of the group, then the lower one. One lane has a column of b. A selector beyond what PTX allows
 * is cut to its lowest bits. A scaled element is an f32; matrix.h says how sums are rounded.
 */
#include "emulator/arithmetic/matrix_product.h"

#include <stddef.h>

enum { KIND_ROWS = 16, KIND_COLUMNS = 8, KIND_DEPTH = 64, A_REGISTERS = 4, B_REGISTERS = 2 };

/* What is constant in one instruction, but for the types of a and b. */
struct kind {
    unsigned k, bits;
    unsigned factors; /* of a row or column; 0 where they are not scaled */
    bool has_powers;  /* of two (ue8m0); otherwise factors are ue4m3 */
    enum matrix_type sums;
};

/* One row or column; `step` is from one of its elements to the next. */
ALWAYS_INLINE void scale(float *elements, size_t step, const void *const from[], unsigned lane,
                         const struct kind kind) {
    const struct factors factors = {kind.factors, kind.k, kind.has_powers};
    for (unsigned k = 0; k < kind.k; k++) {
        elements[(size_t)k * step] *= factor_of(from, lane, k, factors);
    }
}

ALWAYS_INLINE void multiply_kind(void *const to[], const void *const from[], const struct kind kind,
                                 enum matrix_type a_type, enum matrix_type b_type) {
    float a[KIND_ROWS * KIND_DEPTH];
    float b[KIND_DEPTH * KIND_COLUMNS];
    float sums[KIND_ROWS * KIND_COLUMNS];
    const struct matrix_fragment result =
        fragment_of('c', KIND_ROWS, KIND_COLUMNS, bits_of(kind.sums));
    const void *const *const b_registers = from + A_REGISTERS;
    const void *const *const c_registers = b_registers + B_REGISTERS;
    const void *const *const a_factors = c_registers + 4 / result.elements;
    const void *const *const b_factors = a_factors + FACTORS_SOURCES;
    unpack_floats(a, kind.k, from, fragment_of('a', KIND_ROWS, kind.k, kind.bits), a_type);
    unpack_floats(b, KIND_COLUMNS, b_registers, fragment_of('b', kind.k, KIND_COLUMNS, kind.bits),
                  b_type);
    unpack_floats(sums, KIND_COLUMNS, c_registers, result, kind.sums);
    for (unsigned row = 0; kind.factors > 0 && row < KIND_ROWS; row++) {
        scale(a + (size_t)row * kind.k, 1, a_factors, factor_lane_of_row(a_factors, row), kind);
    }
    for (unsigned column = 0; kind.factors > 0 && column < KIND_COLUMNS; column++) {
        scale(b + column, KIND_COLUMNS, b_factors, factor_lane_of_column(b_factors, column), kind);
    }
    for (unsigned row = 0; row < KIND_ROWS; row++) {
        for (unsigned step = 0; step < kind.k; step++) {
            for (unsigned column = 0; column < KIND_COLUMNS; column++) {
                float *const sum = &sums[row * KIND_COLUMNS + column];
                *sum = accumulate(*sum, a[row * kind.k + step], b[step * KIND_COLUMNS + column],
                                  a_type);
            }
        }
    }
    pack_floats(to, sums, KIND_COLUMNS, result, kind.sums);
}

/* The types are the pattern's groups from number `first` on. */
#define BYTES(name, first, factors, sums)                                                          \
    LANE_FUNCTION(name) {                                                                          \
        static const struct kind kind = {32, 8, factors, true, sums};                              \
        multiply_kind(to, from, kind, byte_type(choice[first]), byte_type(choice[(first) + 1]));   \
    }

#define FOURS(name, factors, has_powers)                                                           \
    LANE_FUNCTION(name) {                                                                          \
        const struct kind kind = {64, 4, factors, has_powers, TYPE_F32};                           \
        (void)choice;                                                                              \
        multiply_kind(to, from, kind, TYPE_E2M1, TYPE_E2M1);                                       \
    }

BYTES(f8f6f4_f16, 0, 0, TYPE_F16)
BYTES(f8f6f4_f32, 0, 0, TYPE_F32)
BYTES(mxf8f6f4, 1, 1, TYPE_F32)
FOURS(mxf4, 2, true)
FOURS(mxf4nvf4, 4, choice[0] == 0)

#define MMA "mma.sync.aligned.kind::"
#define WIDE ".m16n8k32.row.col"
#define LONG ".m16n8k64.row.col.f32.e2m1.e2m1.f32"
#define SCALED "w4=w4,w2,w4,w,h2,w,h2"

static const struct lane_operation rows[] = {
    {MMA "f8f6f4" WIDE ".f32" BYTE_TYPES ".f32", "w4=w4,w2,w4", f8f6f4_f32},
    {MMA "f8f6f4" WIDE ".f16" BYTE_TYPES ".f16", "w2=w4,w2,w2", f8f6f4_f16},
    {MMA "mxf8f6f4.block_scale[.scale_vec::1X]" WIDE ".f32" BYTE_TYPES ".f32.ue8m0", SCALED,
     mxf8f6f4},
    {MMA "mxf4.block_scale[.scale_vec::2X]" LONG ".ue8m0", SCALED, mxf4},
    {MMA "mxf4nvf4.block_scale.scale_vec::2X" LONG ".ue8m0", SCALED, mxf4},
    {MMA "mxf4nvf4.block_scale.scale_vec::4X" LONG ".{ue8m0,ue4m3}", SCALED, mxf4nvf4},
};

ARITHMETIC_TABLE(arithmetic_matrix_scaled, rows, OPERATION_TENSOR);
