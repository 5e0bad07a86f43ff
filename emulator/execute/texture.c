/*
 * Textures (PTX ISA 9.7.10), and what surfaces share with them. Their accesses go through units of
 * their own, so they are no requests to global memory; the bytes that they touch count.
 */
#include "emulator/execute/texture.h"
#include "emulator/arithmetic/half.h"
#include "emulator/checks/check.h"
#include "emulator/execute/atomic.h"
#include "emulator/execute/execute.h"
#include "emulator/lanes/space.h"
#include "emulator/memory/request.h"
#include "emulator/memory/sample.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

const struct geometry_form geometry_forms[] = {
    [GEOMETRY_1D] = {"1D", 1, false, false},
    [GEOMETRY_2D] = {"2D", 2, false, false},
    [GEOMETRY_3D] = {"3D", 3, false, false},
    [GEOMETRY_A1D] = {"layered 1D", 1, true, false},
    [GEOMETRY_A2D] = {"layered 2D", 2, true, false},
    [GEOMETRY_CUBE] = {"cubemap", 2, false, true},
    [GEOMETRY_ACUBE] = {"layered cubemap", 2, true, true},
};

/* The variant of a row. */
enum { FETCH, GATHER, GRADIENT, LEVEL };

enum geometry geometry_of(const struct instruction *instruction) {
    const bool gathers =
        instruction->detail->row->decode == DECODE_TEXTURE && instruction->variant == GATHER;
    return gathers ? GEOMETRY_2D : (enum geometry)instruction->detail->choice[0];
}

/* ---- What a handle stands for ---- */

static bool image_fits(struct warp *warp, const struct instruction *instruction, unsigned lane,
                       const struct image *image, bool is_surface) {
    const struct machine_texture *texture = image->texture;
    const enum geometry geometry = geometry_of(instruction);
    const char *what = is_surface ? "surface" : "texture";
    /* A cube's surface is its layers. */
    const bool fits =
        texture->dimensions == geometry_forms[geometry].dimensions &&
        (is_surface || texture->is_cubemap == geometry_forms[geometry].is_cubemap) &&
        (texture->is_cubemap || texture->is_layered == geometry_forms[geometry].is_layered);
    if (texture->is_surface != is_surface)
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, image->handle,
                   "the handle is that of a %s, a %s is needed", is_surface ? "texture" : "surface",
                   what);
    else if (!fits)
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, image->handle,
                   "a %s access, but the %s has %u dimensions%s%s", geometry_forms[geometry].name,
                   what, texture->dimensions, texture->is_layered ? ", layered" : "",
                   texture->is_cubemap ? ", of a cube" : "");
    return !warp->is_faulted;
}

bool image_find(struct warp *warp, const struct instruction *instruction, unsigned lane,
                bool is_surface, struct image *image) {
    const struct launch *launch = warp->block->launch;
    if (image->texture && image->handle == value_read(warp, instruction->detail, 0, lane))
        return true;
    if (!image_look_up(warp, instruction, lane, is_surface, image))
        return false;
    image->range =
        memory_find_all(launch->memory, image->texture->base, texture_bytes(image->texture));
    if (!image->range) {
        warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, image->texture->base,
                   "the memory of the %s was freed", is_surface ? "surface" : "texture");
        return false;
    }
    __atomic_store_n(&image->range->is_touched, true, __ATOMIC_RELAXED);
    return image_fits(warp, instruction, lane, image, is_surface);
}

void image_touch(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 const struct image *image, uint64_t address, uint32_t bytes, bool is_store) {
    struct request_sectors sectors;
    sectors.count = 0;
    request_touch(&sectors, image->range, address);
    if (warp->block->launch->is_slow)
        check_global(warp, instruction, lane, address, bytes, is_store);
}

/* ---- Textures ---- */

static struct sample_place place_of(const struct warp *warp, const struct instruction *instruction,
                                    unsigned lane, bool is_index) {
    const struct detail *detail = instruction->detail;
    const enum geometry geometry = geometry_of(instruction);
    struct sample_place place = {.is_index = is_index};
    const unsigned count =
        geometry_forms[geometry].is_cubemap ? 3 : geometry_forms[geometry].dimensions;
    unsigned next = 1;
    if (geometry_forms[geometry].is_layered) {
        const int32_t layer = (int32_t)value_read(warp, detail, next++, lane);
        place.layer = layer < 0 ? 0 : (uint32_t)layer;
    }
    for (unsigned k = 0; k < count; k++) {
        const uint32_t bits = (uint32_t)value_read(warp, detail, next++, lane);
        place.at[k] = is_index ? (double)(int32_t)bits : (double)lane_f32(bits);
    }
    if (geometry_forms[geometry].is_cubemap)
        sample_cube(&place);
    return place;
}

/* A gradient says which mipmap, by a formula that CUDA leaves open: there has to be one. The texels
 * along an axis are taken with more filtering than is here. */
static bool gradient_fits(struct warp *warp, const struct instruction *instruction, unsigned lane,
                          const struct image *image) {
    const bool has_levels = image->texture->levels > 1;
    if (instruction->variant != GRADIENT || (!image->texture->is_anisotropic && !has_levels))
        return true;
    if (has_levels)
        warp_fault(warp, instruction, MACHINE_NOT_SUPPORTED, lane, image->handle,
                   "the emulator lacks levels that gradients choose: read them by tex.level");
    else
        warp_fault(
            warp, instruction, MACHINE_NOT_SUPPORTED, lane, image->handle,
            "the emulator lacks anisotropic filters: make the texture with a maxAnisotropy of "
            "1 at most");
    return false;
}

enum { CHANNELS = 4 };

/* The four channels, or with tld4 one channel of four texels. */
static void fetch_level(struct warp *warp, const struct instruction *instruction, unsigned lane,
                        const struct image *image, const struct machine_texture *texture,
                        const struct sample_place *place, uint32_t value[CHANNELS]) {
    const bool gathers = instruction->variant == GATHER;
    struct sample sample;
    sample_find(texture, place, gathers, &sample);
    for (unsigned k = 0; k < sample.count; k++)
        if (sample.address[k])
            image_touch(warp, instruction, lane, image, sample.address[k],
                        machine_texel_bytes(texture), false);
    if (!gathers)
        sample_value(texture, &sample, value);
    for (unsigned k = 0; gathers && k < CHANNELS; k++) {
        uint32_t texel[CHANNELS];
        sample_texel(texture, sample.address[k], texel);
        value[k] = texel[instruction->detail->choice[0]];
    }
}

/* What the instruction says, and the texture's bias and limits. Without a level it is the
 * base's. */
static double level_of(const struct warp *warp, const struct instruction *instruction,
                       unsigned lane, const struct machine_texture *texture, bool is_index) {
    double level = 0;
    if (instruction->variant == LEVEL) {
        const unsigned last = instruction->detail->from_count - 1U;
        const uint32_t bits = (uint32_t)value_read(warp, instruction->detail, last, lane);
        level = is_index ? (double)(int32_t)bits : (double)lane_f32(bits);
    }
    return sample_level(texture, level);
}

/* Between two levels the weight has as many bits as between two texels. */
static void fetch_mipmaps(struct warp *warp, const struct instruction *instruction, unsigned lane,
                          const struct image *image, const struct sample_place *place, double level,
                          uint32_t value[CHANNELS]) {
    const unsigned first = (unsigned)level;
    const double weight = level - first;
    const struct machine_texture near = texture_level(image->texture, first);
    fetch_level(warp, instruction, lane, image, &near, place, value);
    if (weight == 0)
        return;
    const struct machine_texture far = texture_level(image->texture, first + 1);
    uint32_t other[CHANNELS];
    fetch_level(warp, instruction, lane, image, &far, place, other);
    for (unsigned k = 0; k < CHANNELS; k++)
        value[k] = lane_bits32((float)((1 - weight) * (double)lane_f32(value[k]) +
                                       weight * (double)lane_f32(other[k])));
}

static void fetch_lane(struct warp *warp, const struct instruction *instruction, unsigned lane,
                       const struct image *image, bool is_index) {
    const struct machine_texture *texture = image->texture;
    const struct sample_place place = place_of(warp, instruction, lane, is_index);
    uint32_t value[CHANNELS];
    if (texture->levels > 1)
        fetch_mipmaps(warp, instruction, lane, image, &place,
                      level_of(warp, instruction, lane, texture, is_index), value);
    else
        fetch_level(warp, instruction, lane, image, texture, &place, value);
    for (unsigned k = 0; k < CHANNELS; k++)
        value_write(warp, instruction->detail, k, lane, value[k]);
}

static void execute_fetch(struct warp *warp, const struct instruction *instruction) {
    const bool may_index = instruction->variant == FETCH || instruction->variant == LEVEL;
    const bool is_index = may_index && instruction->detail->choice[2] == 0;
    struct image image = {0};
    for (unsigned lane = 0; lane < LANES && !warp->is_faulted; lane++)
        if ((warp->mask >> lane & 1) && image_find(warp, instruction, lane, false, &image) &&
            gradient_fits(warp, instruction, lane, &image))
            fetch_lane(warp, instruction, lane, &image, is_index);
}

static const struct instruction_row rows[] = {
    {.pattern = "tex." GEOMETRIES ",cube,acube}.v4.{u32,s32,f32}.{s32,f32}",
     "",
     execute_fetch,
     FETCH,
     .decode = DECODE_TEXTURE},
    {.pattern = "tex.base." GEOMETRIES ",cube,acube}.v4.{u32,s32,f32}.{s32,f32}",
     "",
     execute_fetch,
     FETCH,
     .decode = DECODE_TEXTURE},
    {.pattern = "tex.level." GEOMETRIES ",cube,acube}.v4.{u32,s32,f32}.{s32,f32}",
     "",
     execute_fetch,
     LEVEL,
     .decode = DECODE_TEXTURE},
    {.pattern = "tex.grad." GEOMETRIES ",cube,acube}.v4.{u32,s32,f32}.f32",
     "",
     execute_fetch,
     GRADIENT,
     .decode = DECODE_TEXTURE},
    {.pattern = "tld4.{r,g,b,a}.{2d}.v4.{u32,s32,f32}.f32",
     "",
     execute_fetch,
     GATHER,
     .decode = DECODE_TEXTURE},
};

const struct instruction_table executor_texture = {rows, sizeof rows / sizeof rows[0]};
