/* Fills: cuMemset* in all widths, in lines and in pitched planes. */
#include "emulator/driver/graph.h"

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
        fill->dst % fill->elementSize || pitch % fill->elementSize)
        return CUDA_ERROR_INVALID_VALUE;
    size_t extent = (fill->height - 1) * pitch + row;
    struct machine_range range = machine_find_range(driver.machine, fill->dst);
    if (range.kind != MACHINE_MEMORY_NONE && extent <= range.size - (fill->dst - range.address))
        return CUDA_SUCCESS;
    driver_say("fill of %zu bytes at 0x%llx: that is not all inside one allocation", extent,
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

static CUresult fill_now(const CUDA_MEMSET_NODE_PARAMS *fill) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = capture_forbid();
    if (status == CUDA_SUCCESS)
        status = capture_forbid_implicit(context->legacy);
    if (status == CUDA_SUCCESS)
        status = fill_execute(fill);
    return driver_end(status);
}

static CUresult fill_submit(const CUDA_MEMSET_NODE_PARAMS *fill, CUstream handle) {
    struct driver_context *context;
    struct driver_stream *stream;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = stream_find(context, handle, &stream);
    if (status == CUDA_SUCCESS)
        status = fill_check(fill);
    if (status == CUDA_SUCCESS) {
        const struct driver_operation operation = {.type = CU_GRAPH_NODE_TYPE_MEMSET,
                                                   .fill = *fill};
        status = operation_submit(stream, &operation);
    }
    return driver_end(status);
}

/* The four forms of one element type: a line and a plane, waited for and in a stream. */
#define FILL_FUNCTIONS(bits, type)                                                                 \
    CUresult cuMemsetD##bits##_v2(CUdeviceptr destination, type value, size_t count) {             \
        const CUDA_MEMSET_NODE_PARAMS fill = {destination, 0, value, (bits) / 8, count, 1};        \
        return fill_now(&fill);                                                                    \
    }                                                                                              \
    DRIVER_ALIAS(cuMemsetD##bits##_v2, cuMemsetD##bits##_v2_ptds);                                 \
    CUresult cuMemsetD##bits##Async(CUdeviceptr destination, type value, size_t count,             \
                                    CUstream stream) {                                             \
        const CUDA_MEMSET_NODE_PARAMS fill = {destination, 0, value, (bits) / 8, count, 1};        \
        return fill_submit(&fill, stream);                                                         \
    }                                                                                              \
    DRIVER_ALIAS(cuMemsetD##bits##Async, cuMemsetD##bits##Async_ptsz);                             \
    CUresult cuMemsetD2D##bits##_v2(CUdeviceptr destination, size_t pitch, type value,             \
                                    size_t width, size_t height) {                                 \
        const CUDA_MEMSET_NODE_PARAMS fill = {                                                     \
            destination, pitch, value, (bits) / 8, width, height};                                 \
        return fill_now(&fill);                                                                    \
    }                                                                                              \
    DRIVER_ALIAS(cuMemsetD2D##bits##_v2, cuMemsetD2D##bits##_v2_ptds);                             \
    CUresult cuMemsetD2D##bits##Async(CUdeviceptr destination, size_t pitch, type value,           \
                                      size_t width, size_t height, CUstream stream) {              \
        const CUDA_MEMSET_NODE_PARAMS fill = {                                                     \
            destination, pitch, value, (bits) / 8, width, height};                                 \
        return fill_submit(&fill, stream);                                                         \
    }                                                                                              \
    DRIVER_ALIAS(cuMemsetD2D##bits##Async, cuMemsetD2D##bits##Async_ptsz)

FILL_FUNCTIONS(8, unsigned char);
FILL_FUNCTIONS(16, unsigned short);
FILL_FUNCTIONS(32, unsigned int);
