/* Mipmapped arrays: an image and its halves, which lie behind one another. Each is an array of its
 * own too. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_MIPMAP_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_MIPMAP_H

#include "emulator/driver/memory/array.h"
#include "emulator/memory/texture.h"

struct driver_mipmap {
    CUmipmappedArray handle;
    struct driver_context *context;
    struct machine_texture image; /* with the number of its levels */
    struct driver_array *levels[TEXTURE_LEVELS];
};

/* As many levels as were asked for, down to one texel at most. */
CUresult mipmap_open(struct driver_context *context, const CUDA_ARRAY3D_DESCRIPTOR *description,
                     unsigned levels, CUmipmappedArray *handle);
CUresult mipmap_find(CUmipmappedArray handle, struct driver_mipmap **mipmap);
void mipmap_close(struct driver_mipmap *mipmap);
/* Those of the context. */
void mipmap_close_all(const struct driver_context *context);

#endif
