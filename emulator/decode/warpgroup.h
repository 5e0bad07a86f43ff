/* wgmma.mma_async: its types and its many operands. */
#ifndef LOCKSTEP_EMULATOR_DECODE_WARPGROUP_H
#define LOCKSTEP_EMULATOR_DECODE_WARPGROUP_H

#include "emulator/decode/decoder.h"

/* Sources in this order: scale-d, the descriptor of b, that of a or its four registers, with .sp the
 * metadata, d. */
void decode_warpgroup(struct decoder *decoder);

#endif
