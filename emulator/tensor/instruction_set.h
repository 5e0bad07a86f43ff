/* The instructions that the executor can run. */
#ifndef LOCKSTEP_EMULATOR_TENSOR_INSTRUCTION_SET_H
#define LOCKSTEP_EMULATOR_TENSOR_INSTRUCTION_SET_H

#include "emulator/decode/instruction_set.h"

/* In the best build that this processor can run. */
struct instruction_set tensor_instruction_set(void);

#endif
