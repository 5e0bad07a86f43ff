/* Texture and surface objects: the driver's. */
#include "emulator/runtime/channels.h"
#include "emulator/runtime/runtime.h"

static CUresult resource_of(const struct cudaResourceDesc *from, CUDA_RESOURCE_DESC *resource) {
    *resource = (CUDA_RESOURCE_DESC){.resType = from->resType, .flags = from->flags};
    switch (from->resType) {
    case CU_RESOURCE_TYPE_ARRAY:
        resource->res.array.hArray = from->res.array.array;
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
    default: /* the driver says that it lacks it */
        return CUDA_SUCCESS;
    }
}

static CUDA_TEXTURE_DESC texture_of(const struct cudaTextureDesc *from) {
    enum { SRGB = 0x10, SEAMLESS_CUBEMAP = 0x40 };
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
