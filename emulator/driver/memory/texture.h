/* Texture and surface objects: numbers that kernels are given. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_TEXTURE_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_TEXTURE_H

#include "emulator/driver/state/state.h"

struct driver_texture {
    struct driver_texture *next;
    struct driver_context *context;
    uint64_t object; /* the machine's handle */
    bool is_surface;
    CUDA_RESOURCE_DESC resource;
    CUDA_TEXTURE_DESC description;
    CUDA_RESOURCE_VIEW_DESC view;
};

/* `view` may be NULL. What the emulator lacks is said, by name. */
CUresult texture_open(struct driver_context *context, const CUDA_RESOURCE_DESC *resource,
                      const CUDA_TEXTURE_DESC *description, const CUDA_RESOURCE_VIEW_DESC *view,
                      uint64_t *object);
CUresult surface_open(struct driver_context *context, const CUDA_RESOURCE_DESC *resource,
                      uint64_t *object);
CUresult texture_find(uint64_t object, bool is_surface, struct driver_texture **texture);
void texture_close(struct driver_texture *texture);
void texture_close_all(const struct driver_context *context);

#endif
