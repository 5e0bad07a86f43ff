/* Pools: who took how much memory in stream order. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_POOL_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_POOL_H

#include "emulator/driver/state/state.h"

/* What a pool gives out, and where. */
struct pool_place {
    CUmemAllocationType type;
    CUmemLocation location;
};

/* Whose an imported allocation or pool is, and its number there. */
struct driver_origin {
    int32_t process;
    uint64_t identifier;
};

struct driver_pool {
    CUmemoryPool handle;
    uint64_t identifier;
    bool is_shareable; /* as a file descriptor */
    struct driver_origin
        origin; /* another process's, that nothing is taken from; zeros: it is none */
    struct pool_place place;
    CUdevice device; /* whose memory it counts as; the first one's where it is the host's */
    uint64_t release_threshold;
    int reuse[3];
    size_t used, used_high;
};

/* Pinned memory of a device or of the host, managed memory of either or of no place; NULL: no such
 * place. */
struct driver_pools *pool_find_place(const struct pool_place *place);
/* NULL: no memory. */
struct driver_pool *pool_open(const struct pool_place *place);
/* The place's own pool, and the one in use there; the first is made when it is asked for. NULL: no
 * memory. */
struct driver_pool *pool_own(const struct pool_place *place);
struct driver_pool *pool_current(const struct pool_place *place);
/* The pool that cuMemAllocAsync takes from. */
struct driver_pool *pool_of_device(CUdevice device);
/* No allocation may name the pool any more. If it was its place's, the place's own is. */
void pool_close(struct driver_pool *pool);
void pool_close_all(void);
CUresult pool_find(CUmemoryPool handle, struct driver_pool **pool);
void pool_take(struct driver_pool *pool, size_t bytes);
void pool_give_back(struct driver_pool *pool, size_t bytes);

#endif
