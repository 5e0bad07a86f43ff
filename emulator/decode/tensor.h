/* tcgen05: what its instructions say beside their operands. */
#ifndef LOCKSTEP_EMULATOR_DECODE_TENSOR_H
#define LOCKSTEP_EMULATOR_DECODE_TENSOR_H

#include "emulator/decode/decoder.h"

struct tensor_form {
    uint8_t group;      /* .cta_group, 0 where there is none */
    uint8_t registers;  /* of .ld and .st, a lane */
    uint8_t lane_words; /* of disable-output-lane; 0: it is left out */
    uint8_t scale;      /* scale-input-d */
    uint8_t predicate;  /* the source that says whether d is added */
    uint8_t addresses;  /* of what else lies in tensor memory: the sources before have them, */
    int64_t offsets[3]; /* without these */
    bool has_mask;      /* of columns: the source behind the predicate */
    bool a_in_memory;   /* a lies in tensor memory, else in shared memory */
};

/*
 * Operands of the row, which become sources in this order: 'm' an address, 'M' one of tensor
 * memory beside d and a, 'A' the matrix a: a descriptor, or an address, 'a' an address alone, 'L'
 * the words of disable-output-lane, which may be left out, 'i' an integer, 'S' scale-input-d and
 * 'Z' a mask of columns, which may be left out, 'V' a vector of registers, loaded where '='
 * follows, else stored; other letters as in plain rows.
 */
void decode_tensor(struct decoder *decoder, const char *operands);

#endif
