/* The constants of a program. */
#ifndef LOCKSTEP_EMULATOR_DECODE_CONSTANTS_H
#define LOCKSTEP_EMULATOR_DECODE_CONSTANTS_H

#include "emulator/decode/decoder.h"

/* The slot of a constant of 1, 32 or 64 bits, or, with width 0, of an int64_t for all lanes. */
uint32_t constants_slot(struct decoder *decoder, uint64_t bits, uint32_t width);
/* Gives the program its bank of constants. */
void constants_fill(struct decoder *decoder);

#endif
