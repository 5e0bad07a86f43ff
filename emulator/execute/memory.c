/* Loads and stores. Compiled once for each instruction set. */
#include "emulator/checks/undefined.h"
#include "emulator/execute/access_global.h"
#include "emulator/execute/access_shared.h"
#include "emulator/execute/cached.h"
#include "emulator/execute/execute.h"
#include "emulator/execute/isa.h"
#include "emulator/warps/elements.h"
#include "emulator/warps/place.h"
#include "emulator/warps/warp.h"

/* ---- Global memory ---- */

/* The second group of a row with a cache operator: `cg` and `cv` look past the first cache. */
enum { CACHE_OPERATOR = 1, CACHE_CG = 1, CACHE_CV = 4 };

static enum caches_access caches_access_of(const struct instruction *instruction, bool is_store) {
    const struct detail *detail = instruction->detail;
    const signed char operator= detail->choice[CACHE_OPERATOR];
    if (is_store)
        return CACHES_STORE;
    return detail->is_strong || (instruction->variant == CACHE_OPERATOR &&
                                 (operator== CACHE_CG || operator== CACHE_CV))
               ? CACHES_LOAD_PAST
               : CACHES_LOAD;
}

/* For the caches, and for checks. */
static void watch_global(struct warp *warp, const struct instruction *instruction,
                         const struct access *access, bool is_store, uint32_t kind) {
    cached_lanes(warp, caches_access_of(instruction, is_store), &access->address, access->mask);
    if (warp->block->launch->is_slow)
        check_global_access(warp, instruction, access, is_store, kind);
}

INLINE void load_global(struct warp *warp, const struct instruction *instruction,
                        const struct access *access) {
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    uint32_t sectors, kind;
    if (!global_access(warp, instruction, access, bytes, false, &sectors, &kind))
        return;
    struct machine_counters *counters = &warp->worker->counters;
    counters->global_load_requests++;
    counters->global_load_sectors += sectors;
    counters->global_requests_64 += bytes == 8;
    counters->global_requests_128 += bytes == 16;
    if (warp->block->launch->is_watched)
        watch_global(warp, instruction, access, false, kind);
    load_lanes(warp, instruction, 0, access, kind);
}

INLINE void store_global(struct warp *warp, const struct instruction *instruction,
                         const struct access *access) {
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    uint32_t sectors, kind;
    if (!global_access(warp, instruction, access, bytes, true, &sectors, &kind))
        return;
    struct machine_counters *counters = &warp->worker->counters;
    counters->global_store_requests++;
    counters->global_store_sectors += sectors;
    counters->global_requests_64 += bytes == 8;
    counters->global_requests_128 += bytes == 16;
    if (warp->block->launch->is_watched)
        watch_global(warp, instruction, access, true, kind);
    store_lanes(warp, instruction, 0, access, kind);
}

/* ---- Shared memory ---- */

/* Addresses that say the rank of the block itself mean its own memory. */
INLINE void name_own(const struct warp *warp, struct access *access) {
    if (access->first >> SHARED_RANK_SHIFT == 0)
        return;
    FOR_LANES(lane) {
        access->address.at[lane] = space_own_offset(warp->block->rank, access->address.at[lane]);
    }
    access->first = space_own_offset(warp->block->rank, access->first);
}

INLINE void load_shared(struct warp *warp, const struct instruction *instruction,
                        const struct access *access) {
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    uint32_t kind;
    if (!shared_access(warp, instruction, access, bytes, false, &kind))
        return;
    load_lanes(warp, instruction, (uint64_t)(uintptr_t)warp->block->shared, access, kind);
}

INLINE void store_shared(struct warp *warp, const struct instruction *instruction,
                         const struct access *access) {
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    uint32_t kind;
    if (!shared_access(warp, instruction, access, bytes, true, &kind))
        return;
    store_lanes(warp, instruction, (uint64_t)(uintptr_t)warp->block->shared, access, kind);
}

/* Lanes may mean other blocks of the cluster. */
static bool reaches_across(const struct access *access) {
    uint64_t all = 0;
    for (unsigned lane = 0; lane < LANES; lane++)
        all |= access->address.at[lane];
    return all >> SHARED_RANK_SHIFT != 0;
}

static void access_across(struct warp *warp, const struct instruction *instruction,
                          const struct access *access, bool is_store) {
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    struct machine_counters *counters = &warp->worker->counters;
    struct lanes64 offsets;
    for (uint32_t rest = access->mask; rest; rest &= rest - 1) {
        const unsigned lane = lane_first(rest);
        struct shared_place place;
        if (!place_find(warp, instruction, lane, access->address.at[lane],
                        (struct place_size){bytes, bytes}, &place))
            return;
        offsets.at[lane] = place.offset;
        if (warp->block->launch->is_slow)
            check_place(warp, instruction, lane, &place, bytes,
                        (is_store ? CHECK_WRITES : CHECK_READS) | CHECK_LATER);
        unsigned char *at = place.block->shared + place.offset;
        if (warp->undefined && is_store)
            undefined_store_flags(warp, instruction, lane,
                                  place.block->shared_written + place.offset, 1);
        else if (warp->undefined)
            undefined_load_flags(warp, instruction, lane,
                                 place.block->shared_written + place.offset, 1);
        if (is_store)
            store_any(warp, instruction->detail, lane, at);
        else
            load_any(warp, instruction->detail, lane, at);
    }
    counters->shared_store_requests += is_store;
    counters->shared_load_requests += !is_store;
    request_count_wavefronts(counters, request_wavefronts(&offsets, access->mask, bytes));
}

/* ---- Local memory and kernel parameters: bytes of each lane, or of all ---- */

static void access_local(struct warp *warp, const struct instruction *instruction,
                         struct access *access, bool is_store) {
    const size_t size = warp->block->launch->local_bytes;
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    if (!bounds_private(warp, instruction, access, bytes, size, "local"))
        return;
    check_local_access(warp, instruction, access, is_store);
    FOR_LANES(lane) {
        access->address.at[lane] += lane * size;
    }
    const uint64_t origin = (uint64_t)(uintptr_t)warp->local;
    if (is_store) {
        warp->worker->counters.local_store_requests++;
        store_lanes(warp, instruction, origin, access, PATTERN_GATHER);
    } else {
        warp->worker->counters.local_load_requests++;
        load_lanes(warp, instruction, origin, access, PATTERN_GATHER);
    }
}

static void load_parameter(struct warp *warp, const struct instruction *instruction,
                           const struct access *access) {
    const struct launch *launch = warp->block->launch;
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    if (bounds_private(warp, instruction, access, bytes, launch->parameter_bytes, "parameter"))
        load_lanes(warp, instruction, (uint64_t)(uintptr_t)launch->parameters, access,
                   PATTERN_GATHER);
}

/* Constants go through a cache of their own: no requests to global memory. */
static void load_const(struct warp *warp, const struct instruction *instruction,
                       const struct access *access) {
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    if (bounds_global(warp, instruction, access, bytes, false))
        load_lanes(warp, instruction, 0, access, PATTERN_GATHER);
}

/* ---- Generic addresses: each lane's window says which memory it means ---- */

static void access_window(struct warp *warp, const struct instruction *instruction,
                          struct access *access, uint64_t window, bool is_store) {
    const uint64_t first = access->first & ((UINT64_C(1) << WINDOW_SHIFT) - 1);
    FOR_LANES(lane) {
        access->address.at[lane] &= (UINT64_C(1) << WINDOW_SHIFT) - 1;
    }
    access->first = first;
    if (window == WINDOW_SHARED)
        name_own(warp, access);
    if (window == WINDOW_GLOBAL && is_store)
        store_global(warp, instruction, access);
    else if (window == WINDOW_GLOBAL)
        load_global(warp, instruction, access);
    else if (window == WINDOW_SHARED && reaches_across(access))
        access_across(warp, instruction, access, is_store);
    else if (window == WINDOW_SHARED && is_store)
        store_shared(warp, instruction, access);
    else if (window == WINDOW_SHARED)
        load_shared(warp, instruction, access);
    else if (window == WINDOW_LOCAL)
        access_local(warp, instruction, access, is_store);
    else if (window == WINDOW_PARAM && !is_store)
        load_parameter(warp, instruction, access);
    else
        warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane_first(access->mask),
                   access->first | (window << WINDOW_SHIFT),
                   "%s through an address that lies in no memory", bounds_verb(is_store));
}

static void access_generic(struct warp *warp, const struct instruction *instruction,
                           bool is_store) {
    uint32_t rest = warp->mask;
    while (rest && !warp->is_faulted) {
        struct access access;
        access_prepare(warp, instruction, rest, &access);
        const uint64_t window = access.first >> WINDOW_SHIFT;
        uint32_t same = 0;
        for (unsigned lane = 0; lane < LANES; lane++)
            same |= (uint32_t)(access.address.at[lane] >> WINDOW_SHIFT == window) << lane;
        same &= rest;
        if (same != rest)
            access_prepare(warp, instruction, same, &access);
        rest &= ~same;
        access_window(warp, instruction, &access, window, is_store);
    }
}

/* ---- Handlers ---- */

#define SPACE_HANDLER(name, function)                                                              \
    static void name(struct warp *warp, const struct instruction *instruction) {                   \
        struct access access;                                                                      \
        access_prepare(warp, instruction, warp->mask, &access);                                    \
        function;                                                                                  \
    }
SPACE_HANDLER(execute_load_global, load_global(warp, instruction, &access))
SPACE_HANDLER(execute_store_global, store_global(warp, instruction, &access))
SPACE_HANDLER(execute_load_shared, name_own(warp, &access); load_shared(warp, instruction, &access))
SPACE_HANDLER(execute_store_shared, name_own(warp, &access);
              store_shared(warp, instruction, &access))
SPACE_HANDLER(execute_load_local, access_local(warp, instruction, &access, false))
SPACE_HANDLER(execute_store_local, access_local(warp, instruction, &access, true))
SPACE_HANDLER(execute_load_const, load_const(warp, instruction, &access))

static void execute_load_cluster(struct warp *warp, const struct instruction *instruction) {
    struct access access;
    access_prepare(warp, instruction, warp->mask, &access);
    access_window(warp, instruction, &access, WINDOW_SHARED, false);
}

static void execute_store_cluster(struct warp *warp, const struct instruction *instruction) {
    struct access access;
    access_prepare(warp, instruction, warp->mask, &access);
    access_window(warp, instruction, &access, WINDOW_SHARED, true);
}

static void execute_load_generic(struct warp *warp, const struct instruction *instruction) {
    access_generic(warp, instruction, false);
}

static void execute_store_generic(struct warp *warp, const struct instruction *instruction) {
    access_generic(warp, instruction, true);
}

/* Volatile and ordered accesses: a loop around one may wait for another thread. */
static void execute_load_ordered(struct warp *warp, const struct instruction *instruction) {
    struct access access;
    warp->communicated = true;
    if (instruction->detail->space == SPACE_GENERIC) {
        access_generic(warp, instruction, false);
        return;
    }
    access_prepare(warp, instruction, warp->mask, &access);
    access_window(warp, instruction, &access,
                  instruction->detail->space == SPACE_SHARED  ? WINDOW_SHARED
                  : instruction->detail->space == SPACE_LOCAL ? WINDOW_LOCAL
                                                              : WINDOW_GLOBAL,
                  false);
}

/* Areas of parameters in the frame: each lane has `stride` bytes there. */
static void access_area(struct warp *warp, const struct instruction *instruction, bool is_store) {
    unsigned char *area = warp->bank[BANK_FRAME] + instruction->immediate;
    unsigned char *flags = undefined_area(warp, area);
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (!(warp->mask >> lane & 1))
            continue;
        const size_t begin = (size_t)lane * instruction->detail->stride;
        unsigned char *at = area + begin;
        if (flags && is_store)
            undefined_store_flags(warp, instruction, lane, flags + begin, 0);
        else if (flags)
            undefined_load_flags(warp, instruction, lane, flags + begin, 0);
        if (is_store)
            store_any(warp, instruction->detail, lane, at);
        else
            load_any(warp, instruction->detail, lane, at);
    }
}

/* Parameters whose address is taken lie in local memory. By name they are meant from the function's
 * own on. */
static void access_stack(struct warp *warp, const struct instruction *instruction, bool is_store) {
    struct access access;
    access_prepare(warp, instruction, warp->mask, &access);
    for (unsigned lane = 0; lane < LANES && instruction->detail->stride; lane++)
        access.address.at[lane] += warp->lane_local[lane];
    access_local(warp, instruction, &access, is_store);
}

static void execute_load_param(struct warp *warp, const struct instruction *instruction) {
    if (instruction->detail->is_on_stack) {
        access_stack(warp, instruction, false);
        return;
    }
    if (instruction->detail->stride) {
        access_area(warp, instruction, false);
        return;
    }
    struct access access;
    access_prepare(warp, instruction, warp->mask, &access);
    load_parameter(warp, instruction, &access);
}

static void execute_store_param(struct warp *warp, const struct instruction *instruction) {
    if (instruction->detail->is_on_stack)
        access_stack(warp, instruction, true);
    else if (instruction->detail->stride)
        access_area(warp, instruction, true);
    else
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane_first(warp->mask), 0,
                   "a write to a kernel parameter");
}

#define LOAD_CACHE "[.{ca,cg,cs,lu,cv}]"
#define STORE_CACHE "[.{wb,cg,cs,wt}]"
/* What stays in caches, of global memory alone. */
#define EVICTION                                                                                   \
    "[.{L1::evict_normal,L1::evict_unchanged,L1::evict_first,L1::evict_last,L1::no_allocate}]"     \
    "[.{L2::evict_normal,L2::evict_first,L2::evict_last}][.L2::cache_hint]"
#define LOAD_EVICTION EVICTION "[.{L2::64B,L2::128B,L2::256B}]"
#define SCALARS "b8,u8,s8,b16,u16,s16,b32,u32,s32,f32,b64,u64,s64,f64"
#define TYPE "[.{v2,v4,v8}].{" SCALARS ",b128}"
#define RELEASED_LATER "st.async[.mmio].release.{gpu,sys}"
#define LOAD_ORDERS "volatile," AMONG("relaxed") "," AMONG("acquire")
#define STORE_ORDERS "volatile," AMONG("relaxed") "," AMONG("release")
#define MMIO ",mmio.relaxed.sys"

#define LOAD(pattern_text, handler)                                                                \
    { .pattern = pattern_text TYPE, "D=m", handler, .decode = DECODE_MEMORY }
#define CACHED_LOAD(pattern_text, handler)                                                         \
    {                                                                                              \
        .pattern = pattern_text LOAD_EVICTION TYPE, "D=m", handler, .variant = CACHE_OPERATOR,     \
        .decode = DECODE_MEMORY                                                                    \
    }
#define ORDERED_LOAD(pattern_text)                                                                 \
    {                                                                                              \
        .pattern = pattern_text TYPE, "D=m", execute_load_ordered, .flags = ROW_COMMUNICATES,      \
        .decode = DECODE_MEMORY                                                                    \
    }
#define STORE(pattern_text, handler)                                                               \
    { .pattern = pattern_text TYPE, "m,S", handler, .decode = DECODE_MEMORY }
#define SCALAR_STORE(pattern_text, handler)                                                        \
    { .pattern = pattern_text ".{" SCALARS "}", "m,s", handler, .decode = DECODE_MEMORY }

static const struct instruction_row rows[] = {
    CACHED_LOAD("ld[.weak].global" LOAD_CACHE "[.nc]", execute_load_global),
    LOAD("ldu.global", execute_load_global),
    LOAD("ldu", execute_load_generic),
    LOAD("ld[.weak].{shared,shared::cta}" LOAD_CACHE, execute_load_shared),
    LOAD("ld[.weak].shared::cluster" LOAD_CACHE, execute_load_cluster),
    LOAD("ld[.weak].local" LOAD_CACHE, execute_load_local),
    LOAD("ld[.weak].const" LOAD_CACHE, execute_load_const),
    LOAD("ld[.weak].{param,param::entry,param::func}" LOAD_CACHE, execute_load_param),
    CACHED_LOAD("ld[.weak]" LOAD_CACHE, execute_load_generic),
    ORDERED_LOAD("ld.{" LOAD_ORDERS MMIO "}[.global]" LOAD_EVICTION),
    ORDERED_LOAD("ld.{" LOAD_ORDERS "}.{shared,shared::cta,shared::cluster}"),
    STORE("st[.weak].global" STORE_CACHE EVICTION, execute_store_global),
    STORE("st[.weak].{shared,shared::cta}" STORE_CACHE, execute_store_shared),
    STORE("st[.weak].shared::cluster" STORE_CACHE, execute_store_cluster),
    STORE("st[.weak].local" STORE_CACHE, execute_store_local),
    STORE("st[.weak].{param,param::func}" STORE_CACHE, execute_store_param),
    STORE("st[.weak]" STORE_CACHE EVICTION, execute_store_generic),
    STORE("st.{" STORE_ORDERS MMIO "}.global" EVICTION, execute_store_global),
    STORE("st.{" STORE_ORDERS "}.{shared,shared::cta}", execute_store_shared),
    STORE("st.{" STORE_ORDERS "}.shared::cluster", execute_store_cluster),
    STORE("st.{" STORE_ORDERS MMIO "}" EVICTION, execute_store_generic),
    /* Nothing tells when these are done, so they are at once. */
    SCALAR_STORE(RELEASED_LATER ".global", execute_store_global),
    SCALAR_STORE(RELEASED_LATER, execute_store_generic),
};

EXECUTOR_TABLE(executor_memory);
