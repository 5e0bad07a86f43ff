/* The control flow of a decoded function. */
#ifndef LOCKSTEP_EMULATOR_DECODE_GRAPH_H
#define LOCKSTEP_EMULATOR_DECODE_GRAPH_H

#include "emulator/decode/program.h"

/* May what stands behind the instruction come next? */
bool graph_falls_through(const struct instruction *instruction);
/* The places that a branch may go to, relative to the function. A call has none. */
size_t graph_target_count(const struct instruction *instruction);
uint32_t graph_target(const struct program_function *function,
                      const struct instruction *instruction, size_t k);
/* Which instructions begin a basic block: one entry each and one behind the last. */
bool *graph_leaders(struct source *source, const struct program_function *function,
                    const struct instruction *code);

#endif
