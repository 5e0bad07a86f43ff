/* The instruction descriptor of tcgen05.mma (PTX ISA 9.7.16.4.2): the shape, and what the elements are. */
#ifndef LOCKSTEP_EMULATOR_TENSOR_DESCRIPTION_H
#define LOCKSTEP_EMULATOR_TENSOR_DESCRIPTION_H

#include "emulator/arithmetic/tensor.h"

/* In the order of the instruction's pattern. */
enum tensor_kind { KIND_F16, KIND_TF32, KIND_F8F6F4, KIND_I8 };

enum { TENSOR_HALF_ROWS = TENSOR_LANES / 2 };

struct tensor_description {
    unsigned rows, columns; /* m, n */
    uint8_t a, b, d;        /* enum tensor_type */
    bool a_negated, b_negated, a_across, b_across, saturates;
};

/* Reads a descriptor for blocks of a .cta_group of that many. NULL, or what is wrong. */
const char *tensor_describe(uint32_t bits, enum tensor_kind kind, unsigned group,
                            struct tensor_description *it);

#endif
