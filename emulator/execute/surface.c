/*
 * Surfaces (PTX ISA 9.7.11): images that are read, written and added to. texture.c has what they
 * share with textures.
 */
#include "emulator/execute/texture.h"

#include "emulator/arithmetic/half.h"
#include "emulator/execute/atomic.h"
#include "emulator/execute/execute.h"
#include "emulator/lanes/space.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

/* The variant of a row; behind REDUCE the number of an atomic operation. The first coordinate of
 * IN_SAMPLES is not in bytes. */
enum { LOAD, STORE, STORE_FORMATTED, REDUCE, IN_SAMPLES = 1 << 8 };

static bool reduces(const struct instruction *instruction) {
    return (instruction->variant & ~(unsigned)IN_SAMPLES) >= REDUCE;
}

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
 * instruction says otherwise. */
static uint64_t surface_address(struct warp *warp, const struct instruction *instruction,
                                unsigned lane, const struct machine_texture *texture) {
    const struct detail *detail = instruction->detail;
    const enum geometry geometry = geometry_of(instruction);
    const signed char beyond = detail->choice[reduces(instruction) ? 2 : 4];
    const int64_t bytes = surface_bytes(instruction, texture);
    const int64_t row = (int64_t)texture->size[0] * machine_texel_bytes(texture);
    const bool is_layered = geometry_forms[geometry].is_layered;
    int64_t at[3] = {0};
    for (unsigned k = 0; k < geometry_forms[geometry].dimensions; k++)
        at[k] = (int32_t)value_read(warp, detail, 1 + is_layered + k, lane);
    if (is_layered)
        at[2] = (int32_t)value_read(warp, detail, 1, lane);
    if (instruction->variant == STORE_FORMATTED || (instruction->variant & IN_SAMPLES))
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

/* sust.p: channels beyond the image's are dropped. PTX leaves open what becomes of those that are
 * not given, which stay, and of integers that are too large. */
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

/* Of sured.p the image says whether numbers have a sign, and PTX means no floats. */
static bool find_reduction(struct warp *warp, const struct instruction *instruction, unsigned lane,
                           const struct machine_texture *texture,
                           enum atomic_operation *operation) {
    const enum texel_format format = texture->format;
    const bool is_signed = format == TEXEL_S8 || format == TEXEL_S16 || format == TEXEL_S32;
    const bool is_float = format == TEXEL_F16 || format == TEXEL_F32;
    *operation =
        (enum atomic_operation)((instruction->variant & ~(unsigned)IN_SAMPLES) - (unsigned)REDUCE);
    if (!(instruction->variant & IN_SAMPLES))
        return true;
    if (is_float)
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, texture->base,
                   "sured.p of a surface of floats, which PTX gives no meaning");
    if (is_signed && *operation == ATOMIC_MIN_U)
        *operation = ATOMIC_MIN_S;
    if (is_signed && *operation == ATOMIC_MAX_U)
        *operation = ATOMIC_MAX_S;
    return !is_float;
}

static void reduce_surface_lane(struct warp *warp, const struct instruction *instruction,
                                unsigned lane, const struct machine_texture *texture,
                                uint64_t address) {
    const struct detail *detail = instruction->detail;
    enum atomic_operation operation;
    if (!find_reduction(warp, instruction, lane, texture, &operation))
        return;
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
        if (reduces(instruction))
            reduce_surface_lane(warp, instruction, lane, image.texture, address);
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
        .pattern = "sured." operation ".{1d,2d,3d}.{" types "}.{trap,clamp,zero}", "",             \
        execute_surface, (number) + REDUCE, .flags = ROW_COMMUNICATES | ROW_COMMUTES,              \
        .decode = DECODE_SURFACE                                                                   \
    }

static const struct instruction_row rows[] = {
    {.pattern = "suld.b" SURFACE_FORM, "", execute_surface, LOAD, .decode = DECODE_SURFACE},
    {.pattern = "sust.b" SURFACE_FORM, "", execute_surface, STORE, .decode = DECODE_SURFACE},
    {.pattern = "sust.p" SURFACE_FORM_OF("b32"),
     "",
     execute_surface,
     STORE_FORMATTED,
     .decode = DECODE_SURFACE},
    REDUCTION("b.add", "u32,u64,s32", ATOMIC_ADD),
    REDUCTION("b.min", "u32,u64", ATOMIC_MIN_U),
    REDUCTION("b.max", "u32,u64", ATOMIC_MAX_U),
    REDUCTION("b.min", "s32,s64", ATOMIC_MIN_S),
    REDUCTION("b.max", "s32,s64", ATOMIC_MAX_S),
    REDUCTION("b.and", "b32,b64", ATOMIC_AND),
    REDUCTION("b.or", "b32,b64", ATOMIC_OR),
    REDUCTION("p.add", "b32", ATOMIC_ADD | IN_SAMPLES),
    REDUCTION("p.min", "b32,b64", ATOMIC_MIN_U | IN_SAMPLES),
    REDUCTION("p.max", "b32,b64", ATOMIC_MAX_U | IN_SAMPLES),
    REDUCTION("p.and", "b32", ATOMIC_AND | IN_SAMPLES),
    REDUCTION("p.or", "b32", ATOMIC_OR | IN_SAMPLES),
};

const struct instruction_table executor_surface = {rows, sizeof rows / sizeof rows[0]};
