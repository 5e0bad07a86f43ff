/*
 * What is asked of ranges of managed memory, a program's variables among it.
 * CUDA_ERROR_INVALID_VALUE where a range is none, CUDA_ERROR_INVALID_DEVICE where a place is no
 * device.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_MANAGED_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_MANAGED_H

#include "emulator/driver/state/state.h"

/* A place of the first forms of calls, which had a number for it: a device, or CU_DEVICE_CPU. */
CUmemLocation managed_location(CUdevice device);
CUresult managed_advise(CUdeviceptr address, size_t count, CUmem_advise advice,
                        CUmemLocation location);
CUresult managed_prefetch(CUdeviceptr address, size_t count, CUmemLocation location);
/* Whether the range is one of managed memory. */
CUresult managed_check(CUdeviceptr address, size_t count);
CUresult managed_read(CUdeviceptr address, size_t count, CUmem_range_attribute attribute,
                      void *data, size_t size);
/* A module's variable goes, and what was advised of it. */
void managed_forget(CUdeviceptr address, size_t count);
void managed_close_all(void);

#endif
