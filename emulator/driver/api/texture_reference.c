/* cuModuleGet*Ref, cuTexRef* and cuSurfRef*. What is set holds for the launches that follow. */
#include <string.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/code/module.h"
#include "emulator/driver/memory/array.h"
#include "emulator/driver/memory/reference.h"

enum { DIMENSIONS = 3, COLOURS = 4 };

/* `answer` is where the program wants it. */
static CUresult module_reference(CUmodule module_handle, const char *name, bool is_surface,
                                 const void *answer, void **handle) {
    struct driver_module *module;
    struct driver_context *context = NULL;
    struct driver_reference *reference;
    uint64_t variable = 0;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && (!answer || !name))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = module_find(module_handle, &module);
    if (status == CUDA_SUCCESS)
        status =
            driver_status(machine_find_reference(module->machine, name, is_surface, &variable));
    if (status == CUDA_SUCCESS)
        status = reference_open(context, module_handle, variable, is_surface, &reference);
    if (status == CUDA_SUCCESS)
        *handle = reference->handle;
    return driver_end(status);
}

CUresult cuModuleGetTexRef(CUtexref *reference, CUmodule module, const char *name) {
    void *handle = NULL;
    const CUresult status = module_reference(module, name, false, reference, &handle);
    if (status == CUDA_SUCCESS)
        *reference = handle;
    return status;
}

CUresult cuModuleGetSurfRef(CUsurfref *reference, CUmodule module, const char *name) {
    void *handle = NULL;
    const CUresult status = module_reference(module, name, true, reference, &handle);
    if (status == CUDA_SUCCESS)
        *reference = handle;
    return status;
}

CUresult cuTexRefCreate(CUtexref *handle) {
    struct driver_context *context = NULL;
    struct driver_reference *reference;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && !handle)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = reference_open(context, NULL, 0, false, &reference);
    if (status == CUDA_SUCCESS)
        *handle = reference->handle;
    return driver_end(status);
}

/* The beginning of a call on a reference; `argument` is NULL where one is missing or wrong. */
static CUresult reference_begin(void *handle, bool is_surface, const void *argument,
                                struct driver_reference **reference) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && !argument)
        status = CUDA_ERROR_INVALID_VALUE;
    return status == CUDA_SUCCESS ? reference_find(handle, is_surface, reference) : status;
}

CUresult cuTexRefDestroy(CUtexref handle) {
    struct driver_reference *reference = NULL;
    CUresult status = reference_begin(handle, false, handle, &reference);
    if (status == CUDA_SUCCESS && reference->module)
        status = CUDA_ERROR_INVALID_VALUE; /* it goes with its module */
    if (status == CUDA_SUCCESS)
        reference_close(reference);
    return driver_end(status);
}

/* ---- What is read ---- */

CUresult cuTexRefSetArray(CUtexref handle, CUarray array, unsigned int flags) {
    struct driver_reference *reference = NULL;
    CUresult status = reference_begin(handle, false,
                                      flags != CU_TRSA_OVERRIDE_FORMAT ? NULL : handle, &reference);
    if (status == CUDA_SUCCESS)
        status = reference_bind_array(reference, array);
    return driver_end(status);
}

CUresult cuSurfRefSetArray(CUsurfref handle, CUarray array, unsigned int flags) {
    struct driver_reference *reference = NULL;
    CUresult status = reference_begin(handle, true, flags != 0 ? NULL : handle, &reference);
    if (status == CUDA_SUCCESS)
        status = reference_bind_array(reference, array);
    return driver_end(status);
}

/* Textures begin at multiples of 512 bytes: what lies before is told. */
CUresult cuTexRefSetAddress_v2(size_t *offset, CUtexref handle, CUdeviceptr address, size_t bytes) {
    enum { ALIGNMENT = 512 };
    const size_t before = address % ALIGNMENT;
    struct driver_reference *reference = NULL;
    const bool is_wrong = (before && !offset) || bytes > SIZE_MAX - before;
    CUresult status = reference_begin(handle, false, is_wrong ? NULL : handle, &reference);
    if (status == CUDA_SUCCESS) {
        reference->resource =
            (CUDA_RESOURCE_DESC){.resType = CU_RESOURCE_TYPE_LINEAR,
                                 .res.linear = {.devPtr = address - before,
                                                .format = reference->format,
                                                .numChannels = reference->channels,
                                                .sizeInBytes = bytes + before}};
        reference->is_bound = true;
        status = reference_update(reference);
    }
    if (status == CUDA_SUCCESS && offset)
        *offset = before;
    return driver_end(status);
}

CUresult cuTexRefSetAddress2D_v3(CUtexref handle, const CUDA_ARRAY_DESCRIPTOR *description,
                                 CUdeviceptr address, size_t pitch) {
    struct driver_reference *reference = NULL;
    CUresult status = reference_begin(handle, false, description, &reference);
    if (status == CUDA_SUCCESS) {
        reference->format = description->Format;
        reference->channels = description->NumChannels;
        reference->resource =
            (CUDA_RESOURCE_DESC){.resType = CU_RESOURCE_TYPE_PITCH2D,
                                 .res.pitch2D = {.devPtr = address,
                                                 .format = description->Format,
                                                 .numChannels = description->NumChannels,
                                                 .width = description->Width,
                                                 .height = description->Height,
                                                 .pitchInBytes = pitch}};
        reference->is_bound = true;
        status = reference_update(reference);
    }
    return driver_end(status);
}

CUresult cuTexRefSetFormat(CUtexref handle, CUarray_format format, int channels) {
    struct machine_texture image;
    struct driver_reference *reference = NULL;
    const bool is_wrong = channels <= 0 || !array_format(format, (unsigned)channels, &image);
    CUresult status = reference_begin(handle, false, is_wrong ? NULL : handle, &reference);
    if (status == CUDA_SUCCESS && reference->is_bound &&
        reference->resource.resType == CU_RESOURCE_TYPE_PITCH2D)
        status = CUDA_ERROR_INVALID_VALUE; /* the description has said it */
    if (status == CUDA_SUCCESS) {
        reference->format = format;
        reference->channels = (unsigned)channels;
        if (reference->resource.resType == CU_RESOURCE_TYPE_LINEAR) {
            reference->resource.res.linear.format = format;
            reference->resource.res.linear.numChannels = (unsigned)channels;
        }
        status = reference_update(reference);
    }
    return driver_end(status);
}

/* ---- How it is read ---- */

/* What does not fit together now may do so after the next call; a launch tells where nothing is
 * bound. */
static CUresult changed(CUresult status, struct driver_reference *reference) {
    if (status == CUDA_SUCCESS)
        (void)reference_update(reference);
    return driver_end(status);
}

CUresult cuTexRefSetAddressMode(CUtexref handle, int dimension, CUaddress_mode mode) {
    struct driver_reference *reference = NULL;
    const bool is_wrong =
        dimension < 0 || dimension >= DIMENSIONS || (unsigned)mode > CU_TR_ADDRESS_MODE_BORDER;
    const CUresult status = reference_begin(handle, false, is_wrong ? NULL : handle, &reference);
    if (status == CUDA_SUCCESS)
        reference->description.addressMode[dimension] = mode;
    return changed(status, reference);
}

CUresult cuTexRefSetFilterMode(CUtexref handle, CUfilter_mode mode) {
    struct driver_reference *reference = NULL;
    const CUresult status = reference_begin(
        handle, false, (unsigned)mode > CU_TR_FILTER_MODE_LINEAR ? NULL : handle, &reference);
    if (status == CUDA_SUCCESS)
        reference->description.filterMode = mode;
    return changed(status, reference);
}

CUresult cuTexRefSetMaxAnisotropy(CUtexref handle, unsigned int anisotropy) {
    struct driver_reference *reference = NULL;
    const CUresult status = reference_begin(handle, false, handle, &reference);
    if (status == CUDA_SUCCESS)
        reference->description.maxAnisotropy = anisotropy;
    return changed(status, reference);
}

CUresult cuTexRefSetBorderColor(CUtexref handle, float *colour) {
    struct driver_reference *reference = NULL;
    const CUresult status = reference_begin(handle, false, colour, &reference);
    if (status == CUDA_SUCCESS)
        memcpy(reference->description.borderColor, colour, COLOURS * sizeof *colour);
    return changed(status, reference);
}

CUresult cuTexRefSetFlags(CUtexref handle, unsigned int flags) {
    struct driver_reference *reference = NULL;
    const CUresult status = reference_begin(handle, false, handle, &reference);
    if (status == CUDA_SUCCESS)
        reference->description.flags = flags;
    return changed(status, reference);
}

/* ---- What was said ---- */

CUresult cuTexRefGetAddress_v2(CUdeviceptr *address, CUtexref handle) {
    struct driver_reference *reference = NULL;
    CUresult status = reference_begin(handle, false, address, &reference);
    if (status != CUDA_SUCCESS)
        return driver_end(status);
    if (reference->is_bound && reference->resource.resType == CU_RESOURCE_TYPE_LINEAR)
        *address = reference->resource.res.linear.devPtr;
    else if (reference->is_bound && reference->resource.resType == CU_RESOURCE_TYPE_PITCH2D)
        *address = reference->resource.res.pitch2D.devPtr;
    else
        status = CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

static CUresult array_of(CUarray *array, void *handle, bool is_surface) {
    struct driver_reference *reference = NULL;
    CUresult status = reference_begin(handle, is_surface, array, &reference);
    if (status == CUDA_SUCCESS &&
        (!reference->is_bound || reference->resource.resType != CU_RESOURCE_TYPE_ARRAY))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *array = reference->resource.res.array.hArray;
    return driver_end(status);
}

CUresult cuTexRefGetArray(CUarray *array, CUtexref handle) {
    return array_of(array, handle, false);
}

CUresult cuSurfRefGetArray(CUarray *array, CUsurfref handle) {
    return array_of(array, handle, true);
}

CUresult cuTexRefGetAddressMode(CUaddress_mode *mode, CUtexref handle, int dimension) {
    struct driver_reference *reference = NULL;
    const bool is_there = dimension >= 0 && dimension < DIMENSIONS;
    const CUresult status = reference_begin(handle, false, is_there ? mode : NULL, &reference);
    if (status == CUDA_SUCCESS)
        *mode = reference->description.addressMode[dimension];
    return driver_end(status);
}

CUresult cuTexRefGetFilterMode(CUfilter_mode *mode, CUtexref handle) {
    struct driver_reference *reference = NULL;
    const CUresult status = reference_begin(handle, false, mode, &reference);
    if (status == CUDA_SUCCESS)
        *mode = reference->description.filterMode;
    return driver_end(status);
}

CUresult cuTexRefGetFormat(CUarray_format *format, int *channels, CUtexref handle) {
    struct driver_reference *reference = NULL;
    CUresult status = reference_begin(handle, false, format, &reference);
    if (status == CUDA_SUCCESS && !channels)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        *format = reference->format;
        *channels = (int)reference->channels;
    }
    return driver_end(status);
}

CUresult cuTexRefGetMaxAnisotropy(int *anisotropy, CUtexref handle) {
    struct driver_reference *reference = NULL;
    const CUresult status = reference_begin(handle, false, anisotropy, &reference);
    if (status == CUDA_SUCCESS)
        *anisotropy = (int)reference->description.maxAnisotropy;
    return driver_end(status);
}

CUresult cuTexRefGetBorderColor(float *colour, CUtexref handle) {
    struct driver_reference *reference = NULL;
    const CUresult status = reference_begin(handle, false, colour, &reference);
    if (status == CUDA_SUCCESS)
        memcpy(colour, reference->description.borderColor, COLOURS * sizeof *colour);
    return driver_end(status);
}

CUresult cuTexRefGetFlags(unsigned int *flags, CUtexref handle) {
    struct driver_reference *reference = NULL;
    const CUresult status = reference_begin(handle, false, flags, &reference);
    if (status == CUDA_SUCCESS)
        *flags = reference->description.flags;
    return driver_end(status);
}
