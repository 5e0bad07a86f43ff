/* Variables of the device by the host's name for them. */
#include "emulator/runtime/symbol.h"

#include "emulator/runtime/copy.h"
#include "emulator/runtime/registry.h"
#include "emulator/runtime/runtime.h"

cudaError_t symbol_find(const void *symbol, size_t offset, size_t bytes, char **place) {
    CUdeviceptr address;
    size_t size;
    CUresult result = runtime_begin();
    *place = NULL;
    if (result == CUDA_SUCCESS)
        result = registry_variable(symbol, &address, &size);
    if (result == CUDA_ERROR_NOT_FOUND)
        return runtime_refuse(cudaErrorInvalidSymbol,
                              "symbol: the program has registered no variable at this address");
    if (result == CUDA_SUCCESS && (offset > size || bytes > size - offset))
        return runtime_refuse(cudaErrorInvalidValue,
                              "copy of %zu bytes at %zu of a variable of %zu bytes", bytes, offset,
                              size);
    if (result == CUDA_SUCCESS)
        *place = (char *)(uintptr_t)address + offset; // NOLINT(performance-no-int-to-ptr)
    return runtime_end(result);
}

RUNTIME_API cudaError_t cudaGetSymbolAddress(void **address, const void *symbol) {
    char *place;
    const cudaError_t error = symbol_find(symbol, 0, 0, &place);
    if (error == cudaSuccess)
        *address = place;
    return error;
}

RUNTIME_API cudaError_t cudaGetSymbolSize(size_t *size, const void *symbol) {
    CUdeviceptr address;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = registry_variable(symbol, &address, size);
    return result == CUDA_ERROR_NOT_FOUND ? runtime_fail(cudaErrorInvalidSymbol)
                                          : runtime_end(result);
}

RUNTIME_API cudaError_t cudaMemcpyToSymbol(const void *symbol, const void *from, size_t bytes,
                                           size_t offset, enum cudaMemcpyKind kind) {
    char *place;
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    const cudaError_t error = symbol_find(symbol, offset, bytes, &place);
    return error != cudaSuccess ? error
                                : runtime_end(copy_bytes(place, from, bytes, kind, NULL, false));
}
RUNTIME_PER_THREAD(cudaMemcpyToSymbol, _ptds);

RUNTIME_API cudaError_t cudaMemcpyToSymbolAsync(const void *symbol, const void *from, size_t bytes,
                                                size_t offset, enum cudaMemcpyKind kind,
                                                CUstream stream) {
    char *place;
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    const cudaError_t error = symbol_find(symbol, offset, bytes, &place);
    return error != cudaSuccess ? error
                                : runtime_end(copy_bytes(place, from, bytes, kind, stream, true));
}
RUNTIME_PER_THREAD(cudaMemcpyToSymbolAsync, _ptsz);

RUNTIME_API cudaError_t cudaMemcpyFromSymbol(void *to, const void *symbol, size_t bytes,
                                             size_t offset, enum cudaMemcpyKind kind) {
    char *place;
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    const cudaError_t error = symbol_find(symbol, offset, bytes, &place);
    return error != cudaSuccess ? error
                                : runtime_end(copy_bytes(to, place, bytes, kind, NULL, false));
}
RUNTIME_PER_THREAD(cudaMemcpyFromSymbol, _ptds);

RUNTIME_API cudaError_t cudaMemcpyFromSymbolAsync(void *to, const void *symbol, size_t bytes,
                                                  size_t offset, enum cudaMemcpyKind kind,
                                                  CUstream stream) {
    char *place;
    if (!copy_is_kind(kind))
        return copy_refuse_kind(kind);
    const cudaError_t error = symbol_find(symbol, offset, bytes, &place);
    return error != cudaSuccess ? error
                                : runtime_end(copy_bytes(to, place, bytes, kind, stream, true));
}
RUNTIME_PER_THREAD(cudaMemcpyFromSymbolAsync, _ptsz);
