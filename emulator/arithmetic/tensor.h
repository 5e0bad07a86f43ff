/*
 * Products of the tensor cores of sm_100 (tcgen05.mma, PTX ISA 9.7.16.10): d = a * b + d, where d
 * lies in tensor memory, by columns of 128 lanes.
 *
 * Sums are those of wgmma (warpgroup.h): each product is exact, and the sum over k runs upwards
 * from d with one rounding to f32, to nearest, a step; it starts from +0 where d is not added. An
 * f16 accumulator is rounded once, from the f32 sum. Integers wrap around, or are clamped once, at
 * the end. PTX leaves order and precision open, and so may a GPU. Of a sparse a the elements that
 * are there are summed in their order.
 */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_TENSOR_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_TENSOR_H

#include "emulator/lanes/lanes.h"

#include <stdbool.h>

enum {
    TENSOR_LANES = 128,
    TENSOR_GROUPS = TENSOR_LANES / LANES, /* the lanes that one warp reaches */
    TENSOR_ROW_BYTES = 32,                /* of an operand along k, whatever its type */
    TENSOR_DEPTH = 128,                   /* elements along k, at most: of b, when a is sparse */
    TENSOR_PRODUCT_COLUMNS = 256,         /* of b, at most */
    TENSOR_SHIFT = 32                     /* columns of b that may lie before the first, at most */
};

/* A column of tensor memory. */
struct tensor_column {
    struct lanes32 group[TENSOR_GROUPS];
};

enum tensor_type {
    TENSOR_TYPE_F16,
    TENSOR_TYPE_BF16,
    TENSOR_TYPE_TF32,
    TENSOR_TYPE_E4M3,
    TENSOR_TYPE_E5M2,
    TENSOR_TYPE_E2M3,
    TENSOR_TYPE_E3M2,
    TENSOR_TYPE_E2M1,
    TENSOR_TYPE_E2M1_PAIR, /* two in a byte */
    TENSOR_TYPE_S8,
    TENSOR_TYPE_U8,
    TENSOR_TYPE_F32,
    TENSOR_TYPE_S32
};

/* An operand of one block: rows of a by lane, or columns of b, as numbers of 32 bits: f32, or s32
 * for integers. */
struct tensor_a {
    struct tensor_column at[TENSOR_DEPTH];
};
struct tensor_b {
    uint32_t at[TENSOR_PRODUCT_COLUMNS + TENSOR_SHIFT][TENSOR_DEPTH];
};

/* Of a sparse a: which element of a column of b each of its own meets, by lane. */
struct tensor_places {
    uint8_t at[TENSOR_DEPTH / 2][TENSOR_LANES];
};

struct tensor_sums {
    struct tensor_column *d; /* its first column */
    const struct tensor_a *a;
    const uint32_t (*b)[TENSOR_DEPTH];  /* the columns of b, in the order of those of d */
    const struct tensor_places *places; /* NULL: a is not sparse */
    const struct tensor_column *writes; /* all bits of a lane that is written, none of others */
    unsigned first, count;              /* groups of lanes */
    unsigned columns, depth;
    uint8_t type;  /* of d, enum tensor_type */
    uint8_t scale; /* d is multiplied by 2^-scale first */
    bool accumulates, saturates;
};

typedef void tensor_function(const struct tensor_sums *sums);

/* The elements of 32 bytes along k, of a type; those of 4 and of 6 bits lie in bytes of their own,
 * but for pairs. */
static inline unsigned tensor_depth(enum tensor_type type) {
    return type == TENSOR_TYPE_TF32        ? 8
           : type <= TENSOR_TYPE_BF16      ? 16
           : type == TENSOR_TYPE_E2M1_PAIR ? 64
                                           : 32;
}

#endif
