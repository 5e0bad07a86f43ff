/*
 * multimem (PTX ISA 9.7.9.14): what stands at a multicast address, in the memory of each device of
 * a team, is combined, stored or updated together.
 *
 * Devices combine in the order in which the team has them, and PTX leaves that open. Sums of floats
 * are rounded to their type with each step. With .acc::f32 and .acc::f16 a step rounds to that
 * type, and the end to the elements' own, to nearest. What is too large for eight bits becomes the
 * largest number, as in cvt.
 */
#include "emulator/arithmetic/half.h"
#include "emulator/checks/check.h"
#include "emulator/execute/atomic.h"
#include "emulator/execute/execute.h"
#include "emulator/memory/multicast.h"
#include "emulator/memory/request.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

/* ---- Places ---- */

/* What one instruction of a warp does. */
struct multimem {
    struct warp *warp;
    const struct instruction *instruction;
    uint32_t bytes; /* a lane */
    bool reads, writes;
    struct request_sectors sectors; /* of multicast addresses */
    unsigned devices;
};

static void add_sector(struct request_sectors *set, uint64_t sector) {
    for (uint32_t k = 0; k < set->count; k++)
        if (set->sectors[k] == sector)
            return;
    set->sectors[set->count++] = sector;
}

/* Why a lane's address can be none of this instruction's; NULL: it can. */
static const char *find_wrong(const struct multimem *it, const struct multicast_range *range,
                              uint64_t address, unsigned places) {
    if (!range || address + it->bytes > range->end)
        return "multimem takes the addresses of a mapped multicast object alone "
               "(cuMulticastCreate)";
    if (address % it->bytes)
        return "its address is no multiple of the bytes of an access";
    if (it->writes && range->is_read_only)
        return "its address is mapped for reading alone (CU_MEM_ACCESS_FLAGS_PROT_READ)";
    if (places != range->devices)
        return "not every device of the multicast object has memory bound there";
    return NULL;
}

/* Where a lane's bytes lie, device by device; false after a fault. */
static bool locate(struct multimem *it, unsigned lane, unsigned char *at[MULTICAST_DEVICES]) {
    struct warp *warp = it->warp;
    const struct instruction *instruction = it->instruction;
    const uint64_t address =
        value_address(warp, instruction->detail, 0, lane, instruction->immediate);
    const struct multicast_range *range = multicast_find(warp->block->launch->memory, address);
    it->devices = range ? multicast_locate(range, address, at) : 0;
    const char *wrong = find_wrong(it, range, address, it->devices);
    if (wrong) {
        const bool is_misaligned = range && address % it->bytes;
        warp_fault(warp, instruction,
                   is_misaligned ? MACHINE_MISALIGNED_ADDRESS : MACHINE_INVALID_ADDRESS, lane,
                   address, "multimem of %u bytes: %s", it->bytes, wrong);
        return false;
    }
    add_sector(&it->sectors, address / SECTOR_BYTES);
    if (warp->block->launch->is_slow && it->reads)
        check_global_race(warp, instruction, lane, address, it->bytes, false);
    if (warp->block->launch->is_slow && it->writes)
        check_global_race(warp, instruction, lane, address, it->bytes, true);
    return !warp->is_faulted;
}

static struct multimem begin(struct warp *warp, const struct instruction *instruction, bool reads,
                             bool writes) {
    const struct detail *detail = instruction->detail;
    warp->communicated = true;
    return (struct multimem){.warp = warp,
                             .instruction = instruction,
                             .bytes = detail->access_bytes * detail->elements,
                             .reads = reads,
                             .writes = writes};
}

/* Each device moves the sectors. */
static void count(const struct multimem *it, uint64_t *requests, uint64_t *sectors) {
    *requests += 1;
    *sectors += (uint64_t)it->sectors.count * it->devices;
}

/* ---- ld_reduce ---- */

/* Floats that are summed in a wider type, and those of eight bits; an element has one or more. */
enum packed_type { PACKED_F16, PACKED_BF16, PACKED_E4M3, PACKED_E5M2 };
enum packed_operation { PACKED_ADD, PACKED_MIN, PACKED_MAX };

struct packed_sum {
    enum packed_type type;
    enum packed_operation operation;
    bool is_wide; /* each step rounds to the wider type alone */
};

/* Numbers of rows, above those of enum atomic_operation. */
enum {
    SUM_FIRST = 64,
    SUM_F16 = SUM_FIRST,
    SUM_BF16,
    SUM_E4M3,
    SUM_E4M3_WIDE,
    MIN_E4M3,
    MAX_E4M3,
    SUM_E5M2,
    SUM_E5M2_WIDE,
    MIN_E5M2,
    MAX_E5M2
};

static const struct packed_sum sums[] = {
    [SUM_F16 - SUM_FIRST] = {PACKED_F16, PACKED_ADD, true},
    [SUM_BF16 - SUM_FIRST] = {PACKED_BF16, PACKED_ADD, true},
    [SUM_E4M3 - SUM_FIRST] = {PACKED_E4M3, PACKED_ADD, false},
    [SUM_E4M3_WIDE - SUM_FIRST] = {PACKED_E4M3, PACKED_ADD, true},
    [MIN_E4M3 - SUM_FIRST] = {PACKED_E4M3, PACKED_MIN, false},
    [MAX_E4M3 - SUM_FIRST] = {PACKED_E4M3, PACKED_MAX, false},
    [SUM_E5M2 - SUM_FIRST] = {PACKED_E5M2, PACKED_ADD, false},
    [SUM_E5M2_WIDE - SUM_FIRST] = {PACKED_E5M2, PACKED_ADD, true},
    [MIN_E5M2 - SUM_FIRST] = {PACKED_E5M2, PACKED_MIN, false},
    [MAX_E5M2 - SUM_FIRST] = {PACKED_E5M2, PACKED_MAX, false},
};

static uint32_t widen(enum packed_type type, uint32_t bits) {
    return type == PACKED_F16    ? f16_widen(bits & 0xffff)
           : type == PACKED_BF16 ? bf16_widen(bits & 0xffff)
           : type == PACKED_E4M3 ? e4m3_widen(bits & 0xff)
                                 : e5m2_widen(bits & 0xff);
}

static uint32_t narrow_small(uint32_t bits, const struct format *format) {
    const uint32_t rounded = round_double(lane_f32(bits), format, ROUND_NEAREST);
    const uint32_t magnitude = rounded & ~format->sign;
    const bool is_nan = f32_is_nan(bits);
    return magnitude > format->largest && !is_nan ? format->largest | (rounded & format->sign)
                                                  : rounded;
}

static uint32_t narrow(enum packed_type type, uint32_t bits) {
    return type == PACKED_F16    ? f16_narrow(bits)
           : type == PACKED_BF16 ? bf16_narrow(bits)
           : type == PACKED_E4M3 ? narrow_small(bits, &FORMAT_E4M3)
                                 : narrow_small(bits, &FORMAT_E5M2);
}

/* A number wins over a NaN, and zeros differ by their sign, as for red. */
static uint32_t choose(const struct packed_sum *sum, uint32_t a, uint32_t b) {
    const float x = lane_f32(widen(sum->type, a)), y = lane_f32(widen(sum->type, b));
    if (x != x)
        return b;
    if (y != y)
        return a;
    const bool is_first_less = x < y || (x == y && signbit(x));
    return is_first_less != (sum->operation == PACKED_MAX) ? a : b;
}

static uint32_t reduce_choice(const struct packed_sum *sum, const uint32_t *values,
                              unsigned count) {
    uint32_t chosen = values[0];
    for (unsigned k = 1; k < count; k++)
        chosen = choose(sum, chosen, values[k]);
    const uint32_t wide = widen(sum->type, chosen);
    return f32_is_nan(wide) ? narrow(sum->type, wide) : chosen;
}

static uint32_t reduce_sum(const struct packed_sum *sum, const uint32_t *values, unsigned count) {
    uint32_t total = widen(sum->type, values[0]);
    for (unsigned k = 1; k < count; k++) {
        const float next = lane_f32(widen(sum->type, values[k]));
        total = lane_bits32(lane_f32(total) + next);
        if (!sum->is_wide)
            total = widen(sum->type, narrow(sum->type, total));
        else if (sum->type >= PACKED_E4M3)
            total = f16_widen(f16_narrow(total));
    }
    return narrow(sum->type, total);
}

static uint64_t reduce_packed(const struct packed_sum *sum, const uint64_t *values, unsigned count,
                              uint32_t bytes) {
    const unsigned bits = sum->type >= PACKED_E4M3 ? 8 : 16;
    uint64_t result = 0;
    for (unsigned at = 0; at < bytes * 8; at += bits) {
        uint32_t elements[MULTICAST_DEVICES];
        for (unsigned k = 0; k < count; k++)
            elements[k] = (uint32_t)(values[k] >> at) & ((1U << bits) - 1);
        const uint32_t element = sum->operation == PACKED_ADD ? reduce_sum(sum, elements, count)
                                                              : reduce_choice(sum, elements, count);
        result |= (uint64_t)element << at;
    }
    return result;
}

/* One device has nothing to combine. */
static uint64_t reduce(const struct instruction *instruction, const uint64_t *values,
                       unsigned count) {
    const uint32_t bytes = instruction->detail->access_bytes;
    const unsigned variant = instruction->variant;
    uint64_t result = values[0];
    if (count > 1 && variant >= SUM_FIRST)
        return reduce_packed(&sums[variant - SUM_FIRST], values, count, bytes);
    for (unsigned k = 1; k < count; k++)
        result = atomic_result((enum atomic_operation)variant, result, values[k], 0, bytes, false);
    return result;
}

static void load_lane(const struct multimem *it, unsigned lane,
                      unsigned char *const at[MULTICAST_DEVICES]) {
    const struct detail *detail = it->instruction->detail;
    for (unsigned element = 0; element < detail->elements; element++) {
        uint64_t values[MULTICAST_DEVICES] = {0};
        for (unsigned k = 0; k < it->devices; k++)
            memcpy(&values[k], at[k] + (size_t)element * detail->access_bytes,
                   detail->access_bytes);
        value_write(it->warp, detail, element, lane, reduce(it->instruction, values, it->devices));
    }
}

static void execute_load(struct warp *warp, const struct instruction *instruction) {
    struct multimem it = begin(warp, instruction, true, false);
    struct machine_counters *counters = &warp->worker->counters;
    for (uint32_t rest = warp->mask; rest; rest &= rest - 1) {
        unsigned char *at[MULTICAST_DEVICES];
        if (!locate(&it, lane_first(rest), at))
            return;
        load_lane(&it, lane_first(rest), at);
    }
    count(&it, &counters->global_load_requests, &counters->global_load_sectors);
}

/* ---- st, red ---- */

/* st puts its values there, and red combines them with what is there. */
static void write_lane(const struct multimem *it, unsigned lane,
                       unsigned char *const at[MULTICAST_DEVICES]) {
    const struct detail *detail = it->instruction->detail;
    for (unsigned k = 0; k < it->devices * detail->elements; k++) {
        const unsigned element = k % detail->elements;
        const uint64_t value = value_read(it->warp, detail, 1 + element, lane);
        unsigned char *to = at[k / detail->elements] + (size_t)element * detail->access_bytes;
        if (it->reads)
            (void)atomic_update(to, (enum atomic_operation)it->instruction->variant, value, 0,
                                detail->access_bytes, true);
        else
            memcpy(to, &value, detail->access_bytes);
    }
}

static void write_lanes(struct multimem *it, uint64_t *requests, uint64_t *sectors) {
    for (uint32_t rest = it->warp->mask; rest; rest &= rest - 1) {
        unsigned char *at[MULTICAST_DEVICES];
        if (!locate(it, lane_first(rest), at))
            return;
        write_lane(it, lane_first(rest), at);
    }
    count(it, requests, sectors);
}

static void execute_store(struct warp *warp, const struct instruction *instruction) {
    struct multimem it = begin(warp, instruction, false, true);
    struct machine_counters *counters = &warp->worker->counters;
    write_lanes(&it, &counters->global_store_requests, &counters->global_store_sectors);
}

static void execute_update(struct warp *warp, const struct instruction *instruction) {
    struct multimem it = begin(warp, instruction, true, true);
    struct machine_counters *counters = &warp->worker->counters;
    write_lanes(&it, &counters->global_atomic_requests, &counters->global_atomic_sectors);
}

/* ---- The table ---- */

#define SPACE "[.global]"
#define LOAD(types, number)                                                                        \
    {                                                                                              \
        .pattern =                                                                                 \
            "multimem.ld_reduce[.{weak," AMONG("relaxed") "," AMONG("acquire") "}]" SPACE types,   \
        "D=m", execute_load, (number), .flags = ROW_COMMUNICATES, .decode = DECODE_MEMORY          \
    }
#define STORE(types)                                                                               \
    {                                                                                              \
        .pattern = "multimem.st[.{weak," AMONG("relaxed") "," AMONG("release") "}]" SPACE types,   \
        "m,S", execute_store, .flags = ROW_COMMUNICATES, .decode = DECODE_MEMORY                   \
    }
#define UPDATE(types, number)                                                                      \
    {                                                                                              \
        .pattern = "multimem.red[.{" AMONG("relaxed") "," AMONG("release") "}]" SPACE types,       \
        "m,S", execute_update, (number), .flags = ROW_COMMUNICATES, .decode = DECODE_MEMORY        \
    }
#define BOTH(types, number) LOAD(types, number), UPDATE(types, number)
/* A pair of halves without a vector is for sums, and to load. */
#define HALVES_SUM(type, number)                                                                   \
    BOTH(".add.{v2,v4,v8}." type, ATOMIC_ADD_##number),                                            \
        BOTH(".add[.{v2,v4}]." type "x2", ATOMIC_ADD_##number##X2),                                \
        LOAD(".add.acc::f32.{v2,v4,v8}." type, SUM_##number),                                      \
        LOAD(".add.acc::f32[.{v2,v4}]." type "x2", SUM_##number)
#define HALVES_CHOICE(operation, type, number)                                                     \
    BOTH(operation ".{v2,v4,v8}." type, number), LOAD(operation "[.{v2,v4}]." type "x2", number),  \
        UPDATE(operation ".{v2,v4}." type "x2", number)
#define SMALL(operation, type, number)                                                             \
    LOAD(operation ".{v4,v8}." type, number), LOAD(operation ".{v2,v4,v8}." type "x2", number),    \
        LOAD(operation "[.{v2,v4}]." type "x4", number)
#define SMALLS(type, number)                                                                       \
    SMALL(".add", type, SUM_##number), SMALL(".add.acc::f16", type, SUM_##number##_WIDE),          \
        SMALL(".min", type, MIN_##number), SMALL(".max", type, MAX_##number)

static const struct instruction_row rows[] = {
    BOTH(".and.{b32,b64}", ATOMIC_AND),
    BOTH(".or.{b32,b64}", ATOMIC_OR),
    BOTH(".xor.{b32,b64}", ATOMIC_XOR),
    BOTH(".add.{u32,s32,u64}", ATOMIC_ADD),
    BOTH(".min.{u32,u64}", ATOMIC_MIN_U),
    BOTH(".max.{u32,u64}", ATOMIC_MAX_U),
    BOTH(".min.{s32,s64}", ATOMIC_MIN_S),
    BOTH(".max.{s32,s64}", ATOMIC_MAX_S),
    BOTH(".add[.{v2,v4}].f32", ATOMIC_ADD_F32),
    BOTH(".add.f64", ATOMIC_ADD_F64),
    HALVES_SUM("f16", F16),
    HALVES_SUM("bf16", BF16),
    HALVES_CHOICE(".min", "f16", ATOMIC_MIN_F16),
    HALVES_CHOICE(".max", "f16", ATOMIC_MAX_F16),
    HALVES_CHOICE(".min", "bf16", ATOMIC_MIN_BF16),
    HALVES_CHOICE(".max", "bf16", ATOMIC_MAX_BF16),
    SMALLS("e4m3", E4M3),
    SMALLS("e5m2", E5M2),
    STORE(".{b32,u32,s32,b64,u64,s64,f64}"),
    STORE("[.{v2,v4}].{f32,f16x2,bf16x2,e4m3x4,e5m2x4}"),
    STORE(".{v2,v4,v8}.{f16,bf16,e4m3x2,e5m2x2}"),
    STORE(".{v4,v8}.{e4m3,e5m2}"),
};

const struct instruction_table executor_multimem = {rows, sizeof rows / sizeof rows[0]};
