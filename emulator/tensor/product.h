/* What one tcgen05.mma computes. */
#ifndef LOCKSTEP_EMULATOR_TENSOR_PRODUCT_H
#define LOCKSTEP_EMULATOR_TENSOR_PRODUCT_H

#include "emulator/tensor/description.h"
#include "emulator/tensor/operand.h"

enum { TENSOR_STEP_LANES = 16, TENSOR_A_COLUMNS = 8 };

/* What the rows of the table say of an instruction, beside its kind in the lowest bits. */
enum product_flag {
    PRODUCT_KIND = 7,         /* the kind, or the first of those that the pattern's group chooses */
    PRODUCT_CHOOSES = 8,      /* the second group of the pattern is the kind */
    PRODUCT_KEEPS_B = 128,    /* .ws */
    PRODUCT_SHIFTS_A = 256,   /* .ashift: what is multiplied next finds a shifted */
    PRODUCT_IS_SPARSE = 512,  /* .sp */
    PRODUCT_SCALES_SHIFT = 4, /* scale factors a row */
};

struct tensor_variant product_variant(const struct instruction *instruction);
/* Parts of the columns of d, which lie one above the other in lanes. */
unsigned product_parts(const struct tensor_variant *variant, const struct tensor_description *it);

/* Moves the product: a transfer_function. */
void product_compute(const struct transfer *transfer);
/* Calls `visit` for all chunks that the product reads in shared memory. */
void product_visit(const struct transfer *transfer, const struct tensor_description *it,
                   tensor_visitor *visit);

#endif
