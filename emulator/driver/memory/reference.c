/* References to textures and surfaces. */
#include "emulator/driver/memory/reference.h"

#include <stdlib.h>

#include "emulator/driver/memory/array.h"
#include "emulator/driver/memory/texture.h"

CUresult reference_open(struct driver_context *context, CUmodule module, uint64_t variable,
                        bool is_surface, struct driver_reference **reference) {
    uint32_t at = 0;
    while (module && (*reference = handle_next(&driver.handles, HANDLE_REFERENCE, &at))) {
        if ((*reference)->module == module && (*reference)->variable == variable)
            return CUDA_SUCCESS;
    }
    struct driver_reference *made = calloc(1, sizeof *made);
    if (!made)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *made = (struct driver_reference){
        .context = context, .module = module, .variable = variable, .is_surface = is_surface};
    made->handle = handle_add(&driver.handles, HANDLE_REFERENCE, made);
    if (!made->handle) {
        free(made);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *reference = made;
    return CUDA_SUCCESS;
}

CUresult reference_find(void *handle, bool is_surface, struct driver_reference **reference) {
    *reference = handle_find(&driver.handles, HANDLE_REFERENCE, handle);
    return *reference && (*reference)->is_surface == is_surface ? CUDA_SUCCESS
                                                                : CUDA_ERROR_INVALID_VALUE;
}

static void drop_image(struct driver_reference *reference) {
    struct driver_texture *texture;
    if (reference->image &&
        texture_find(reference->image, reference->is_surface, &texture) == CUDA_SUCCESS)
        texture_close(texture);
    reference->image = 0;
}

CUresult reference_update(struct driver_reference *reference) {
    CUresult status = CUDA_SUCCESS;
    drop_image(reference);
    if (reference->is_bound && reference->is_surface)
        status = surface_open(reference->context, &reference->resource, &reference->image);
    else if (reference->is_bound && reference->channels)
        status = texture_open(reference->context, &reference->resource, &reference->description,
                              NULL, &reference->image);
    if (!reference->module)
        return status;
    const CUresult written = driver_status(machine_write(
        driver.machine, reference->variable, &reference->image, sizeof reference->image));
    return written == CUDA_SUCCESS ? status : written;
}

CUresult reference_bind_array(struct driver_reference *reference, CUarray handle) {
    struct driver_array *array;
    const CUresult status = array_find(handle, &array);
    if (status != CUDA_SUCCESS)
        return status;
    reference->format = array->description.Format;
    reference->channels = array->description.NumChannels;
    reference->resource =
        (CUDA_RESOURCE_DESC){.resType = CU_RESOURCE_TYPE_ARRAY, .res.array.hArray = handle};
    reference->is_bound = true;
    return reference_update(reference);
}

void reference_close(struct driver_reference *reference) {
    drop_image(reference);
    handle_remove(&driver.handles, reference->handle);
    free(reference);
}

void reference_close_module(CUmodule module) {
    uint32_t at = 0;
    struct driver_reference *reference;
    while ((reference = handle_next(&driver.handles, HANDLE_REFERENCE, &at))) {
        if (reference->module == module)
            reference_close(reference);
    }
}

void reference_close_all(const struct driver_context *context) {
    uint32_t at = 0;
    struct driver_reference *reference;
    while ((reference = handle_next(&driver.handles, HANDLE_REFERENCE, &at))) {
        if (reference->context == context)
            reference_close(reference);
    }
}
