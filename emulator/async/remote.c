/* Shared memory of other blocks: its addresses (PTX ISA 9.7.9.23, 9.7.9.24), and stores to it whose
 * arrival an mbarrier tells of (9.7.9.12, 9.7.13.6). */
#include "emulator/async/async.h"
#include "emulator/async/bulk.h"
#include "emulator/execute/atomic.h"
#include "emulator/lanes/space.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

/* ---- Addresses ---- */

enum { PLAIN_ADDRESS, GENERIC_ADDRESS };

/* The number of a block in an address: 0 for the block itself. */
static uint64_t block_number(uint64_t address) {
    return (address & ((UINT64_C(1) << WINDOW_SHIFT) - 1)) >> SHARED_RANK_SHIFT;
}

static bool is_shared(struct warp *warp, const struct instruction *instruction, unsigned lane,
                      uint64_t address) {
    const bool is_generic = instruction->variant == GENERIC_ADDRESS;
    if (!is_generic || address >> WINDOW_SHIFT == WINDOW_SHARED)
        return true;
    warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS_SPACE, lane, address,
               "%s of an address that lies not in shared memory",
               instruction->detail->source->root);
    return false;
}

/* mapa d, a, rank: the address of what lies at `a` in the block of that rank. */
static void execute_map(struct warp *warp, const struct instruction *instruction) {
    const struct block *block = warp->block;
    for (uint32_t rest = warp->mask; rest; rest &= rest - 1) {
        const unsigned lane = lane_first(rest);
        const uint64_t address = value_read(warp, instruction->detail, 0, lane);
        const uint32_t rank = (uint32_t)value_read(warp, instruction->detail, 1, lane);
        const uint64_t window = address >> WINDOW_SHIFT << WINDOW_SHIFT;
        const uint64_t offset = address & ((UINT64_C(1) << SHARED_RANK_SHIFT) - 1);
        if (!is_shared(warp, instruction, lane, address))
            return;
        if (rank >= block->cluster->size) {
            warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, address,
                       "mapa to the block of rank %u, where the cluster has %u blocks", rank,
                       block->cluster->size);
            return;
        }
        value_write(warp, instruction->detail, 0, lane,
                    window | (rank == block->rank ? offset : space_cluster_offset(rank, offset)));
    }
}

static void execute_rank(struct warp *warp, const struct instruction *instruction) {
    for (uint32_t rest = warp->mask; rest; rest &= rest - 1) {
        const unsigned lane = lane_first(rest);
        const uint64_t address = value_read(warp, instruction->detail, 0, lane);
        const uint64_t number = block_number(address);
        if (!is_shared(warp, instruction, lane, address))
            return;
        value_write(warp, instruction->detail, 0, lane,
                    number ? number - SHARED_RANK_FIRST : warp->block->rank);
    }
}

/* ---- st.async, red.async ---- */

static void move_value(const struct transfer *transfer) {
    bulk_apply(transfer, transfer->shared.block->shared + transfer->shared.offset, transfer->value,
               transfer->bytes);
    bulk_mark_written(&transfer->shared, transfer->bytes);
}

/* [to], values, [mbarrier] */
static void issue(struct warp *warp, const struct instruction *instruction, unsigned lane,
                  bool reduces) {
    const struct detail *detail = instruction->detail;
    const uint32_t bytes = detail->access_bytes * detail->elements;
    struct transfer store = {.instruction = instruction,
                             .warp = warp,
                             .lane = lane,
                             .move = move_value,
                             .bytes = bytes,
                             .element_bytes = reduces ? bytes : 0,
                             .operation = instruction->variant};
    for (unsigned k = 0; k < detail->elements; k++) {
        const uint64_t value = value_read(warp, detail, 1 + k, lane);
        memcpy(store.value + (size_t)k * detail->access_bytes, &value, detail->access_bytes);
    }
    if (place_find(warp, instruction, lane, bulk_address(warp, instruction, lane, 0, 0),
                   (struct place_size){bytes, bytes}, &store.shared) &&
        bulk_find_mbarrier(warp, instruction, lane, 1 + detail->elements, 1, &store))
        bulk_issue(warp, instruction, lane, &store, UINT32_MAX);
}

static void execute_store(struct warp *warp, const struct instruction *instruction) {
    for (uint32_t rest = warp->mask; rest && !warp->is_faulted; rest &= rest - 1)
        issue(warp, instruction, lane_first(rest), false);
}

static void execute_reduce(struct warp *warp, const struct instruction *instruction) {
    for (uint32_t rest = warp->mask; rest && !warp->is_faulted; rest &= rest - 1)
        issue(warp, instruction, lane_first(rest), true);
}

#define ADDRESS(pattern_, operands_, action, kind)                                                 \
    { .pattern = (pattern_), (operands_), action, (kind), .flags = ROW_TAKES_NAMES }
#define COMPLETES "[.shared::cluster].mbarrier::complete_tx::bytes"
#define RED(operation_pattern, number)                                                             \
    {                                                                                              \
        .pattern = "red.async.relaxed.cluster" COMPLETES operation_pattern, "m,s,m",               \
        execute_reduce, number, .decode = DECODE_MEMORY                                            \
    }

static const struct instruction_row rows[] = {
    ADDRESS("mapa.shared::cluster.u32", "w=w,w", execute_map, PLAIN_ADDRESS),
    ADDRESS("mapa.shared::cluster.u64", "d=d,w", execute_map, PLAIN_ADDRESS),
    ADDRESS("mapa.u32", "w=w,w", execute_map, GENERIC_ADDRESS),
    ADDRESS("mapa.u64", "d=d,w", execute_map, GENERIC_ADDRESS),
    ADDRESS("getctarank.shared::cluster.u32", "w=w", execute_rank, PLAIN_ADDRESS),
    ADDRESS("getctarank.shared::cluster.u64", "w=d", execute_rank, PLAIN_ADDRESS),
    ADDRESS("getctarank.u32", "w=w", execute_rank, GENERIC_ADDRESS),
    ADDRESS("getctarank.u64", "w=d", execute_rank, GENERIC_ADDRESS),
    {.pattern = "st.async[.weak]" COMPLETES "[.{v2,v4}].{b32,u32,s32,f32,b64,u64,s64,f64}",
     "m,S,m",
     execute_store,
     .decode = DECODE_MEMORY},
    RED(".inc.u32", ATOMIC_INCREMENT),
    RED(".dec.u32", ATOMIC_DECREMENT),
    RED(".min.u32", ATOMIC_MIN_U),
    RED(".max.u32", ATOMIC_MAX_U),
    RED(".min.s32", ATOMIC_MIN_S),
    RED(".max.s32", ATOMIC_MAX_S),
    RED(".and.b32", ATOMIC_AND),
    RED(".or.b32", ATOMIC_OR),
    RED(".xor.b32", ATOMIC_XOR),
    RED(".add.{u32,s32,u64}", ATOMIC_ADD),
};

const struct instruction_table async_remote = {rows, sizeof rows / sizeof rows[0]};
