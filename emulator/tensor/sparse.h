/*
 * Metadata of a sparse a (tcgen05.mma.sp, PTX ISA 9.7.16.10.6): which elements of a row are there.
 * Of each chunk of four there are two, of tf32 one of two, of pairs of 4 bits two of four; and
 * four bits of tensor memory say which.
 *
 * PTX shows in figures where these bits lie; it is as CuTe's layouts of 128 rows have it
 * (tmem_e_frg). Elements of 8 bits and less: row r has two words in its lane, with chunks from the
 * lowest bits on. Others: of the pair of columns the descriptor's selector names one, where lanes
 * 16 i to 16 i + 15 have rows 16 i to 16 i + 15. Row r % 8 has the first four chunks in the first
 * eight lanes, and the last four in the next; rows from the eighth on have theirs in the upper
 * halves of the words.
 */
#ifndef LOCKSTEP_EMULATOR_TENSOR_SPARSE_H
#define LOCKSTEP_EMULATOR_TENSOR_SPARSE_H

#include "emulator/tensor/description.h"
#include "emulator/tensor/tensor.h"

enum { SPARSE_COLUMNS = 2 }; /* of metadata; their first is even */

/* Along k, where each element of a lies in a column of b, by lane; false after a fault, where
 * nothing has written the metadata. */
bool sparse_find_places(const struct transfer *transfer, const struct tensor_description *it,
                        const struct block *block, struct tensor_places *places);

#endif
