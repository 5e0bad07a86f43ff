/*
 * Libraries: modules that belong to no context. There is one device, so a library is a module.
 */
#include "emulator/driver/code/library.h"

CUresult library_find(CUlibrary handle, struct driver_module **module) {
    *module = handle_find(&driver.handles, HANDLE_LIBRARY, handle);
    if (!*module)
        driver_lack("library", handle);
    return *module ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult library_open(const char *name, const void *image, struct jit_log *log, CUlibrary *handle) {
    struct driver_module *module;
    CUresult status = module_load(NULL, name, image, log->error, log->error_size, &module);
    if (status != CUDA_SUCCESS)
        return status;
    module->library = handle_add(&driver.handles, HANDLE_LIBRARY, module);
    *handle = module->library;
    if (module->library)
        return CUDA_SUCCESS;
    module_unload(module);
    return CUDA_ERROR_OUT_OF_MEMORY;
}

void library_close(struct driver_module *module) {
    handle_remove(&driver.handles, module->library);
    module_unload(module);
}

void library_close_all(void) {
    uint32_t at = 0;
    for (struct driver_module *module;
         (module = handle_next(&driver.handles, HANDLE_LIBRARY, &at));)
        library_close(module);
}
