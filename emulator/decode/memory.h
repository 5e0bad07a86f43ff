/* Instructions that access memory. */
#ifndef LOCKSTEP_EMULATOR_DECODE_MEMORY_H
#define LOCKSTEP_EMULATOR_DECODE_MEMORY_H

#include "emulator/decode/decoder.h"

/* [reg+imm], [symbol+imm], [imm]: a source, and an offset in the instruction, for the first
 * address, or in the detail. */
void decoder_add_address(struct decoder *decoder, const struct syntax_operand *operand);
void decode_memory(struct decoder *decoder, const struct instruction_row *row);
/* wmma.load, and with a variant other than 0 wmma.store. */
void decode_fragment(struct decoder *decoder, const struct instruction_row *row);

#endif
