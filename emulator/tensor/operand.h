/* Operands of tcgen05.mma and .cp in shared memory. */
#ifndef LOCKSTEP_EMULATOR_TENSOR_OPERAND_H
#define LOCKSTEP_EMULATOR_TENSOR_OPERAND_H

#include "emulator/matrix/descriptor.h"
#include "emulator/tensor/tensor.h"

/* Where an element of 4 bits begins in its byte of tensor memory. */
enum { TENSOR_E2M1_SHIFT = 2 };

struct tensor_operand {
    const struct transfer *transfer; /* whose operand it is */
    struct block *block;             /* in whose shared memory it lies */
    struct matrix_descriptor matrix;
    const char *name;
    uint8_t type;   /* enum tensor_type */
    uint8_t steps;  /* of TENSOR_ROW_BYTES along k: two of a b whose a is sparse, else one */
    bool is_across; /* neighbours in memory lie across k */
    bool is_negated;
};

typedef void tensor_visitor(const struct tensor_operand *operand, uint32_t address);

/* Calls `visit` with the address of each chunk of 16 bytes of so many rows. */
void tensor_visit(const struct tensor_operand *operand, unsigned rows, tensor_visitor *visit);
/* The 16 bytes at an address, NULL after a fault: they do not lie in shared memory. What has been
 * written of them is the caller's business. */
const uint8_t *tensor_find_chunk(const struct tensor_operand *operand, uint32_t address);
/* Rows of a, or columns of b, from the first on, each along k as numbers of 32 bits; false after a
 * fault. */
bool tensor_load(const struct tensor_operand *operand, unsigned rows, uint32_t (*to)[TENSOR_DEPTH]);
/* The same of 32 bytes that lie along k, where elements of 8 bits and less have a byte each. */
void tensor_widen(const struct tensor_operand *operand, const uint8_t bytes[TENSOR_ROW_BYTES],
                  uint32_t to[TENSOR_DEPTH]);

/* For the check of races: each chunk may be read from now on; and was read. */
void tensor_mark_read(const struct tensor_operand *operand, uint32_t address);
void tensor_mark_done(const struct tensor_operand *operand, uint32_t address);

#endif
