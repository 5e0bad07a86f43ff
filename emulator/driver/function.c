/* Functions: attributes, parameters, and how many blocks of them fit a multiprocessor. */
#include <stdlib.h>

#include "emulator/driver/state.h"

CUresult function_find(CUfunction handle, struct driver_function **function) {
    *function = handle_find(&driver.handles, HANDLE_FUNCTION, handle);
    return *function ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
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

static CUresult function_begin(CUfunction handle, struct driver_function **function) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    return status == CUDA_SUCCESS ? function_find(handle, function) : status;
}

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction handle) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS)
        status = value ? function_attribute(function, attribute, value) : CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

CUresult cuFuncSetAttribute(CUfunction handle, CUfunction_attribute attribute, int value) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS)
        status = function_set_attribute(function, attribute, value);
    return driver_end(status);
}

CUresult cuFuncSetCacheConfig(CUfunction handle, CUfunc_cache config) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS && (unsigned)config > CU_FUNC_CACHE_PREFER_EQUAL)
        status = CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

CUresult cuFuncSetSharedMemConfig(CUfunction handle, CUsharedconfig config) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS && (unsigned)config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE)
        status = CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

CUresult cuFuncGetModule(CUmodule *module, CUfunction handle) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS && !module)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *module = function->module->handle;
    return driver_end(status);
}

CUresult cuFuncGetName(const char **name, CUfunction handle) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS && !name)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *name = function->info->name;
    return driver_end(status);
}

CUresult cuFuncGetParamInfo(CUfunction handle, size_t index, size_t *offset, size_t *size) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS)
        status = function_parameter(function, index, offset, size);
    return driver_end(status);
}

CUresult cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction handle) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS && !state)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *state = CU_FUNCTION_LOADING_STATE_LOADED;
    return driver_end(status);
}

CUresult cuFuncLoad(CUfunction handle) {
    struct driver_function *function;
    return driver_end(function_begin(handle, &function));
}

/* ---- Occupancy ---- */

static unsigned occupancy_blocks(const struct driver_function *function, int threads,
                                 size_t dynamic_shared) {
    return machine_occupancy(driver.machine, function->machine, (unsigned)threads, dynamic_shared);
}

static bool occupancy_block_valid(const struct driver_function *function, int threads) {
    return threads > 0 && (unsigned)threads <= function->info->max_threads &&
           (unsigned)threads <= driver.properties.max_threads_per_block;
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *count, CUfunction handle,
                                                              int block_size, size_t dynamic_shared,
                                                              unsigned int flags) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS &&
        (!count || block_size <= 0 || flags & ~(unsigned)CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *count = occupancy_block_valid(function, block_size)
                     ? (int)occupancy_blocks(function, block_size, dynamic_shared)
                     : 0;
    return driver_end(status);
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *count, CUfunction function,
                                                     int block_size, size_t dynamic_shared) {
    return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(count, function, block_size,
                                                                dynamic_shared, 0);
}

struct occupancy_query {
    CUoccupancyB2DSize shared_of_block; /* may be NULL */
    size_t dynamic_shared;
    int limit;
};

/* The block size, in whole warps, that keeps most threads resident; the largest of those that do.
 */
static int occupancy_best_block(const struct driver_function *function,
                                const struct occupancy_query *query, unsigned *blocks) {
    int warp = (int)driver.properties.warp_size, best = 0;
    unsigned best_threads = 0;
    for (int size = query->limit / warp * warp; size >= warp; size -= warp) {
        size_t shared =
            query->shared_of_block ? query->shared_of_block(size) : query->dynamic_shared;
        unsigned fit =
            occupancy_block_valid(function, size) ? occupancy_blocks(function, size, shared) : 0;
        if (fit * (unsigned)size > best_threads) {
            best_threads = fit * (unsigned)size;
            best = size;
            *blocks = fit;
        }
    }
    return best;
}

CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(int *min_grid_size, int *block_size,
                                                   CUfunction handle,
                                                   CUoccupancyB2DSize shared_of_block,
                                                   size_t dynamic_shared, int block_size_limit,
                                                   unsigned int flags) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    if (status == CUDA_SUCCESS && (!min_grid_size || !block_size || block_size_limit < 0 ||
                                   flags & ~(unsigned)CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        struct occupancy_query query = {shared_of_block, dynamic_shared,
                                        (int)function->info->max_threads};
        unsigned blocks = 0;
        if (block_size_limit && block_size_limit < query.limit)
            query.limit = block_size_limit;
        *block_size = occupancy_best_block(function, &query, &blocks);
        *min_grid_size = (int)(blocks * driver.properties.multiprocessors);
    }
    return driver_end(status);
}

CUresult cuOccupancyMaxPotentialBlockSize(int *min_grid_size, int *block_size, CUfunction function,
                                          CUoccupancyB2DSize shared_of_block, size_t dynamic_shared,
                                          int block_size_limit) {
    return cuOccupancyMaxPotentialBlockSizeWithFlags(
        min_grid_size, block_size, function, shared_of_block, dynamic_shared, block_size_limit, 0);
}

/* The most dynamic shared memory with which `blocks` blocks still fit. */
CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *dynamic_shared, CUfunction handle,
                                                 int blocks, int block_size) {
    struct driver_function *function;
    CUresult status = function_begin(handle, &function);
    bool valid = status == CUDA_SUCCESS && dynamic_shared && blocks > 0 &&
                 occupancy_block_valid(function, block_size);
    if (status == CUDA_SUCCESS &&
        (!valid || occupancy_blocks(function, block_size, 0) < (unsigned)blocks))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        size_t low = 0, high = driver.properties.shared_per_block_optin + 1;
        while (high - low > 1) {
            size_t middle = low + (high - low) / 2;
            if (occupancy_blocks(function, block_size, middle) >= (unsigned)blocks)
                low = middle;
            else
                high = middle;
        }
        *dynamic_shared = low;
    }
    return driver_end(status);
}
