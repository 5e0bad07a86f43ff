/* tensormap.replace and tensormap.cp_fenceproxy: tensor maps that kernels make or change (PTX ISA
 * 9.7.9.28). A map begins as 128 bytes of zeros, or as one that the driver has made. */
#include "emulator/async/async.h"
#include "emulator/async/bulk.h"
#include "emulator/checks/check.h"
#include "emulator/lanes/lanes.h"
#include "emulator/lanes/space.h"
#include "emulator/lanes/tensor_map.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

enum { EDIT_ALIGNMENT = 128 };

enum field {
    FIELD_ADDRESS,
    FIELD_RANK,
    FIELD_BOX,
    FIELD_SIZE,
    FIELD_STRIDE,
    FIELD_STEP,
    FIELD_ELEMENT,
    FIELD_INTERLEAVE,
    FIELD_SWIZZLE,
    FIELD_ATOMICITY,
    FIELD_FILL
};

/* By the numbers of PTX. */
static const struct {
    uint8_t element, bytes;
} elements[] = {
    {TENSOR_U8, 1},          {TENSOR_U16, 2}, {TENSOR_U32, 4},       {TENSOR_S32, 4},
    {TENSOR_U64, 8},         {TENSOR_S64, 8}, {TENSOR_F16, 2},       {TENSOR_F32, 4},
    {TENSOR_F32_FLUSHED, 4}, {TENSOR_F64, 8}, {TENSOR_BF16, 2},      {TENSOR_F32, 4},
    {TENSOR_F32_FLUSHED, 4}, {TENSOR_U4, 1},  {TENSOR_U4_SPREAD, 1}, {TENSOR_U6_SPREAD, 1}};
static const uint8_t spans[] = {0, 32, 64, 128};
enum { FLIPS = 2 }; /* the number of the swizzle that also flips 8 bytes */

enum { ELEMENTS = sizeof elements / sizeof elements[0], SPANS = sizeof spans / sizeof spans[0] };

/* ---- Where a map lies ---- */

/* Its bytes, or NULL after a fault; the block's shared memory is `place` then. */
static unsigned char *find_bytes(struct warp *warp, const struct instruction *instruction,
                                 unsigned lane, uint64_t address, bool is_shared,
                                 struct shared_place *place) {
    const struct launch *launch = warp->block->launch;
    place->block = NULL;
    if (is_shared)
        return place_find(warp, instruction, lane, address,
                          (struct place_size){TENSOR_MAP_BYTES, EDIT_ALIGNMENT}, place)
                   ? place->block->shared + place->offset
                   : NULL;
    if (address % EDIT_ALIGNMENT == 0 && memory_find_all(launch->memory, address, TENSOR_MAP_BYTES))
        return space_host(address);
    warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, address,
               "a tensor map takes %d bytes at a multiple of %d in global memory", TENSOR_MAP_BYTES,
               EDIT_ALIGNMENT);
    return NULL;
}

static void mark_written(struct warp *warp, const struct instruction *instruction, unsigned lane,
                         uint64_t address, const struct shared_place *place) {
    if (place->block)
        bulk_mark_written(place, TENSOR_MAP_BYTES);
    else if (warp->block->launch->is_slow)
        check_global(warp, instruction, lane, address, TENSOR_MAP_BYTES, true);
}

/* ---- Replacing a field ---- */

/* False for a value, or the number of a dimension, that there is not. */
static bool replace_dimension(struct tensor_map *map, enum field field, uint64_t dimension,
                              uint64_t value) {
    enum { BOX_LIMIT = 256, STEP_LIMIT = 8 };
    const unsigned last = field == FIELD_STRIDE ? TENSOR_RANKS - 1 : TENSOR_RANKS;
    if (dimension >= last)
        return false;
    switch (field) {
    case FIELD_BOX:
        map->box[dimension] = (uint16_t)value;
        return value >= 1 && value <= BOX_LIMIT;
    case FIELD_SIZE: /* of 2^32 elements there are 32 bits */
        map->size[dimension] = value ? value : UINT64_C(1) << 32;
        return true;
    case FIELD_STRIDE:
        map->stride[dimension + 1] = value;
        return value % 16 == 0;
    default:
        map->step[dimension] = (uint8_t)value;
        return value >= 1 && value <= STEP_LIMIT;
    }
}

static bool replace_whole(struct tensor_map *map, enum field field, uint64_t value) {
    switch (field) {
    case FIELD_ADDRESS:
        map->address = value;
        return value % 16 == 0;
    case FIELD_RANK: /* counted from zero */
        map->rank = (uint8_t)(value + 1);
        return value < TENSOR_RANKS;
    case FIELD_ELEMENT:
        if (value >= ELEMENTS)
            return false;
        map->element = elements[value].element;
        map->stride[0] = elements[value].bytes;
        return true;
    case FIELD_INTERLEAVE:
        return value == 0;
    case FIELD_SWIZZLE:
        map->swizzle = value < SPANS ? spans[value] : 0;
        return value < SPANS;
    case FIELD_ATOMICITY: /* 16, 32, 32 and 64 bytes */
        map->doubled = value > FLIPS ? 2 : (uint8_t)value;
        return value <= FLIPS + 1 && value != FLIPS;
    default:
        map->fills_nan = value != 0;
        return value <= 1;
    }
}

static bool has_dimension(enum field field) {
    return field >= FIELD_BOX && field <= FIELD_STEP;
}

/* [map] {, dimension}, value */
static void replace(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const struct detail *detail = instruction->detail;
    const enum field field = (enum field)instruction->variant;
    const uint64_t address = bulk_address(warp, instruction, lane, 0, 0);
    const bool is_shared =
        detail->space == SPACE_SHARED ||
        (detail->space != SPACE_GLOBAL && address >> WINDOW_SHIFT == WINDOW_SHARED);
    struct shared_place place;
    struct tensor_map map;
    unsigned char *bytes = find_bytes(warp, instruction, lane, address, is_shared, &place);
    if (!bytes)
        return;
    static const unsigned char zeros[TENSOR_MAP_BYTES];
    memcpy(&map, bytes, sizeof map);
    if (memcmp(bytes, zeros, sizeof zeros) == 0)
        map.magic = TENSOR_MAP_MAGIC;
    const uint64_t first = value_read(warp, detail, 1, lane);
    const bool is_known =
        has_dimension(field)
            ? replace_dimension(&map, field, first, value_read(warp, detail, 2, lane))
            : replace_whole(&map, field, first);
    if (map.magic != TENSOR_MAP_MAGIC || !is_known) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, address, "%s",
                   is_known ? "no tensor map lies there, nor zeros that one could begin with"
                            : "a tensor map has no such value, or the emulator lacks it");
        return;
    }
    memcpy(bytes, &map, sizeof map);
    mark_written(warp, instruction, lane, address, &place);
}

static void execute_replace(struct warp *warp, const struct instruction *instruction) {
    for (uint32_t rest = warp->mask; rest && !warp->is_faulted; rest &= rest - 1)
        replace(warp, instruction, lane_first(rest));
}

/* ---- From shared to global memory ---- */

/* [to], [from], 128; all lanes say the same */
static void execute_publish(struct warp *warp, const struct instruction *instruction) {
    const unsigned lane = lane_first(warp->mask);
    const uint64_t target = bulk_address(warp, instruction, lane, 0, 0);
    struct shared_place from, to;
    const unsigned char *source = find_bytes(
        warp, instruction, lane, bulk_address(warp, instruction, lane, 1, 1), true, &from);
    if (!source || !bulk_check_source(warp, instruction, lane, &from, TENSOR_MAP_BYTES))
        return;
    unsigned char *bytes = find_bytes(warp, instruction, lane, target, false, &to);
    if (!bytes)
        return;
    memcpy(bytes, source, TENSOR_MAP_BYTES);
    mark_written(warp, instruction, lane, target, &to);
}

#define SPACES "[.{global,shared::cta}].b1024"
#define REPLACE(field_pattern, type, operands_, field)                                             \
    {                                                                                              \
        .pattern = "tensormap.replace.tile." field_pattern SPACES type, operands_,                 \
        execute_replace, (field), .decode = DECODE_UNTYPED                                         \
    }

static const struct instruction_row rows[] = {
    REPLACE("global_address", ".b64", "m,d", FIELD_ADDRESS),
    REPLACE("rank", ".b32", "m,w", FIELD_RANK),
    REPLACE("box_dim", ".b32", "m,i,w", FIELD_BOX),
    REPLACE("global_dim", ".b32", "m,i,w", FIELD_SIZE),
    REPLACE("global_stride", ".b64", "m,i,d", FIELD_STRIDE),
    REPLACE("element_stride", ".b32", "m,i,w", FIELD_STEP),
    REPLACE("elemtype", ".b32", "m,i", FIELD_ELEMENT),
    REPLACE("interleave_layout", ".b32", "m,i", FIELD_INTERLEAVE),
    REPLACE("swizzle_mode", ".b32", "m,i", FIELD_SWIZZLE),
    REPLACE("swizzle_atomicity", ".b32", "m,i", FIELD_ATOMICITY),
    REPLACE("fill_mode", ".b32", "m,i", FIELD_FILL),
    {.pattern = "tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release."
                "{cta,cluster,gpu,sys}.sync.aligned",
     "m,m,i",
     execute_publish,
     .decode = DECODE_UNTYPED},
};

const struct instruction_table async_tensor_edit = {rows, sizeof rows / sizeof rows[0]};
