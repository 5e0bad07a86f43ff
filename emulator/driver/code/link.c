/*
 * cuLink*: what the linker makes of PTX is the texts behind each other, to be loaded with
 * cuModuleLoadData. Inputs of machine code are refused.
 */
#include "emulator/driver/code/link.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/driver/code/module.h"

CUresult link_find(CUlinkState handle, struct driver_link **link) {
    *link = handle_find(&driver.handles, HANDLE_LINK, handle);
    if (!*link)
        driver_lack("link", handle);
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

/* A trial load finds what one input needs and no other has. */
CUresult link_check(struct driver_link *link) {
    struct driver_module *module;
    const CUresult status =
        module_load(NULL, "linked PTX", link->text, link->log.error, link->log.error_size, &module);
    jit_log_close(&link->log);
    if (status == CUDA_SUCCESS)
        module_unload(module);
    return status;
}

static CUresult link_append(struct driver_link *link, const char *data, size_t size) {
    const size_t more = strnlen(data, size);
    char *text = realloc(link->text, link->length + more + 2);
    if (!text)
        return CUDA_ERROR_OUT_OF_MEMORY;
    memcpy(text + link->length, data, more);
    link->length += more;
    text[link->length++] = '\n';
    text[link->length] = '\0';
    link->text = text;
    return CUDA_SUCCESS;
}

CUresult link_add(struct driver_link *link, CUjitInputType type, const char *data, size_t size,
                  const char *name) {
    const size_t before = link->length;
    if (type != CU_JIT_INPUT_PTX) {
        driver_say("linking: only PTX can be linked, and this input is of type %d", (int)type);
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    CUresult status = link_append(link, data, size);
    if (status == CUDA_SUCCESS)
        status = module_check_syntax(name ? name : "linked PTX", link->text + before,
                                     link->log.error, link->log.error_size);
    if (status == CUDA_SUCCESS)
        return CUDA_SUCCESS;
    jit_log_close(&link->log);
    if (link->text)
        link->text[before] = '\0';
    link->length = before;
    return status;
}
