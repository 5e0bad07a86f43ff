/* The tables of instructions on matrices, and what all of them ask for. */
#ifndef LOCKSTEP_EMULATOR_MATRIX_MATRIX_H
#define LOCKSTEP_EMULATOR_MATRIX_MATRIX_H

#include "emulator/decode/instruction_set.h"
#include "emulator/warps/state.h"

extern const struct instruction_table matrix_products, matrix_fragments, matrix_warpgroups;

/* False, with a fault, when lanes of the warp do not execute the instruction. */
bool matrix_warp_is_whole(struct warp *warp, const struct instruction *instruction);

#endif
