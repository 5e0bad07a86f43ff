/* One instruction. */
#ifndef LOCKSTEP_EMULATOR_DECODE_INSTRUCTION_H
#define LOCKSTEP_EMULATOR_DECODE_INSTRUCTION_H

#include "emulator/decode/decoder.h"

/* Decodes it to decoder->instruction. */
void decode_instruction(struct decoder *decoder, const struct syntax_instruction *source);

#endif
