/*
 * Green contexts: the primary context of a device, with a part of its multiprocessors. Memory,
 * modules and events are the primary context's; streams are of one or the other.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_GREEN_H
#define LOCKSTEP_EMULATOR_DRIVER_GREEN_H

#include "emulator/driver/state/state.h"

struct driver_green {
    struct driver_green *next;
    CUgreenCtx handle;
    CUcontext
        context; /* another handle of the primary context, by which this one is made current */
    struct driver_context *primary;
    uint64_t identifier;
    CUdevResource resource;
};

CUresult green_find(CUgreenCtx handle, struct driver_green **green);
/* The one that a handle of a context is of; NULL: it is of none. */
struct driver_green *green_of(CUcontext handle);
/* The primary context is retained by the caller, also after green_close(). */
CUresult green_open(struct driver_context *primary, const CUdevResource *resource,
                    CUgreenCtx *handle);
/* Its streams are of no use afterwards, and what they capture is dropped. */
void green_close(struct driver_green *green);
void green_close_all(void);
/* The device's, where `green` is NULL. */
unsigned green_multiprocessors(const struct driver_green *green);

/* A descriptor lasts as long as the driver: nothing frees one. */
CUresult green_describe(const CUdevResource *resource, CUdevResourceDesc *handle);
CUresult green_find_description(CUdevResourceDesc handle, const CUdevResource **resource);

#endif
