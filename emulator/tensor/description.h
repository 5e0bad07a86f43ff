/* The instruction descriptor of tcgen05.mma (PTX ISA 9.7.16.4.2): the shape, and what the elements
 * are. */
#ifndef LOCKSTEP_EMULATOR_TENSOR_DESCRIPTION_H
#define LOCKSTEP_EMULATOR_TENSOR_DESCRIPTION_H

#include "emulator/arithmetic/tensor.h"

/* In the order of the instructions' patterns. */
enum tensor_kind {
    KIND_F16,
    KIND_TF32,
    KIND_F8F6F4,
    KIND_I8,
    KIND_MXF8F6F4, /* this and the next: blocks along k are scaled */
    KIND_MXF4,
    KIND_MXF4NVF4
};

enum { TENSOR_HALF_ROWS = TENSOR_LANES / 2 };

/* What the instruction says. */
struct tensor_variant {
    enum tensor_kind kind;
    unsigned group;  /* blocks of its .cta_group */
    unsigned scales; /* scale factors of each row, 0: none */
    bool keeps_b;    /* .ws */
    bool is_sparse;  /* .sp */
};

struct tensor_description {
    unsigned rows, columns; /* m, n */
    uint8_t a, b, d;        /* enum tensor_type */
    bool a_negated, b_negated, a_across, b_across, saturates;
    /* Of scaled blocks: where a word's scale factors begin, and whether they are powers of two
     * (UE8M0), else UE4M3. */
    uint8_t a_scale, b_scale;
    bool has_powers;
    uint8_t most_shift; /* of columns of b, with .ws */
    uint8_t selector;   /* of a sparse a: which column of its metadata is used */
};

/* Reads a descriptor. NULL, or what is wrong. */
const char *tensor_describe(uint32_t bits, const struct tensor_variant *variant,
                            struct tensor_description *it);

#endif
