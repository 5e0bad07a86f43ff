/* Green contexts, and the descriptors that they are made of. */
#include "emulator/driver/green.h"

#include <stdlib.h>

#include "emulator/driver/capture.h"
#include "emulator/driver/stream.h"

CUresult green_find(CUgreenCtx handle, struct driver_green **green) {
    *green = handle_find(&driver.handles, HANDLE_GREEN, handle);
    return *green ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

struct driver_green *green_of(CUcontext handle) {
    struct driver_green *green = driver.greens;
    while (green && green->context != handle)
        green = green->next;
    return green;
}

unsigned green_multiprocessors(const struct driver_green *green) {
    return green ? green->resource.sm.smCount : driver.properties.multiprocessors;
}

CUresult green_open(struct driver_context *primary, const CUdevResource *resource,
                    CUgreenCtx *handle) {
    struct driver_green *green = calloc(1, sizeof *green);
    if (!green)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *green = (struct driver_green){.next = driver.greens,
                                   .handle = handle_add(&driver.handles, HANDLE_GREEN, green),
                                   .context = handle_add(&driver.handles, HANDLE_CONTEXT, primary),
                                   .primary = primary,
                                   .identifier = ++driver.next_identifier,
                                   .resource = *resource};
    driver.greens = green;
    if (!green->handle || !green->context) {
        green_close(green);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *handle = green->handle;
    return CUDA_SUCCESS;
}

void green_close(struct driver_green *green) {
    uint32_t position = 0;
    struct driver_stream *stream;
    struct driver_green **link = &driver.greens;
    while ((stream = handle_next(&driver.handles, HANDLE_STREAM, &position))) {
        if (stream->green != green)
            continue;
        capture_drop_stream(stream);
        stream->is_orphan = true;
        stream->green = NULL;
    }
    while (*link != green)
        link = &(*link)->next;
    *link = green->next;
    handle_remove(&driver.handles, green->handle);
    handle_remove(&driver.handles, green->context);
    free(green);
}

void green_close_all(void) {
    uint32_t position = 0;
    void *description;
    while (driver.greens)
        green_close(driver.greens);
    while ((description = handle_next(&driver.handles, HANDLE_RESOURCE, &position)))
        free(description);
}

CUresult green_describe(const CUdevResource *resource, CUdevResourceDesc *handle) {
    CUdevResource *kept = malloc(sizeof *kept);
    void *added = kept ? handle_add(&driver.handles, HANDLE_RESOURCE, kept) : NULL;
    if (!added) {
        free(kept);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *kept = *resource;
    *handle = added;
    return CUDA_SUCCESS;
}

CUresult green_find_description(CUdevResourceDesc handle, const CUdevResource **resource) {
    *resource = handle_find(&driver.handles, HANDLE_RESOURCE, handle);
    return *resource ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
