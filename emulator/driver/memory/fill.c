/* Fills: elements of one, two or four bytes, in a pitched plane. */
#include "emulator/driver/memory/fill.h"

#include "emulator/driver/memory/region.h"

static bool fill_empty(const CUDA_MEMSET_NODE_PARAMS *fill) {
    return !fill->width || !fill->height;
}

CUresult fill_check(const CUDA_MEMSET_NODE_PARAMS *fill) {
    if (fill->elementSize != 1 && fill->elementSize != 2 && fill->elementSize != 4)
        return CUDA_ERROR_INVALID_VALUE;
    if (fill_empty(fill))
        return CUDA_SUCCESS;
    size_t row = fill->width * fill->elementSize;
    size_t pitch = fill->height > 1 ? fill->pitch : row;
    if (fill->width > SIZE_MAX / fill->elementSize || pitch < row ||
        fill->dst % fill->elementSize || pitch % fill->elementSize) {
        driver_find("fill of %zux%zu elements of %u bytes at 0x%llx, in rows %zu bytes apart: they "
                    "overlap, or are not at multiples of their size",
                    fill->width, fill->height, fill->elementSize, fill->dst, pitch);
        return CUDA_ERROR_INVALID_VALUE;
    }
    size_t extent = (fill->height - 1) * pitch + row;
    struct machine_range range = region_find_range(fill->dst);
    if (range.kind != MACHINE_MEMORY_NONE && extent <= range.size - (fill->dst - range.address))
        return CUDA_SUCCESS;
    driver_find("fill of %zu bytes at 0x%llx: that is not all inside one allocation", extent,
                fill->dst);
    return CUDA_ERROR_INVALID_VALUE;
}

CUresult fill_execute(const CUDA_MEMSET_NODE_PARAMS *fill) {
    CUresult status = fill_check(fill);
    if (status != CUDA_SUCCESS || fill_empty(fill))
        return status;
    for (size_t y = 0; y < fill->height; y++)
        if (machine_set(driver.machine, fill->dst + y * fill->pitch, fill->value, fill->elementSize,
                        fill->width) != MACHINE_OK)
            return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
}
