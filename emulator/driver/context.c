/* Contexts own streams, events, modules and memory: what ends with a context ends here. */
#include "emulator/driver/context.h"

#include <stdlib.h>

#include "emulator/driver/capture.h"
#include "emulator/driver/code/module.h"
#include "emulator/driver/event.h"
#include "emulator/driver/memory/allocation.h"
#include "emulator/driver/memory/mipmap.h"
#include "emulator/driver/memory/reference.h"
#include "emulator/driver/memory/texture.h"
#include "emulator/driver/stream.h"

CUresult context_find(CUcontext handle, struct driver_context **context) {
    *context = handle_find(&driver.handles, HANDLE_CONTEXT, handle);
    return *context && (*context)->active ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

void context_close_stream(struct driver_stream *stream) {
    capture_drop_stream(stream);
    stream_close(stream);
}

/* Frees all that the context owns. */
static void context_close(struct driver_context *context) {
    uint32_t at = 0;
    driver.handles.removes_along = true;
    capture_abandon(context);
    for (struct driver_stream *stream; (stream = handle_next(&driver.handles, HANDLE_STREAM, &at));)
        if (stream->context == context)
            context_close_stream(stream);
    at = 0;
    for (struct driver_event *event; (event = handle_next(&driver.handles, HANDLE_EVENT, &at));)
        if (event->context == context)
            event_close(event);
    at = 0;
    for (struct driver_module *module; (module = handle_next(&driver.handles, HANDLE_MODULE, &at));)
        if (module->context == context)
            module_unload(module);
    reference_close_all(context);
    texture_close_all(context);
    mipmap_close_all(context); /* and the arrays that are its levels */
    array_close_all(context);
    driver.handles.removes_along = false;
    allocation_free_all(context);
    context->active = false;
    context->error = CUDA_SUCCESS;
    context->peers = 0;
    context->legacy = context->per_thread = NULL;
}

static CUresult context_open(struct driver_context *context, bool primary, unsigned flags) {
    context->primary = primary;
    context->flags = flags;
    context->error = CUDA_SUCCESS;
    context->cache = CU_FUNC_CACHE_PREFER_NONE;
    context->banks = CU_SHARED_MEM_CONFIG_FOUR_BYTE_BANK_SIZE;
    context->identifier = ++driver.next_identifier;
    CUresult status = stream_open(context, CU_STREAM_DEFAULT, 0, &context->legacy);
    if (status == CUDA_SUCCESS)
        status = stream_open(context, CU_STREAM_DEFAULT, 0, &context->per_thread);
    context->active = status == CUDA_SUCCESS;
    if (status != CUDA_SUCCESS)
        context_close(context);
    return status;
}

/* For a context that cuCtxCreate made; the primary one stays for as long as the driver. */
static void context_free(struct driver_context *context) {
    context_close(context);
    handle_remove(&driver.handles, context->handle);
    context->doomed = context->running > 0;
    if (!context->doomed)
        free(context);
}

void context_close_all(void) {
    uint32_t at = 0;
    for (struct driver_context *context;
         (context = handle_next(&driver.handles, HANDLE_CONTEXT, &at));)
        if (context->primary)
            context_close(context);
        else
            context_free(context);
}

/* ---- The stack of a thread ---- */

CUresult context_push(CUcontext handle) {
    if (driver_thread.depth == CONTEXT_STACK_DEPTH)
        return CUDA_ERROR_OUT_OF_MEMORY;
    driver_thread.contexts[driver_thread.depth++] = handle;
    return CUDA_SUCCESS;
}

/* ---- Creating and destroying ---- */

CUresult context_create(CUcontext *handle, unsigned flags, CUdevice device) {
    struct driver_context *context = calloc(1, sizeof *context);
    if (!context)
        return CUDA_ERROR_OUT_OF_MEMORY;
    context->device = device;
    context->handle = handle_add(&driver.handles, HANDLE_CONTEXT, context);
    if (!context->handle) {
        free(context);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    CUresult status = context_open(context, false, flags);
    if (status == CUDA_SUCCESS)
        status = context_push(context->handle);
    if (status == CUDA_SUCCESS)
        *handle = context->handle;
    else
        context_free(context);
    return status;
}

void context_destroy(struct driver_context *context) {
    if (driver_current() == context->handle)
        driver_thread.depth--;
    context_free(context);
}

/* ---- The primary contexts ---- */

CUresult primary_retain(CUdevice device, CUcontext *context) {
    struct driver_context *primary = &driver.seats[device].primary;
    CUresult status = CUDA_SUCCESS;
    if (!primary->active)
        status = context_open(primary, true, primary->flags);
    if (status == CUDA_SUCCESS) {
        primary->retained++;
        *context = primary->handle;
    }
    return status;
}

CUresult primary_release(CUdevice device) {
    struct driver_context *primary = &driver.seats[device].primary;
    if (primary->retained == 0)
        return CUDA_ERROR_INVALID_CONTEXT;
    if (--primary->retained == 0)
        primary_reset(device);
    return CUDA_SUCCESS;
}

void primary_reset(CUdevice device) {
    struct driver_context *primary = &driver.seats[device].primary;
    if (primary->active)
        context_close(primary);
}
