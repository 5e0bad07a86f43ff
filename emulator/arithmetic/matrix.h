/*
 * PTX's warp-wide matrix instructions (PTX ISA 9.7.14): how fragments lie in registers, and
 * ldmatrix, stmatrix and movmatrix. mma, mma.sp and wmma.mma are rows of arithmetic_tables().
 *
 * Fragments. A matrix is spread over registers of the 32 lanes: 4 bytes a lane, 8 for f64. Two f16
 * or bf16 (first the low half), four s8 or u8, eight s4 or u4 and 32 b1 share a 4-byte lane. All
 * 32 lanes take part; PTX leaves the result open where a lane does not execute the instruction.
 *
 * Accumulation. PTX leaves the order and the precision of the sum open for f16, bf16 and tf32
 * inputs, and generations of hardware differ. Here each product is exact and the sum over k runs
 * upwards from c with one rounding to f32, to nearest, a step; an f16 accumulator is rounded once,
 * from the f32 sum. f64 takes one fused multiply-add a step. A test of a kernel may count on the
 * bits only where every order gives the same ones (exact products and sums, such as small
 * integers); elsewhere it allows the bound of a sum of k + 1 terms. tf32 inputs are the top 19 bits
 * of their register. Integer sums wrap around, or with .satfinite are clamped once, at the end.
 */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_MATRIX_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_MATRIX_H

#include "emulator/arithmetic/matrix_fragment.h"
#include "emulator/lanes/lanes.h"

#include <stdbool.h>

enum { MATRIX_ROW_BYTES = 16 };

/*
 * Fills `fragment` for operand 'a', 'b', 'c' or 'd' of wmma.load and wmma.store, with the shape
 * ("m16n16k16") and type ("f16") as PTX spells them. False where it is not supported.
 */
bool matrix_find_fragment(char operand, const char *shape, const char *type,
                          struct matrix_fragment *fragment);

/*
 * Where in the matrix an element of a lane lies; elements count from 0 through all the lane's
 * registers. In memory that is at row * stride + column for .row, column * stride + row for .col,
 * in elements. f16 fragments of a and b hold elements more than once, and every copy is loaded.
 */
void matrix_place(const struct matrix_fragment *fragment, unsigned lane, unsigned element,
                  unsigned *row, unsigned *column);

/*
 * ldmatrix .m8n8 .x1 .x2 .x4 for b16: `rows` points to 8 * count rows of 16 bytes (readable, no
 * alignment asked) in the order of the lanes that give their addresses; to[i] is the i-th
 * destination register.
 */
void matrix_load_rows(struct lanes32 *const to[], const void *const rows[], unsigned count,
                      bool transpose);

/* stmatrix .m8n8 .x1 .x2 .x4 for b16, the inverse: fills 8 * count rows of 16 bytes. */
void matrix_store_rows(void *const rows[], const struct lanes32 *const from[], unsigned count,
                       bool transpose);

/* ldmatrix .m16n16 .x1 .x2 .trans for b8: sixteen rows of 16 bytes a matrix. Of column lane / 4 a
 * lane has four neighbours in its first register, of the column eight behind in the second. */
void matrix_load_bytes(struct lanes32 *const to[], const void *const rows[], unsigned count);

/* stmatrix .m16n8 .x1 .x2 .x4 .trans for b8: a lane has two neighbours of row lane / 4 of a matrix
 * of 16 rows, and two of the row eight below. Its eight columns are rows in memory. */
void matrix_store_bytes(void *const rows[], const struct lanes32 *const from[], unsigned count);

/* movmatrix.sync.aligned.m8n8.trans.b16. */
void matrix_transpose(struct lanes32 *to, const struct lanes32 *from);

#endif
