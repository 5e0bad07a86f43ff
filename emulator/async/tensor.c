/* cp.async.bulk.tensor: copies of boxes of tensors, of four rows of a plane, and of pixels for
 * im2col (PTX ISA 9.7.9.25.5.2). */
#include "emulator/async/async.h"
#include "emulator/async/bulk.h"
#include "emulator/async/traffic.h"
#include "emulator/execute/atomic.h"
#include "emulator/lanes/lanes.h"
#include "emulator/lanes/space.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

enum { CHUNK_BYTES = TENSOR_CHUNK, TENSOR_ALIGNMENT = 128 };

/* Of a row's variant, beside a reduction. */
enum { REDUCTION_MASK = 0xff, MODE_IM2COL = 1 << 8, MODE_ROWS = 1 << 9 };

/* ---- Finding the tile ---- */

/* The bytes of the tensor map at a generic address, or NULL. */
static const void *find_map(const struct warp *warp, uint64_t address) {
    const struct launch *launch = warp->block->launch;
    const uint64_t offset = address & ((UINT64_C(1) << WINDOW_SHIFT) - 1);
    if (address % TENSOR_MAP_ALIGNMENT != 0)
        return NULL;
    if (address >> WINDOW_SHIFT == WINDOW_PARAM)
        return offset <= launch->parameter_bytes &&
                       launch->parameter_bytes - offset >= TENSOR_MAP_BYTES
                   ? launch->parameters + offset
                   : NULL;
    return memory_find_all(launch->memory, address, TENSOR_MAP_BYTES) ? space_host(address) : NULL;
}

/* Packed elements are copied from a whole byte on, and spread ones from a whole chunk. */
static bool begins_whole(struct warp *warp, const struct instruction *instruction, unsigned lane,
                         const struct tile *tile) {
    const int32_t unit = tile->map.element == TENSOR_U4        ? 2
                         : tensor_is_spread(tile->map.element) ? TENSOR_CHUNK
                                                               : 1;
    if (tile->at[0] % unit == 0)
        return true;
    warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, tile->map.address,
               "the first coordinate is %d: a bulk copy of packed elements begins at a multiple "
               "of %d",
               (int)tile->at[0], (int)unit);
    return false;
}

/* The box that operands `k`, a tensor map, and those behind it, coordinates, mean; false after a
 * fault. */
static bool find_tile(struct warp *warp, const struct instruction *instruction, unsigned lane,
                      unsigned k, struct tile *tile) {
    const struct detail *detail = instruction->detail;
    const uint64_t address = bulk_address(warp, instruction, lane, k, k);
    const void *bytes = find_map(warp, address);
    *tile = (struct tile){.is_of_rows = false};
    if (bytes)
        memcpy(&tile->map, bytes, sizeof tile->map);
    const bool is_im2col = (instruction->variant & MODE_IM2COL) != 0;
    const bool takes_rows = (instruction->variant & MODE_ROWS) != 0;
    const unsigned rank = takes_rows ? 2 : detail->elements;
    if (!bytes || !tile_is_sound(&tile->map) || tile->map.rank != rank ||
        tile->map.is_im2col != is_im2col) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, address,
                   "no tensor map of %u dimensions lies at a multiple of %d there: "
                   "cuTensorMapEncode%s makes one",
                   rank, TENSOR_MAP_ALIGNMENT, is_im2col ? "Im2col" : "Tiled");
        return false;
    }
    for (unsigned number = 0; number < detail->elements; number++)
        tile->at[number] = (int32_t)value_read(warp, detail, k + 1 + number, lane);
    if (takes_rows && !tile_take_rows(tile)) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, address,
                   "a tensor map whose box has %u rows, where a copy of four rows needs one row",
                   tile->map.box[1]);
        return false;
    }
    return begins_whole(warp, instruction, lane, tile);
}

static bool add_traffic(struct traffic *traffic, const struct tile *tile) {
    const uint32_t rows = tile_rows(&tile->map);
    for (uint32_t k = 0; k < rows; k++) {
        const struct tile_row row = tile_row(tile, k);
        if (row.inside && !traffic_add(traffic, row.global, row.inside))
            return false;
    }
    return true;
}

/* ---- Moving ---- */

static void flush(unsigned char *row, uint32_t bytes) {
    for (uint32_t k = 0; k < bytes; k += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, row + k, sizeof word);
        word = lane_flush32(word);
        memcpy(row + k, &word, sizeof word);
    }
}

static void move_in(const struct transfer *transfer) {
    const struct tensor_map *map = &transfer->tile.map;
    const uint32_t rows = tile_rows(map);
    unsigned char bytes[TILE_ROW_BYTES], unwritten[TILE_ROW_BYTES];
    for (uint32_t k = 0; k < rows; k++) {
        const struct tile_row row = tile_row(&transfer->tile, k);
        memset(unwritten, 0, row.bytes);
        if (traffic_find_unwritten(transfer->shared.block, row.global, row.inside,
                                   unwritten + row.lead))
            tile_spread(map, unwritten, row.bytes);
        if (row.inside < row.bytes)
            tile_fill(map, bytes, row.bytes);
        if (row.inside)
            memcpy(bytes + row.lead, space_host(row.global), row.inside);
        if (map->element == TENSOR_F32_FLUSHED)
            flush(bytes, row.bytes);
        tile_spread(map, bytes, row.bytes);
        for (uint32_t part = 0; part < row.taken; part += CHUNK_BYTES) {
            const struct shared_place to = {
                transfer->shared.block,
                tile_swizzle(map, transfer->shared.offset, row.offset + part)};
            memcpy(to.block->shared + to.offset, bytes + part, CHUNK_BYTES);
            bulk_mark_loaded(&to, unwritten + part, CHUNK_BYTES);
        }
    }
}

static void move_out(const struct transfer *transfer) {
    const struct tensor_map *map = &transfer->tile.map;
    const uint32_t rows = tile_rows(map);
    unsigned char bytes[TILE_ROW_BYTES];
    for (uint32_t k = 0; k < rows; k++) {
        const struct tile_row row = tile_row(&transfer->tile, k);
        for (uint32_t part = 0; part < row.taken; part += CHUNK_BYTES)
            memcpy(bytes + part,
                   transfer->shared.block->shared +
                       tile_swizzle(map, transfer->shared.offset, row.offset + part),
                   CHUNK_BYTES);
        tile_gather(map, bytes, row.bytes);
        if (row.inside)
            bulk_apply(transfer, space_host(row.global), bytes + row.lead, row.inside);
    }
}

/* ---- Reductions: the map says of what ---- */

enum {
    REDUCE_ADD,
    REDUCE_MIN,
    REDUCE_MAX,
    REDUCE_AND,
    REDUCE_OR,
    REDUCE_XOR,
    REDUCE_INC,
    REDUCE_DEC
};

enum { NO_OPERATION = -1 };

/* The operation of execute/atomic.h, or NO_OPERATION: there is none for these elements. */
static int reduction_of(unsigned reduction, enum tensor_element element) {
    static const int8_t integers[] = {
        [REDUCE_ADD] = ATOMIC_ADD,       [REDUCE_MIN] = ATOMIC_MIN_U,
        [REDUCE_MAX] = ATOMIC_MAX_U,     [REDUCE_AND] = ATOMIC_AND,
        [REDUCE_OR] = ATOMIC_OR,         [REDUCE_XOR] = ATOMIC_XOR,
        [REDUCE_INC] = ATOMIC_INCREMENT, [REDUCE_DEC] = ATOMIC_DECREMENT};
    static const int8_t halves[2][3] = {{ATOMIC_ADD_F16, ATOMIC_MIN_F16, ATOMIC_MAX_F16},
                                        {ATOMIC_ADD_BF16, ATOMIC_MIN_BF16, ATOMIC_MAX_BF16}};
    const bool is_signed = element == TENSOR_S32 || element == TENSOR_S64;
    switch (element) {
    case TENSOR_U32:
    case TENSOR_S32:
    case TENSOR_U64:
    case TENSOR_S64:
        if (is_signed && (reduction == REDUCE_MIN || reduction == REDUCE_MAX))
            return reduction == REDUCE_MIN ? ATOMIC_MIN_S : ATOMIC_MAX_S;
        return integers[reduction];
    case TENSOR_F16:
    case TENSOR_BF16:
        return reduction <= REDUCE_MAX ? halves[element == TENSOR_BF16][reduction] : NO_OPERATION;
    case TENSOR_F32:
    case TENSOR_F32_FLUSHED:
        return reduction == REDUCE_ADD ? (int)ATOMIC_ADD_F32 : NO_OPERATION;
    case TENSOR_F64:
        return reduction == REDUCE_ADD ? (int)ATOMIC_ADD_F64 : NO_OPERATION;
    default:
        return NO_OPERATION;
    }
}

/* ---- Instructions ---- */

/* Offsets of a load by im2col, which stand behind the mbarrier. */
static unsigned read_offsets(struct warp *warp, const struct instruction *instruction,
                             unsigned lane, unsigned k, struct tile *tile) {
    const unsigned count = tile->map.is_im2col ? tile->map.rank - 2u : 0;
    for (unsigned dimension = 0; dimension < count; dimension++)
        tile->offset[dimension] =
            (uint16_t)value_read(warp, instruction->detail, k + dimension, lane);
    return count;
}

/* CUDA's list of swizzles says of elements of 6 bits and chunks of 64 bytes: store only. */
static bool can_load(struct warp *warp, const struct instruction *instruction, unsigned lane,
                     const struct tile *tile) {
    if (tile->map.element != TENSOR_U6_SPREAD || tile->map.doubled < 2)
        return true;
    warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, tile->map.address,
               "elements of 6 bits whose swizzle moves 64 bytes are stored alone, never loaded");
    return false;
}

/* [to], [map, {coordinates}], [mbarrier] {, {offsets}} {, blocks} */
static void load(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const unsigned mbarrier = 2 + instruction->detail->elements;
    struct traffic traffic = {.warp = warp, .instruction = instruction, .lane = lane};
    struct transfer load = {
        .instruction = instruction, .warp = warp, .lane = lane, .move = move_in};
    if (!find_tile(warp, instruction, lane, 1, &load.tile) ||
        !can_load(warp, instruction, lane, &load.tile) ||
        !place_find(warp, instruction, lane, bulk_address(warp, instruction, lane, 0, 0),
                    (struct place_size){tile_bytes(&load.tile.map), TENSOR_ALIGNMENT},
                    &load.shared) ||
        !bulk_find_mbarrier(warp, instruction, lane, mbarrier, 2, &load))
        return;
    const unsigned offsets = read_offsets(warp, instruction, lane, mbarrier + 1, &load.tile);
    if (!add_traffic(&traffic, &load.tile))
        return;
    load.bytes = tile_payload(&load.tile.map);
    bulk_issue(warp, instruction, lane, &load, mbarrier + 1 + offsets);
    traffic_count(&traffic, load.bytes);
}

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* Elements outside of the tensor are not read. */
static bool check_source(struct warp *warp, const struct instruction *instruction, unsigned lane,
                         const struct tile *tile, const struct shared_place *from) {
    const uint32_t rows = from->block->shared_written ? tile_rows(&tile->map) : 0;
    const uint32_t chunk = tile_chunk(&tile->map);
    for (uint32_t k = 0; k < rows; k++) {
        const struct tile_row row = tile_row(tile, k);
        const uint32_t end = row.lead + row.inside;
        for (uint32_t at = row.lead, next; at < end; at = next) {
            next = smaller(end, at / chunk * chunk + chunk);
            const uint32_t taken = at / chunk * CHUNK_BYTES + at % chunk;
            const struct shared_place place = {
                from->block, tile_swizzle(&tile->map, from->offset, row.offset + taken)};
            if (!bulk_check_source(warp, instruction, lane, &place, next - at))
                return false;
        }
    }
    return true;
}

static bool is_reduction(const struct instruction *instruction) {
    return strcmp(instruction->detail->source->modifiers[0], "reduce") == 0;
}

/* False after a fault. */
static bool set_reduction(struct transfer *transfer) {
    const struct tensor_map *map = &transfer->tile.map;
    const int operation = reduction_of(transfer->instruction->variant & REDUCTION_MASK,
                                       (enum tensor_element)map->element);
    transfer->element_bytes = (uint32_t)map->stride[0];
    transfer->operation = (unsigned)operation;
    if (operation == NO_OPERATION)
        warp_fault(transfer->warp, transfer->instruction, MACHINE_ILLEGAL_INSTRUCTION,
                   transfer->lane, map->address,
                   "a bulk reduction that there is not for elements of this tensor map");
    return operation != NO_OPERATION;
}

/* CUDA's list of swizzles says of elements of 4 bits that are spread: load only. */
static bool can_store(struct warp *warp, const struct instruction *instruction, unsigned lane,
                      const struct tile *tile) {
    if (tile->map.element != TENSOR_U4_SPREAD)
        return true;
    warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, tile->map.address,
               "elements of 4 bits that are aligned to 16 bytes are loaded alone, never stored");
    return false;
}

/* [map, {coordinates}], [from] */
static void store(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const unsigned source = 1 + instruction->detail->elements;
    struct traffic traffic = {
        .warp = warp, .instruction = instruction, .lane = lane, .is_store = true};
    struct tile tile;
    struct shared_place from;
    if (!find_tile(warp, instruction, lane, 0, &tile) ||
        !can_store(warp, instruction, lane, &tile) ||
        !place_find(warp, instruction, lane, bulk_address(warp, instruction, lane, source, 1),
                    (struct place_size){tile_bytes(&tile.map), TENSOR_ALIGNMENT}, &from) ||
        !check_source(warp, instruction, lane, &tile, &from) || !add_traffic(&traffic, &tile))
        return;
    struct transfer *transfer = transfer_add(warp, instruction, lane);
    if (!transfer)
        return;
    transfer->move = move_out;
    transfer->tile = tile;
    transfer->shared = from;
    transfer->bytes = tile_payload(&tile.map);
    if (is_reduction(instruction) && !set_reduction(transfer))
        return;
    transfer_mark(transfer);
    traffic_count(&traffic, transfer->bytes);
}

static void execute_load(struct warp *warp, const struct instruction *instruction) {
    for (uint32_t rest = warp->mask; rest && !warp->is_faulted; rest &= rest - 1)
        load(warp, instruction, lane_first(rest));
}

static void execute_store(struct warp *warp, const struct instruction *instruction) {
    for (uint32_t rest = warp->mask; rest && !warp->is_faulted; rest &= rest - 1)
        store(warp, instruction, lane_first(rest));
}

static void execute_prefetch(struct warp *warp, const struct instruction *instruction) {
    (void)warp;
    (void)instruction;
}

#define DIMENSIONS ".{1d,2d,3d,4d,5d}"
#define IMAGES ".{3d,4d,5d}"
#define COMPLETES ".mbarrier::complete_tx::bytes"
#define PAIR "[.{cta_group::1,cta_group::2}]"
#define HINT "[.L2::cache_hint]"
#define ROW(pattern_, operands_, action)                                                           \
    { .pattern = (pattern_), (operands_), execute_##action, .decode = DECODE_UNTYPED }
#define IMAGE(pattern_, operands_, action)                                                         \
    { .pattern = (pattern_), (operands_), execute_##action, MODE_IM2COL, .decode = DECODE_UNTYPED }
#define ROWS(pattern_, operands_, action)                                                          \
    { .pattern = (pattern_), (operands_), execute_##action, MODE_ROWS, .decode = DECODE_UNTYPED }
/* The order of blocks shows in sums of floats. */
#define REDUCE_IN(mode_pattern, dimensions, operation_pattern, number)                             \
    {                                                                                              \
        .pattern = "cp.reduce.async.bulk.tensor" dimensions                                        \
                   ".global.shared::cta" operation_pattern mode_pattern ".bulk_group" HINT,        \
        "T,m", execute_store, number, .flags = ROW_COMMUNICATES, .decode = DECODE_UNTYPED          \
    }
#define REDUCE(operation_pattern, number)                                                          \
    REDUCE_IN("[.tile]", DIMENSIONS, operation_pattern, number),                                   \
        REDUCE_IN(".im2col_no_offs", IMAGES, operation_pattern, (number) | MODE_IM2COL),           \
        REDUCE_IN(".tile::scatter4", ".2d", operation_pattern, (number) | MODE_ROWS)

static const struct instruction_row rows[] = {
    ROW("cp.async.bulk.tensor" DIMENSIONS
        ".{shared::cluster,shared::cta}.global[.tile]" COMPLETES PAIR HINT,
        "m,T,m", load),
    ROW("cp.async.bulk.tensor" DIMENSIONS ".shared::cluster.global[.tile]" COMPLETES
        ".multicast::cluster" PAIR HINT,
        "m,T,m,h", load),
    ROW("cp.async.bulk.tensor" DIMENSIONS ".global.shared::cta[.tile].bulk_group" HINT, "T,m",
        store),
    IMAGE("cp.async.bulk.tensor" IMAGES
          ".{shared::cluster,shared::cta}.global.im2col" COMPLETES PAIR HINT,
          "m,T,m,O", load),
    IMAGE("cp.async.bulk.tensor" IMAGES ".shared::cluster.global.im2col" COMPLETES
          ".multicast::cluster" PAIR HINT,
          "m,T,m,O,h", load),
    IMAGE("cp.async.bulk.tensor" IMAGES ".global.shared::cta.im2col_no_offs.bulk_group" HINT, "T,m",
          store),
    ROWS("cp.async.bulk.tensor.2d.{shared::cluster,shared::cta}.global.tile::gather4" COMPLETES PAIR
             HINT,
         "m,T,m", load),
    ROWS("cp.async.bulk.tensor.2d.shared::cluster.global.tile::gather4" COMPLETES
         ".multicast::cluster" PAIR HINT,
         "m,T,m,h", load),
    ROWS("cp.async.bulk.tensor.2d.global.shared::cta.tile::scatter4.bulk_group" HINT, "T,m", store),
    REDUCE(".add", REDUCE_ADD),
    REDUCE(".min", REDUCE_MIN),
    REDUCE(".max", REDUCE_MAX),
    REDUCE(".and", REDUCE_AND),
    REDUCE(".or", REDUCE_OR),
    REDUCE(".xor", REDUCE_XOR),
    REDUCE(".inc", REDUCE_INC),
    REDUCE(".dec", REDUCE_DEC),
    ROW("cp.async.bulk.prefetch.tensor" DIMENSIONS ".L2.global[.tile]" HINT, "T", prefetch),
    ROWS("cp.async.bulk.prefetch.tensor.2d.L2.global.tile::gather4" HINT, "T", prefetch),
    ROW("cp.async.bulk.prefetch.tensor" IMAGES ".L2.global.im2col" HINT, "T,O", prefetch),
    {.pattern = "prefetch[.{const,param}].tensormap",
     "m",
     execute_prefetch,
     .decode = DECODE_PREFETCH},
};

const struct instruction_table async_tensor = {rows, sizeof rows / sizeof rows[0]};
