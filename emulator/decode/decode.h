/* From the syntax tree of a module to a program. */
#ifndef LOCKSTEP_EMULATOR_DECODE_DECODE_H
#define LOCKSTEP_EMULATOR_DECODE_DECODE_H

#include "emulator/decode/program.h"

/* Decodes everything. The caller has given each .global and .const variable its address. */
struct program *decode_program(struct source *source, struct syntax_module *syntax,
                               const struct instruction_set *set);

#endif
