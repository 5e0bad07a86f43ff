/* Copies of a box of bytes between the host and the device, either way. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_COPY_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_COPY_H

#include "emulator/driver/state/state.h"

/* Whether the copy can be done. What is wrong with its places is said. */
CUresult copy_check(const CUDA_MEMCPY3D *copy);
CUresult copy_execute(const CUDA_MEMCPY3D *copy);

#endif
