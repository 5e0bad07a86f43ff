/* Plain rows. */
#ifndef LOCKSTEP_EMULATOR_DECODE_PLAIN_H
#define LOCKSTEP_EMULATOR_DECODE_PLAIN_H

#include "emulator/decode/decoder.h"

/* `operands` is the string of the row (lanes.h). */
void decode_plain(struct decoder *decoder, const char *operands);

#endif
