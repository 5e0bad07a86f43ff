/* The shape of the part of a matrix that one lane has in its registers. */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_MATRIX_FRAGMENT_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_MATRIX_FRAGMENT_H

#include <stdint.h>

/* One fragment of wmma.load and wmma.store. */
struct matrix_fragment {
    uint16_t rows, columns;
    uint8_t registers;      /* a lane */
    uint8_t register_bytes; /* a lane of a register: 4 or 8 */
    uint8_t element_bits;   /* also in memory: 1, 4, 8, 16, 32 or 64 */
    uint8_t elements;       /* in a lane of a register; the first is in the low bits */
    char operand;           /* 'a', 'b', 'c' (also for d) */
};

#endif
