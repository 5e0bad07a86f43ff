/* atom and red (PTX ISA 9.7.13.5, 9.7.13.7): lanes act one after another, in the order of their
 * numbers. */
#include "emulator/execute/atomic.h"

#include "emulator/arithmetic/half.h"
#include "emulator/checks/check.h"
#include "emulator/checks/undefined.h"
#include "emulator/execute/cached.h"
#include "emulator/execute/execute.h"
#include "emulator/lanes/space.h"
#include "emulator/memory/request.h"
#include "emulator/warps/bounds.h"
#include "emulator/warps/place.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

static uint64_t apply_integer(enum atomic_operation operation, uint64_t old, uint64_t b, uint64_t c,
                              uint32_t bytes) {
    const int64_t signed_old = bytes == 4 ? (int32_t)old : (int64_t)old,
                  signed_b = bytes == 4 ? (int32_t)b : (int64_t)b;
    switch (operation) {
    case ATOMIC_AND:
        return old & b;
    case ATOMIC_OR:
        return old | b;
    case ATOMIC_XOR:
        return old ^ b;
    case ATOMIC_ADD:
        return old + b;
    case ATOMIC_INCREMENT:
        return old >= b ? 0 : old + 1;
    case ATOMIC_DECREMENT:
        return old == 0 || old > b ? b : old - 1;
    case ATOMIC_MIN_U:
        return old < b ? old : b;
    case ATOMIC_MAX_U:
        return old > b ? old : b;
    case ATOMIC_MIN_S:
        return signed_old < signed_b ? old : b;
    case ATOMIC_MAX_S:
        return signed_old > signed_b ? old : b;
    case ATOMIC_COMPARE:
        return old == b ? c : old;
    default:
        return b;
    }
}

/* Half precision goes through f32: its 24 bits make the second rounding harmless. */
static uint32_t add_half(uint32_t a, uint32_t b, bool is_bf16) {
    const uint32_t x = is_bf16 ? bf16_widen(a & 0xffff) : f16_widen(a & 0xffff);
    const uint32_t y = is_bf16 ? bf16_widen(b & 0xffff) : f16_widen(b & 0xffff);
    const uint32_t sum = lane_bits32(lane_f32(x) + lane_f32(y));
    return (is_bf16 ? bf16_narrow(sum) : f16_narrow(sum)) & 0xffff;
}

/* A number wins over a NaN, and zeros differ by their sign (min and max of PTX). */
static uint32_t choose_half(uint32_t a, uint32_t b, bool is_bf16, bool is_max) {
    const float x = lane_f32(is_bf16 ? bf16_widen(a & 0xffff) : f16_widen(a & 0xffff));
    const float y = lane_f32(is_bf16 ? bf16_widen(b & 0xffff) : f16_widen(b & 0xffff));
    if (x != x)
        return y != y ? 0x7fff : b & 0xffff;
    if (y != y)
        return a & 0xffff;
    const bool is_first_less = x < y || (x == y && (a & 0x8000));
    return (is_first_less != is_max ? a : b) & 0xffff;
}

static uint64_t apply_half(enum atomic_operation operation, uint32_t old, uint32_t b,
                           uint32_t bytes) {
    if (operation >= ATOMIC_MIN_F16) {
        const bool is_wide = operation >= ATOMIC_MIN_BF16;
        const bool is_max = operation == ATOMIC_MAX_F16 || operation == ATOMIC_MAX_BF16;
        const uint32_t high = bytes == 2 ? 0 : choose_half(old >> 16, b >> 16, is_wide, is_max);
        return choose_half(old, b, is_wide, is_max) | high << 16;
    }
    const bool is_bf16 = operation == ATOMIC_ADD_BF16 || operation == ATOMIC_ADD_BF16X2;
    const uint32_t low = add_half(old, b, is_bf16);
    if (operation == ATOMIC_ADD_F16 || operation == ATOMIC_ADD_BF16)
        return low;
    return low | add_half(old >> 16, b >> 16, is_bf16) << 16;
}

/* f32 in global memory flushes denormals, in shared memory it does not (PTX ISA, atom). */
uint64_t atomic_result(enum atomic_operation operation, uint64_t old, uint64_t b, uint64_t c,
                       uint32_t bytes, bool flush) {
    if (operation == ATOMIC_ADD_F64)
        return lane_bits64(lane_f64(old) + lane_f64(b));
    if (operation > ATOMIC_ADD_F64)
        return apply_half(operation, (uint32_t)old, (uint32_t)b, bytes);
    if (operation != ATOMIC_ADD_F32)
        return apply_integer(operation, old, b, c, bytes);
    uint32_t x = (uint32_t)old, y = (uint32_t)b;
    if (flush) {
        x = lane_flush32(x);
        y = lane_flush32(y);
    }
    uint32_t sum = lane_canonical32(lane_bits32(lane_f32(x) + lane_f32(y)));
    return flush ? lane_flush32(sum) : sum;
}

uint64_t atomic_update(unsigned char *at, enum atomic_operation operation, uint64_t b, uint64_t c,
                       uint32_t bytes, bool flush) {
    if (bytes == 8) {
        uint64_t *word = (uint64_t *)(void *)at, old = __atomic_load_n(word, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(word, &old,
                                            atomic_result(operation, old, b, c, bytes, flush), true,
                                            __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            ;
        return old;
    }
    if (bytes == 2) {
        uint16_t *word = (uint16_t *)(void *)at, old = __atomic_load_n(word, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(
            word, &old, (uint16_t)atomic_result(operation, old, b, c, bytes, flush), true,
            __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            ;
        return old;
    }
    uint32_t *word = (uint32_t *)(void *)at, old = __atomic_load_n(word, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(word, &old,
                                        (uint32_t)atomic_result(operation, old, b, c, bytes, flush),
                                        true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        ;
    return old;
}

/* Where the lanes act. */
struct atomic_request {
    struct request_sectors global;
    struct lanes64 shared;
    uint32_t shared_lanes;
    uint32_t unwritten; /* lanes that exchange what nothing has written */
};

/* An exchange hands on what was there; other operations compute with it. */
static void check_shared(struct warp *warp, const struct instruction *instruction, unsigned lane,
                         const struct shared_place *place, struct atomic_request *request) {
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    const bool moves = instruction->variant == ATOMIC_EXCHANGE;
    const uint8_t *written = place->block->shared_written;
    if (moves && written && !memchr(written + place->offset, 1, bytes))
        request->unwritten |= UINT32_C(1) << lane;
    check_place(warp, instruction, lane, place, bytes,
                CHECK_READS | CHECK_WRITES | (moves ? CHECK_MOVES : 0U));
}

static void check_in_range(struct warp *warp, const struct instruction *instruction, unsigned lane,
                           const struct memory_range *range, uint64_t address,
                           struct atomic_request *request) {
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    if (instruction->variant != ATOMIC_EXCHANGE) {
        check_global(warp, instruction, lane, address, bytes, false);
    } else {
        check_global_race(warp, instruction, lane, address, bytes, false);
        if (warp->undefined && memory_is_unwritten(range, address, bytes))
            request->unwritten |= UINT32_C(1) << lane;
    }
    check_global(warp, instruction, lane, address, bytes, true);
}

/* The bytes that a lane means, or NULL after a fault. */
static unsigned char *find_bytes(struct warp *warp, const struct instruction *instruction,
                                 unsigned lane, struct atomic_request *request) {
    const struct detail *detail = instruction->detail;
    const struct launch *launch = warp->block->launch;
    const uint32_t bytes = detail->access_bytes * detail->elements;
    uint64_t address = value_address(warp, detail, 0, lane, instruction->immediate);
    uint64_t window = detail->space == SPACE_SHARED ? WINDOW_SHARED : address >> WINDOW_SHIFT;
    const uint64_t offset = address & ((UINT64_C(1) << WINDOW_SHIFT) - 1);
    if (offset % bytes != 0) {
        warp_fault(warp, instruction, MACHINE_MISALIGNED_ADDRESS, lane, address,
                   "misaligned atomic access of %u bytes: the address must be a multiple of %u",
                   bytes, bytes);
        return NULL;
    }
    if (window == WINDOW_SHARED) {
        struct shared_place place;
        if (!place_find(warp, instruction, lane, address, (struct place_size){bytes, bytes},
                        &place))
            return NULL;
        request->shared.at[lane] = place.offset;
        request->shared_lanes |= UINT32_C(1) << lane;
        if (launch->is_slow)
            check_shared(warp, instruction, lane, &place, request);
        return warp->is_faulted ? NULL : place.block->shared + place.offset;
    }
    struct memory_range *range =
        window == WINDOW_GLOBAL ? memory_find_all(launch->memory, address, bytes) : NULL;
    if (!range) {
        if (!bounds_fault_multicast(warp, instruction, lane, address))
            warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, address,
                       "out-of-bounds atomic access of %u bytes in global memory", bytes);
        return NULL;
    }
    if (range->is_read_only) {
        bounds_fault_read_only(warp, instruction, lane, address, bytes);
        return NULL;
    }
    request_touch(&request->global, range, address);
    if (launch->is_slow)
        check_in_range(warp, instruction, lane, range, address, request);
    return warp->is_faulted ? NULL : space_host(address);
}

static void count_request(struct warp *warp, const struct atomic_request *request, uint32_t bytes) {
    struct machine_counters *counters = &warp->worker->counters;
    counters->global_atomic_requests += request->global.count > 0;
    counters->global_atomic_sectors += request->global.count;
    cached_request(warp, CACHES_ATOMIC, request->global.sectors, request->global.count);
    if (!request->shared_lanes)
        return;
    counters->shared_atomic_requests++;
    request_count_wavefronts(
        counters, request_atomic_wavefronts(&request->shared, request->shared_lanes, bytes));
}

enum { VECTOR_LIMIT = 8, WIDE = 2 };

/* atom.cas.b128: the halves of what is compared come first. What runs atomics runs blocks one after
 * another, so nobody sees one half alone. */
static void compare_wide(const struct warp *warp, const struct detail *detail, unsigned lane,
                         unsigned char *at, struct lanes64 old[VECTOR_LIMIT]) {
    uint64_t found[WIDE], compared[WIDE], wanted[WIDE];
    memcpy(found, at, sizeof found);
    for (unsigned k = 0; k < WIDE; k++) {
        compared[k] = value_read(warp, detail, 1 + k, lane);
        wanted[k] = value_read(warp, detail, 1 + WIDE + k, lane);
        old[k].at[lane] = found[k];
    }
    if (memcmp(found, compared, sizeof found) == 0)
        memcpy(at, wanted, sizeof wanted);
}

/* The elements of one lane; `old` has what was there before. */
static bool update_lane(struct warp *warp, const struct instruction *instruction, unsigned lane,
                        struct atomic_request *request, struct lanes64 old[VECTOR_LIMIT]) {
    const struct detail *detail = instruction->detail;
    unsigned char *at = find_bytes(warp, instruction, lane, request);
    if (!at)
        return false;
    const bool compares = instruction->variant == ATOMIC_COMPARE;
    const bool flush = !(request->shared_lanes >> lane & 1);
    if (compares && detail->elements == WIDE) {
        compare_wide(warp, detail, lane, at, old);
        return true;
    }
    for (unsigned k = 0; k < detail->elements; k++)
        old[k].at[lane] = atomic_update(at + (size_t)k * detail->access_bytes, instruction->variant,
                                        value_read(warp, detail, 1 + k, lane),
                                        compares ? value_read(warp, detail, 2, lane) : 0,
                                        detail->access_bytes, flush);
    return true;
}

static void execute_atomic(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    struct atomic_request request;
    struct lanes64 old[VECTOR_LIMIT];
    warp->communicated = true;
    request.global.count = request.shared_lanes = request.unwritten = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (!(warp->mask >> lane & 1))
            continue;
        if (!update_lane(warp, instruction, lane, &request, old))
            return;
    }
    count_request(warp, &request, detail->access_bytes * detail->elements);
    for (unsigned k = 0; k < detail->to_count; k++) {
        for (unsigned lane = 0; lane < LANES; lane++) {
            if (warp->mask >> lane & 1)
                value_write(warp, detail, k, lane, old[k].at[lane]);
        }
        undefined_load(warp, instruction, k, warp->mask, request.unwritten);
    }
}

#define SCOPE "[.{cta,cluster,gpu,sys}]"
#define SPACES "[.{global,shared,shared::cta,shared::cluster}]"
#define ATOM "atom[.{relaxed,acquire,release,acq_rel}]" SCOPE
#define RED "red[.{relaxed,release}]" SCOPE
#define HINT "[.L2::cache_hint]"
/* Integer operations commute: only one whose old value is used can tell the order of the blocks. */
#define BOTH(operation_pattern, number, more)                                                      \
    {.pattern = ATOM SPACES operation_pattern,                                                     \
     "t=m,s",                                                                                      \
     execute_atomic,                                                                               \
     number,                                                                                       \
     .flags = ROW_COMMUNICATES | (more),                                                           \
     .decode = DECODE_MEMORY},                                                                     \
    {                                                                                              \
        .pattern = RED SPACES operation_pattern, "m,s", execute_atomic, number,                    \
        .flags = ROW_COMMUNICATES | (more), .decode = DECODE_MEMORY                                \
    }

/* Nothing tells when it is done, so it is at once. */
#define LATER(operation_pattern, number, more)                                                     \
    {                                                                                              \
        .pattern = "red.async[.mmio].release.{gpu,sys}[.global]" operation_pattern, "m,s",         \
        execute_atomic, number, .flags = ROW_COMMUNICATES | (more), .decode = DECODE_MEMORY        \
    }

/* Each element by itself, in global memory. The order of blocks shows in sums of floats. */
#define VECTORS(operation_pattern, number)                                                         \
    {.pattern = ATOM "[.global]" operation_pattern,                                                \
     "D=m,S",                                                                                      \
     execute_atomic,                                                                               \
     number,                                                                                       \
     .flags = ROW_COMMUNICATES,                                                                    \
     .decode = DECODE_MEMORY},                                                                     \
    {                                                                                              \
        .pattern = RED "[.global]" operation_pattern, "m,S", execute_atomic, number,               \
        .flags = ROW_COMMUNICATES, .decode = DECODE_MEMORY                                         \
    }

static const struct instruction_row rows[] = {
    BOTH(".and" HINT ".{b32,b64}", ATOMIC_AND, ROW_COMMUTES),
    BOTH(".or" HINT ".{b32,b64}", ATOMIC_OR, ROW_COMMUTES),
    BOTH(".xor" HINT ".{b32,b64}", ATOMIC_XOR, ROW_COMMUTES),
    BOTH(".add" HINT ".{u32,s32,u64}", ATOMIC_ADD, ROW_COMMUTES),
    BOTH(".inc" HINT ".u32", ATOMIC_INCREMENT, 0),
    BOTH(".dec" HINT ".u32", ATOMIC_DECREMENT, 0),
    BOTH(".min" HINT ".{u32,u64}", ATOMIC_MIN_U, ROW_COMMUTES),
    BOTH(".max" HINT ".{u32,u64}", ATOMIC_MAX_U, ROW_COMMUTES),
    BOTH(".min" HINT ".{s32,s64}", ATOMIC_MIN_S, ROW_COMMUTES),
    BOTH(".max" HINT ".{s32,s64}", ATOMIC_MAX_S, ROW_COMMUTES),
    BOTH(".add" HINT ".f32", ATOMIC_ADD_F32, 0),
    BOTH(".add" HINT ".f64", ATOMIC_ADD_F64, 0),
    BOTH(".add.noftz" HINT ".f16", ATOMIC_ADD_F16, 0),
    BOTH(".add.noftz" HINT ".f16x2", ATOMIC_ADD_F16X2, 0),
    BOTH(".add.noftz" HINT ".bf16", ATOMIC_ADD_BF16, 0),
    BOTH(".add.noftz" HINT ".bf16x2", ATOMIC_ADD_BF16X2, 0),
    LATER(".and.b32", ATOMIC_AND, ROW_COMMUTES),
    LATER(".or.b32", ATOMIC_OR, ROW_COMMUTES),
    LATER(".xor.b32", ATOMIC_XOR, ROW_COMMUTES),
    LATER(".add.{u32,s32,u64,s64}", ATOMIC_ADD, ROW_COMMUTES),
    LATER(".inc.u32", ATOMIC_INCREMENT, 0),
    LATER(".dec.u32", ATOMIC_DECREMENT, 0),
    LATER(".min.u32", ATOMIC_MIN_U, ROW_COMMUTES),
    LATER(".max.u32", ATOMIC_MAX_U, ROW_COMMUTES),
    LATER(".min.s32", ATOMIC_MIN_S, ROW_COMMUTES),
    LATER(".max.s32", ATOMIC_MAX_S, ROW_COMMUTES),
    VECTORS(".add" HINT ".{v2,v4}.f32", ATOMIC_ADD_F32),
    VECTORS(".add.noftz" HINT ".{v2,v4,v8}.f16", ATOMIC_ADD_F16),
    VECTORS(".add.noftz" HINT ".{v2,v4}.f16x2", ATOMIC_ADD_F16X2),
    VECTORS(".add.noftz" HINT ".{v2,v4,v8}.bf16", ATOMIC_ADD_BF16),
    VECTORS(".add.noftz" HINT ".{v2,v4}.bf16x2", ATOMIC_ADD_BF16X2),
    VECTORS(".min.noftz" HINT ".{v2,v4,v8}.f16", ATOMIC_MIN_F16),
    VECTORS(".max.noftz" HINT ".{v2,v4,v8}.f16", ATOMIC_MAX_F16),
    VECTORS(".min.noftz" HINT ".{v2,v4}.f16x2", ATOMIC_MIN_F16),
    VECTORS(".max.noftz" HINT ".{v2,v4}.f16x2", ATOMIC_MAX_F16),
    VECTORS(".min.noftz" HINT ".{v2,v4,v8}.bf16", ATOMIC_MIN_BF16),
    VECTORS(".max.noftz" HINT ".{v2,v4,v8}.bf16", ATOMIC_MAX_BF16),
    VECTORS(".min.noftz" HINT ".{v2,v4}.bf16x2", ATOMIC_MIN_BF16),
    VECTORS(".max.noftz" HINT ".{v2,v4}.bf16x2", ATOMIC_MAX_BF16),
    {.pattern = ATOM SPACES ".exch" HINT ".{b32,b64}",
     "t=m,s",
     execute_atomic,
     ATOMIC_EXCHANGE,
     .flags = ROW_COMMUNICATES,
     .decode = DECODE_MEMORY},
    {.pattern = ATOM SPACES ".exch" HINT ".b128",
     "D=m,S",
     execute_atomic,
     ATOMIC_EXCHANGE,
     .flags = ROW_COMMUNICATES,
     .decode = DECODE_MEMORY},
    {.pattern = ATOM SPACES ".cas.b128",
     "D=m,S,S",
     execute_atomic,
     ATOMIC_COMPARE,
     .flags = ROW_COMMUNICATES,
     .decode = DECODE_MEMORY},
    {.pattern = ATOM SPACES ".cas.{b16,b32,b64}",
     "t=m,s,s",
     execute_atomic,
     ATOMIC_COMPARE,
     .flags = ROW_COMMUNICATES,
     .decode = DECODE_MEMORY},
};

const struct instruction_table executor_atomic = {rows, sizeof rows / sizeof rows[0]};
