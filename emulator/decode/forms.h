/* How the operands of an instruction are written, a form a function. Each is in the file of its
 * name. */
#ifndef LOCKSTEP_EMULATOR_DECODE_FORMS_H
#define LOCKSTEP_EMULATOR_DECODE_FORMS_H

#include "emulator/decode/decoder.h"

/* plain.c: `operands` is the string of the row (lanes.h). */
void decode_plain(struct decoder *decoder, const char *operands);
/* move.c: mov in all its forms. */
void decode_move(struct decoder *decoder);
/* flow.c: branches and calls. */
void decode_branch(struct decoder *decoder);
void decode_indexed_branch(struct decoder *decoder);
void decode_call(struct decoder *decoder);
/* texture.c: `[handle, {coordinates}]` of tex and tld4. Destinations are four words; source 0 is
 * the handle, then come the coordinates. */
void decode_texture(struct decoder *decoder);
/* texture.c, suld, sust, sured: likewise, with what is stored or added behind the coordinates. */
void decode_surface(struct decoder *decoder);
/* warpgroup.c, wgmma.mma_async: sources in this order: scale-d, the descriptor of b, that of a or
 * its four registers, with .sp the metadata, d. */
void decode_warpgroup(struct decoder *decoder);

#endif
