/* The log, which is the driver's. Its functions need no context. */
#include "emulator/runtime/runtime.h"

RUNTIME_API cudaError_t cudaLogsRegisterCallback(CUlogsCallback function, void *data,
                                                 CUlogsCallbackHandle *handle) {
    return runtime_end(cuLogsRegisterCallback(function, data, handle));
}

RUNTIME_API cudaError_t cudaLogsUnregisterCallback(CUlogsCallbackHandle handle) {
    return runtime_end(cuLogsUnregisterCallback(handle));
}

RUNTIME_API cudaError_t cudaLogsCurrent(CUlogIterator *iterator, unsigned flags) {
    return runtime_end(cuLogsCurrent(iterator, flags));
}

RUNTIME_API cudaError_t cudaLogsDumpToFile(CUlogIterator *iterator, const char *path,
                                           unsigned flags) {
    return runtime_end(cuLogsDumpToFile(iterator, path, flags));
}

RUNTIME_API cudaError_t cudaLogsDumpToMemory(CUlogIterator *iterator, char *buffer, size_t *size,
                                             unsigned flags) {
    return runtime_end(cuLogsDumpToMemory(iterator, buffer, size, flags));
}
