/* Places what functions own. */
#ifndef LOCKSTEP_EMULATOR_DECODE_LAYOUT_H
#define LOCKSTEP_EMULATOR_DECODE_LAYOUT_H

#include "emulator/decode/decoder.h"

void layout_areas(struct decoder *decoder, struct program_function *function);
void layout_shared(struct decoder *decoder);
void layout_locals(struct decoder *decoder, struct program_function *function);

#endif
