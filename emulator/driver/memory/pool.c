/* Pools. A pool is an account: memory comes from the machine at once and goes back at once. */
#include "emulator/driver/memory/pool.h"

#include <stdlib.h>

static struct driver_pools *pinned_pools(const CUmemLocation *location) {
    switch ((unsigned)location->type) {
    case CU_MEM_LOCATION_TYPE_DEVICE:
        return driver_has_device(location->id) ? &driver.seats[location->id].pools : NULL;
    case CU_MEM_LOCATION_TYPE_HOST:
    case CU_MEM_LOCATION_TYPE_HOST_NUMA: /* the host counts as one node */
        return &driver.host_pools;
    default:
        return NULL;
    }
}

static struct driver_pools *managed_pools(const CUmemLocation *location) {
    switch ((unsigned)location->type) {
    case CU_MEM_LOCATION_TYPE_NONE:
        return &driver.managed_pools;
    case CU_MEM_LOCATION_TYPE_DEVICE:
        return driver_has_device(location->id) ? &driver.seats[location->id].managed_pools : NULL;
    case CU_MEM_LOCATION_TYPE_HOST:
    case CU_MEM_LOCATION_TYPE_HOST_NUMA:
        return &driver.host_managed_pools;
    default:
        return NULL;
    }
}

struct driver_pools *pool_find_place(const struct pool_place *place) {
    if (place->type == CU_MEM_ALLOCATION_TYPE_PINNED)
        return pinned_pools(&place->location);
    return place->type == CU_MEM_ALLOCATION_TYPE_MANAGED ? managed_pools(&place->location) : NULL;
}

struct driver_pool *pool_open(const struct pool_place *place) {
    struct driver_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    const bool is_of_device = place->location.type == CU_MEM_LOCATION_TYPE_DEVICE;
    *pool = (struct driver_pool){.identifier = ++driver.next_identifier,
                                 .place = *place,
                                 .device = is_of_device ? place->location.id : 0,
                                 .reuse = {1, 1, 1}};
    pool->handle = handle_add(&driver.handles, HANDLE_POOL, pool);
    if (!pool->handle) {
        free(pool);
        return NULL;
    }
    return pool;
}

struct driver_pool *pool_own(const struct pool_place *place) {
    struct driver_pools *pools = pool_find_place(place);
    if (!pools->own)
        pools->own = pool_open(place);
    return pools->own;
}

struct driver_pool *pool_current(const struct pool_place *place) {
    struct driver_pools *pools = pool_find_place(place);
    if (!pools->current)
        pools->current = pool_own(place);
    return pools->current;
}

struct driver_pool *pool_of_device(CUdevice device) {
    const struct pool_place place = {CU_MEM_ALLOCATION_TYPE_PINNED,
                                     {CU_MEM_LOCATION_TYPE_DEVICE, device}};
    return pool_current(&place);
}

void pool_close(struct driver_pool *pool) {
    struct driver_pools *pools = pool_find_place(&pool->place);
    handle_remove(&driver.handles, pool->handle);
    if (pools->current == pool)
        pools->current = pools->own;
    if (pools->own == pool)
        *pools = (struct driver_pools){NULL, NULL};
    free(pool);
}

void pool_close_all(void) {
    uint32_t at = 0;
    for (struct driver_pool *pool; (pool = handle_next(&driver.handles, HANDLE_POOL, &at));)
        pool_close(pool);
}

CUresult pool_find(CUmemoryPool handle, struct driver_pool **pool) {
    *pool = handle_find(&driver.handles, HANDLE_POOL, handle);
    if (!*pool)
        driver_lack("memory pool", handle);
    return *pool ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

void pool_take(struct driver_pool *pool, size_t bytes) {
    pool->used += bytes;
    pool->used_high = pool->used > pool->used_high ? pool->used : pool->used_high;
}

void pool_give_back(struct driver_pool *pool, size_t bytes) {
    pool->used -= bytes;
}
