/*
 * Textures and surfaces (PTX ISA 9.7.10, 9.7.11). Their accesses go through units of their own, so they are
 * no requests to global memory; the bytes that they touch count.
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

static const struct {
    const char *name;
    uint8_t dimensions;
    bool is_layered, is_cubemap;
} geometries[] = {
    [GEOMETRY_1D] = {"1D", 1, false, false},
    [GEOMETRY_2D] = {"2D", 2, false, false},
    [GEOMETRY_3D] = {"3D", 3, false, false},
    [GEOMETRY_A1D] = {"layered 1D", 1, true, false},
    [GEOMETRY_A2D] = {"layered 2D", 2, true, false},
    [GEOMETRY_CUBE] = {"cubemap", 2, false, true},
    [GEOMETRY_ACUBE] = {"layered cubemap", 2, true, true},
};

/* The variant of a row. */
enum { FETCH, GATHER, GRADIENT };

/* tld4 is of two dimensions. */
static enum geometry geometry_of(const struct instruction *instruction) {
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
        texture->dimensions == geometries[geometry].dimensions &&
        (is_surface || texture->is_cubemap == geometries[geometry].is_cubemap) &&
        (texture->is_cubemap || texture->is_layered == geometries[geometry].is_layered);
    if (texture->is_surface != is_surface)
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, image->handle,
                   "the handle is that of a %s, a %s is needed", is_surface ? "texture" : "surface",
                   what);
    else if (!fits)
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, image->handle,
                   "a %s access, but the %s has %u dimensions%s%s", geometries[geometry].name, what,
                   texture->dimensions, texture->is_layered ? ", layered" : "",
                   texture->is_cubemap ? ", of a cube" : "");
    return !warp->is_faulted;
}

bool image_look_up(struct warp *warp, const struct instruction *instruction, unsigned lane,
                   bool is_surface, struct image *image) {
    image->handle = value_read(warp, instruction->detail, 0, lane);
    image->texture = texture_lookup(warp->block->launch->textures, image->handle);
    if (image->texture)
        return true;
    warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, image->handle,
               "the handle is of no %s, or of one that was destroyed",
               is_surface ? "surface" : "texture");
    return false;
}

static bool image_find(struct warp *warp, const struct instruction *instruction, unsigned lane,
                       bool is_surface, struct image *image) {
    const struct launch *launch = warp->block->launch;
    if (image->texture && image->handle == value_read(warp, instruction->detail, 0, lane))
        return true;
    if (!image_look_up(warp, instruction, lane, is_surface, image))
        return false;
    image->range = memory_find_all(launch->memory, image->texture->base,
                                   machine_texture_bytes(image->texture));
    if (!image->range) {
        warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, image->texture->base,
                   "the memory of the %s was freed", is_surface ? "surface" : "texture");
        return false;
    }
    __atomic_store_n(&image->range->is_touched, true, __ATOMIC_RELAXED);
    return image_fits(warp, instruction, lane, image, is_surface);
}

static void image_touch(struct warp *warp, const struct instruction *instruction, unsigned lane,
                        const struct image *image, uint64_t address, uint32_t bytes,
                        bool is_store) {
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
    const unsigned count = geometries[geometry].is_cubemap ? 3 : geometries[geometry].dimensions;
    unsigned next = 1;
    if (geometries[geometry].is_layered) {
        const int32_t layer = (int32_t)value_read(warp, detail, next++, lane);
        place.layer = layer < 0 ? 0 : (uint32_t)layer;
    }
    for (unsigned k = 0; k < count; k++) {
        const uint32_t bits = (uint32_t)value_read(warp, detail, next++, lane);
        place.at[k] = is_index ? (double)(int32_t)bits : (double)lane_f32(bits);
    }
    if (geometries[geometry].is_cubemap)
        sample_cube(&place);
    return place;
}

/* A gradient says which mipmap, and there is one; the texels along an axis are taken with more filtering
 * than is here. */
static bool gradient_fits(struct warp *warp, const struct instruction *instruction, unsigned lane,
                          const struct image *image) {
    if (instruction->variant != GRADIENT || !image->texture->is_anisotropic)
        return true;
    warp_fault(warp, instruction, MACHINE_NOT_SUPPORTED, lane, image->handle,
               "the emulator lacks anisotropic filters: make the texture with a maxAnisotropy of "
               "1 at most");
    return false;
}

/* The four channels, or with tld4 one channel of four texels. */
static void fetch_lane(struct warp *warp, const struct instruction *instruction, unsigned lane,
                       const struct image *image, bool is_index) {
    enum { CHANNELS = 4 };
    const struct machine_texture *texture = image->texture;
    const bool gathers = instruction->variant == GATHER;
    const struct sample_place place = place_of(warp, instruction, lane, is_index);
    struct sample sample;
    uint32_t value[CHANNELS];
    sample_find(texture, &place, gathers, &sample);
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
    for (unsigned k = 0; k < CHANNELS; k++)
        value_write(warp, instruction->detail, k, lane, value[k]);
}

static void execute_fetch(struct warp *warp, const struct instruction *instruction) {
    const bool is_index = instruction->variant == FETCH && instruction->detail->choice[2] == 0;
    struct image image = {0};
    for (unsigned lane = 0; lane < LANES && !warp->is_faulted; lane++)
        if ((warp->mask >> lane & 1) && image_find(warp, instruction, lane, false, &image) &&
            gradient_fits(warp, instruction, lane, &image))
            fetch_lane(warp, instruction, lane, &image, is_index);
}

/* ---- Surfaces ---- */

/* The variant of a row; behind REDUCE the number of an atomic operation. */
enum { LOAD, STORE, STORE_FORMATTED, REDUCE };

enum beyond { BEYOND_TRAP, BEYOND_CLAMP, BEYOND_ZERO };

static int64_t clamp(int64_t value, int64_t size) {
    return value < 0 ? 0 : value < size ? value : size - 1;
}

/* What one access is of. Formatted ones are of whole texels. */
static uint32_t surface_bytes(const struct instruction *instruction,
                              const struct machine_texture *texture) {
    const struct detail *detail = instruction->detail;
    return instruction->variant == STORE_FORMATTED ? machine_texel_bytes(texture)
                                                   : detail->access_bytes * detail->elements;
}

/* The address of a lane's element; 0 where it lies beyond the image, which is a fault unless the
 * instruction says otherwise. The first coordinate is in bytes, that of
 * formatted accesses in texels. */
static uint64_t surface_address(struct warp *warp, const struct instruction *instruction,
                                unsigned lane, const struct machine_texture *texture) {
    const struct detail *detail = instruction->detail;
    const enum geometry geometry = geometry_of(instruction);
    const signed char beyond = detail->choice[instruction->variant < REDUCE ? 4 : 2];
    const int64_t bytes = surface_bytes(instruction, texture);
    const int64_t row = (int64_t)texture->size[0] * machine_texel_bytes(texture);
    const bool is_layered = geometries[geometry].is_layered;
    int64_t at[3] = {0};
    for (unsigned k = 0; k < geometries[geometry].dimensions; k++)
        at[k] = (int32_t)value_read(warp, detail, 1 + is_layered + k, lane);
    if (is_layered)
        at[2] = (int32_t)value_read(warp, detail, 1, lane);
    if (instruction->variant == STORE_FORMATTED)
        at[0] *= bytes;
    if (at[0] % bytes != 0) {
        warp_fault(warp, instruction, MACHINE_MISALIGNED_ADDRESS, lane, texture->base,
                   "byte %lld of a surface's row: it must be a multiple of %lld", (long long)at[0],
                   (long long)bytes);
        return 0;
    }
    const bool is_inside = at[0] >= 0 && at[0] + bytes <= row && at[1] >= 0 &&
                           at[1] < texture->size[1] && at[2] >= 0 && at[2] < texture->size[2];
    if (!is_inside && beyond == BEYOND_CLAMP) {
        at[0] = clamp(at[0] / bytes, row / bytes) * bytes;
        at[1] = clamp(at[1], texture->size[1]);
        at[2] = clamp(at[2], texture->size[2]);
    } else if (!is_inside) {
        if (beyond != BEYOND_ZERO)
            warp_fault(
                warp, instruction, MACHINE_INVALID_ADDRESS, lane, texture->base,
                "out-of-bounds access of a surface: byte %lld of row %lld, layer %lld; it has "
                "rows of %lld bytes, %u of them, and %u layers",
                (long long)at[0], (long long)at[1], (long long)at[2], (long long)row,
                texture->size[1], texture->size[2]);
        return 0;
    }
    return texture->base + (uint64_t)at[2] * texture->plane_bytes +
           (uint64_t)at[1] * texture->row_bytes + (uint64_t)at[0];
}

static void load_surface_lane(const struct warp *warp, const struct detail *detail, unsigned lane,
                              uint64_t address) {
    for (unsigned k = 0; k < detail->elements; k++) {
        uint64_t value = 0;
        if (address)
            memcpy(&value, space_host(address + (uint64_t)k * detail->access_bytes),
                   detail->access_bytes);
        value_write(warp, detail, k, lane, value);
    }
}

static void store_surface_lane(const struct warp *warp, const struct detail *detail, unsigned lane,
                               uint64_t address) {
    const unsigned first = detail->from_count - detail->elements;
    for (unsigned k = 0; address && k < detail->elements; k++) {
        const uint64_t value = value_read(warp, detail, first + k, lane);
        memcpy(space_host(address + (uint64_t)k * detail->access_bytes), &value,
               detail->access_bytes);
    }
}

/* A channel's bits for a float or an integer. False: an integer that it cannot hold. */
static bool channel_of(enum texel_format format, uint32_t bits, uint32_t *channel) {
    const int32_t number = (int32_t)bits;
    *channel = format == TEXEL_F16 ? f16_narrow(bits) : bits;
    switch (format) {
    case TEXEL_U8:
        return bits <= UINT8_MAX;
    case TEXEL_U16:
        return bits <= UINT16_MAX;
    case TEXEL_S8:
        return number >= INT8_MIN && number <= INT8_MAX;
    case TEXEL_S16:
        return number >= INT16_MIN && number <= INT16_MAX;
    case TEXEL_U32:
    case TEXEL_S32:
    case TEXEL_F16:
    case TEXEL_F32:
    default:
        return true;
    }
}

/* sust.p: channels beyond the image's are dropped. PTX leaves open what becomes of those that are not
 * given, which stay, and of integers that are too large. */
static void store_texel_lane(struct warp *warp, const struct instruction *instruction,
                             unsigned lane, const struct machine_texture *texture,
                             uint64_t address) {
    const struct detail *detail = instruction->detail;
    const unsigned first = detail->from_count - detail->elements;
    const uint32_t bytes = machine_texel_bytes(texture) / texture->channels;
    for (unsigned k = 0; address && k < detail->elements && k < texture->channels; k++) {
        const uint32_t value = (uint32_t)value_read(warp, detail, first + k, lane);
        uint32_t channel;
        if (!channel_of(texture->format, value, &channel)) {
            warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, texture->base,
                       "0x%x is stored to a channel of %u bytes, which cannot hold it", value,
                       bytes);
            return;
        }
        memcpy(space_host(address + (uint64_t)k * bytes), &channel, bytes);
    }
}

static void reduce_surface_lane(const struct warp *warp, const struct instruction *instruction,
                                unsigned lane, uint64_t address) {
    const struct detail *detail = instruction->detail;
    const enum atomic_operation operation = (enum atomic_operation)(instruction->variant - REDUCE);
    if (address)
        (void)atomic_update(space_host(address), operation,
                            value_read(warp, detail, detail->from_count - 1, lane), 0,
                            detail->access_bytes, false);
}

static void execute_surface(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    const bool is_store = instruction->variant != LOAD;
    struct image image = {0};
    for (unsigned lane = 0; lane < LANES && !warp->is_faulted; lane++) {
        if (!(warp->mask >> lane & 1) || !image_find(warp, instruction, lane, true, &image))
            continue;
        const uint64_t address = surface_address(warp, instruction, lane, image.texture);
        if (warp->is_faulted)
            return;
        if (address)
            image_touch(warp, instruction, lane, &image, address,
                        surface_bytes(instruction, image.texture), is_store);
        if (instruction->variant >= REDUCE)
            reduce_surface_lane(warp, instruction, lane, address);
        else if (instruction->variant == STORE_FORMATTED)
            store_texel_lane(warp, instruction, lane, image.texture, address);
        else if (is_store)
            store_surface_lane(warp, detail, lane, address);
        else
            load_surface_lane(warp, detail, lane, address);
    }
}

#define SURFACE_FORM_OF(types)                                                                     \
    "." GEOMETRIES "}[.{ca,cg,cs,cv,wb,wt}][.{v2,v4}].{" types "}[.{trap,clamp,zero}]"
#define SURFACE_FORM SURFACE_FORM_OF("b8,b16,b32,b64")

#define REDUCTION(operation, types, number)                                                        \
    {                                                                                              \
        .pattern = "sured.b." operation ".{1d,2d,3d}.{" types "}.{trap,clamp,zero}", "",           \
        execute_surface, REDUCE + (number), .flags = ROW_COMMUNICATES | ROW_COMMUTES,              \
        .decode = DECODE_SURFACE                                                                   \
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
     FETCH,
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
    {.pattern = "suld.b" SURFACE_FORM, "", execute_surface, LOAD, .decode = DECODE_SURFACE},
    {.pattern = "sust.b" SURFACE_FORM, "", execute_surface, STORE, .decode = DECODE_SURFACE},
    {.pattern = "sust.p" SURFACE_FORM_OF("b32"),
     "",
     execute_surface,
     STORE_FORMATTED,
     .decode = DECODE_SURFACE},
    REDUCTION("add", "u32,u64,s32", ATOMIC_ADD),
    REDUCTION("min", "u32,u64", ATOMIC_MIN_U),
    REDUCTION("max", "u32,u64", ATOMIC_MAX_U),
    REDUCTION("min", "s32,s64", ATOMIC_MIN_S),
    REDUCTION("max", "s32,s64", ATOMIC_MAX_S),
    REDUCTION("and", "b32,b64", ATOMIC_AND),
    REDUCTION("or", "b32,b64", ATOMIC_OR),
};

const struct instruction_table executor_texture = {rows, sizeof rows / sizeof rows[0]};
