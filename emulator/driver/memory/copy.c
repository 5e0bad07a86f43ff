/* Copies. Every form becomes a box of bytes between two pitched places; a place is on the host or
 * on the device. */
#include "emulator/driver/memory/copy.h"

#include <string.h>

#include "emulator/driver/memory/array.h"
#include "emulator/driver/memory/region.h"
#include "emulator/driver/memory/virtual.h"

struct copy_place {
    bool device;
    uint64_t address; /* of the box's first byte */
    size_t pitch, plane;
};

/* One side of a copy, as the program describes it. */
struct copy_side {
    const char *name;
    CUmemorytype type;
    const void *host;
    CUdeviceptr device;
    CUarray array;
    size_t x, y, z, pitch, height;
};

static struct copy_side copy_source(const CUDA_MEMCPY3D *copy) {
    return (struct copy_side){"source",       copy->srcMemoryType, copy->srcHost, copy->srcDevice,
                              copy->srcArray, copy->srcXInBytes,   copy->srcY,    copy->srcZ,
                              copy->srcPitch, copy->srcHeight};
}

static struct copy_side copy_destination(const CUDA_MEMCPY3D *copy) {
    return (struct copy_side){"destination",  copy->dstMemoryType, copy->dstHost, copy->dstDevice,
                              copy->dstArray, copy->dstXInBytes,   copy->dstY,    copy->dstZ,
                              copy->dstPitch, copy->dstHeight};
}

/* Which memory an address is: with unified addressing the range that it falls into says so. */
static bool copy_is_device(CUmemorytype type, uint64_t address) {
    return type == CU_MEMORYTYPE_DEVICE || (type == CU_MEMORYTYPE_UNIFIED &&
                                            region_find_range(address).kind != MACHINE_MEMORY_NONE);
}

static bool copy_empty(const CUDA_MEMCPY3D *copy) {
    return !copy->WidthInBytes || !copy->Height || !copy->Depth;
}

/* Bytes from the first to behind the last of a box. */
static size_t copy_extent(const CUDA_MEMCPY3D *copy, const struct copy_place *place) {
    return (copy->Depth - 1) * place->plane + (copy->Height - 1) * place->pitch +
           copy->WidthInBytes;
}

static bool is_multicast(CUdeviceptr address) {
    struct driver_reservation *reservation = reservation_find(address, 1);
    const struct driver_mapping *mapping = reservation ? mapping_find(reservation, address) : NULL;
    return mapping && mapping->physical->team;
}

static CUresult copy_check_place(const CUDA_MEMCPY3D *copy, const struct copy_place *place,
                                 const char *which) {
    if (!place->address) {
        driver_find("copy of %zu bytes: the %s is no address (NULL)",
                    copy->WidthInBytes * copy->Height * copy->Depth, which);
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (place->pitch < copy->WidthInBytes) {
        driver_find("copy of %zux%zux%zu bytes: the %s is 0x%llx, and its rows are %zu bytes apart",
                    copy->WidthInBytes, copy->Height, copy->Depth, which,
                    (unsigned long long)place->address, place->pitch);
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!place->device)
        return CUDA_SUCCESS;
    size_t extent = copy_extent(copy, place);
    struct machine_range range = region_find_range(place->address);
    if (range.kind != MACHINE_MEMORY_NONE &&
        extent <= range.size - (place->address - range.address))
        return CUDA_SUCCESS;
    if (range.kind == MACHINE_MEMORY_NONE)
        driver_find("copy of %zu bytes: the %s, 0x%llx, is %s", extent, which,
                    (unsigned long long)place->address,
                    is_multicast(place->address)
                        ? "a multicast address, which multimem instructions alone may use"
                        : "not device memory");
    else
        driver_find("copy of %zu bytes: the %s, 0x%llx, lies %llu bytes into an allocation of %zu",
                    extent, which, (unsigned long long)place->address,
                    (unsigned long long)(place->address - range.address), range.size);
    return CUDA_ERROR_INVALID_VALUE;
}

/* The box within an array. */
static CUresult copy_place_in_array(const CUDA_MEMCPY3D *copy, const struct copy_side *side,
                                    struct copy_place *place) {
    struct driver_array *array;
    const CUresult status = array_find(side->array, &array);
    if (status != CUDA_SUCCESS)
        return status;
    const struct machine_texture *image = &array->image;
    const size_t row = (size_t)image->size[0] * machine_texel_bytes(image);
    const bool is_inside = side->x <= row && copy->WidthInBytes <= row - side->x &&
                           side->y <= image->size[1] && copy->Height <= image->size[1] - side->y &&
                           side->z <= image->size[2] && copy->Depth <= image->size[2] - side->z;
    *place = (struct copy_place){
        true, image->base + side->x + side->y * image->row_bytes + side->z * image->plane_bytes,
        image->row_bytes, image->plane_bytes};
    if (is_inside)
        return CUDA_SUCCESS;
    driver_find("copy of %zux%zux%zu bytes: the %s lies beyond an array of %zux%ux%u bytes",
                copy->WidthInBytes, copy->Height, copy->Depth, side->name, row, image->size[1],
                image->size[2]);
    return CUDA_ERROR_INVALID_VALUE;
}

/* 0 for the pitch or the height of a place means that rows or planes follow one another without a
 * gap. */
static CUresult copy_find_place(const CUDA_MEMCPY3D *copy, const struct copy_side *side,
                                struct copy_place *place) {
    if (side->type == CU_MEMORYTYPE_ARRAY)
        return copy_place_in_array(copy, side, place);
    if (side->type != CU_MEMORYTYPE_HOST && side->type != CU_MEMORYTYPE_DEVICE &&
        side->type != CU_MEMORYTYPE_UNIFIED) {
        driver_find("copy of %zux%zux%zu bytes: %d is no type of memory for the %s",
                    copy->WidthInBytes, copy->Height, copy->Depth, (int)side->type, side->name);
        return CUDA_ERROR_INVALID_VALUE;
    }
    const uint64_t base =
        side->type == CU_MEMORYTYPE_HOST ? (uint64_t)(uintptr_t)side->host : side->device;
    const size_t row = side->pitch ? side->pitch : copy->WidthInBytes;
    const size_t plane = row * (side->height ? side->height : copy->Height);
    *place = (struct copy_place){copy_is_device(side->type, base),
                                 base + side->x + side->y * row + side->z * plane, row, plane};
    return copy_check_place(copy, place, side->name);
}

/* Both places; not asked for a copy of nothing. */
static CUresult copy_find_places(const CUDA_MEMCPY3D *copy, struct copy_place *from,
                                 struct copy_place *to) {
    const struct copy_side source = copy_source(copy), destination = copy_destination(copy);
    const CUresult status = copy_find_place(copy, &destination, to);
    return status == CUDA_SUCCESS ? copy_find_place(copy, &source, from) : status;
}

CUresult copy_check(const CUDA_MEMCPY3D *copy) {
    struct copy_place from = {0}, to = {0};
    return copy_empty(copy) ? CUDA_SUCCESS : copy_find_places(copy, &from, &to);
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
    struct copy_place from = {0}, to = {0};
    const CUresult status = copy_empty(copy) ? CUDA_SUCCESS : copy_find_places(copy, &from, &to);
    if (status != CUDA_SUCCESS || copy_empty(copy))
        return status;
    for (size_t z = 0; z < copy->Depth; z++)
        for (size_t y = 0; y < copy->Height; y++)
            if (copy_bytes(&to, &from, z * to.plane + y * to.pitch, z * from.plane + y * from.pitch,
                           copy->WidthInBytes) != MACHINE_OK)
                return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
}
