/* What is allocated and by whom. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_ALLOCATION_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_ALLOCATION_H

#include "emulator/driver/memory/pool.h"
#include "emulator/driver/state/state.h"

enum allocation_kind {
    ALLOCATION_DEVICE,
    ALLOCATION_HOST,
    ALLOCATION_REGISTERED,
    ALLOCATION_MANAGED,
    ALLOCATION_POOL,
    ALLOCATION_POOL_HOST,     /* as ALLOCATION_HOST, from a pool */
    ALLOCATION_POOL_MANAGED,  /* as ALLOCATION_MANAGED, from a pool */
    ALLOCATION_GRAPH,         /* at the address of a region */
    ALLOCATION_IMPORTED,      /* another process's, on pages that are reserved for it alone */
    ALLOCATION_POOL_IMPORTED, /* likewise, by a pool of that process */
};

struct driver_allocation {
    CUdeviceptr address;
    size_t size;
    enum allocation_kind kind;
    unsigned flags;
    uint64_t identifier;
    struct driver_context *context;
    CUdevice device;
    struct driver_pool *pool; /* of ALLOCATION_POOL…; NULL when it has been destroyed */
    struct driver_origin origin;
    unsigned times_opened;        /* of an imported one: it goes with the last closing */
    struct driver_advice *advice; /* of managed memory; NULL: none was given; owned */
};

bool allocation_is_managed(const struct driver_allocation *allocation);
/* An address that the host may use as a pointer. */
void *allocation_pointer(CUdeviceptr address);
/* The allocation that holds the address, or NULL. */
struct driver_allocation *allocation_find(CUdeviceptr address);
/* `pool` is for ALLOCATION_POOL… and else NULL. */
CUresult allocation_create(struct driver_context *context, enum allocation_kind kind, size_t size,
                           unsigned flags, struct driver_pool *pool, CUdeviceptr *address);
/* Puts memory where a node of a graph has its address. */
CUresult allocation_fill(struct driver_context *context, struct driver_region *region);
/* Makes the program's own memory known to the machine. */
CUresult allocation_register(struct driver_context *context, void *memory, size_t size,
                             unsigned flags);
/* Makes another process's memory known, which lies on pages of pages_reserve() alone. `pool` may be
 * NULL. */
CUresult allocation_adopt(struct driver_context *context, const struct driver_origin *origin,
                          struct driver_pool *pool, CUdeviceptr address, size_t size);
/* What the context has adopted of this origin, or NULL. */
struct driver_allocation *allocation_adopted(const struct driver_context *context,
                                             const struct driver_origin *origin);
/* Gives the memory back to the machine and forgets it. */
CUresult allocation_free(struct driver_allocation *allocation);
/* The same for what begins at the address and is of one of `kinds`, a bit each: 1 << its number.
 * There being none is a fault of the program, which called `call`. */
CUresult allocation_free_at(const char *call, CUdeviceptr address, unsigned kinds);
/* Bytes of a device's memory that are taken; what belongs to no allocation counts for each. */
size_t allocation_used(CUdevice device);
/* Frees what the context owns. */
void allocation_free_all(const struct driver_context *context);
/* The pool is destroyed: what it gave out stays until it is freed, as the API promises. */
void allocation_forget_pool(const struct driver_pool *pool);

#endif
