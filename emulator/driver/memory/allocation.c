/* What is allocated and by whom: a list sorted by address. Device, pinned and managed memory
 * share one address space. */
#include "emulator/driver/memory/allocation.h"

#include <string.h>

#include "emulator/driver/memory/advice.h"
#include "emulator/driver/memory/pool.h"
#include "emulator/driver/memory/region.h"
#include "emulator/memory/list.h"
#include "emulator/memory/pages.h"

void *allocation_pointer(CUdeviceptr address) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): unified addressing makes them the same
    return (void *)(uintptr_t)address;
}

bool allocation_is_managed(const struct driver_allocation *allocation) {
    return allocation->kind == ALLOCATION_MANAGED || allocation->kind == ALLOCATION_POOL_MANAGED;
}

/* The index of the first allocation above `address`. */
static size_t allocation_above(CUdeviceptr address) {
    size_t low = 0, high = driver.allocation_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (driver.allocations[middle].address > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct driver_allocation *allocation_find(CUdeviceptr address) {
    size_t above = allocation_above(address);
    if (!above)
        return NULL;
    struct driver_allocation *candidate = &driver.allocations[above - 1];
    return address - candidate->address < candidate->size ? candidate : NULL;
}

static CUresult allocation_add(struct driver_context *context, enum allocation_kind kind,
                               CUdeviceptr address, size_t size, unsigned flags,
                               struct driver_pool *pool) {
    struct driver_allocation *allocations =
        list_reserve(driver.allocations, driver.allocation_count + 1, &driver.allocation_capacity,
                     sizeof *allocations);
    if (!allocations)
        return CUDA_ERROR_OUT_OF_MEMORY;
    driver.allocations = allocations;
    size_t at = allocation_above(address);
    memmove(&driver.allocations[at + 1], &driver.allocations[at],
            (driver.allocation_count - at) * sizeof *driver.allocations);
    driver.allocations[at] =
        (struct driver_allocation){.address = address,
                                   .size = size,
                                   .kind = kind,
                                   .flags = flags,
                                   .identifier = ++driver.next_identifier,
                                   .context = context,
                                   .device = pool ? pool->device : context->device,
                                   .pool = pool};
    driver.allocation_count++;
    driver.allocated_bytes += size;
    driver_note_memory();
    return CUDA_SUCCESS;
}

static enum machine_status allocation_disown(CUdeviceptr address, size_t size) {
    const CUdeviceptr first = address / PAGES_GRANULARITY * PAGES_GRANULARITY;
    const size_t used = (size_t)(address - first) + size;
    const enum machine_status status = machine_hide(driver.machine, address);
    pages_release(first, (used + PAGES_GRANULARITY - 1) / PAGES_GRANULARITY * PAGES_GRANULARITY);
    return status;
}

static enum machine_status allocation_give_back(enum allocation_kind kind, CUdeviceptr address,
                                                size_t size) {
    switch (kind) {
    case ALLOCATION_IMPORTED:
    case ALLOCATION_POOL_IMPORTED:
        return allocation_disown(address, size);
    case ALLOCATION_HOST:
    case ALLOCATION_MANAGED:
    case ALLOCATION_POOL_HOST:
    case ALLOCATION_POOL_MANAGED:
        return machine_free_host(driver.machine, allocation_pointer(address));
    case ALLOCATION_REGISTERED:
        return machine_unregister_host(driver.machine, allocation_pointer(address));
    case ALLOCATION_GRAPH:
        region_empty(region_find(address));
        return MACHINE_OK;
    default:
        return machine_free(driver.machine, address);
    }
}

CUresult allocation_free(struct driver_allocation *allocation) {
    enum machine_status status =
        allocation_give_back(allocation->kind, allocation->address, allocation->size);
    size_t at = (size_t)(allocation - driver.allocations);
    if (allocation->pool)
        pool_give_back(allocation->pool, allocation->size);
    advice_free(allocation->advice);
    driver.allocation_count--;
    driver.allocated_bytes -= allocation->size;
    memmove(allocation, allocation + 1, (driver.allocation_count - at) * sizeof *allocation);
    driver_note_memory();
    return driver_status(status);
}

CUresult allocation_free_at(const char *call, CUdeviceptr address, unsigned kinds) {
    struct driver_allocation *allocation = allocation_find(address);
    if (allocation && allocation->address == address && kinds >> allocation->kind & 1) {
        if (allocation->times_opened > 1) {
            allocation->times_opened--;
            return CUDA_SUCCESS;
        }
        return allocation_free(allocation);
    }
    if (!allocation)
        driver_find("%s: no memory begins at 0x%llx: it was freed already, or never allocated",
                    call, address);
    else if (allocation->address != address)
        driver_find(
            "%s: 0x%llx lies %llu bytes into an allocation, and only its start can be freed", call,
            address, address - allocation->address);
    else
        driver_find("%s: what begins at 0x%llx was allocated by a call that another one frees",
                    call, address);
    return CUDA_ERROR_INVALID_VALUE;
}

static void allocation_report_leak(const struct driver_allocation *allocation) {
    static const char *const kinds[] = {[ALLOCATION_DEVICE] = "device memory",
                                        [ALLOCATION_HOST] = "page-locked host memory",
                                        [ALLOCATION_REGISTERED] = "registered host memory",
                                        [ALLOCATION_MANAGED] = "managed memory",
                                        [ALLOCATION_POOL] = "memory from a pool",
                                        [ALLOCATION_POOL_HOST] = "host memory from a pool",
                                        [ALLOCATION_POOL_MANAGED] = "managed memory from a pool",
                                        [ALLOCATION_GRAPH] = "memory of a graph",
                                        [ALLOCATION_IMPORTED] = "another process's memory",
                                        [ALLOCATION_POOL_IMPORTED] =
                                            "memory from another process's pool"};
    if (driver_seeks_leaks())
        driver_find("leak: %zu bytes of %s at 0x%llx were never %s", allocation->size,
                    kinds[allocation->kind], allocation->address,
                    allocation->kind == ALLOCATION_REGISTERED ? "unregistered" : "freed");
}

void allocation_free_all(const struct driver_context *context) {
    for (size_t i = 0; i < driver.allocation_count; i++)
        if (driver.allocations[i].context == context)
            allocation_report_leak(&driver.allocations[i]);
    for (size_t i = driver.allocation_count; i-- > 0;)
        if (driver.allocations[i].context == context)
            (void)allocation_free(&driver.allocations[i]);
}

static bool is_of_device(enum allocation_kind kind) {
    return kind == ALLOCATION_DEVICE || kind == ALLOCATION_POOL || kind == ALLOCATION_GRAPH;
}

size_t allocation_used(CUdevice device) {
    size_t whole, used, elsewhere = 0;
    machine_memory_info(driver.machine, &whole, &used);
    for (size_t i = 0; driver.device_count > 1 && i < driver.allocation_count; i++)
        if (driver.allocations[i].device != device && is_of_device(driver.allocations[i].kind))
            elsewhere += driver.allocations[i].size;
    return used - elsewhere;
}

/* Said once: programs may try sizes until one fits. */
static void tell_room(size_t size, size_t used) {
    static bool said;
    if (!said)
        driver_say(
            "%zu bytes do not fit into the device's %zu, of which %zu are in use; memory= in "
            "LOCKSTEP_EMULATOR gives it another size, as memory=16G",
            size, driver.properties.memory_bytes, used);
    said = true;
}

/* Managed memory is host memory that kernels see: there is nothing to migrate. */
CUresult allocation_create(struct driver_context *context, enum allocation_kind kind, size_t size,
                           unsigned flags, struct driver_pool *pool, CUdeviceptr *address) {
    enum machine_status status;
    uint64_t made = 0;
    void *memory = NULL;
    if (!address || !size)
        return CUDA_ERROR_INVALID_VALUE;
    if (!is_of_device(kind)) {
        status = machine_allocate_host(driver.machine, size, &memory);
        made = (uint64_t)(uintptr_t)memory;
    } else {
        const size_t used = allocation_used(pool ? pool->device : context->device);
        const size_t room = driver.properties.memory_bytes;
        const bool fits = used <= room && size <= room - used;
        status = fits ? machine_allocate(driver.machine, size, &made) : MACHINE_OUT_OF_MEMORY;
        if (!fits)
            tell_room(size, used);
    }
    if (status != MACHINE_OK)
        return driver_status(status);
    CUresult added = allocation_add(context, kind, made, size, flags, pool);
    if (added != CUDA_SUCCESS) {
        (void)allocation_give_back(kind, made, size);
        return added;
    }
    if (pool)
        pool_take(pool, size);
    *address = made;
    return CUDA_SUCCESS;
}

CUresult allocation_adopt(struct driver_context *context, const struct driver_origin *origin,
                          struct driver_pool *pool, CUdeviceptr address, size_t size) {
    CUresult status = driver_status(machine_expose(driver.machine, address, size, false));
    if (status != CUDA_SUCCESS)
        return status;
    status = allocation_add(context, pool ? ALLOCATION_POOL_IMPORTED : ALLOCATION_IMPORTED, address,
                            size, 0, pool);
    if (status != CUDA_SUCCESS) {
        (void)machine_hide(driver.machine, address);
        return status;
    }
    struct driver_allocation *adopted = allocation_find(address);
    adopted->origin = *origin;
    adopted->times_opened = 1;
    if (pool)
        pool_take(pool, size);
    return CUDA_SUCCESS;
}

struct driver_allocation *allocation_adopted(const struct driver_context *context,
                                             const struct driver_origin *origin) {
    for (size_t i = 0; i < driver.allocation_count; i++) {
        struct driver_allocation *adopted = &driver.allocations[i];
        if (adopted->times_opened && adopted->context == context &&
            adopted->origin.process == origin->process &&
            adopted->origin.identifier == origin->identifier)
            return adopted;
    }
    return NULL;
}

CUresult allocation_fill(struct driver_context *context, struct driver_region *region) {
    if (region->is_live) {
        driver_find(
            "graph: its memory at 0x%llx is still allocated; free it before the next launch, or "
            "instantiate with CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH",
            region->address);
        return CUDA_ERROR_INVALID_VALUE;
    }
    CUresult status = region_fill(region);
    if (status != CUDA_SUCCESS)
        return status;
    status = allocation_add(context, ALLOCATION_GRAPH, region->address, region->size, 0, NULL);
    if (status != CUDA_SUCCESS)
        region_empty(region);
    return status;
}

CUresult allocation_register(struct driver_context *context, void *memory, size_t size,
                             unsigned flags) {
    const CUdeviceptr address = (CUdeviceptr)(uintptr_t)memory;
    if (allocation_find(address) || allocation_find(address + size - 1))
        return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    CUresult status = driver_status(machine_register_host(driver.machine, memory, size));
    if (status != CUDA_SUCCESS)
        return status;
    status = allocation_add(context, ALLOCATION_REGISTERED, address, size, flags, NULL);
    if (status != CUDA_SUCCESS)
        (void)machine_unregister_host(driver.machine, memory);
    return status;
}

void allocation_forget_pool(const struct driver_pool *pool) {
    for (size_t i = 0; i < driver.allocation_count; i++)
        if (driver.allocations[i].pool == pool)
            driver.allocations[i].pool = NULL;
}
