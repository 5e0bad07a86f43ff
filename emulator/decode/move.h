/* mov in all its forms. */
#ifndef LOCKSTEP_EMULATOR_DECODE_MOVE_H
#define LOCKSTEP_EMULATOR_DECODE_MOVE_H

#include "emulator/decode/decoder.h"

void decode_move(struct decoder *decoder);

#endif
