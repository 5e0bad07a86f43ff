/* Contexts: the primary one and those that a program creates, and which is current in a thread. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_CONTEXT_H
#define LOCKSTEP_EMULATOR_DRIVER_CONTEXT_H

#include "emulator/driver/state/state.h"

CUresult context_find(CUcontext handle, struct driver_context **context);
/* Makes it current too. */
CUresult context_create(CUcontext *handle, unsigned flags, CUdevice device);
/* Frees all that the context owns; a launch that is under way in it ends before its next node. */
void context_destroy(struct driver_context *context);
void context_close_stream(struct driver_stream *stream);
void context_close_all(void);

/* Makes the context current in the thread, above what was. */
CUresult context_push(CUcontext handle);

CUresult primary_retain(CUdevice device, CUcontext *context);
CUresult primary_release(CUdevice device);
void primary_reset(CUdevice device);

#endif
