/* Matrix descriptors: where the elements of an operand lie in shared memory (PTX ISA 9.7.15.5.1 and
 * 9.7.16.4.1). */
#ifndef LOCKSTEP_EMULATOR_MATRIX_DESCRIPTOR_H
#define LOCKSTEP_EMULATOR_MATRIX_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>

enum { CHUNK_BYTES = 16 };

/* Offsets in bytes. */
struct matrix_descriptor {
    uint32_t start, leading, stride;
    uint32_t pattern; /* where the swizzling begins, in lines of 128 bytes modulo 8 */
    uint32_t width;   /* chunks of a line that are swizzled; 1: none are */
    bool is_by_pairs; /* chunks change places in twos; its patterns have four lines */
};

/* A descriptor of wgmma. */
struct matrix_descriptor matrix_descriptor_of(uint64_t bits);
/* A descriptor of tcgen05; false where it can be none. */
bool matrix_descriptor_find(uint64_t bits, struct matrix_descriptor *matrix);

/* Chunk `chunk` along k of row (or column) `row`. */
uint32_t matrix_chunk_along(const struct matrix_descriptor *matrix, unsigned row, unsigned chunk);
/* The rows (or columns) of chunk `chunk` across k, at position `k`. */
uint32_t matrix_chunk_across(const struct matrix_descriptor *matrix, unsigned chunk, unsigned k);

#endif
