/* Copies. Every form becomes a box of bytes between two pitched places; a place is on the host or
 * on the device. */
#include "emulator/driver/copy.h"

#include <string.h>

struct copy_place {
    bool device;
    uint64_t address; /* of the box's first byte */
    size_t pitch, plane;
};

/* Which memory an address is: with unified addressing the range that it falls into says so. */
static bool copy_is_device(CUmemorytype type, uint64_t address) {
    return type == CU_MEMORYTYPE_DEVICE ||
           (type == CU_MEMORYTYPE_UNIFIED &&
            machine_find_range(driver.machine, address).kind != MACHINE_MEMORY_NONE);
}

static uint64_t copy_address(CUmemorytype type, const void *host, CUdeviceptr device) {
    return type == CU_MEMORYTYPE_HOST ? (uint64_t)(uintptr_t)host : device;
}

/* 0 for the pitch or the height of a place means that rows or planes follow one another without a
 * gap. */
static struct copy_place copy_place(bool device, uint64_t base, size_t x, size_t y, size_t z,
                                    size_t pitch, size_t height, const CUDA_MEMCPY3D *copy) {
    size_t row = pitch ? pitch : copy->WidthInBytes;
    size_t plane = row * (height ? height : copy->Height);
    return (struct copy_place){device, base + x + y * row + z * plane, row, plane};
}

static struct copy_place copy_source(const CUDA_MEMCPY3D *copy) {
    uint64_t base = copy_address(copy->srcMemoryType, copy->srcHost, copy->srcDevice);
    return copy_place(copy_is_device(copy->srcMemoryType, base), base, copy->srcXInBytes,
                      copy->srcY, copy->srcZ, copy->srcPitch, copy->srcHeight, copy);
}

static struct copy_place copy_destination(const CUDA_MEMCPY3D *copy) {
    uint64_t base = copy_address(copy->dstMemoryType, copy->dstHost, copy->dstDevice);
    return copy_place(copy_is_device(copy->dstMemoryType, base), base, copy->dstXInBytes,
                      copy->dstY, copy->dstZ, copy->dstPitch, copy->dstHeight, copy);
}

static bool copy_type_known(CUmemorytype type) {
    return type == CU_MEMORYTYPE_HOST || type == CU_MEMORYTYPE_DEVICE ||
           type == CU_MEMORYTYPE_UNIFIED;
}

static bool copy_empty(const CUDA_MEMCPY3D *copy) {
    return !copy->WidthInBytes || !copy->Height || !copy->Depth;
}

/* Bytes from the first to behind the last of a box. */
static size_t copy_extent(const CUDA_MEMCPY3D *copy, const struct copy_place *place) {
    return (copy->Depth - 1) * place->plane + (copy->Height - 1) * place->pitch +
           copy->WidthInBytes;
}

static CUresult copy_check_place(const CUDA_MEMCPY3D *copy, const struct copy_place *place,
                                 const char *which) {
    if (!place->address || place->pitch < copy->WidthInBytes)
        return CUDA_ERROR_INVALID_VALUE;
    if (!place->device)
        return CUDA_SUCCESS;
    size_t extent = copy_extent(copy, place);
    struct machine_range range = machine_find_range(driver.machine, place->address);
    if (range.kind != MACHINE_MEMORY_NONE &&
        extent <= range.size - (place->address - range.address))
        return CUDA_SUCCESS;
    if (range.kind == MACHINE_MEMORY_NONE)
        driver_say("copy of %zu bytes: the %s, 0x%llx, is not device memory", extent, which,
                   (unsigned long long)place->address);
    else
        driver_say("copy of %zu bytes: the %s, 0x%llx, lies %llu bytes into an allocation of %zu",
                   extent, which, (unsigned long long)place->address,
                   (unsigned long long)(place->address - range.address), range.size);
    return CUDA_ERROR_INVALID_VALUE;
}

CUresult copy_check(const CUDA_MEMCPY3D *copy) {
    if (copy->srcMemoryType == CU_MEMORYTYPE_ARRAY || copy->dstMemoryType == CU_MEMORYTYPE_ARRAY) {
        driver_say("copy: CUDA arrays are not supported");
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (!copy_type_known(copy->srcMemoryType) || !copy_type_known(copy->dstMemoryType))
        return CUDA_ERROR_INVALID_VALUE;
    if (copy_empty(copy))
        return CUDA_SUCCESS;
    const struct copy_place source = copy_source(copy), destination = copy_destination(copy);
    CUresult status = copy_check_place(copy, &destination, "destination");
    return status == CUDA_SUCCESS ? copy_check_place(copy, &source, "source") : status;
}

static enum machine_status copy_bytes(const struct copy_place *to, const struct copy_place *from,
                                      size_t to_offset, size_t from_offset, size_t bytes) {
    uint64_t destination = to->address + to_offset, source = from->address + from_offset;
    /* Read as pointers only where they are host addresses. */
    // NOLINTBEGIN(performance-no-int-to-ptr)
    void *host_to = (void *)(uintptr_t)destination;
    const void *host_from = (const void *)(uintptr_t)source;
    // NOLINTEND(performance-no-int-to-ptr)
    if (to->device && from->device)
        return machine_copy(driver.machine, destination, source, bytes);
    if (to->device)
        return machine_write(driver.machine, destination, host_from, bytes);
    if (from->device)
        return machine_read(driver.machine, host_to, source, bytes);
    memmove(host_to, host_from, bytes);
    return MACHINE_OK;
}

CUresult copy_execute(const CUDA_MEMCPY3D *copy) {
    CUresult status = copy_check(copy);
    if (status != CUDA_SUCCESS || copy_empty(copy))
        return status;
    const struct copy_place from = copy_source(copy), to = copy_destination(copy);
    for (size_t z = 0; z < copy->Depth; z++)
        for (size_t y = 0; y < copy->Height; y++)
            if (copy_bytes(&to, &from, z * to.plane + y * to.pitch, z * from.plane + y * from.pitch,
                           copy->WidthInBytes) != MACHINE_OK)
                return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
}
