/* Batches of copies, prefetches and discards, and what is asked of ranges of managed memory.
 * Structures are the driver's, member for member. */
#include "emulator/runtime/runtime.h"

/* Version 13 names no copy that failed. */
#if RUNTIME_VERSION >= 13000
RUNTIME_API cudaError_t cudaMemcpyBatchAsync(CUdeviceptr *to, CUdeviceptr *from, size_t *sizes,
                                             size_t count, CUmemcpyAttributes *attributes,
                                             size_t *first, size_t runs, CUstream stream) {
    RUNTIME_RETURN(cuMemcpyBatchAsync_v2(to, from, sizes, count, attributes, first, runs, stream));
}

RUNTIME_API cudaError_t cudaMemcpyBatchAsync_ptsz(CUdeviceptr *to, CUdeviceptr *from, size_t *sizes,
                                                  size_t count, CUmemcpyAttributes *attributes,
                                                  size_t *first, size_t runs, CUstream stream) {
    return cudaMemcpyBatchAsync(to, from, sizes, count, attributes, first, runs,
                                stream ? stream : CU_STREAM_PER_THREAD);
}

RUNTIME_API cudaError_t cudaMemcpy3DBatchAsync(size_t count, CUDA_MEMCPY3D_BATCH_OP *operations,
                                               unsigned long long flags, CUstream stream) {
    RUNTIME_RETURN(cuMemcpy3DBatchAsync_v2(count, operations, flags, stream));
}

RUNTIME_API cudaError_t cudaMemcpy3DBatchAsync_ptsz(size_t count,
                                                    CUDA_MEMCPY3D_BATCH_OP *operations,
                                                    unsigned long long flags, CUstream stream) {
    return cudaMemcpy3DBatchAsync(count, operations, flags, stream ? stream : CU_STREAM_PER_THREAD);
}
#else
RUNTIME_API cudaError_t cudaMemcpyBatchAsync(CUdeviceptr *to, CUdeviceptr *from, size_t *sizes,
                                             size_t count, CUmemcpyAttributes *attributes,
                                             size_t *first, size_t runs, size_t *fail,
                                             CUstream stream) {
    RUNTIME_RETURN(
        cuMemcpyBatchAsync(to, from, sizes, count, attributes, first, runs, fail, stream));
}

RUNTIME_API cudaError_t cudaMemcpyBatchAsync_ptsz(CUdeviceptr *to, CUdeviceptr *from, size_t *sizes,
                                                  size_t count, CUmemcpyAttributes *attributes,
                                                  size_t *first, size_t runs, size_t *fail,
                                                  CUstream stream) {
    return cudaMemcpyBatchAsync(to, from, sizes, count, attributes, first, runs, fail,
                                stream ? stream : CU_STREAM_PER_THREAD);
}

RUNTIME_API cudaError_t cudaMemcpy3DBatchAsync(size_t count, CUDA_MEMCPY3D_BATCH_OP *operations,
                                               size_t *fail, unsigned long long flags,
                                               CUstream stream) {
    RUNTIME_RETURN(cuMemcpy3DBatchAsync(count, operations, fail, flags, stream));
}

RUNTIME_API cudaError_t cudaMemcpy3DBatchAsync_ptsz(size_t count,
                                                    CUDA_MEMCPY3D_BATCH_OP *operations,
                                                    size_t *fail, unsigned long long flags,
                                                    CUstream stream) {
    return cudaMemcpy3DBatchAsync(count, operations, fail, flags,
                                  stream ? stream : CU_STREAM_PER_THREAD);
}
#endif

RUNTIME_API cudaError_t cudaMemPrefetchBatchAsync(CUdeviceptr *addresses, size_t *sizes,
                                                  size_t count, CUmemLocation *locations,
                                                  size_t *first, size_t runs,
                                                  unsigned long long flags, CUstream stream) {
    RUNTIME_RETURN(
        cuMemPrefetchBatchAsync(addresses, sizes, count, locations, first, runs, flags, stream));
}

RUNTIME_API cudaError_t cudaMemPrefetchBatchAsync_ptsz(CUdeviceptr *addresses, size_t *sizes,
                                                       size_t count, CUmemLocation *locations,
                                                       size_t *first, size_t runs,
                                                       unsigned long long flags, CUstream stream) {
    return cudaMemPrefetchBatchAsync(addresses, sizes, count, locations, first, runs, flags,
                                     stream ? stream : CU_STREAM_PER_THREAD);
}

/* What is discarded is kept here, which it may be. */
RUNTIME_API extern __typeof__(cudaMemPrefetchBatchAsync) cudaMemDiscardAndPrefetchBatchAsync
    __attribute__((alias("cudaMemPrefetchBatchAsync")));
RUNTIME_API extern __typeof__(cudaMemPrefetchBatchAsync) cudaMemDiscardAndPrefetchBatchAsync_ptsz
    __attribute__((alias("cudaMemPrefetchBatchAsync_ptsz")));

RUNTIME_API cudaError_t cudaMemDiscardBatchAsync(CUdeviceptr *addresses, size_t *sizes,
                                                 size_t count, unsigned long long flags,
                                                 CUstream stream) {
    RUNTIME_RETURN(cuMemDiscardBatchAsync(addresses, sizes, count, flags, stream));
}

RUNTIME_API cudaError_t cudaMemDiscardBatchAsync_ptsz(CUdeviceptr *addresses, size_t *sizes,
                                                      size_t count, unsigned long long flags,
                                                      CUstream stream) {
    return cudaMemDiscardBatchAsync(addresses, sizes, count, flags,
                                    stream ? stream : CU_STREAM_PER_THREAD);
}

/* ---- Ranges ---- */

RUNTIME_API cudaError_t cudaMemRangeGetAttribute(void *data, size_t size,
                                                 CUmem_range_attribute attribute,
                                                 const void *memory, size_t bytes) {
    RUNTIME_RETURN(cuMemRangeGetAttribute(data, size, attribute, address_of(memory), bytes));
}

RUNTIME_API cudaError_t cudaMemRangeGetAttributes(void **data, size_t *sizes,
                                                  CUmem_range_attribute *attributes, size_t number,
                                                  const void *memory, size_t bytes) {
    RUNTIME_RETURN(
        cuMemRangeGetAttributes(data, sizes, attributes, number, address_of(memory), bytes));
}
