/* cuLink*. */
#include <stdlib.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/code/image.h"
#include "emulator/driver/code/link.h"

static CUresult link_begin(CUlinkState handle, struct driver_link **link) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    return status == CUDA_SUCCESS ? link_find(handle, link) : status;
}

CUresult cuLinkCreate_v2(unsigned int count, CUjit_option *options, void **values,
                         CUlinkState *state) {
    struct driver_context *context;
    struct jit_log log;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = state ? jit_log_open(&log, count, options, values) : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = link_open(&log, state);
    return driver_end(status);
}
DRIVER_ALIAS(cuLinkCreate_v2, cuLinkCreate);

CUresult cuLinkAddData_v2(CUlinkState state, CUjitInputType type, void *data, size_t size,
                          const char *name, unsigned int count, CUjit_option *options,
                          void **values) {
    struct driver_link *link;
    struct jit_log ignored;
    CUresult status = link_begin(state, &link);
    if (status == CUDA_SUCCESS && (!data || (unsigned)type >= CU_JIT_NUM_INPUT_TYPES))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = jit_log_open(&ignored, count, options, values);
    if (status == CUDA_SUCCESS)
        status = link_add(link, type, data, size, name);
    return driver_end(status);
}
DRIVER_ALIAS(cuLinkAddData_v2, cuLinkAddData);

CUresult cuLinkAddFile_v2(CUlinkState state, CUjitInputType type, const char *path,
                          unsigned int count, CUjit_option *options, void **values) {
    char *contents = NULL;
    size_t size = 0;
    CUresult status = path ? image_read_file(path, &contents, &size) : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = cuLinkAddData_v2(state, type, contents, size, path, count, options, values);
    free(contents);
    return status;
}
DRIVER_ALIAS(cuLinkAddFile_v2, cuLinkAddFile);

CUresult cuLinkComplete(CUlinkState state, void **image, size_t *size) {
    struct driver_link *link;
    CUresult status = link_begin(state, &link);
    if (status == CUDA_SUCCESS && (!image || !link->length))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = link_check(link);
    if (status == CUDA_SUCCESS) {
        *image = link->text;
        if (size)
            *size = link->length + 1;
    }
    return driver_end(status);
}

CUresult cuLinkDestroy(CUlinkState state) {
    struct driver_link *link;
    CUresult status = link_begin(state, &link);
    if (status == CUDA_SUCCESS)
        link_close(link);
    return driver_end(status);
}
