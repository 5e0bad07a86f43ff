/* A context's limits and preferences. The stack, the heap and the printf buffer are the machine's;
 * the rest is kept and no more. */
#include "emulator/driver/api/api.h"
#include "emulator/driver/context.h"

CUresult cuCtxGetLimit(size_t *value, CUlimit limit) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && !value)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        struct machine_options options = machine_options(driver.machine);
        switch ((int)limit) {
        case CU_LIMIT_STACK_SIZE:
            *value = options.stack_bytes;
            break;
        case CU_LIMIT_PRINTF_FIFO_SIZE:
            *value = options.printf_bytes;
            break;
        case CU_LIMIT_MALLOC_HEAP_SIZE:
            *value = options.heap_bytes;
            break;
        case CU_LIMIT_PERSISTING_L2_CACHE_SIZE:
            *value = context->persisting_l2;
            break;
        default:
            status = limit < 0 || limit >= CU_LIMIT_MAX ? CUDA_ERROR_INVALID_VALUE
                                                        : CUDA_ERROR_UNSUPPORTED_LIMIT;
        }
    }
    return driver_end(status);
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS) {
        struct machine_options options = machine_options(driver.machine);
        switch ((int)limit) {
        case CU_LIMIT_STACK_SIZE:
            options.stack_bytes = (value + 15) & ~(size_t)15;
            break;
        case CU_LIMIT_PRINTF_FIFO_SIZE:
            options.printf_bytes = value;
            break;
        case CU_LIMIT_MALLOC_HEAP_SIZE: /* for a heap that no kernel has used yet */
            options.heap_bytes = value;
            break;
        case CU_LIMIT_PERSISTING_L2_CACHE_SIZE:
            context->persisting_l2 = value;
            break;
        default:
            status = limit < 0 || limit >= CU_LIMIT_MAX ? CUDA_ERROR_INVALID_VALUE
                                                        : CUDA_ERROR_UNSUPPORTED_LIMIT;
        }
        if (status == CUDA_SUCCESS)
            machine_set_options(driver.machine, &options);
    }
    return driver_end(status);
}

CUresult cuCtxGetCacheConfig(CUfunc_cache *config) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && !config)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *config = context->cache;
    return driver_end(status);
}

CUresult cuCtxSetCacheConfig(CUfunc_cache config) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && (unsigned)config > CU_FUNC_CACHE_PREFER_EQUAL)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        context->cache = config;
    return driver_end(status);
}

CUresult cuCtxGetSharedMemConfig(CUsharedconfig *config) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && !config)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *config = context->banks;
    return driver_end(status);
}

/* Banks are four bytes wide on every device since Maxwell, whatever is asked for. */
CUresult cuCtxSetSharedMemConfig(CUsharedconfig config) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && (unsigned)config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE)
        status = CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

CUresult cuCtxResetPersistingL2Cache(void) {
    struct driver_context *context;
    return driver_end(driver_begin_context(&context));
}

/* A device is no peer of itself. */
static CUresult peer_begin(CUcontext handle, struct driver_context **context, unsigned *bit) {
    struct driver_context *peer;
    CUresult status = driver_begin_context(context);
    if (status == CUDA_SUCCESS)
        status = context_find(handle, &peer);
    if (status != CUDA_SUCCESS)
        return status;
    *bit = 1U << peer->device;
    return peer->device == (*context)->device ? CUDA_ERROR_PEER_ACCESS_UNSUPPORTED : CUDA_SUCCESS;
}

/* Whether it was asked for is kept; kernels reach the memory of all devices. */
CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned int flags) {
    struct driver_context *context = NULL;
    unsigned bit = 0;
    CUresult status = peer_begin(peer, &context, &bit);
    if (flags && (status == CUDA_SUCCESS || status == CUDA_ERROR_PEER_ACCESS_UNSUPPORTED))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && context->peers & bit)
        status = CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
    if (status == CUDA_SUCCESS)
        context->peers |= bit;
    return driver_end(status);
}

CUresult cuCtxDisablePeerAccess(CUcontext peer) {
    struct driver_context *context = NULL;
    unsigned bit = 0;
    CUresult status = peer_begin(peer, &context, &bit);
    if (status == CUDA_ERROR_PEER_ACCESS_UNSUPPORTED ||
        (status == CUDA_SUCCESS && !(context->peers & bit)))
        status = CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
    if (status == CUDA_SUCCESS)
        context->peers &= ~bit;
    return driver_end(status);
}
