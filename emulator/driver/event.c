/* Events. They order work and tell no time, unless the host's was asked for: nothing that an
 * emulated device does has a duration worth telling. */
#include "emulator/driver/event.h"

#include <stdlib.h>
#include <time.h>

static int64_t event_clock(void) {
    struct timespec now;
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0
               ? (int64_t)now.tv_sec * 1000000000 + now.tv_nsec
               : 0;
}

void event_record(struct driver_event *event) {
    event->recorded = true;
    event->recorded_at = event_clock();
    event->capture = NULL;
}

void event_close(struct driver_event *event) {
    handle_remove(&driver.handles, event->handle);
    free(event->pending);
    free(event);
}

CUresult event_find(CUevent handle, struct driver_event **event) {
    *event = handle_find(&driver.handles, HANDLE_EVENT, handle);
    if (!*event)
        driver_lack("event", handle);
    return *event ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult event_open(struct driver_context *context, unsigned flags, CUevent *handle) {
    struct driver_event *event = calloc(1, sizeof *event);
    if (!event)
        return CUDA_ERROR_OUT_OF_MEMORY;
    event->context = context;
    event->flags = flags;
    event->handle = handle_add(&driver.handles, HANDLE_EVENT, event);
    if (!event->handle) {
        free(event);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *handle = event->handle;
    return CUDA_SUCCESS;
}
