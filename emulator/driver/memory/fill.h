/* Fills of a pitched plane of device memory with one value. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_FILL_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_FILL_H

#include "emulator/driver/state/state.h"

/* Whether the fill can be done. What is wrong with its place is said. */
CUresult fill_check(const CUDA_MEMSET_NODE_PARAMS *fill);
CUresult fill_execute(const CUDA_MEMSET_NODE_PARAMS *fill);

#endif
