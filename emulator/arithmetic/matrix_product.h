/*
 * What the products of a warp share: fragments unpacked into plain matrices, and results packed
 * again.
 *
 * Shapes and types are constants in each function that calls these, so that the compiler unrolls
 * them.
 */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_MATRIX_PRODUCT_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_MATRIX_PRODUCT_H

#include "emulator/arithmetic/half.h"
#include "emulator/arithmetic/matrix_layout.h"
#include "emulator/arithmetic/small_float.h"

enum matrix_type {
    TYPE_F16,
    TYPE_BF16,
    TYPE_TF32,
    TYPE_E4M3,
    TYPE_E5M2,
    TYPE_E3M2,
    TYPE_E2M3,
    TYPE_E2M1,
    TYPE_E2M1_CENTRED, /* in the middle of a byte */
    TYPE_F32,
    TYPE_F64,
    TYPE_INTEGER
};

enum { ROWS_MAX = 32, COLUMNS_MAX = 32, DEPTH_MAX = 256 };

/* What is constant in one instruction. */
struct multiply {
    unsigned m, n, k;
    unsigned registers_a, registers_b; /* those of wmma's f16 fragments are more than needed */
    unsigned bits;                     /* of an element of a and b */
    enum matrix_type inputs, c, d;
};

ALWAYS_INLINE struct matrix_fragment fragment_of(char operand, unsigned rows, unsigned columns,
                                                 unsigned bits) {
    const unsigned elements = bits == 64 ? 1 : 32 / bits;
    const struct matrix_fragment fragment = {.rows = (uint16_t)rows,
                                             .columns = (uint16_t)columns,
                                             .elements = (uint8_t)elements,
                                             .operand = operand};
    return fragment;
}

ALWAYS_INLINE unsigned bits_of(enum matrix_type type) {
    return type == TYPE_F64 ? 64 : type == TYPE_F16 || type == TYPE_BF16 ? 16 : 32;
}

ALWAYS_INLINE float value_of(uint32_t bits, enum matrix_type type) {
    switch (type) {
    case TYPE_F16:
        return lane_f32(f16_widen(bits & 0xffffu));
    case TYPE_BF16:
        return lane_f32(bits << 16);
    case TYPE_TF32:
        return lane_f32(bits & ~0x1fffu);
    case TYPE_E4M3:
        return lane_f32(e4m3_widen(bits));
    case TYPE_E5M2:
        return lane_f32(e5m2_widen(bits));
    case TYPE_E3M2:
        return lane_f32(e3m2_widen(bits));
    case TYPE_E2M3:
        return lane_f32(e2m3_widen(bits));
    case TYPE_E2M1:
        return lane_f32(e2m1_widen(bits));
    case TYPE_E2M1_CENTRED:
        return lane_f32(e2m1_widen(bits >> 2));
    case TYPE_F32:
    case TYPE_F64:
    case TYPE_INTEGER:
    default:
        return lane_f32(bits);
    }
}

/* Types of a and of b under .kind::f8f6f4 and its like, and what a choice of them is. */
#define BYTE_TYPES ".{e4m3,e5m2,e3m2,e2m3,e2m1}.{e4m3,e5m2,e3m2,e2m3,e2m1}"

ALWAYS_INLINE enum matrix_type byte_type(signed char choice) {
    static const enum matrix_type types[] = {TYPE_E4M3, TYPE_E5M2, TYPE_E3M2, TYPE_E2M3,
                                             TYPE_E2M1_CENTRED};
    return types[choice];
}

/* Where scale-a-data begins among the sources, and what follows it; the same for b. */
enum { FACTORS_DATA, FACTORS_BYTE, FACTORS_THREAD, FACTORS_SOURCES };

/* Scale factors of parts of k (PTX ISA 9.7.14.3). */
struct factors {
    unsigned count;  /* of a row or column; 0 where they are not scaled */
    unsigned depth;  /* of k, left-out elements included */
    bool has_powers; /* of two (ue8m0); otherwise factors are ue4m3 */
};

ALWAYS_INLINE unsigned factor_selector(const void *const from[], unsigned source, unsigned count) {
    const struct lanes32 *const words = from[source];
    return words->at[0] % count;
}

/* The lanes that have the factors of a row of a, and of a column of b. */
ALWAYS_INLINE unsigned factor_lane_of_row(const void *const from[], unsigned row) {
    return row % 8 * 4 + factor_selector(from, FACTORS_THREAD, 2) * 2 + row / 8;
}

ALWAYS_INLINE unsigned factor_lane_of_column(const void *const from[], unsigned column) {
    return column * 4 + factor_selector(from, FACTORS_THREAD, 4);
}

/* That of the element at `k` of a row or column whose factors a lane has. */
ALWAYS_INLINE float factor_of(const void *const from[], unsigned lane, unsigned k,
                              const struct factors factors) {
    const struct lanes32 *const data = from[FACTORS_DATA];
    const unsigned first = factor_selector(from, FACTORS_BYTE, 4) / factors.count * factors.count;
    const unsigned number = first + k / (factors.depth / factors.count);
    const uint32_t byte = data->at[lane] >> 8 * number & 0xffu;
    return lane_f32(factors.has_powers ? ue8m0_widen(byte) : e4m3_widen(byte & 0x7fu));
}

/* The elements of a fragment to `matrix`, rows of `stride`. */
ALWAYS_INLINE void unpack_floats(float *matrix, unsigned stride, const void *const registers[],
                                 const struct matrix_fragment fragment, enum matrix_type type) {
    const unsigned count = (unsigned)fragment.rows * fragment.columns / LANES;
    const unsigned bits = 32u / fragment.elements;
    for (unsigned element = 0; element < count; element++) {
        const struct lanes32 *const source = registers[element / fragment.elements];
        const unsigned shift = element % fragment.elements * bits;
        for (unsigned lane = 0; lane < LANES; lane++) {
            const struct matrix_position at = matrix_position(&fragment, lane, element);
            matrix[at.row * stride + at.column] = value_of(source->at[lane] >> shift, type);
        }
    }
}

/* The result, as f32 or rounded once more to f16. */
ALWAYS_INLINE void pack_floats(void *const registers[], const float *matrix, unsigned stride,
                               const struct matrix_fragment fragment, enum matrix_type type) {
    const unsigned count = (unsigned)fragment.rows * fragment.columns / LANES;
    for (unsigned element = 0; element < count; element += fragment.elements) {
        struct lanes32 *const to = registers[element / fragment.elements];
        for (unsigned lane = 0; lane < LANES; lane++) {
            const struct matrix_position at = matrix_position(&fragment, lane, element);
            const float *const first = &matrix[at.row * stride + at.column];
            to->at[lane] = type == TYPE_F16 ? f16_narrow(lane_bits32(first[0])) |
                                                  f16_narrow(lane_bits32(first[1])) << 16
                                            : lane_canonical32(lane_bits32(first[0]));
        }
    }
}

/* One more product: that of two f16 is exact in f32, others need the fused form to be exact. */
ALWAYS_INLINE float accumulate(float sum, float x, float y, enum matrix_type type) {
    if (type == TYPE_F16) {
        return sum + x * y;
    }
    return lane_f32(f32_fma_nearest(lane_bits32(x), lane_bits32(y), lane_bits32(sum)));
}

/* How integers are read and multiplied. */
struct integer_modifiers {
    bool a_signed, b_signed;
    bool saturate;     /* .satfinite */
    bool exclusive_or; /* .xor.popc: a product is 1 where bits differ */
};

ALWAYS_INLINE void unpack_integers(int32_t *matrix, unsigned stride, const void *const registers[],
                                   const struct matrix_fragment fragment, unsigned count,
                                   bool is_signed) {
    const unsigned bits = 32u / fragment.elements;
    const uint32_t mask = bits == 32 ? ~0u : ((uint32_t)1 << bits) - 1;
    const uint32_t sign = is_signed ? (uint32_t)1 << (bits - 1) : 0;
    for (unsigned element = 0; element < count; element++) {
        const struct lanes32 *const source = registers[element / fragment.elements];
        const unsigned shift = element % fragment.elements * bits;
        for (unsigned lane = 0; lane < LANES; lane++) {
            const struct matrix_position at = matrix_position(&fragment, lane, element);
            const uint32_t field = source->at[lane] >> shift & mask;
            matrix[at.row * stride + at.column] = (int32_t)((field ^ sign) - sign);
        }
    }
}

/* No sum of products leaves 64 bits, and s32 is clamped or wrapped once, at the end. */
ALWAYS_INLINE uint32_t integer_result(int64_t sum, bool saturate) {
    const int64_t raised = sum < INT32_MIN ? INT32_MIN : sum;
    const int64_t clamped = raised > INT32_MAX ? INT32_MAX : raised;
    return (uint32_t)(saturate ? clamped : sum);
}

#endif
