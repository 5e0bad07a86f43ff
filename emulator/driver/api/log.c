/* cuLogs*: what the driver had to say. They are there before cuInit too. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/state/state.h"

static CUresult callback_open(CUlogsCallback function, void *data, CUlogsCallbackHandle *handle) {
    struct driver_log_callback *callback = calloc(1, sizeof *callback);
    void *added = callback ? handle_add(&driver.handles, HANDLE_LOG_CALLBACK, callback) : NULL;
    if (!added) {
        free(callback);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *callback = (struct driver_log_callback){function, data};
    if (handle)
        *handle = added;
    return CUDA_SUCCESS;
}

CUresult cuLogsRegisterCallback(CUlogsCallback function, void *data, CUlogsCallbackHandle *handle) {
    pthread_mutex_lock(&driver.lock);
    return driver_end(function ? callback_open(function, data, handle) : CUDA_ERROR_INVALID_VALUE);
}

CUresult cuLogsUnregisterCallback(CUlogsCallbackHandle handle) {
    pthread_mutex_lock(&driver.lock);
    void *callback = handle_find(&driver.handles, HANDLE_LOG_CALLBACK, handle);
    if (callback)
        handle_remove(&driver.handles, handle);
    free(callback);
    return driver_end(callback ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
}

CUresult cuLogsCurrent(CUlogIterator *iterator, unsigned int flags) {
    const bool is_right = iterator && !flags;
    pthread_mutex_lock(&driver.lock);
    if (is_right)
        *iterator = driver.log.count;
    return driver_end(is_right ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
}

/* The file is written anew. */
static CUresult dump_to_file(unsigned from, const char *path) {
    FILE *file = fopen(path, "we");
    const bool done = file && log_print(&driver.log, from, file);
    if (file && fclose(file) == 0 && done)
        return CUDA_SUCCESS;
    driver_say("cuLogsDumpToFile: cannot write %s: %s", path, strerror(errno));
    return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuLogsDumpToFile(CUlogIterator *iterator, const char *path, unsigned int flags) {
    pthread_mutex_lock(&driver.lock);
    CUresult status = path && !flags ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = dump_to_file(iterator ? *iterator : 0, path);
    if (status == CUDA_SUCCESS && iterator)
        *iterator = driver.log.count;
    return driver_end(status);
}

CUresult cuLogsDumpToMemory(CUlogIterator *iterator, char *buffer, size_t *size,
                            unsigned int flags) {
    bool fits = false;
    pthread_mutex_lock(&driver.lock);
    if (buffer && size && *size && !flags)
        *size = log_copy(&driver.log, iterator ? *iterator : 0, buffer,
                         *size < LOG_COPY_BYTES ? *size : LOG_COPY_BYTES, &fits);
    if (fits && iterator)
        *iterator = driver.log.count;
    return driver_end(fits ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
}
