/* cuMemset* in all widths, in lines and in pitched planes. */
#include "emulator/driver/memory/fill.h"
#include "emulator/driver/api/api.h"
#include "emulator/driver/capture.h"
#include "emulator/driver/execute.h"
#include "emulator/driver/stream.h"

static CUresult fill_now(const char *call, const CUDA_MEMSET_NODE_PARAMS *fill) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = capture_forbid();
    if (status == CUDA_SUCCESS)
        status = capture_forbid_implicit(context->legacy);
    if (status == CUDA_SUCCESS)
        status = fill_execute(fill);
    return driver_end_of(call, status);
}

static CUresult fill_submit(const char *call, const CUDA_MEMSET_NODE_PARAMS *fill,
                            CUstream handle) {
    struct driver_stream *stream;
    CUresult status = stream_begin(handle, &stream);
    if (status == CUDA_SUCCESS)
        status = fill_check(fill);
    if (status == CUDA_SUCCESS) {
        const struct driver_operation operation = {.type = CU_GRAPH_NODE_TYPE_MEMSET,
                                                   .fill = *fill};
        status = operation_submit(stream, &operation);
    }
    return driver_end_of(call, status);
}

/* The four forms of one element type: a line and a plane, waited for and in a stream. */
#define FILL_FUNCTIONS(bits, type)                                                                 \
    CUresult cuMemsetD##bits##_v2(CUdeviceptr destination, type value, size_t count) {             \
        const CUDA_MEMSET_NODE_PARAMS fill = {destination, 0, value, (bits) / 8, count, 1};        \
        return fill_now(__func__, &fill);                                                          \
    }                                                                                              \
    DRIVER_ALIAS(cuMemsetD##bits##_v2, cuMemsetD##bits##_v2_ptds);                                 \
    CUresult cuMemsetD##bits##Async(CUdeviceptr destination, type value, size_t count,             \
                                    CUstream stream) {                                             \
        const CUDA_MEMSET_NODE_PARAMS fill = {destination, 0, value, (bits) / 8, count, 1};        \
        return fill_submit(__func__, &fill, stream);                                               \
    }                                                                                              \
    DRIVER_ALIAS(cuMemsetD##bits##Async, cuMemsetD##bits##Async_ptsz);                             \
    CUresult cuMemsetD2D##bits##_v2(CUdeviceptr destination, size_t pitch, type value,             \
                                    size_t width, size_t height) {                                 \
        const CUDA_MEMSET_NODE_PARAMS fill = {                                                     \
            destination, pitch, value, (bits) / 8, width, height};                                 \
        return fill_now(__func__, &fill);                                                          \
    }                                                                                              \
    DRIVER_ALIAS(cuMemsetD2D##bits##_v2, cuMemsetD2D##bits##_v2_ptds);                             \
    CUresult cuMemsetD2D##bits##Async(CUdeviceptr destination, size_t pitch, type value,           \
                                      size_t width, size_t height, CUstream stream) {              \
        const CUDA_MEMSET_NODE_PARAMS fill = {                                                     \
            destination, pitch, value, (bits) / 8, width, height};                                 \
        return fill_submit(__func__, &fill, stream);                                               \
    }                                                                                              \
    DRIVER_ALIAS(cuMemsetD2D##bits##Async, cuMemsetD2D##bits##Async_ptsz)

FILL_FUNCTIONS(8, unsigned char);
FILL_FUNCTIONS(16, unsigned short);
FILL_FUNCTIONS(32, unsigned int);
