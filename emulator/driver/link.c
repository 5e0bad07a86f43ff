/*
 * cuLink*: what the PTX linker makes of one PTX input is that input, to be loaded with
 * cuModuleLoadData. Several inputs, and inputs of machine code, are refused.
 */
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/state.h"
#include "emulator/ptx/fatbin.h"

struct driver_link {
    CUlinkState handle;
    struct jit_log log;
    char *text; /* the one input */
    size_t length;
};

static void link_close(struct driver_link *link) {
    handle_remove(&driver.handles, link->handle);
    free(link->text);
    free(link);
}

void link_close_all(void) {
    uint32_t at = 0;
    for (struct driver_link *link; (link = handle_next(&driver.handles, HANDLE_LINK, &at));)
        link_close(link);
}

static CUresult link_begin(CUlinkState handle, struct driver_link **link) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    if (status != CUDA_SUCCESS)
        return status;
    *link = handle_find(&driver.handles, HANDLE_LINK, handle);
    return *link ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult cuLinkCreate_v2(unsigned int count, CUjit_option *options, void **values,
                         CUlinkState *state) {
    struct driver_context *context;
    struct jit_log log;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = state ? jit_log_open(&log, count, options, values) : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        struct driver_link *link = calloc(1, sizeof *link);
        CUlinkState handle = link ? handle_add(&driver.handles, HANDLE_LINK, link) : NULL;
        if (handle) {
            link->log = log;
            *state = link->handle = handle;
        } else {
            free(link);
            status = CUDA_ERROR_OUT_OF_MEMORY;
        }
    }
    return driver_end(status);
}
DRIVER_ALIAS(cuLinkCreate_v2, cuLinkCreate);

static CUresult link_add(struct driver_link *link, CUjitInputType type, const char *data,
                         size_t size) {
    if (type != CU_JIT_INPUT_PTX) {
        driver_say("linking: only PTX can be linked, and this input is of type %d", (int)type);
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (link->text) {
        driver_say("linking: more than one input is not supported; compile to one PTX file");
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    link->length = strnlen(data, size);
    link->text = malloc(link->length + 1);
    if (!link->text)
        return CUDA_ERROR_OUT_OF_MEMORY;
    memcpy(link->text, data, link->length);
    link->text[link->length] = '\0';
    return CUDA_SUCCESS;
}

/* A trial load finds the faults where the API reports them. */
static CUresult link_check(struct driver_link *link, const char *name) {
    struct driver_module *module;
    CUresult status = module_load(NULL, name ? name : "linked PTX", link->text, link->log.error,
                                  link->log.error_size, &module);
    jit_log_close(&link->log);
    if (status == CUDA_SUCCESS) {
        module_unload(module);
    } else {
        free(link->text);
        link->text = NULL;
    }
    return status;
}

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
        status = link_add(link, type, data, size);
    if (status == CUDA_SUCCESS)
        status = link_check(link, name);
    return driver_end(status);
}
DRIVER_ALIAS(cuLinkAddData_v2, cuLinkAddData);

CUresult cuLinkAddFile_v2(CUlinkState state, CUjitInputType type, const char *path,
                          unsigned int count, CUjit_option *options, void **values) {
    char *contents = NULL;
    size_t size = 0;
    CUresult status = path ? module_read_file(path, &contents, &size) : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = cuLinkAddData_v2(state, type, contents, size, path, count, options, values);
    free(contents);
    return status;
}
DRIVER_ALIAS(cuLinkAddFile_v2, cuLinkAddFile);

CUresult cuLinkComplete(CUlinkState state, void **image, size_t *size) {
    struct driver_link *link;
    CUresult status = link_begin(state, &link);
    if (status == CUDA_SUCCESS && (!image || !link->text))
        status = CUDA_ERROR_INVALID_VALUE;
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
