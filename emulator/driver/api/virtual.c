/* cuMemAddress*, cuMemCreate, cuMemMap and their kin. */
#include <unistd.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/memory/virtual.h"
#include "emulator/memory/pages.h"

static bool is_whole(unsigned long long size) {
    return size && size % PAGES_GRANULARITY == 0;
}

/* Memory of the device, or of the host where the program wants to share it. */
static bool is_usual(const CUmemAllocationProp *properties) {
    return properties->type == CU_MEM_ALLOCATION_TYPE_PINNED &&
           properties->location.type == CU_MEM_LOCATION_TYPE_DEVICE &&
           driver_has_device(properties->location.id) && !properties->win32HandleMetaData;
}

static CUresult find_physical(const char *call, CUmemGenericAllocationHandle handle,
                              struct driver_physical **physical) {
    const CUresult status = physical_find(handle, physical);
    if (status != CUDA_SUCCESS)
        driver_find("%s: 0x%llx is no handle of memory", call, (unsigned long long)handle);
    return status;
}

static CUresult physical_begin(const char *call, CUmemGenericAllocationHandle handle,
                               struct driver_physical **physical) {
    const CUresult status = driver_begin();
    return status == CUDA_SUCCESS ? find_physical(call, handle, physical) : status;
}

static CUresult refuse_size(const char *call, size_t size) {
    driver_find("%s: %zu bytes: sizes, addresses and offsets are multiples of the %d that "
                "cuMemGetAllocationGranularity gives, and not 0",
                call, size, (int)PAGES_GRANULARITY);
    return CUDA_ERROR_INVALID_VALUE;
}

static CUresult reservation_begin(const char *call, CUdeviceptr address, size_t size,
                                  struct driver_reservation **reservation) {
    const CUresult status = driver_begin();
    if (status != CUDA_SUCCESS)
        return status;
    if (!is_whole(size) || address % PAGES_GRANULARITY != 0)
        return refuse_size(call, size);
    *reservation = reservation_find(address, size);
    if (*reservation)
        return CUDA_SUCCESS;
    driver_find("%s: %zu bytes at 0x%llx do not lie in what one cuMemAddressReserve has given",
                call, size, address);
    return CUDA_ERROR_INVALID_VALUE;
}

/* ---- Addresses ---- */

/* The address that the program would like is a hint. */
CUresult cuMemAddressReserve(CUdeviceptr *address, size_t size, size_t alignment,
                             CUdeviceptr wanted, unsigned long long flags) {
    CUresult status = driver_begin();
    (void)wanted;
    if (status == CUDA_SUCCESS && (!address || flags || (alignment & (alignment - 1))))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && !is_whole(size))
        status = refuse_size("cuMemAddressReserve", size);
    if (status == CUDA_SUCCESS)
        status = reservation_open(size, alignment, address);
    return driver_end(status);
}

CUresult cuMemAddressFree(CUdeviceptr address, size_t size) {
    struct driver_reservation *reservation = NULL;
    CUresult status = reservation_begin("cuMemAddressFree", address, size, &reservation);
    if (status == CUDA_SUCCESS && (reservation->address != address || reservation->size != size ||
                                   reservation->mapping_count)) {
        driver_find("cuMemAddressFree: 0x%llx: %s", address,
                    reservation->mapping_count ? "memory is still mapped there"
                                               : "a reservation is freed as a whole");
        status = CUDA_ERROR_INVALID_VALUE;
    }
    if (status == CUDA_SUCCESS)
        reservation_close(reservation);
    return driver_end(status);
}

/* ---- Memory ---- */

CUresult cuMemGetAllocationGranularity(size_t *granularity, const CUmemAllocationProp *properties,
                                       CUmemAllocationGranularity_flags option) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && (!granularity || !properties || !is_usual(properties) ||
                                   (unsigned)option > CU_MEM_ALLOC_GRANULARITY_RECOMMENDED))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *granularity = PAGES_GRANULARITY;
    return driver_end(status);
}

CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t size,
                     const CUmemAllocationProp *properties, unsigned long long flags) {
    struct driver_physical *physical = NULL;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && (!handle || !properties || !is_usual(properties) || flags))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && !is_whole(size))
        status = refuse_size("cuMemCreate", size);
    if (status == CUDA_SUCCESS && properties->requestedHandleTypes != CU_MEM_HANDLE_TYPE_NONE &&
        properties->requestedHandleTypes != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)
        status = CUDA_ERROR_NOT_SUPPORTED;
    if (status == CUDA_SUCCESS)
        status = physical_open(properties, size, &physical);
    if (status == CUDA_SUCCESS)
        *handle = (CUmemGenericAllocationHandle)(uintptr_t)physical->handle;
    return driver_end(status);
}

CUresult cuMemRelease(CUmemGenericAllocationHandle handle) {
    struct driver_physical *physical = NULL;
    CUresult status = physical_begin("cuMemRelease", handle, &physical);
    if (status == CUDA_SUCCESS && !physical->references) {
        driver_find("cuMemRelease: 0x%llx was released as often as it was made and retained",
                    (unsigned long long)handle);
        status = CUDA_ERROR_INVALID_VALUE;
    }
    if (status == CUDA_SUCCESS)
        physical_release(physical);
    return driver_end(status);
}

CUresult cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp *properties,
                                                CUmemGenericAllocationHandle handle) {
    struct driver_physical *physical = NULL;
    CUresult status = physical_begin("cuMemGetAllocationPropertiesFromHandle", handle, &physical);
    if (status == CUDA_SUCCESS && (!properties || physical->team))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *properties = physical->properties;
    return driver_end(status);
}

CUresult cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *handle, void *address) {
    const CUdeviceptr at = (CUdeviceptr)(uintptr_t)address;
    CUresult status = driver_begin();
    struct driver_reservation *reservation =
        status == CUDA_SUCCESS ? reservation_find(at, 1) : NULL;
    const struct driver_mapping *mapping = reservation ? mapping_find(reservation, at) : NULL;
    if (status == CUDA_SUCCESS && (!handle || !mapping))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        mapping->physical->references++;
        *handle = (CUmemGenericAllocationHandle)(uintptr_t)mapping->physical->handle;
    }
    return driver_end(status);
}

/* ---- Memory of other processes ---- */

CUresult cuMemExportToShareableHandle(void *shared, CUmemGenericAllocationHandle handle,
                                      CUmemAllocationHandleType type, unsigned long long flags) {
    struct driver_physical *physical = NULL;
    CUresult status = physical_begin("cuMemExportToShareableHandle", handle, &physical);
    if (status == CUDA_SUCCESS &&
        (!shared || flags || type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR || physical->team ||
         physical->properties.requestedHandleTypes != type))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        const int file = dup(physical->file);
        if (file >= 0)
            *(int *)shared = file;
        else
            status = CUDA_ERROR_OUT_OF_MEMORY;
    }
    return driver_end(status);
}

/* The file descriptor stays the program's. */
CUresult cuMemImportFromShareableHandle(CUmemGenericAllocationHandle *handle, void *shared,
                                        CUmemAllocationHandleType type) {
    struct driver_physical *physical = NULL;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && (!handle || type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR))
        status = CUDA_ERROR_INVALID_VALUE;
    const int file = status == CUDA_SUCCESS ? dup((int)(intptr_t)shared) : -1;
    if (status == CUDA_SUCCESS)
        status = file >= 0 ? physical_adopt(file, &physical) : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *handle = (CUmemGenericAllocationHandle)(uintptr_t)physical->handle;
    else if (file >= 0)
        (void)close(file);
    return driver_end(status);
}

/* ---- Both together ---- */

CUresult cuMemMap(CUdeviceptr address, size_t size, size_t offset,
                  CUmemGenericAllocationHandle handle, unsigned long long flags) {
    struct driver_reservation *reservation = NULL;
    struct driver_physical *physical = NULL;
    CUresult status = reservation_begin("cuMemMap", address, size, &reservation);
    if (status == CUDA_SUCCESS && flags)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && offset % PAGES_GRANULARITY)
        status = refuse_size("cuMemMap", offset);
    if (status == CUDA_SUCCESS)
        status = find_physical("cuMemMap", handle, &physical);
    if (status == CUDA_SUCCESS && physical->team && !team_is_complete(physical->team)) {
        driver_find("cuMemMap: devices are still to be added to the multicast object, which a GPU "
                    "waits for");
        status = CUDA_ERROR_INVALID_VALUE;
    }
    if (status == CUDA_SUCCESS)
        status = mapping_add(reservation, address, size, offset, physical);
    return driver_end(status);
}

CUresult cuMemUnmap(CUdeviceptr address, size_t size) {
    struct driver_reservation *reservation = NULL;
    CUresult status = reservation_begin("cuMemUnmap", address, size, &reservation);
    if (status == CUDA_SUCCESS)
        status = mapping_remove(reservation, address, size);
    return driver_end(status);
}

static bool is_access(const CUmemAccessDesc *access) {
    const CUmemAccess_flags flags = access->flags;
    return driver_has_device(access->location.id) &&
           access->location.type == CU_MEM_LOCATION_TYPE_DEVICE &&
           (flags == CU_MEM_ACCESS_FLAGS_PROT_NONE || flags == CU_MEM_ACCESS_FLAGS_PROT_READ ||
            flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
}

/* Devices see the same memory, so what one of them may do all may. */
CUresult cuMemSetAccess(CUdeviceptr address, size_t size, const CUmemAccessDesc *access,
                        size_t count) {
    struct driver_reservation *reservation = NULL;
    CUresult status = reservation_begin("cuMemSetAccess", address, size, &reservation);
    if (status == CUDA_SUCCESS && (!access || !count))
        status = CUDA_ERROR_INVALID_VALUE;
    for (size_t k = 0; k < count && status == CUDA_SUCCESS; k++) {
        status = is_access(&access[k]) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
        if (status == CUDA_SUCCESS)
            status = mapping_allow(reservation, address, size, access[k].flags);
    }
    return driver_end(status);
}

CUresult cuMemGetAccess(unsigned long long *flags, const CUmemLocation *location,
                        CUdeviceptr address) {
    CUresult status = driver_begin();
    struct driver_reservation *reservation =
        status == CUDA_SUCCESS ? reservation_find(address, 1) : NULL;
    const struct driver_mapping *mapping = reservation ? mapping_find(reservation, address) : NULL;
    if (status == CUDA_SUCCESS &&
        (!flags || !location || !mapping || location->type != CU_MEM_LOCATION_TYPE_DEVICE ||
         !driver_has_device(location->id)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *flags = mapping->access;
    return driver_end(status);
}
