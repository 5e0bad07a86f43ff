/* CUDA arrays. Their layout is nobody's business but the device's: rows follow one another here. */
#include "emulator/driver/memory/array.h"

#include <stdlib.h>

bool array_format(CUarray_format format, unsigned channels, struct machine_texture *image) {
    static const struct {
        CUarray_format format;
        enum texel_format texel;
    } known[] = {
        {CU_AD_FORMAT_UNSIGNED_INT8, TEXEL_U8},   {CU_AD_FORMAT_UNSIGNED_INT16, TEXEL_U16},
        {CU_AD_FORMAT_UNSIGNED_INT32, TEXEL_U32}, {CU_AD_FORMAT_SIGNED_INT8, TEXEL_S8},
        {CU_AD_FORMAT_SIGNED_INT16, TEXEL_S16},   {CU_AD_FORMAT_SIGNED_INT32, TEXEL_S32},
        {CU_AD_FORMAT_HALF, TEXEL_F16},           {CU_AD_FORMAT_FLOAT, TEXEL_F32},
    };
    if (channels != 1 && channels != 2 && channels != 4)
        return false;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        if (known[k].format != format)
            continue;
        image->format = known[k].texel;
        image->channels = (uint8_t)channels;
        return true;
    }
    return false;
}

/* Sizes of a dimension that is not there count as 1. */
static CUresult array_shape(const CUDA_ARRAY3D_DESCRIPTOR *of, struct machine_texture *image) {
    enum { WIDEST = 131072, HIGHEST = 65536, DEEPEST = 16384, ROW_ALIGNMENT = 32, FACES = 6 };
    const bool is_layered = of->Flags & CUDA_ARRAY3D_LAYERED;
    const bool is_cubemap = of->Flags & CUDA_ARRAY3D_CUBEMAP;
    const unsigned known = CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_SURFACE_LDST | CUDA_ARRAY3D_CUBEMAP |
                           CUDA_ARRAY3D_TEXTURE_GATHER;
    if (of->Flags & ~known)
        return CUDA_ERROR_NOT_SUPPORTED;
    if (!of->Width || of->Width > WIDEST || of->Height > HIGHEST || of->Depth > DEEPEST ||
        ((is_layered || is_cubemap) && !of->Depth) || (of->Depth && !of->Height && !is_layered))
        return CUDA_ERROR_INVALID_VALUE;
    if (is_cubemap &&
        (of->Width != of->Height || of->Depth % FACES || (!is_layered && of->Depth != FACES)))
        return CUDA_ERROR_INVALID_VALUE;
    image->size[0] = (uint32_t)of->Width;
    image->size[1] = of->Height ? (uint32_t)of->Height : 1;
    image->size[2] = of->Depth ? (uint32_t)of->Depth : 1;
    image->dimensions = of->Depth && !is_layered && !is_cubemap ? 3 : of->Height ? 2 : 1;
    image->is_layered = is_layered;
    image->is_cubemap = is_cubemap;
    image->row_bytes = (of->Width * machine_texel_bytes(image) + ROW_ALIGNMENT - 1) /
                       ROW_ALIGNMENT * ROW_ALIGNMENT;
    image->plane_bytes = image->row_bytes * image->size[1];
    return CUDA_SUCCESS;
}

CUresult array_image(const CUDA_ARRAY3D_DESCRIPTOR *description, struct machine_texture *image) {
    if (array_format(description->Format, description->NumChannels, image))
        return array_shape(description, image);
    driver_say("array: formats are integers of 8, 16 and 32 bits, half and float, with 1, 2 or 4 "
               "channels");
    return CUDA_ERROR_INVALID_VALUE;
}

static CUresult array_add(const struct driver_array *from, struct driver_array **result) {
    struct driver_array *array = malloc(sizeof *array);
    void *handle = array ? handle_add(&driver.handles, HANDLE_ARRAY, array) : NULL;
    if (!handle) {
        free(array);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *array = *from;
    array->handle = handle;
    *result = array;
    return CUDA_SUCCESS;
}

CUresult array_open(struct driver_context *context, const CUDA_ARRAY3D_DESCRIPTOR *description,
                    CUarray *handle) {
    struct driver_array array = {.context = context, .description = *description}, *added;
    CUresult status = array_image(description, &array.image);
    array.bytes = array.image.plane_bytes * array.image.size[2];
    if (status == CUDA_SUCCESS)
        status = driver_status(machine_allocate(driver.machine, array.bytes, &array.image.base));
    if (status != CUDA_SUCCESS)
        return status;
    status = array_add(&array, &added);
    if (status == CUDA_SUCCESS)
        *handle = added->handle;
    else
        (void)machine_free(driver.machine, array.image.base);
    return status;
}

CUresult array_add_level(struct driver_context *context, const CUDA_ARRAY3D_DESCRIPTOR *description,
                         const struct machine_texture *image, struct driver_array **array) {
    const struct driver_array level = {.context = context,
                                       .description = *description,
                                       .image = *image,
                                       .bytes = image->plane_bytes * image->size[2],
                                       .is_level = true};
    return array_add(&level, array);
}

CUresult array_find(CUarray handle, struct driver_array **array) {
    *array = handle_find(&driver.handles, HANDLE_ARRAY, handle);
    if (!*array)
        driver_lack("array", handle);
    return *array ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

void array_close(struct driver_array *array) {
    handle_remove(&driver.handles, array->handle);
    if (!array->is_level)
        (void)machine_free(driver.machine, array->image.base);
    free(array);
}

void array_close_all(const struct driver_context *context) {
    uint32_t at = 0;
    for (struct driver_array *array; (array = handle_next(&driver.handles, HANDLE_ARRAY, &at));) {
        if (array->context != context)
            continue;
        if (driver_seeks_leaks())
            driver_find("leak: an array of %ux%ux%u texels, %zu bytes, was never destroyed",
                        array->image.size[0], array->image.size[1], array->image.size[2],
                        array->bytes);
        array_close(array);
    }
}
