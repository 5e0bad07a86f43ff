/* CUDA arrays: images in device memory, which textures and surfaces read. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_ARRAY_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_ARRAY_H

#include "emulator/driver/state/state.h"

struct driver_array {
    CUarray handle;
    struct driver_context *context;
    CUDA_ARRAY3D_DESCRIPTOR description;
    struct machine_texture image; /* where its texels lie */
    size_t bytes;
    bool is_level; /* of a mipmapped array, whose the texels are */
};

/* Format and channels of an image; false where the emulator knows no such. */
bool array_format(CUarray_format format, unsigned channels, struct machine_texture *image);
/* What an array of this description is, but for its place. What is wrong with it is said. */
CUresult array_image(const CUDA_ARRAY3D_DESCRIPTOR *description, struct machine_texture *image);
CUresult array_open(struct driver_context *context, const CUDA_ARRAY3D_DESCRIPTOR *description,
                    CUarray *handle);
/* A level of a mipmapped array, which has the texels. */
CUresult array_add_level(struct driver_context *context, const CUDA_ARRAY3D_DESCRIPTOR *description,
                         const struct machine_texture *image, struct driver_array **array);
CUresult array_find(CUarray handle, struct driver_array **array);
void array_close(struct driver_array *array);
/* Those of the context. */
void array_close_all(const struct driver_context *context);

#endif
