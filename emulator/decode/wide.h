/* Registers of 128 bits, which are two of 64. */
#ifndef LOCKSTEP_EMULATOR_DECODE_WIDE_H
#define LOCKSTEP_EMULATOR_DECODE_WIDE_H

#include "emulator/decode/decoder.h"

/* Adds the lower and the upper half of such a register as two destinations, or two sources. */
void wide_add(struct decoder *decoder, const struct syntax_operand *operand, bool is_to);
/* mov.b128: one side may be a vector of two registers of 64 bits. */
void wide_move(struct decoder *decoder, const struct syntax_operand *to,
               const struct syntax_operand *from);

#endif
