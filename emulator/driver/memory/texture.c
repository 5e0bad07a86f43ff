/* Texture and surface objects. */
#include "emulator/driver/memory/texture.h"

#include <stdlib.h>

#include "emulator/driver/memory/mipmap.h"

enum { ADDRESS_ALIGNMENT = 512, PITCH_ALIGNMENT = 32 };

static CUresult lacking(const char *what) {
    driver_say("texture: %s are not supported", what);
    return CUDA_ERROR_NOT_SUPPORTED;
}

/* ---- Where the texels lie ---- */

static CUresult image_of_array(CUarray handle, struct machine_texture *image) {
    struct driver_array *array;
    const CUresult status = array_find(handle, &array);
    if (status == CUDA_SUCCESS)
        *image = array->image;
    return status;
}

static CUresult image_of_mipmap(CUmipmappedArray handle, struct machine_texture *image) {
    struct driver_mipmap *mipmap;
    const CUresult status = mipmap_find(handle, &mipmap);
    if (status == CUDA_SUCCESS)
        *image = mipmap->image;
    return status;
}

/* The devices are alike. */
static bool is_within(size_t size, CUdevice_attribute attribute) {
    int most = 0;
    return driver_device_attribute(driver.device, &driver.properties, 0, attribute, &most) &&
           size <= (size_t)most;
}

/* Beyond the end lie zeros. */
static CUresult image_of_line(const CUDA_RESOURCE_DESC *resource, struct machine_texture *image) {
    if (!array_format(resource->res.linear.format, resource->res.linear.numChannels, image))
        return CUDA_ERROR_INVALID_VALUE;
    const size_t texels = resource->res.linear.sizeInBytes / machine_texel_bytes(image);
    if (!is_within(texels, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH))
        return CUDA_ERROR_INVALID_VALUE;
    image->base = resource->res.linear.devPtr;
    image->dimensions = 1;
    image->size[0] = (uint32_t)texels;
    image->size[1] = image->size[2] = 1;
    return CUDA_SUCCESS;
}

static CUresult image_of_plane(const CUDA_RESOURCE_DESC *resource, struct machine_texture *image) {
    const size_t width = resource->res.pitch2D.width, height = resource->res.pitch2D.height;
    const size_t pitch = resource->res.pitch2D.pitchInBytes;
    if (!array_format(resource->res.pitch2D.format, resource->res.pitch2D.numChannels, image) ||
        !is_within(width, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_WIDTH) ||
        !is_within(height, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_HEIGHT) ||
        !is_within(pitch, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LINEAR_PITCH))
        return CUDA_ERROR_INVALID_VALUE;
    image->base = resource->res.pitch2D.devPtr;
    image->dimensions = 2;
    image->size[0] = (uint32_t)width;
    image->size[1] = (uint32_t)height;
    image->size[2] = 1;
    image->row_bytes = pitch;
    return pitch % PITCH_ALIGNMENT || pitch < width * machine_texel_bytes(image)
               ? CUDA_ERROR_INVALID_VALUE
               : CUDA_SUCCESS;
}

static CUresult image_of(const CUDA_RESOURCE_DESC *resource, struct machine_texture *image) {
    CUresult status;
    *image = (struct machine_texture){0};
    if (resource->flags)
        return CUDA_ERROR_INVALID_VALUE;
    switch (resource->resType) {
    case CU_RESOURCE_TYPE_ARRAY:
        return image_of_array(resource->res.array.hArray, image);
    case CU_RESOURCE_TYPE_LINEAR:
        status = image_of_line(resource, image);
        break;
    case CU_RESOURCE_TYPE_PITCH2D:
        status = image_of_plane(resource, image);
        break;
    case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY:
        return image_of_mipmap(resource->res.mipmap.hMipmappedArray, image);
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (status != CUDA_SUCCESS)
        return status;
    const struct machine_range range = machine_find_range(driver.machine, image->base);
    if (!image->size[0] || !image->size[1] || image->base % ADDRESS_ALIGNMENT ||
        range.kind == MACHINE_MEMORY_NONE ||
        machine_texture_bytes(image) > range.size - (image->base - range.address))
        return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
}

/* The first level and the first layer of a view are its numbers 0. */
static CUresult image_view(const CUDA_RESOURCE_VIEW_DESC *view, struct machine_texture *image) {
    const unsigned level = view->firstMipmapLevel, last_level = view->lastMipmapLevel;
    const unsigned layer = view->firstLayer, last_layer = view->lastLayer;
    const unsigned levels = image->levels ? image->levels : 1;
    const unsigned layers = image->is_layered ? image->size[2] : 1;
    if (level > last_level || last_level >= levels || layer > last_layer || last_layer >= layers)
        return CUDA_ERROR_INVALID_VALUE;
    const bool has_all = last_layer - layer + 1 == layers;
    if (!has_all && (levels > 1 || image->is_cubemap))
        return lacking("views of some layers of cubes and mipmapped arrays");
    *image = texture_level(image, level);
    image->levels = (uint8_t)(last_level - level + 1);
    image->base += layer * image->plane_bytes;
    if (image->is_layered)
        image->size[2] = last_layer - layer + 1;
    return CUDA_SUCCESS;
}

/* ---- How they are read ---- */

static CUresult image_read(const CUDA_TEXTURE_DESC *description, bool is_line,
                           struct machine_texture *image) {
    const unsigned known = CU_TRSF_READ_AS_INTEGER | CU_TRSF_NORMALIZED_COORDINATES |
                           CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION;
    if (description->flags & ~known)
        return lacking("sRGB and seamless cubes");
    image->is_filtered = description->filterMode == CU_TR_FILTER_MODE_LINEAR && !is_line;
    image->is_anisotropic = description->maxAnisotropy > 1 && !is_line;
    image->is_normalised =
        (description->flags & CU_TRSF_NORMALIZED_COORDINATES || image->is_cubemap) && !is_line;
    image->reads_elements = description->flags & CU_TRSF_READ_AS_INTEGER;
    for (unsigned k = 0; k < 3; k++) {
        if ((unsigned)description->addressMode[k] > CU_TR_ADDRESS_MODE_BORDER)
            return CUDA_ERROR_INVALID_VALUE;
        image->address[k] = is_line             ? TEXTURE_BORDER
                            : image->is_cubemap ? TEXTURE_CLAMP
                                                : (enum texture_address)description->addressMode[k];
    }
    for (unsigned k = 0; k < 4; k++)
        image->border[k] = is_line ? 0 : description->borderColor[k];
    image->mixes_levels = description->mipmapFilterMode == CU_TR_FILTER_MODE_LINEAR;
    image->level_bias = description->mipmapLevelBias;
    image->least_level = description->minMipmapLevelClamp;
    image->most_level = description->maxMipmapLevelClamp;
    const bool is_integer = image->format == TEXEL_U32 || image->format == TEXEL_S32 ||
                            (image->reads_elements && image->format < TEXEL_F16);
    const bool is_mixed = image->is_filtered || (image->levels > 1 && image->mixes_levels);
    return is_mixed && is_integer ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

/* ---- Objects ---- */

static CUresult object_add(struct driver_texture object, const struct machine_texture *image,
                           uint64_t *handle) {
    struct driver_texture *made = malloc(sizeof *made);
    if (!made)
        return CUDA_ERROR_OUT_OF_MEMORY;
    object.object = machine_texture_create(driver.machine, image);
    if (!object.object) {
        free(made);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *made = object;
    made->next = driver.textures;
    driver.textures = made;
    *handle = made->object;
    return CUDA_SUCCESS;
}

CUresult texture_open(struct driver_context *context, const CUDA_RESOURCE_DESC *resource,
                      const CUDA_TEXTURE_DESC *description, const CUDA_RESOURCE_VIEW_DESC *view,
                      uint64_t *object) {
    struct machine_texture image;
    struct driver_texture texture = {
        .context = context, .resource = *resource, .description = *description};
    if (view && view->format != CU_RES_VIEW_FORMAT_NONE)
        return lacking("views in another format");
    const bool has_levels = resource->resType == CU_RESOURCE_TYPE_MIPMAPPED_ARRAY;
    if (view)
        texture.view = *view;
    CUresult status = image_of(resource, &image);
    if (status == CUDA_SUCCESS && view)
        status = image_view(view, &image);
    if (status == CUDA_SUCCESS && has_levels &&
        !(description->flags & CU_TRSF_NORMALIZED_COORDINATES))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = image_read(description, resource->resType == CU_RESOURCE_TYPE_LINEAR, &image);
    return status == CUDA_SUCCESS ? object_add(texture, &image, object) : status;
}

CUresult surface_open(struct driver_context *context, const CUDA_RESOURCE_DESC *resource,
                      uint64_t *object) {
    struct driver_array *array = NULL;
    const struct driver_texture surface = {
        .context = context, .resource = *resource, .is_surface = true};
    if (resource->resType != CU_RESOURCE_TYPE_ARRAY || resource->flags)
        return CUDA_ERROR_INVALID_VALUE;
    const CUresult status = array_find(resource->res.array.hArray, &array);
    if (status != CUDA_SUCCESS)
        return status;
    if (!(array->description.Flags & CUDA_ARRAY3D_SURFACE_LDST))
        return CUDA_ERROR_INVALID_VALUE;
    struct machine_texture image = array->image;
    image.is_surface = true;
    return object_add(surface, &image, object);
}

CUresult texture_find(uint64_t object, bool is_surface, struct driver_texture **texture) {
    *texture = driver.textures;
    while (*texture && ((*texture)->object != object || (*texture)->is_surface != is_surface))
        *texture = (*texture)->next;
    if (!*texture)
        driver_lack(is_surface ? "surface object" : "texture object",
                    (const void *)(uintptr_t)object); // NOLINT(performance-no-int-to-ptr)
    return *texture ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

void texture_close(struct driver_texture *texture) {
    struct driver_texture **link = &driver.textures;
    while (*link != texture)
        link = &(*link)->next;
    *link = texture->next;
    (void)machine_texture_destroy(driver.machine, texture->object);
    free(texture);
}

void texture_close_all(const struct driver_context *context) {
    for (struct driver_texture *texture = driver.textures, *next; texture; texture = next) {
        next = texture->next;
        if (texture->context == context)
            texture_close(texture);
    }
}
