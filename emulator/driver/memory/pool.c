/* Pools. A pool is an account: memory comes from the machine at once and goes back at once. */
#include "emulator/driver/memory/pool.h"

#include <stdlib.h>

struct driver_pool *pool_open(CUdevice device) {
    struct driver_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    *pool = (struct driver_pool){.device = device, .reuse = {1, 1, 1}};
    pool->handle = handle_add(&driver.handles, HANDLE_POOL, pool);
    if (!pool->handle) {
        free(pool);
        return NULL;
    }
    return pool;
}

void pool_close(struct driver_pool *pool) {
    handle_remove(&driver.handles, pool->handle);
    struct driver_seat *seat = &driver.seats[pool->device];
    if (seat->pool == pool)
        seat->pool = seat->default_pool;
    free(pool);
}

void pool_close_all(void) {
    uint32_t at = 0;
    for (struct driver_pool *pool; (pool = handle_next(&driver.handles, HANDLE_POOL, &at));)
        pool_close(pool);
}

CUresult pool_find(CUmemoryPool handle, struct driver_pool **pool) {
    *pool = handle_find(&driver.handles, HANDLE_POOL, handle);
    return *pool ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

void pool_take(struct driver_pool *pool, size_t bytes) {
    pool->used += bytes;
    pool->used_high = pool->used > pool->used_high ? pool->used : pool->used_high;
}

void pool_give_back(struct driver_pool *pool, size_t bytes) {
    pool->used -= bytes;
}
