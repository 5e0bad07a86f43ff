/* The instructions that the executor can run. */
#ifndef LOCKSTEP_EMULATOR_ASYNC_INSTRUCTION_SET_H
#define LOCKSTEP_EMULATOR_ASYNC_INSTRUCTION_SET_H

#include "emulator/decode/instruction_set.h"

/* In the best build that this processor can run. */
struct instruction_set async_instruction_set(void);

#endif
