/* cuTexObject* and cuSurfObject*. */
#include "emulator/driver/memory/texture.h"
#include "emulator/driver/api/api.h"
#include "emulator/driver/memory/array.h"

static CUresult object_begin(uint64_t object, bool is_surface, const void *answer,
                             struct driver_texture **texture) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && !answer)
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? texture_find(object, is_surface, texture) : status;
}

/* ---- Textures ---- */

CUresult cuDeviceGetTexture1DLinearMaxWidth(size_t *width, CUarray_format format,
                                            unsigned int channels, CUdevice device) {
    struct machine_texture image;
    int widest = 0;
    CUresult status = driver_begin_device(device, width);
    if (status == CUDA_SUCCESS &&
        (!array_format(format, channels, &image) ||
         !driver_device_attribute(driver.device, &driver.properties, device,
                                  CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH, &widest)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *width = (size_t)widest;
    return driver_end(status);
}

CUresult cuTexObjectCreate(CUtexObject *object, const CUDA_RESOURCE_DESC *resource,
                           const CUDA_TEXTURE_DESC *description,
                           const CUDA_RESOURCE_VIEW_DESC *view) {
    struct driver_context *context;
    uint64_t made = 0;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && (!object || !resource || !description))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = texture_open(context, resource, description, view, &made);
    if (status == CUDA_SUCCESS)
        *object = made;
    return driver_end(status);
}

CUresult cuTexObjectDestroy(CUtexObject object) {
    struct driver_texture *texture = NULL;
    const CUresult status = object_begin(object, false, &driver, &texture);
    if (status == CUDA_SUCCESS)
        texture_close(texture);
    return driver_end(status);
}

CUresult cuTexObjectGetResourceDesc(CUDA_RESOURCE_DESC *resource, CUtexObject object) {
    struct driver_texture *texture = NULL;
    const CUresult status = object_begin(object, false, resource, &texture);
    if (status == CUDA_SUCCESS)
        *resource = texture->resource;
    return driver_end(status);
}

CUresult cuTexObjectGetTextureDesc(CUDA_TEXTURE_DESC *description, CUtexObject object) {
    struct driver_texture *texture = NULL;
    const CUresult status = object_begin(object, false, description, &texture);
    if (status == CUDA_SUCCESS)
        *description = texture->description;
    return driver_end(status);
}

CUresult cuTexObjectGetResourceViewDesc(CUDA_RESOURCE_VIEW_DESC *view, CUtexObject object) {
    struct driver_texture *texture = NULL;
    const CUresult status = object_begin(object, false, view, &texture);
    if (status == CUDA_SUCCESS)
        *view = texture->view;
    return driver_end(status);
}

/* ---- Surfaces ---- */

CUresult cuSurfObjectCreate(CUsurfObject *object, const CUDA_RESOURCE_DESC *resource) {
    struct driver_context *context;
    uint64_t made = 0;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && (!object || !resource))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = surface_open(context, resource, &made);
    if (status == CUDA_SUCCESS)
        *object = made;
    return driver_end(status);
}

CUresult cuSurfObjectDestroy(CUsurfObject object) {
    struct driver_texture *surface = NULL;
    const CUresult status = object_begin(object, true, &driver, &surface);
    if (status == CUDA_SUCCESS)
        texture_close(surface);
    return driver_end(status);
}

CUresult cuSurfObjectGetResourceDesc(CUDA_RESOURCE_DESC *resource, CUsurfObject object) {
    struct driver_texture *surface = NULL;
    const CUresult status = object_begin(object, true, resource, &surface);
    if (status == CUDA_SUCCESS)
        *resource = surface->resource;
    return driver_end(status);
}
