/*
 * What the assembler would make of a program, as far as counts tell: nothing here changes what a
 * kernel computes. docs/emulator.md says what is found, under "Joined accesses" and "Machine
 * instructions".
 */
#ifndef LOCKSTEP_EMULATOR_ASSEMBLE_ASSEMBLE_H
#define LOCKSTEP_EMULATOR_ASSEMBLE_ASSEMBLE_H

#include "emulator/decode/program.h"

/* As PTX: each access of it is a request, and each instruction of it one of the machine. */
void assemble_program(struct source *source, struct program *program, bool as_ptx);

#endif
