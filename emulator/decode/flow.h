/* Branches and calls. */
#ifndef LOCKSTEP_EMULATOR_DECODE_FLOW_H
#define LOCKSTEP_EMULATOR_DECODE_FLOW_H

#include "emulator/decode/decoder.h"

void decode_branch(struct decoder *decoder);
void decode_indexed_branch(struct decoder *decoder);
void decode_call(struct decoder *decoder);

#endif
