/* Ranges of managed memory. Host and device share its pages, so nothing moves. */
#include "emulator/driver/memory/managed.h"

#include "emulator/driver/memory/advice.h"
#include "emulator/driver/memory/allocation.h"

CUmemLocation managed_location(CUdevice device) {
    return (CUmemLocation){
        device == CU_DEVICE_CPU ? CU_MEM_LOCATION_TYPE_HOST : CU_MEM_LOCATION_TYPE_DEVICE, device};
}

/* Of an allocation or of a module's variable; with it what was advised. */
static CUresult find(CUdeviceptr address, size_t count, struct driver_advice ***advice) {
    struct driver_allocation *allocation = allocation_find(address);
    const struct machine_range variable = machine_find_range(driver.machine, address);
    size_t rest = 0;
    *advice = &driver.variable_advice;
    if (allocation && allocation_is_managed(allocation)) {
        rest = allocation->size - (address - allocation->address);
        *advice = &allocation->advice;
    } else if (variable.is_managed) {
        rest = variable.size - (address - variable.address);
    }
    return count && count <= rest ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* As it is kept. The host counts as one node. */
static CUresult find_location(CUmemLocation *location) {
    switch ((int)location->type) {
    case CU_MEM_LOCATION_TYPE_DEVICE:
        return driver_has_device(location->id) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
    case CU_MEM_LOCATION_TYPE_HOST:
        location->id = 0;
        return CUDA_SUCCESS;
    case CU_MEM_LOCATION_TYPE_HOST_NUMA:
        return location->id >= 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
    case CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT:
        *location = (CUmemLocation){CU_MEM_LOCATION_TYPE_HOST_NUMA, 0};
        return CUDA_SUCCESS;
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

/* Other advice has no place. */
static CUresult find_advised(CUmem_advise advice, CUmemLocation *location) {
    switch (advice) {
    case CU_MEM_ADVISE_SET_READ_MOSTLY:
    case CU_MEM_ADVISE_UNSET_READ_MOSTLY:
    case CU_MEM_ADVISE_UNSET_PREFERRED_LOCATION:
        return CUDA_SUCCESS;
    case CU_MEM_ADVISE_SET_PREFERRED_LOCATION:
        return find_location(location);
    case CU_MEM_ADVISE_SET_ACCESSED_BY:
    case CU_MEM_ADVISE_UNSET_ACCESSED_BY:
        return location->type == CU_MEM_LOCATION_TYPE_DEVICE ||
                       location->type == CU_MEM_LOCATION_TYPE_HOST
                   ? find_location(location)
                   : CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_ERROR_INVALID_VALUE;
}

CUresult managed_advise(CUdeviceptr address, size_t count, CUmem_advise advice,
                        CUmemLocation location) {
    struct driver_advice **list;
    CUresult status = find_advised(advice, &location);
    if (status == CUDA_SUCCESS)
        status = find(address, count, &list);
    return status == CUDA_SUCCESS ? advice_set(list, address, count, advice, location) : status;
}

CUresult managed_prefetch(CUdeviceptr address, size_t count, CUmemLocation location) {
    struct driver_advice **list;
    CUresult status = find_location(&location);
    if (status == CUDA_SUCCESS)
        status = find(address, count, &list);
    return status == CUDA_SUCCESS ? advice_note_prefetch(list, address, count, location) : status;
}

CUresult managed_check(CUdeviceptr address, size_t count) {
    struct driver_advice **list;
    return find(address, count, &list);
}

CUresult managed_read(CUdeviceptr address, size_t count, CUmem_range_attribute attribute,
                      void *data, size_t size) {
    struct driver_advice **list;
    const CUresult status = find(address, count, &list);
    return status == CUDA_SUCCESS && data
               ? advice_read(*list, address, count, attribute, data, size)
               : CUDA_ERROR_INVALID_VALUE;
}

void managed_forget(CUdeviceptr address, size_t count) {
    advice_forget(&driver.variable_advice, address, count);
}

void managed_close_all(void) {
    advice_free(driver.variable_advice);
    driver.variable_advice = NULL;
}
