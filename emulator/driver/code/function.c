/* Functions: attributes and parameters. */
#include "emulator/driver/code/function.h"

CUresult function_find(CUfunction handle, struct driver_function **function) {
    *function = handle_find(&driver.handles, HANDLE_FUNCTION, handle);
    return *function ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult function_begin(CUfunction handle, struct driver_function **function) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    return status == CUDA_SUCCESS ? function_find(handle, function) : status;
}

CUresult function_attribute(const struct driver_function *function, CUfunction_attribute attribute,
                            int *value) {
    const struct machine_function_info *info = function->info;
    size_t unused = driver.properties.shared_per_block > info->shared_bytes
                        ? driver.properties.shared_per_block - info->shared_bytes
                        : 0;
    switch ((int)attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
        *value = (int)info->max_threads;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
        *value = (int)info->shared_bytes;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
        *value = (int)info->constant_bytes;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
        *value = (int)info->local_bytes;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_NUM_REGS:
        *value = (int)info->registers;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_PTX_VERSION: /* the architecture that the PTX is for, not the version of
                                           the language */
        *value = (int)info->target;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
        *value = driver.properties.capability_major * 10 + driver.properties.capability_minor;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
        *value = (int)(function->dynamic_limit ? function->dynamic_limit : unused);
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
        *value = function->carveout;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET:
        *value = info->has_explicit_clusters;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH: {
        const unsigned *cluster =
            info->required_cluster[0] ? info->required_cluster : function->cluster;
        *value = (int)cluster[attribute - CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH];
        return CUDA_SUCCESS;
    }
    case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
        *value = function->allows_large_clusters;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
        *value = function->cluster_policy;
        return CUDA_SUCCESS;
    default:
        *value = 0;
        return (unsigned)attribute < CU_FUNC_ATTRIBUTE_MAX ? CUDA_SUCCESS
                                                           : CUDA_ERROR_INVALID_VALUE;
    }
}

CUresult function_set_attribute(struct driver_function *function, CUfunction_attribute attribute,
                                int value) {
    switch ((int)attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
        if (value < 0 || function->info->shared_bytes + (size_t)value >
                             driver.properties.shared_per_block_optin) {
            driver_say("%s: %d bytes of dynamic and %zu of static shared memory are more than the "
                       "device's %zu",
                       function->info->name, value, function->info->shared_bytes,
                       driver.properties.shared_per_block_optin);
            return CUDA_ERROR_INVALID_VALUE;
        }
        function->dynamic_limit = (size_t)value;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
        if (value < -1 || value > 100)
            return CUDA_ERROR_INVALID_VALUE;
        function->carveout = value;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
        if (value < 0 || function->info->required_cluster[0])
            return CUDA_ERROR_INVALID_VALUE;
        function->cluster[attribute - CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH] = (unsigned)value;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
        function->allows_large_clusters = value != 0;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
        if (value < 0 || value > CU_CLUSTER_SCHEDULING_POLICY_LOAD_BALANCING)
            return CUDA_ERROR_INVALID_VALUE;
        function->cluster_policy = value;
        return CUDA_SUCCESS;
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

CUresult function_parameter(const struct driver_function *function, size_t index, size_t *offset,
                            size_t *size) {
    if (!offset || index >= function->info->parameter_count)
        return CUDA_ERROR_INVALID_VALUE;
    *offset = function->info->parameters[index].offset;
    if (size)
        *size = function->info->parameters[index].size;
    return CUDA_SUCCESS;
}
