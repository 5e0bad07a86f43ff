/* Texture and surface objects: the driver's. */
#include "emulator/runtime/channels.h"
#include "emulator/runtime/runtime.h"

static CUresult resource_of(const struct cudaResourceDesc *from, CUDA_RESOURCE_DESC *resource) {
    *resource = (CUDA_RESOURCE_DESC){.resType = from->resType, .flags = from->flags};
    switch (from->resType) {
    case CU_RESOURCE_TYPE_ARRAY:
        resource->res.array.hArray = from->res.array.array;
        return CUDA_SUCCESS;
    case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY:
        resource->res.mipmap.hMipmappedArray = from->res.mipmap.mipmap;
        return CUDA_SUCCESS;
    case CU_RESOURCE_TYPE_LINEAR:
        resource->res.linear.devPtr = address_of(from->res.linear.devPtr);
        resource->res.linear.sizeInBytes = from->res.linear.sizeInBytes;
        return channels_format(&from->res.linear.desc, &resource->res.linear.format,
                               &resource->res.linear.numChannels);
    case CU_RESOURCE_TYPE_PITCH2D:
        resource->res.pitch2D.devPtr = address_of(from->res.pitch2D.devPtr);
        resource->res.pitch2D.width = from->res.pitch2D.width;
        resource->res.pitch2D.height = from->res.pitch2D.height;
        resource->res.pitch2D.pitchInBytes = from->res.pitch2D.pitchInBytes;
        return channels_format(&from->res.pitch2D.desc, &resource->res.pitch2D.format,
                               &resource->res.pitch2D.numChannels);
    default: /* the driver refuses it */
        return CUDA_SUCCESS;
    }
}

/* Flags of textures beside those that references had. */
enum { SRGB = 0x10, SEAMLESS_CUBEMAP = 0x40 };

/* The same again, as the program has described it. */
static struct cudaResourceDesc resource_read(const CUDA_RESOURCE_DESC *from) {
    struct cudaResourceDesc resource = {.resType = from->resType, .flags = from->flags};
    if (from->resType == CU_RESOURCE_TYPE_ARRAY)
        resource.res.array.array = from->res.array.hArray;
    if (from->resType == CU_RESOURCE_TYPE_MIPMAPPED_ARRAY)
        resource.res.mipmap.mipmap = from->res.mipmap.hMipmappedArray;
    if (from->resType == CU_RESOURCE_TYPE_LINEAR) {
        resource.res.linear.devPtr = pointer_of(from->res.linear.devPtr);
        resource.res.linear.desc =
            channels_described(from->res.linear.format, from->res.linear.numChannels);
        resource.res.linear.sizeInBytes = from->res.linear.sizeInBytes;
    }
    if (from->resType == CU_RESOURCE_TYPE_PITCH2D) {
        resource.res.pitch2D.devPtr = pointer_of(from->res.pitch2D.devPtr);
        resource.res.pitch2D.desc =
            channels_described(from->res.pitch2D.format, from->res.pitch2D.numChannels);
        resource.res.pitch2D.width = from->res.pitch2D.width;
        resource.res.pitch2D.height = from->res.pitch2D.height;
        resource.res.pitch2D.pitchInBytes = from->res.pitch2D.pitchInBytes;
    }
    return resource;
}

static CUDA_TEXTURE_DESC texture_of(const struct cudaTextureDesc *from) {
    CUDA_TEXTURE_DESC texture = {.filterMode = from->filterMode,
                                 .maxAnisotropy = from->maxAnisotropy,
                                 .mipmapFilterMode = from->mipmapFilterMode,
                                 .mipmapLevelBias = from->mipmapLevelBias,
                                 .minMipmapLevelClamp = from->minMipmapLevelClamp,
                                 .maxMipmapLevelClamp = from->maxMipmapLevelClamp};
    texture.flags = (from->readMode == 0 ? (unsigned)CU_TRSF_READ_AS_INTEGER : 0U) |
                    (from->normalizedCoords ? (unsigned)CU_TRSF_NORMALIZED_COORDINATES : 0U) |
                    (from->sRGB ? (unsigned)SRGB : 0U) |
                    (from->seamlessCubemap ? (unsigned)SEAMLESS_CUBEMAP : 0U);
    for (unsigned k = 0; k < 3; k++)
        texture.addressMode[k] = from->addressMode[k];
    for (unsigned k = 0; k < 4; k++)
        texture.borderColor[k] = from->borderColor[k];
    return texture;
}

static struct cudaTextureDesc texture_read(const CUDA_TEXTURE_DESC *from) {
    struct cudaTextureDesc texture = {.filterMode = from->filterMode,
                                      .readMode = (from->flags & CU_TRSF_READ_AS_INTEGER) == 0,
                                      .sRGB = (from->flags & SRGB) != 0,
                                      .normalizedCoords =
                                          (from->flags & CU_TRSF_NORMALIZED_COORDINATES) != 0,
                                      .maxAnisotropy = from->maxAnisotropy,
                                      .mipmapFilterMode = from->mipmapFilterMode,
                                      .mipmapLevelBias = from->mipmapLevelBias,
                                      .minMipmapLevelClamp = from->minMipmapLevelClamp,
                                      .maxMipmapLevelClamp = from->maxMipmapLevelClamp,
                                      .seamlessCubemap = (from->flags & SEAMLESS_CUBEMAP) != 0};
    for (unsigned k = 0; k < 3; k++)
        texture.addressMode[k] = from->addressMode[k];
    for (unsigned k = 0; k < 4; k++)
        texture.borderColor[k] = from->borderColor[k];
    return texture;
}

RUNTIME_API cudaError_t cudaDeviceGetTexture1DLinearMaxWidth(
    size_t *width, const struct cudaChannelFormatDesc *channels, int device) {
    CUarray_format format;
    unsigned count;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = channels ? channels_format(channels, &format, &count) : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        result = cuDeviceGetTexture1DLinearMaxWidth(width, format, count, device);
    return runtime_end(result);
}

/* Views are the driver's, member for member. */
RUNTIME_API cudaError_t cudaCreateTextureObject(CUtexObject *object,
                                                const struct cudaResourceDesc *from,
                                                const struct cudaTextureDesc *description,
                                                const CUDA_RESOURCE_VIEW_DESC *view) {
    CUDA_RESOURCE_DESC resource;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = from && description ? resource_of(from, &resource) : CUDA_ERROR_INVALID_VALUE;
    if (result != CUDA_SUCCESS)
        return runtime_end(result);
    const CUDA_TEXTURE_DESC texture = texture_of(description);
    return runtime_end(cuTexObjectCreate(object, &resource, &texture, view));
}

RUNTIME_API cudaError_t cudaDestroyTextureObject(CUtexObject object) {
    RUNTIME_RETURN(object ? cuTexObjectDestroy(object) : CUDA_SUCCESS);
}

RUNTIME_API cudaError_t cudaGetTextureObjectResourceDesc(struct cudaResourceDesc *to,
                                                         CUtexObject object) {
    CUDA_RESOURCE_DESC resource;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = to ? cuTexObjectGetResourceDesc(&resource, object) : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        *to = resource_read(&resource);
    return runtime_end(result);
}

RUNTIME_API cudaError_t cudaGetTextureObjectTextureDesc(struct cudaTextureDesc *to,
                                                        CUtexObject object) {
    CUDA_TEXTURE_DESC texture;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = to ? cuTexObjectGetTextureDesc(&texture, object) : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        *to = texture_read(&texture);
    return runtime_end(result);
}

RUNTIME_API cudaError_t cudaGetTextureObjectResourceViewDesc(CUDA_RESOURCE_VIEW_DESC *view,
                                                             CUtexObject object) {
    RUNTIME_RETURN(cuTexObjectGetResourceViewDesc(view, object));
}

RUNTIME_API cudaError_t cudaGetSurfaceObjectResourceDesc(struct cudaResourceDesc *to,
                                                         CUsurfObject object) {
    CUDA_RESOURCE_DESC resource;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = to ? cuSurfObjectGetResourceDesc(&resource, object) : CUDA_ERROR_INVALID_VALUE;
    if (result == CUDA_SUCCESS)
        *to = resource_read(&resource);
    return runtime_end(result);
}

RUNTIME_API cudaError_t cudaCreateSurfaceObject(CUsurfObject *object,
                                                const struct cudaResourceDesc *from) {
    CUDA_RESOURCE_DESC resource;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = from ? resource_of(from, &resource) : CUDA_ERROR_INVALID_VALUE;
    return runtime_end(result == CUDA_SUCCESS ? cuSurfObjectCreate(object, &resource) : result);
}

RUNTIME_API cudaError_t cudaDestroySurfaceObject(CUsurfObject object) {
    RUNTIME_RETURN(object ? cuSurfObjectDestroy(object) : CUDA_SUCCESS);
}
