/* Tensor maps; see gpu/gpu.h. */
#include "gpu/state.h"

static const struct {
    enum cuda_tensor_type type;
    unsigned bytes;
} elements[] = {
    [GPU_F16] = {CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 2},
    [GPU_BF16] = {CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2},
    [GPU_F32] = {CU_TENSOR_MAP_DATA_TYPE_FLOAT32, 4},
};

enum status gpu_tensor_map(struct gpu *gpu, const struct gpu_matrix *matrix, void *map,
                           struct message *message) {
    enum { RANK = 2 };
    const uint64_t sizes[RANK] = {(uint64_t)matrix->columns, (uint64_t)matrix->rows};
    const uint64_t strides[RANK - 1] = {(uint64_t)matrix->stride * elements[matrix->element].bytes};
    const uint32_t box[RANK] = {(uint32_t)matrix->box_columns, (uint32_t)matrix->box_rows};
    const uint32_t every[RANK] = {1, 1};
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    if (gpu->driver.cuTensorMapEncodeTiled == NULL)
        return message_set(message, STATUS_UNSUPPORTED,
                           "tensor maps need a driver for CUDA 12.0, and this one is for %d.%d",
                           gpu->driver.version / 1000, gpu->driver.version % 1000 / 10);
    const enum cuda_result result = gpu->driver.cuTensorMapEncodeTiled(
        map, elements[matrix->element].type, RANK, (void *)matrix->data, sizes, strides, box, every,
        CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
        CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    if (result == CUDA_ERROR_NOT_SUPPORTED)
        return message_set(message, STATUS_UNSUPPORTED, "%s has no tensor maps",
                           gpu->properties.name);
    return gpu_check(gpu, result, message,
                     "cuTensorMapEncodeTiled of a matrix of %lld rows and %lld columns",
                     (long long)matrix->rows, (long long)matrix->columns);
}
