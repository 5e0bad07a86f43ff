/* What handles of textures and surfaces stand for. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_TEXTURE_H
#define LOCKSTEP_EMULATOR_EXECUTE_TEXTURE_H

#include "emulator/memory/texture.h"
#include "emulator/warps/state.h"

/* The image that the lanes before used: mostly all of a warp use one. */
struct image {
    uint64_t handle;
    const struct machine_texture *texture;
    struct memory_range *range;
};

/* What source 0 of a lane stands for, whichever of the two: `is_surface` is what to call it in the fault
 * where it is no handle. False after that. */
bool image_look_up(struct warp *warp, const struct instruction *instruction, unsigned lane,
                   bool is_surface, struct image *image);

#endif
