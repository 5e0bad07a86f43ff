/* Textures and surfaces: `[handle, {coordinates}]`. */
#ifndef LOCKSTEP_EMULATOR_DECODE_TEXTURE_H
#define LOCKSTEP_EMULATOR_DECODE_TEXTURE_H

#include "emulator/decode/decoder.h"

/* tex, tld4. Destinations are four words; source 0 is the handle, then come the coordinates. */
void decode_texture(struct decoder *decoder);
/* suld, sust: likewise, with what is stored behind the coordinates. */
void decode_surface(struct decoder *decoder);

#endif
