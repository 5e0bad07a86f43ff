/* cuInit, and the few calls that need no driver: version, errors, the profiler. */
#include "emulator/driver/driver.h"
#include "emulator/driver/api/api.h"
#include "emulator/driver/state/errors.h"
#include "emulator/driver/state/state.h"

CUresult cuInit(unsigned int flags) {
    CUresult status = driver_begin();
    if (status == CUDA_ERROR_NOT_INITIALIZED)
        status = flags ? CUDA_ERROR_INVALID_VALUE : driver_start();
    else if (status == CUDA_SUCCESS && flags)
        status = CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

CUresult cuDriverGetVersion(int *version) {
    if (!version)
        return CUDA_ERROR_INVALID_VALUE;
    *version = CUDA_VERSION;
    return CUDA_SUCCESS;
}

/* ---- Errors ---- */

CUresult cuGetErrorName(CUresult error, const char **text) {
    const struct driver_error *found = driver_error_find(error);
    if (!text)
        return CUDA_ERROR_INVALID_VALUE;
    *text = found ? found->name : NULL;
    return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult error, const char **text) {
    const struct driver_error *found = driver_error_find(error);
    if (!text)
        return CUDA_ERROR_INVALID_VALUE;
    *text = found ? found->text : NULL;
    return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* ---- Profiler: what it would collect is counted anyway ---- */

CUresult cuProfilerInitialize(const char *config_file, const char *output_file,
                              CUoutput_mode output_mode) {
    (void)config_file, (void)output_file, (void)output_mode;
    return CUDA_ERROR_NOT_SUPPORTED;
}

CUresult cuProfilerStart(void) {
    struct driver_context *context;
    return driver_end(driver_begin_context(&context));
}

CUresult cuProfilerStop(void) {
    struct driver_context *context;
    return driver_end(driver_begin_context(&context));
}
