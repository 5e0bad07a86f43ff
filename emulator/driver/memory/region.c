/* Memory of graphs. */
#include "emulator/driver/memory/region.h"

#include <stdlib.h>

#include "emulator/memory/pages.h"

CUresult region_open(size_t size, struct driver_region **region) {
    const size_t span = (size + PAGES_GRANULARITY - 1) / PAGES_GRANULARITY * PAGES_GRANULARITY;
    uint64_t address = 0;
    if (!size || span < size)
        return CUDA_ERROR_INVALID_VALUE;
    struct driver_region *made = calloc(1, sizeof *made);
    if (!made || !pages_reserve(span, 0, &address)) {
        free(made);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *made = (struct driver_region){
        .next = driver.regions, .address = address, .size = size, .span = span, .references = 1};
    driver.regions = made;
    *region = made;
    return CUDA_SUCCESS;
}

void region_hold(struct driver_region *region) {
    region->references++;
}

void region_release(struct driver_region *region) {
    struct driver_region **link = &driver.regions;
    if (--region->references)
        return;
    while (*link != region)
        link = &(*link)->next;
    *link = region->next;
    pages_release(region->address, region->span);
    free(region);
}

struct driver_region *region_find(CUdeviceptr address) {
    struct driver_region *region = driver.regions;
    while (region && address - region->address >= region->size)
        region = region->next;
    return region;
}

struct machine_range region_find_range(CUdeviceptr address) {
    const struct machine_range range = machine_find_range(driver.machine, address);
    const struct driver_region *region =
        range.kind == MACHINE_MEMORY_NONE ? region_find(address) : NULL;
    return region ? (struct machine_range){.address = region->address,
                                           .size = region->size,
                                           .kind = MACHINE_MEMORY_EXPOSED}
                  : range;
}

CUresult region_fill(struct driver_region *region) {
    CUresult status = driver_status(machine_charge(driver.machine, region->size));
    if (status != CUDA_SUCCESS)
        return status;
    status =
        pages_map(region->address, region->span, -1, 0)
            ? driver_status(machine_expose(driver.machine, region->address, region->size, false))
            : CUDA_ERROR_OUT_OF_MEMORY;
    if (status != CUDA_SUCCESS) {
        pages_unmap(region->address, region->span);
        machine_refund(driver.machine, region->size);
        return status;
    }
    region->is_live = true;
    region_hold(region);
    driver.graph_bytes += region->size;
    if (driver.graph_bytes > driver.graph_bytes_high)
        driver.graph_bytes_high = driver.graph_bytes;
    return CUDA_SUCCESS;
}

void region_empty(struct driver_region *region) {
    (void)machine_hide(driver.machine, region->address);
    pages_unmap(region->address, region->span);
    machine_refund(driver.machine, region->size);
    region->is_live = false;
    driver.graph_bytes -= region->size;
    region_release(region);
}
