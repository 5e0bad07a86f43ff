/* Gives the registers of a function their slots. */
#ifndef LOCKSTEP_EMULATOR_DECODE_ALLOCATE_H
#define LOCKSTEP_EMULATOR_DECODE_ALLOCATE_H

#include "emulator/decode/decoder.h"

/* Gives every use of the current function its slot, and its frame the size. */
void allocate_registers(struct decoder *decoder);

#endif
