/* cuModule*. */
#include <stdlib.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/capture.h"
#include "emulator/driver/code/function.h"
#include "emulator/driver/code/image.h"
#include "emulator/driver/code/jit_log.h"
#include "emulator/driver/code/module.h"

static CUresult module_load_image(CUmodule *handle, const char *name, const void *image, char *log,
                                  size_t log_size) {
    struct driver_context *context;
    struct driver_module *module;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && !handle)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) /* it allocates, and waits for the device */
        status = capture_forbid();
    if (status == CUDA_SUCCESS)
        status = module_load(context, name, image, log, log_size, &module);
    if (status == CUDA_SUCCESS)
        *handle = module->handle;
    return driver_end(status);
}

CUresult cuModuleLoadData(CUmodule *module, const void *image) {
    return module_load_image(module, "module", image, NULL, 0);
}

CUresult cuModuleLoadFatBinary(CUmodule *module, const void *image) {
    return module_load_image(module, "module", image, NULL, 0);
}

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int count,
                            CUjit_option *options, void **values) {
    struct jit_log log;
    CUresult status = jit_log_open(&log, count, options, values);
    if (status != CUDA_SUCCESS)
        return status;
    status = module_load_image(module, "module", image, log.error, log.error_size);
    jit_log_close(&log);
    return status;
}

CUresult cuModuleLoad(CUmodule *module, const char *path) {
    char *contents = NULL;
    size_t size = 0;
    CUresult status = path ? image_read_file(path, &contents, &size) : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = module_load_image(module, path, contents, NULL, 0);
    free(contents);
    return status;
}

CUresult cuModuleUnload(CUmodule handle) {
    struct driver_module *module;
    CUresult status = module_begin(handle, &module);
    if (status == CUDA_SUCCESS && module->library)
        status = CUDA_ERROR_NOT_PERMITTED; /* it goes with its library */
    if (status == CUDA_SUCCESS)
        module_unload(module);
    return driver_end(status);
}

CUresult cuModuleGetFunction(CUfunction *handle, CUmodule module_handle, const char *name) {
    struct driver_module *module;
    struct driver_function *function = NULL;
    CUresult status = module_begin(module_handle, &module);
    if (status == CUDA_SUCCESS && (!handle || !name))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = module_find_function(module, name, &function);
    if (status == CUDA_SUCCESS)
        *handle = function->handle;
    return driver_end(status);
}

CUresult cuModuleGetFunctionCount(unsigned int *count, CUmodule handle) {
    struct driver_module *module;
    CUresult status = module_begin(handle, &module);
    if (status == CUDA_SUCCESS && !count)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *count = (unsigned)module->function_count;
    return driver_end(status);
}

CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned int count, CUmodule handle) {
    struct driver_module *module;
    CUresult status = module_begin(handle, &module);
    if (status == CUDA_SUCCESS && count && !functions)
        status = CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; status == CUDA_SUCCESS && i < count && i < module->function_count; i++)
        functions[i] = module->functions[i].handle;
    return driver_end(status);
}

CUresult cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, CUmodule handle,
                              const char *name) {
    struct driver_module *module;
    CUresult status = module_begin(handle, &module);
    if (status == CUDA_SUCCESS)
        status = module_find_global(module, name, address, bytes);
    return driver_end(status);
}

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *mode) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && !mode)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *mode = CU_MODULE_EAGER_LOADING;
    return driver_end(status);
}
