/* Pools: who took how much memory in stream order. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_POOL_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_POOL_H

#include "emulator/driver/state/state.h"

struct driver_pool {
    CUmemoryPool handle;
    CUdevice device;
    uint64_t release_threshold;
    int reuse[3];
    size_t used, used_high;
};

/* NULL: no memory. */
struct driver_pool *pool_open(CUdevice device);
/* No allocation may name the pool any more. If it was the device's, the default one is. */
void pool_close(struct driver_pool *pool);
void pool_close_all(void);
CUresult pool_find(CUmemoryPool handle, struct driver_pool **pool);
void pool_take(struct driver_pool *pool, size_t bytes);
void pool_give_back(struct driver_pool *pool, size_t bytes);

#endif
