/*
 * Products of a warpgroup (wgmma.mma_async, PTX ISA 9.7.15): what one warp of the four computes,
 * which is sixteen rows of d = a * b + d.
 *
 * A step along k is 32 bytes of each operand, whatever its type: 8 tf32, 16 of 16 bits, 32 of 8
 * bits, 256 bits. Sums are those of mma (matrix.h): each product is exact, and the sum over k runs
 * upwards from d with one rounding to f32, to nearest, a step; it starts from +0 where d is not
 * added. An f16 accumulator is rounded once, from the f32 sum. Integers wrap around, or with
 * .satfinite are clamped once, at the end. PTX leaves order and precision open, and so may a GPU.
 *
 * A sparse a (wgmma.mma_async.sp) has 32 bytes of what is there, and b the 64 bytes that they
 * belong to. Products with what is left out are not computed; sums run in the order of the
 * metadata.
 */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_WARPGROUP_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_WARPGROUP_H

#include "emulator/lanes/lanes.h"

#include <stdbool.h>

enum {
    WARPGROUP_WARPS = 4,
    WARPGROUP_ROWS = 16, /* of a warp */
    WARPGROUP_ROW_BYTES = 32,
    WARPGROUP_COLUMNS = 256,                    /* the most */
    WARPGROUP_REGISTERS = WARPGROUP_COLUMNS / 2 /* of d, a lane */
};

enum warpgroup_type {
    WARPGROUP_F16,
    WARPGROUP_BF16,
    WARPGROUP_TF32,
    WARPGROUP_E4M3,
    WARPGROUP_E5M2,
    WARPGROUP_S8,
    WARPGROUP_U8,
    WARPGROUP_B1,
    WARPGROUP_F32,
    WARPGROUP_S32
};

/* What is constant in one instruction. */
struct warpgroup_product {
    uint16_t columns;  /* n */
    uint8_t registers; /* of d, a lane */
    uint8_t a, b, d;   /* enum warpgroup_type */
    bool a_in_registers;
    bool a_negated, b_negated; /* imm-scale-a, imm-scale-b of -1 */
    bool a_across, b_across;   /* imm-trans-a, imm-trans-b: neighbours in memory lie across k */
    bool saturates;
    bool is_sparse;
    uint8_t selector; /* which lanes have metadata */
};

/* `d` are the accumulator's registers in the order of the instruction. Rows of a, and columns of b,
 * are as they lie along k. */
struct warpgroup_operands {
    struct lanes32 *d[WARPGROUP_REGISTERS];
    uint8_t a[WARPGROUP_ROWS][WARPGROUP_ROW_BYTES];
    uint8_t b[WARPGROUP_COLUMNS][WARPGROUP_ROW_BYTES];
    bool accumulates; /* false: d is overwritten */
    /* Of a sparse product: the next bytes along k of columns of b, and the metadata of a. */
    uint8_t b_next[WARPGROUP_COLUMNS][WARPGROUP_ROW_BYTES];
    const struct lanes32 *metadata;
};

/* The multiply-adds of one warp's part, of a sparse product those with what is there. */
static inline uint64_t warpgroup_multiply_adds(const struct warpgroup_product *product) {
    static const uint16_t depths[] = {
        [WARPGROUP_F16] = 16,  [WARPGROUP_BF16] = 16, [WARPGROUP_TF32] = 8, [WARPGROUP_E4M3] = 32,
        [WARPGROUP_E5M2] = 32, [WARPGROUP_S8] = 32,   [WARPGROUP_U8] = 32,  [WARPGROUP_B1] = 256};
    return (uint64_t)WARPGROUP_ROWS * product->columns * depths[product->a];
}

typedef void warpgroup_function(const struct warpgroup_product *product,
                                const struct warpgroup_operands *operands);

#endif
