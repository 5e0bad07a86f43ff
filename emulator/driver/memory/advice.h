/* What a program advises of ranges of managed memory, and where it has prefetched them to. Kept for
 * who asks: pages do not move here. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_ADVICE_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_ADVICE_H

#include "emulator/driver/state/state.h"

struct driver_advice;

/* Of an allocation, whose advice is at *list, NULL where nothing was advised yet. All pages that
 * the range touches take it. */
CUresult advice_set(struct driver_advice **list, CUdeviceptr address, size_t count,
                    CUmem_advise advice, CUmemLocation location);
CUresult advice_note_prefetch(struct driver_advice **list, CUdeviceptr address, size_t count,
                              CUmemLocation location);
/* Writes `size` bytes, as cuMemRangeGetAttribute has them. CUDA_ERROR_INVALID_VALUE: there is no
 * such attribute, or it is of another size. */
CUresult advice_read(const struct driver_advice *list, CUdeviceptr address, size_t count,
                     CUmem_range_attribute attribute, void *data, size_t size);
/* Of the pages that the range touches. */
void advice_forget(struct driver_advice **list, CUdeviceptr address, size_t count);
void advice_free(struct driver_advice *list);

#endif
