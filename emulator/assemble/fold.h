/*
 * How many machine instructions an assembler would make of each instruction: none where the
 * hardware does it within another one, several where it has no such instruction. An estimate:
 * docs/emulator.md has its error against counters of real GPUs.
 */
#ifndef LOCKSTEP_EMULATOR_ASSEMBLE_FOLD_H
#define LOCKSTEP_EMULATOR_ASSEMBLE_FOLD_H

#include "emulator/assemble/body.h"

/* Fills machine_instructions of each detail; join_accesses comes first. */
void fold_instructions(const struct body *body);

#endif
