/* The special registers by name. */
#ifndef LOCKSTEP_EMULATOR_DECODE_SPECIAL_REGISTERS_H
#define LOCKSTEP_EMULATOR_DECODE_SPECIAL_REGISTERS_H

#include "emulator/decode/decoder.h"

/* False where there is none of that name; notes that the program uses reserved shared memory. */
bool decoder_find_special(struct decoder *decoder, const char *name, unsigned *special);
/* Can it be read in so many bits? */
bool special_register_has_bits(const char *name, unsigned bits);

#endif
