/*
 * cuLink*: what the PTX linker makes of one PTX input is that input, to be loaded with
 * cuModuleLoadData. Several inputs, and inputs of machine code, are refused.
 */
#include "emulator/driver/code/link.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/driver/code/module.h"

CUresult link_find(CUlinkState handle, struct driver_link **link) {
    *link = handle_find(&driver.handles, HANDLE_LINK, handle);
    return *link ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult link_open(const struct jit_log *log, CUlinkState *handle) {
    struct driver_link *link = calloc(1, sizeof *link);
    if (!link)
        return CUDA_ERROR_OUT_OF_MEMORY;
    link->log = *log;
    link->handle = handle_add(&driver.handles, HANDLE_LINK, link);
    if (!link->handle) {
        free(link);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *handle = link->handle;
    return CUDA_SUCCESS;
}

void link_close(struct driver_link *link) {
    handle_remove(&driver.handles, link->handle);
    free(link->text);
    free(link);
}

void link_close_all(void) {
    uint32_t at = 0;
    for (struct driver_link *link; (link = handle_next(&driver.handles, HANDLE_LINK, &at));)
        link_close(link);
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

CUresult link_add(struct driver_link *link, CUjitInputType type, const char *data, size_t size,
                  const char *name) {
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
    return link_check(link, name);
}
