/* cuLibrary* and cuKernel*. A kernel and its function are one handle. */
#include <stdlib.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/code/function.h"
#include "emulator/driver/code/image.h"
#include "emulator/driver/code/jit_log.h"
#include "emulator/driver/code/library.h"
#include "emulator/driver/code/module.h"

static CUresult library_begin(CUlibrary handle, struct driver_module **module) {
    CUresult status = driver_begin();
    return status == CUDA_SUCCESS ? library_find(handle, module) : status;
}

/* The library's own options say how long the image lives; it is not needed after loading. */
// NOLINTBEGIN(readability-non-const-parameter): the types are the API's
CUresult cuLibraryLoadData(CUlibrary *library, const void *code, CUjit_option *jit_options,
                           void **jit_values, unsigned int jit_count,
                           CUlibraryOption *library_options, void **library_values,
                           unsigned int library_count) {
    struct jit_log log;
    (void)library_values;
    if (library_count && !library_options)
        return CUDA_ERROR_INVALID_VALUE;
    CUresult status = jit_log_open(&log, jit_count, jit_options, jit_values);
    if (status != CUDA_SUCCESS)
        return status;
    status = driver_begin();
    if (status == CUDA_SUCCESS && !library)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = library_open("library", code, &log, library);
    status = driver_end(status);
    jit_log_close(&log);
    return status;
}
// NOLINTEND(readability-non-const-parameter)

CUresult cuLibraryLoadFromFile(CUlibrary *library, const char *path, CUjit_option *jit_options,
                               void **jit_values, unsigned int jit_count,
                               CUlibraryOption *library_options, void **library_values,
                               unsigned int library_count) {
    char *contents = NULL;
    size_t size = 0;
    CUresult status = path ? image_read_file(path, &contents, &size) : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = cuLibraryLoadData(library, contents, jit_options, jit_values, jit_count,
                                   library_options, library_values, library_count);
    free(contents);
    return status;
}

CUresult cuLibraryUnload(CUlibrary handle) {
    struct driver_module *module;
    CUresult status = library_begin(handle, &module);
    if (status == CUDA_SUCCESS)
        library_close(module);
    return driver_end(status);
}

CUresult cuLibraryGetKernel(CUkernel *kernel, CUlibrary handle, const char *name) {
    struct driver_module *module;
    struct driver_function *function = NULL;
    CUresult status = library_begin(handle, &module);
    if (status == CUDA_SUCCESS && (!kernel || !name))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = module_find_function(module, name, &function);
    if (status == CUDA_SUCCESS)
        *kernel = (CUkernel)function->handle;
    return driver_end(status);
}

CUresult cuLibraryGetKernelCount(unsigned int *count, CUlibrary handle) {
    struct driver_module *module;
    CUresult status = library_begin(handle, &module);
    if (status == CUDA_SUCCESS && !count)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *count = (unsigned)module->function_count;
    return driver_end(status);
}

CUresult cuLibraryEnumerateKernels(CUkernel *kernels, unsigned int count, CUlibrary handle) {
    struct driver_module *module;
    CUresult status = library_begin(handle, &module);
    if (status == CUDA_SUCCESS && count && !kernels)
        status = CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; status == CUDA_SUCCESS && i < count && i < module->function_count; i++)
        kernels[i] = (CUkernel)module->functions[i].handle;
    return driver_end(status);
}

CUresult cuLibraryGetModule(CUmodule *module_handle, CUlibrary handle) {
    struct driver_module *module;
    CUresult status = library_begin(handle, &module);
    if (status == CUDA_SUCCESS && !module_handle)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *module_handle = module->handle;
    return driver_end(status);
}

CUresult cuLibraryGetGlobal(CUdeviceptr *address, size_t *bytes, CUlibrary handle,
                            const char *name) {
    struct driver_module *module;
    CUresult status = library_begin(handle, &module);
    if (status == CUDA_SUCCESS)
        status = module_find_global(module, name, address, bytes);
    return driver_end(status);
}

/* A managed variable is a variable: unified addressing lets the host use it too. */
CUresult cuLibraryGetManaged(CUdeviceptr *address, size_t *bytes, CUlibrary handle,
                             const char *name) {
    struct driver_module *module;
    CUdeviceptr found = 0;
    CUresult status = library_begin(handle, &module);
    if (status == CUDA_SUCCESS && !address && !bytes)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = module_find_global(module, name, &found, bytes);
    if (status == CUDA_SUCCESS && !machine_find_range(driver.machine, found).is_managed) {
        driver_say("the library's variable '%s' is not managed", name);
        status = CUDA_ERROR_NOT_FOUND;
    }
    if (status == CUDA_SUCCESS && address)
        *address = found;
    return driver_end(status);
}

/* ---- Kernels ---- */

static CUresult kernel_begin(CUkernel kernel, struct driver_function **function) {
    CUresult status = driver_begin();
    return status == CUDA_SUCCESS ? function_find((CUfunction)kernel, function) : status;
}

CUresult cuKernelGetFunction(CUfunction *function_handle, CUkernel kernel) {
    struct driver_function *function;
    CUresult status = kernel_begin(kernel, &function);
    if (status == CUDA_SUCCESS && !function_handle)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *function_handle = function->handle;
    return driver_end(status);
}

CUresult cuKernelGetLibrary(CUlibrary *library, CUkernel kernel) {
    struct driver_function *function;
    CUresult status = kernel_begin(kernel, &function);
    if (status == CUDA_SUCCESS && (!library || !function->module->library))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *library = function->module->library;
    return driver_end(status);
}

CUresult cuKernelGetName(const char **name, CUkernel kernel) {
    struct driver_function *function;
    CUresult status = kernel_begin(kernel, &function);
    if (status == CUDA_SUCCESS && !name)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *name = function->info->name;
    return driver_end(status);
}

CUresult cuKernelGetAttribute(int *value, CUfunction_attribute attribute, CUkernel kernel,
                              CUdevice device) {
    struct driver_function *function;
    CUresult status = kernel_begin(kernel, &function);
    if (status == CUDA_SUCCESS && !driver_has_device(device))
        status = CUDA_ERROR_INVALID_DEVICE;
    if (status == CUDA_SUCCESS)
        status = value ? function_attribute(function, attribute, value) : CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

CUresult cuKernelSetAttribute(CUfunction_attribute attribute, int value, CUkernel kernel,
                              CUdevice device) {
    struct driver_function *function;
    CUresult status = kernel_begin(kernel, &function);
    if (status == CUDA_SUCCESS && !driver_has_device(device))
        status = CUDA_ERROR_INVALID_DEVICE;
    if (status == CUDA_SUCCESS)
        status = function_set_attribute(function, attribute, value);
    return driver_end(status);
}

CUresult cuKernelSetCacheConfig(CUkernel kernel, CUfunc_cache config, CUdevice device) {
    struct driver_function *function;
    CUresult status = kernel_begin(kernel, &function);
    if (status == CUDA_SUCCESS && !driver_has_device(device))
        status = CUDA_ERROR_INVALID_DEVICE;
    if (status == CUDA_SUCCESS && (unsigned)config > CU_FUNC_CACHE_PREFER_EQUAL)
        status = CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

CUresult cuKernelGetParamInfo(CUkernel kernel, size_t index, size_t *offset, size_t *size) {
    struct driver_function *function;
    CUresult status = kernel_begin(kernel, &function);
    if (status == CUDA_SUCCESS)
        status = function_parameter(function, index, offset, size);
    return driver_end(status);
}
