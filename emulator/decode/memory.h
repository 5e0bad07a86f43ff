/* Instructions that access memory. */
#ifndef LOCKSTEP_EMULATOR_DECODE_MEMORY_H
#define LOCKSTEP_EMULATOR_DECODE_MEMORY_H

#include "emulator/decode/decoder.h"

void decode_memory(struct decoder *decoder, const struct instruction_row *row);
/* wmma.load and wmma.store. */
void decode_fragment(struct decoder *decoder);

#endif
