/* Libraries: code that a program loads by itself. Their kernels are launched as registered ones. */
#include "emulator/runtime/runtime.h"

/* Options have the driver's numbers. */
RUNTIME_API cudaError_t cudaLibraryLoadData(CUlibrary *library, const void *code,
                                            CUjit_option *jit_options, void **jit_values,
                                            unsigned jit_count, CUlibraryOption *options,
                                            void **values, unsigned count) {
    RUNTIME_RETURN(cuLibraryLoadData(library, code, jit_options, jit_values, jit_count, options,
                                     values, count));
}

RUNTIME_API cudaError_t cudaLibraryLoadFromFile(CUlibrary *library, const char *path,
                                                CUjit_option *jit_options, void **jit_values,
                                                unsigned jit_count, CUlibraryOption *options,
                                                void **values, unsigned count) {
    RUNTIME_RETURN(cuLibraryLoadFromFile(library, path, jit_options, jit_values, jit_count, options,
                                         values, count));
}

RUNTIME_API cudaError_t cudaLibraryUnload(CUlibrary library) {
    RUNTIME_RETURN(cuLibraryUnload(library));
}

RUNTIME_API cudaError_t cudaLibraryGetKernel(CUkernel *kernel, CUlibrary library,
                                             const char *name) {
    RUNTIME_RETURN(cuLibraryGetKernel(kernel, library, name));
}

RUNTIME_API cudaError_t cudaLibraryGetKernelCount(unsigned *count, CUlibrary library) {
    RUNTIME_RETURN(cuLibraryGetKernelCount(count, library));
}

RUNTIME_API cudaError_t cudaLibraryEnumerateKernels(CUkernel *kernels, unsigned count,
                                                    CUlibrary library) {
    RUNTIME_RETURN(cuLibraryEnumerateKernels(kernels, count, library));
}

RUNTIME_API cudaError_t cudaLibraryGetGlobal(void **memory, size_t *bytes, CUlibrary library,
                                             const char *name) {
    CUdeviceptr address;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = cuLibraryGetGlobal(&address, bytes, library, name);
    if (result == CUDA_SUCCESS && memory)
        *memory = pointer_of(address);
    return runtime_end(result);
}

RUNTIME_API cudaError_t cudaLibraryGetManaged(void **memory, size_t *bytes, CUlibrary library,
                                              const char *name) {
    CUdeviceptr address;
    CUresult result = runtime_begin();
    if (result == CUDA_SUCCESS)
        result = cuLibraryGetManaged(&address, bytes, library, name);
    if (result == CUDA_SUCCESS && memory)
        *memory = pointer_of(address);
    return runtime_end(result);
}
