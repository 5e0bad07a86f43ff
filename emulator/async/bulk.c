/* cp.async.bulk: copies of bytes that one thread starts (PTX ISA 9.7.9.25.5). */
#include "emulator/async/bulk.h"

#include "emulator/async/async.h"
#include "emulator/async/phase.h"
#include "emulator/async/traffic.h"
#include "emulator/execute/atomic.h"
#include "emulator/lanes/space.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

/* ---- What all bulk copies share ---- */

uint64_t bulk_address(const struct warp *warp, const struct instruction *instruction, unsigned lane,
                      unsigned k, unsigned number) {
    const struct detail *detail = instruction->detail;
    const int64_t offset = number == 0   ? instruction->immediate
                           : number == 1 ? detail->second_offset
                                         : detail->third_offset;
    return value_read(warp, detail, k, lane) + (uint64_t)offset;
}

/* Copies of .cta_group::2 may tell the mbarrier of the other block of the pair. */
static bool is_of_pair(const struct instruction *instruction) {
    const struct syntax_instruction *source = instruction->detail->source;
    for (size_t k = 0; k < source->modifier_count; k++) {
        if (strcmp(source->modifiers[k], "cta_group::2") == 0)
            return true;
    }
    return false;
}

static bool is_pair(const struct block *one, const struct block *other) {
    return (one->rank ^ other->rank) == 1;
}

bool bulk_find_mbarrier(struct warp *warp, const struct instruction *instruction, unsigned lane,
                        unsigned k, unsigned number, struct transfer *load) {
    struct shared_place place;
    if (!place_find(warp, instruction, lane, bulk_address(warp, instruction, lane, k, number),
                    (struct place_size){MBARRIER_BYTES, MBARRIER_BYTES}, &place))
        return false;
    load->has_mbarrier = true;
    load->mbarrier = place.offset;
    load->told = place.block;
    if (place.block == load->shared.block ||
        (is_of_pair(instruction) && is_pair(place.block, load->shared.block)))
        return true;
    warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, place.offset,
               "the mbarrier of a bulk copy lies in another block than its destination");
    return false;
}

void bulk_mark_written(const struct shared_place *place, uint32_t bytes) {
    if (place->block->shared_written)
        memset(place->block->shared_written + place->offset, 1, bytes);
}

void bulk_mark_loaded(const struct shared_place *place, const unsigned char *unwritten,
                      uint32_t bytes) {
    for (uint32_t k = 0; place->block->shared_written && k < bytes; k++)
        place->block->shared_written[place->offset + k] = !unwritten[k];
}

bool bulk_check_source(struct warp *warp, const struct instruction *instruction, unsigned lane,
                       const struct shared_place *place, uint32_t bytes) {
    const uint8_t *written = place->block->shared_written;
    const uint8_t *gap = written ? memchr(written + place->offset, 0, bytes) : NULL;
    if (gap)
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane, (uint64_t)(gap - written),
                   "uninitialised read in shared memory by a bulk copy: nothing has written the "
                   "byte at offset %u",
                   (unsigned)(gap - written));
    return !gap;
}

void bulk_apply(const struct transfer *transfer, unsigned char *to, const unsigned char *from,
                uint32_t bytes) {
    const uint32_t step = transfer->element_bytes;
    if (step == 0)
        memcpy(to, from, bytes);
    for (uint32_t k = 0; step && k < bytes; k += step) {
        uint64_t value = 0;
        memcpy(&value, from + k, step);
        (void)atomic_update(to + k, (enum atomic_operation)transfer->operation, value, 0, step,
                            true);
    }
}

/* The blocks of the cluster, a bit for each rank, that a load goes to; 0 after a fault. */
static uint32_t find_receivers(struct warp *warp, const struct instruction *instruction,
                               unsigned lane, const struct block *own, unsigned k) {
    const struct cluster *cluster = own->cluster;
    if (k >= instruction->detail->from_count)
        return UINT32_C(1) << own->rank;
    const uint32_t mask = (uint32_t)value_read(warp, instruction->detail, k, lane) & 0xffff;
    if (mask && mask >> cluster->size == 0)
        return mask;
    warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, 0,
               "a bulk copy to the blocks of mask 0x%04x, where the cluster has %u", mask,
               cluster->size);
    return 0;
}

/* The block whose mbarrier is told of what goes to `block`: itself, or of its pair the one that is
 * even or odd as the mbarrier's. */
static struct block *find_told(const struct transfer *load, struct block *block) {
    return is_of_pair(load->instruction)
               ? &block->cluster->blocks[(block->rank & ~1U) | (load->told->rank & 1)]
               : block;
}

static bool issue_to(const struct transfer *load, struct block *block) {
    const struct shared_place mbarrier = {find_told(load, block), load->mbarrier};
    struct warp *warp = load->warp;
    const bool has_ended = block->live_threads == 0 && block->launch->options.check_barrier;
    if (has_ended || !mbarrier_unpack(mbarrier_read(&mbarrier)).is_valid) {
        warp_fault(warp, load->instruction, MACHINE_ILLEGAL_INSTRUCTION, load->lane,
                   mbarrier.offset, "a bulk copy to the block of rank %u, %s", block->rank,
                   has_ended ? "whose threads have all ended"
                             : "where no mbarrier lies at its offset");
        return false;
    }
    struct transfer *transfer = transfer_add(warp, load->instruction, load->lane);
    if (!transfer)
        return false;
    *transfer = *load;
    transfer->shared.block = block;
    transfer->told = mbarrier.block;
    transfer_mark(transfer);
    mbarrier_wake(&mbarrier);
    block->cluster->idle = 0;
    return true;
}

void bulk_issue(struct warp *warp, const struct instruction *instruction, unsigned lane,
                const struct transfer *load, unsigned k) {
    const struct cluster *cluster = warp->block->cluster;
    uint32_t rest = find_receivers(warp, instruction, lane, load->shared.block, k);
    for (; rest && !warp->is_faulted; rest &= rest - 1)
        (void)issue_to(load, &cluster->blocks[lane_first(rest)]);
}

void bulk_issue_to_all(const struct transfer *load) {
    struct cluster *cluster = load->warp->block->cluster;
    for (uint32_t rank = 0; rank < cluster->size && !load->warp->is_faulted; rank++)
        (void)issue_to(load, &cluster->blocks[rank]);
}

/* ---- Bytes ---- */

static bool is_whole(struct warp *warp, const struct instruction *instruction, unsigned lane,
                     uint64_t global, uint32_t bytes) {
    if (bytes > 0 && bytes % BULK_ALIGNMENT == 0 && global % BULK_ALIGNMENT == 0)
        return true;
    warp_fault(warp, instruction, MACHINE_MISALIGNED_ADDRESS, lane, global,
               "a bulk copy of %u bytes: size and addresses must be multiples of %d", bytes,
               BULK_ALIGNMENT);
    return false;
}

static void move_in(const struct transfer *transfer) {
    unsigned char unwritten[BULK_ALIGNMENT];
    memcpy(transfer->shared.block->shared + transfer->shared.offset, space_host(transfer->global),
           transfer->bytes);
    bulk_mark_written(&transfer->shared, transfer->bytes);
    if (!transfer->shared.block->shared_written)
        return;
    for (uint32_t at = 0; at < transfer->bytes; at += BULK_ALIGNMENT) {
        const struct shared_place to = {transfer->shared.block, transfer->shared.offset + at};
        if (traffic_find_unwritten(to.block, transfer->global + at, BULK_ALIGNMENT, unwritten))
            bulk_mark_loaded(&to, unwritten, BULK_ALIGNMENT);
    }
}

/* Whether a mask of bytes leaves out byte `k` of a store. */
static bool is_left_out(uint16_t left_out, uint32_t k) {
    return left_out >> k % BULK_ALIGNMENT & 1;
}

/* The end of the bytes from `at` on that are all copied, or all left out. */
static uint32_t run_end(uint16_t left_out, uint32_t at, uint32_t bytes) {
    uint32_t end = left_out ? at + 1 : bytes;
    while (end < bytes && is_left_out(left_out, end) == is_left_out(left_out, at))
        end++;
    return end;
}

static void move_out(const struct transfer *transfer) {
    const unsigned char *from = transfer->shared.block->shared + transfer->shared.offset;
    unsigned char *to = space_host(transfer->global);
    for (uint32_t at = 0, end; at < transfer->bytes; at = end) {
        end = run_end(transfer->left_out, at, transfer->bytes);
        if (!is_left_out(transfer->left_out, at))
            bulk_apply(transfer, to + at, from + at, end - at);
    }
}

static void move_across(const struct transfer *transfer) {
    bulk_apply(transfer, transfer->shared.block->shared + transfer->shared.offset,
               transfer->source.block->shared + transfer->source.offset, transfer->bytes);
    bulk_mark_written(&transfer->shared, transfer->bytes);
}

/* [to], [from], bytes, [mbarrier] {, blocks} */
static void load(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    struct traffic traffic = {.warp = warp, .instruction = instruction, .lane = lane};
    struct transfer load = {.instruction = instruction,
                            .warp = warp,
                            .lane = lane,
                            .move = move_in,
                            .global = bulk_address(warp, instruction, lane, 1, 1),
                            .bytes = (uint32_t)value_read(warp, instruction->detail, 2, lane)};
    if (!is_whole(warp, instruction, lane, load.global, load.bytes) ||
        !place_find(warp, instruction, lane, bulk_address(warp, instruction, lane, 0, 0),
                    (struct place_size){load.bytes, BULK_ALIGNMENT}, &load.shared) ||
        !bulk_find_mbarrier(warp, instruction, lane, 3, 2, &load) ||
        !traffic_add(&traffic, load.global, load.bytes))
        return;
    bulk_issue(warp, instruction, lane, &load, 4);
    traffic_count(&traffic, load.bytes);
}

/* Reductions have their operation in the row; the type is the instruction's last word. */
static void set_reduction(struct transfer *transfer) {
    const struct syntax_instruction *source = transfer->instruction->detail->source;
    const char *name = source->modifiers[source->modifier_count - 1];
    transfer->operation = transfer->instruction->variant;
    if (strcmp(source->modifiers[0], "reduce") == 0)
        transfer->element_bytes = syntax_find_type(name, strlen(name))->bits / 8;
}

/* [to], [from], bytes, [mbarrier], between shared memories of a cluster */
static void copy_across(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    struct transfer copy = {.instruction = instruction,
                            .warp = warp,
                            .lane = lane,
                            .move = move_across,
                            .bytes = (uint32_t)value_read(warp, instruction->detail, 2, lane)};
    const struct place_size size = {copy.bytes, BULK_ALIGNMENT};
    set_reduction(&copy);
    if (is_whole(warp, instruction, lane, 0, copy.bytes) &&
        place_find(warp, instruction, lane, bulk_address(warp, instruction, lane, 0, 0), size,
                   &copy.shared) &&
        place_find(warp, instruction, lane, bulk_address(warp, instruction, lane, 1, 1), size,
                   &copy.source) &&
        bulk_find_mbarrier(warp, instruction, lane, 3, 2, &copy) &&
        bulk_check_source(warp, instruction, lane, &copy.source, copy.bytes))
        (void)issue_to(&copy, copy.shared.block);
}

/* False after a fault. Bytes that a mask leaves out need be neither written nor allocated. */
static bool add_copied(struct traffic *traffic, const struct transfer *store, uint32_t *copied) {
    for (uint32_t at = 0, end; at < store->bytes; at = end) {
        const struct shared_place from = {store->shared.block, store->shared.offset + at};
        end = run_end(store->left_out, at, store->bytes);
        if (is_left_out(store->left_out, at))
            continue;
        if (!bulk_check_source(store->warp, store->instruction, store->lane, &from, end - at) ||
            !traffic_add(traffic, store->global + at, end - at))
            return false;
        *copied += end - at;
    }
    return true;
}

/* [to], [from], bytes {, the bytes of every sixteen that are copied} */
static void store(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    struct traffic traffic = {
        .warp = warp, .instruction = instruction, .lane = lane, .is_store = true};
    const struct detail *detail = instruction->detail;
    uint32_t copied = 0;
    struct transfer store = {.instruction = instruction,
                             .warp = warp,
                             .lane = lane,
                             .move = move_out,
                             .group = warp->bulk_group[lane],
                             .global = bulk_address(warp, instruction, lane, 0, 0),
                             .bytes = (uint32_t)value_read(warp, detail, 2, lane)};
    if (detail->from_count > 3)
        store.left_out = (uint16_t)~value_read(warp, detail, 3, lane);
    if (!is_whole(warp, instruction, lane, store.global, store.bytes) ||
        !place_find(warp, instruction, lane, bulk_address(warp, instruction, lane, 1, 1),
                    (struct place_size){store.bytes, BULK_ALIGNMENT}, &store.shared) ||
        !add_copied(&traffic, &store, &copied))
        return;
    struct transfer *transfer = transfer_add(warp, instruction, lane);
    if (!transfer)
        return;
    set_reduction(&store);
    *transfer = store;
    transfer_mark(transfer);
    traffic_count(&traffic, copied);
}

/* ---- Groups ---- */

static void commit(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    (void)instruction;
    warp->bulk_group[lane]++;
}

/* Reads and writes are done together, so .read waits for as much. */
static void wait(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const uint32_t pending = (uint32_t)value_read(warp, instruction->detail, 0, lane);
    const uint32_t open = warp->bulk_group[lane];
    transfer_deliver_groups(warp, lane, open > pending ? open - pending : 0);
}

/* ---- The table ---- */

static void for_lanes(struct warp *warp, const struct instruction *instruction,
                      void (*act)(struct warp *warp, const struct instruction *instruction,
                                  unsigned lane)) {
    for (uint32_t rest = warp->mask; rest && !warp->is_faulted; rest &= rest - 1)
        act(warp, instruction, lane_first(rest));
}

#define FOR_LANES_OF(action)                                                                       \
    static void execute_##action(struct warp *warp, const struct instruction *instruction) {       \
        for_lanes(warp, instruction, action);                                                      \
    }
FOR_LANES_OF(load)
FOR_LANES_OF(copy_across)
FOR_LANES_OF(store)
FOR_LANES_OF(commit)
FOR_LANES_OF(wait)

static void execute_prefetch(struct warp *warp, const struct instruction *instruction) {
    (void)warp;
    (void)instruction;
}

#define COMPLETES ".mbarrier::complete_tx::bytes"
#define HINT "[.L2::cache_hint]"
#define ROW(pattern_, operands_, action)                                                           \
    { .pattern = (pattern_), (operands_), execute_##action, .decode = DECODE_UNTYPED }

#define REDUCE_OUT(operation_pattern, number, flags_)                                              \
    {                                                                                              \
        .pattern = "cp.reduce.async.bulk.global.shared::cta.bulk_group" HINT operation_pattern,    \
        "m,m,w", execute_store, number, .flags = (flags_), .decode = DECODE_UNTYPED                \
    }
/* Those that blocks of a cluster have too. */
#define REDUCE(operation_pattern, type_pattern, number)                                            \
    {.pattern = "cp.reduce.async.bulk.shared::cluster.shared::cta" COMPLETES operation_pattern     \
         type_pattern,                                                                             \
     "m,m,w,m",                                                                                    \
     execute_copy_across,                                                                          \
     number,                                                                                       \
     .decode = DECODE_UNTYPED},                                                                    \
        REDUCE_OUT(operation_pattern type_pattern, number, 0)

static const struct instruction_row rows[] = {
    ROW("cp.async.bulk.{shared::cluster,shared::cta}.global" COMPLETES HINT, "m,m,w,m", load),
    ROW("cp.async.bulk.shared::cluster.global" COMPLETES ".multicast::cluster" HINT, "m,m,w,m,h",
        load),
    ROW("cp.async.bulk.shared::cluster.shared::cta" COMPLETES, "m,m,w,m", copy_across),
    ROW("cp.async.bulk.global.shared::cta.bulk_group" HINT, "m,m,w", store),
    ROW("cp.async.bulk.global.shared::cta.bulk_group.cp_mask", "m,m,w,h", store),
    ROW("cp.async.bulk.global.shared::cta.bulk_group.L2::cache_hint.cp_mask", "m,m,w,P,h", store),
    ROW("cp.async.bulk.prefetch.L2.global" HINT, "m,w", prefetch),
    REDUCE(".and", ".b32", ATOMIC_AND),
    REDUCE(".or", ".b32", ATOMIC_OR),
    REDUCE(".xor", ".b32", ATOMIC_XOR),
    REDUCE(".add", ".{u32,s32,u64}", ATOMIC_ADD),
    REDUCE(".inc", ".u32", ATOMIC_INCREMENT),
    REDUCE(".dec", ".u32", ATOMIC_DECREMENT),
    REDUCE(".min", ".u32", ATOMIC_MIN_U),
    REDUCE(".max", ".u32", ATOMIC_MAX_U),
    REDUCE(".min", ".s32", ATOMIC_MIN_S),
    REDUCE(".max", ".s32", ATOMIC_MAX_S),
    REDUCE_OUT(".and.b64", ATOMIC_AND, 0),
    REDUCE_OUT(".or.b64", ATOMIC_OR, 0),
    REDUCE_OUT(".xor.b64", ATOMIC_XOR, 0),
    REDUCE_OUT(".min.u64", ATOMIC_MIN_U, 0),
    REDUCE_OUT(".max.u64", ATOMIC_MAX_U, 0),
    REDUCE_OUT(".min.s64", ATOMIC_MIN_S, 0),
    REDUCE_OUT(".max.s64", ATOMIC_MAX_S, 0),
    REDUCE_OUT(".add.f32", ATOMIC_ADD_F32, ROW_COMMUNICATES),
    REDUCE_OUT(".add.f64", ATOMIC_ADD_F64, ROW_COMMUNICATES),
    REDUCE_OUT(".add.noftz.f16", ATOMIC_ADD_F16, ROW_COMMUNICATES),
    REDUCE_OUT(".add.noftz.bf16", ATOMIC_ADD_BF16, ROW_COMMUNICATES),
    REDUCE_OUT(".min.f16", ATOMIC_MIN_F16, 0),
    REDUCE_OUT(".max.f16", ATOMIC_MAX_F16, 0),
    REDUCE_OUT(".min.bf16", ATOMIC_MIN_BF16, 0),
    REDUCE_OUT(".max.bf16", ATOMIC_MAX_BF16, 0),
    {.pattern = "cp.async.bulk.commit_group", "", execute_commit},
    {.pattern = "cp.async.bulk.wait_group[.read]", "i", execute_wait},
};

const struct instruction_table async_bulk = {rows, sizeof rows / sizeof rows[0]};
