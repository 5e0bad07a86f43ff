/* What handles of textures and surfaces stand for. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_TEXTURE_H
#define LOCKSTEP_EMULATOR_EXECUTE_TEXTURE_H

#include "emulator/memory/texture.h"
#include "emulator/warps/state.h"

/* As the rows' first group has them. */
enum geometry {
    GEOMETRY_1D,
    GEOMETRY_2D,
    GEOMETRY_3D,
    GEOMETRY_A1D,
    GEOMETRY_A2D,
    GEOMETRY_CUBE,
    GEOMETRY_ACUBE
};
#define GEOMETRIES "{1d,2d,3d,a1d,a2d"

struct geometry_form {
    const char *name;
    uint8_t dimensions;
    bool is_layered, is_cubemap;
};

extern const struct geometry_form geometry_forms[]; /* by enum geometry */

/* That of tld4 is of two dimensions. */
enum geometry geometry_of(const struct instruction *instruction);

/* The reference that lies at an address; NULL where there is none. */
const struct syntax_variable *image_reference(const struct warp *warp, uint64_t address);

/* The image that the lanes before used: mostly all of a warp use one. */
struct image {
    uint64_t handle;
    const struct machine_texture *texture;
    struct memory_range *range;
};

/* What source 0 of a lane stands for, whichever of the two: `is_surface` is what to call it in the
 * fault where it is no handle. False after that. */
bool image_look_up(struct warp *warp, const struct instruction *instruction, unsigned lane,
                   bool is_surface, struct image *image);
/* The same where it is one that the instruction can take and whose memory is there. */
bool image_find(struct warp *warp, const struct instruction *instruction, unsigned lane,
                bool is_surface, struct image *image);
/* Notes an access. */
void image_touch(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 const struct image *image, uint64_t address, uint32_t bytes, bool is_store);

#endif
