/* Mipmapped arrays. */
#include "emulator/driver/memory/mipmap.h"

#include <stdlib.h>

static size_t half(size_t size, unsigned level) {
    return size >> level ? size >> level : size != 0;
}

/* Layers stay, and a dimension that is not there stays away. */
static CUDA_ARRAY3D_DESCRIPTOR describe_level(const CUDA_ARRAY3D_DESCRIPTOR *whole,
                                              unsigned level) {
    CUDA_ARRAY3D_DESCRIPTOR description = *whole;
    description.Width = half(whole->Width, level);
    description.Height = half(whole->Height, level);
    if (!(whole->Flags & (CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP)))
        description.Depth = half(whole->Depth, level);
    return description;
}

static unsigned count_levels(const struct machine_texture *image, unsigned wanted) {
    unsigned most = 1;
    for (unsigned k = 0; k < image->dimensions; k++)
        while (image->size[k] >> most)
            most++;
    if (!wanted)
        return 1;
    return wanted < most ? wanted : most;
}

static CUresult open_levels(struct driver_mipmap *mipmap,
                            const CUDA_ARRAY3D_DESCRIPTOR *description) {
    CUresult status = CUDA_SUCCESS;
    for (unsigned k = 0; k < mipmap->image.levels && status == CUDA_SUCCESS; k++) {
        const CUDA_ARRAY3D_DESCRIPTOR level = describe_level(description, k);
        const struct machine_texture image = texture_level(&mipmap->image, k);
        status = array_add_level(mipmap->context, &level, &image, &mipmap->levels[k]);
    }
    return status;
}

CUresult mipmap_open(struct driver_context *context, const CUDA_ARRAY3D_DESCRIPTOR *description,
                     unsigned levels, CUmipmappedArray *handle) {
    struct machine_texture image = {0};
    CUresult status = array_image(description, &image);
    if (status != CUDA_SUCCESS)
        return status;
    struct driver_mipmap *mipmap = calloc(1, sizeof *mipmap);
    if (!mipmap)
        return CUDA_ERROR_OUT_OF_MEMORY;
    image.levels = (uint8_t)count_levels(&image, levels);
    *mipmap = (struct driver_mipmap){.context = context, .image = image};
    mipmap->handle = handle_add(&driver.handles, HANDLE_MIPMAP, mipmap);
    status = mipmap->handle ? driver_status(machine_allocate(driver.machine, texture_bytes(&image),
                                                             &mipmap->image.base))
                            : CUDA_ERROR_OUT_OF_MEMORY;
    if (status == CUDA_SUCCESS)
        status = open_levels(mipmap, description);
    if (status == CUDA_SUCCESS)
        *handle = mipmap->handle;
    else
        mipmap_close(mipmap);
    return status;
}

CUresult mipmap_find(CUmipmappedArray handle, struct driver_mipmap **mipmap) {
    *mipmap = handle_find(&driver.handles, HANDLE_MIPMAP, handle);
    if (!*mipmap)
        driver_lack("mipmapped array", handle);
    return *mipmap ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

void mipmap_close(struct driver_mipmap *mipmap) {
    handle_remove(&driver.handles, mipmap->handle);
    for (unsigned k = 0; k < mipmap->image.levels && mipmap->levels[k]; k++)
        array_close(mipmap->levels[k]);
    if (mipmap->image.base)
        (void)machine_free(driver.machine, mipmap->image.base);
    free(mipmap);
}

void mipmap_close_all(const struct driver_context *context) {
    uint32_t at = 0;
    for (struct driver_mipmap *mipmap;
         (mipmap = handle_next(&driver.handles, HANDLE_MIPMAP, &at));) {
        const struct machine_texture *image = &mipmap->image;
        if (mipmap->context != context)
            continue;
        if (driver_seeks_leaks())
            driver_find("leak: a mipmapped array of %ux%ux%u texels and %u levels, %zu bytes, was "
                        "never destroyed",
                        image->size[0], image->size[1], image->size[2], image->levels,
                        texture_bytes(image));
        mipmap_close(mipmap);
    }
}
