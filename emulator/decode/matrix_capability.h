/* Which compute capability a product of matrices wants. */
#ifndef LOCKSTEP_EMULATOR_DECODE_MATRIX_CAPABILITY_H
#define LOCKSTEP_EMULATOR_DECODE_MATRIX_CAPABILITY_H

#include "emulator/ptx/syntax.h"

/* The least that has mma, wmma.mma or wgmma with its shape and types, times ten (PTX ISA 9.7.14, "target
 * ISA notes"). */
unsigned matrix_capability(const struct syntax_instruction *instruction);

#endif
