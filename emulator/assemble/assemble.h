/*
 * What the assembler would make of a program, as far as counts tell: nothing here changes what a
 * kernel computes. docs/emulator.md, "As the hardware counts", says what is found and what is not.
 */
#ifndef LOCKSTEP_EMULATOR_ASSEMBLE_ASSEMBLE_H
#define LOCKSTEP_EMULATOR_ASSEMBLE_ASSEMBLE_H

#include "emulator/decode/program.h"

/* Without it each access of the PTX is a request. */
void assemble_program(struct source *source, const struct program *program);

#endif
