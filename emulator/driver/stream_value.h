/* Values in memory that streams wait for and write: the steps of cuStreamBatchMemOp. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_STREAM_VALUE_H
#define LOCKSTEP_EMULATOR_DRIVER_STREAM_VALUE_H

#include "emulator/driver/state/state.h"

/* In one batch, at most. */
enum { STREAM_VALUES = 256 };

/* CUDA_ERROR_INVALID_VALUE where they are too many, or one is none. */
CUresult stream_values_check(const CUstreamBatchMemOpParams *steps, unsigned count, unsigned flags);
/* In their order. A wait lets other threads in, and the steps may change meanwhile. */
CUresult stream_values_execute(const CUstreamBatchMemOpParams *steps, unsigned count);

#endif
