/*
 * Loads and stores. Compiled once for each instruction set.
 *
 * One static instruction mostly sees the same pattern of addresses again: the lanes' addresses
 * relative to the first active lane. An access_site keeps the last pattern with what follows from
 * it (bounds, sectors, wavefronts, how data lies), so the common case is one vector comparison.
 * docs/emulator.md defines sectors and wavefronts.
 */
#include "emulator/execute/isa.h"
#include "emulator/execute/state.h"
#include "emulator/lanes/space.h"
#include "emulator/memory/request.h"

#include <stdio.h>

#define INLINE static inline __attribute__((always_inline))

struct access {
    struct lanes64 address; /* inactive lanes repeat the first active one */
    uint64_t first;         /* address of the first active lane */
    uint32_t mask;
};

INLINE void access_prepare(const struct warp *warp, const struct instruction *instruction,
                           uint32_t mask, struct access *access) {
    const uint64_t offset = (uint64_t)instruction->immediate;
    const void *base = warp_slot(warp, instruction->a);
    if (instruction->detail->from_bits[0] == 64) {
        const struct lanes64 *wide = base;
        FOR_LANES(lane) {
            access->address.at[lane] = wide->at[lane] + offset;
        }
    } else {
        const struct lanes32 *narrow = base;
        FOR_LANES(lane) {
            access->address.at[lane] = narrow->at[lane] + offset;
        }
    }
    access->mask = mask;
    access->first = access->address.at[lane_first(mask)];
    if (mask != LANES_ALL) {
        const uint64_t first = access->first;
        FOR_LANES(lane) {
            access->address.at[lane] = (mask >> lane & 1) ? access->address.at[lane] : first;
        }
    }
}

/* Does the access repeat the site's pattern? */
INLINE bool site_matches(const struct access_site *site, const struct access *access) {
    const uint64_t first = access->first;
    uint64_t difference = 0;
    for (unsigned lane = 0; lane < LANES; lane++)
        difference |= (access->address.at[lane] - first) ^ site->delta[lane];
    return difference == 0 && site->mask == access->mask;
}

/* Keeps the pattern. */
static void site_learn(struct access_site *site, const struct access *access, uint32_t bytes) {
    bool uniform = true, contiguous = access->mask == LANES_ALL;
    site->first = site->last = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t delta = access->address.at[lane] - access->first;
        site->delta[lane] = delta;
        uniform &= delta == 0;
        contiguous &= delta == (uint64_t)lane * bytes;
        if ((int64_t)delta < site->first)
            site->first = (int64_t)delta;
        if ((int64_t)delta > site->last)
            site->last = (int64_t)delta;
    }
    site->last += bytes;
    site->mask = access->mask;
    site->kind = contiguous ? PATTERN_CONTIGUOUS : uniform ? PATTERN_UNIFORM : PATTERN_GATHER;
    for (unsigned k = 0; k < SITE_PHASES; k++)
        site->phases[k].phase = 0;
    site->wavefronts = 0;
    site->range = NULL;
}

/* ---- Global memory: sectors ---- */

/* How many different sectors the lanes touch. Counted by inserting into a small open table. */
static uint32_t count_sectors(const struct access *access) {
    enum { TABLE = 64 };
    uint64_t table[TABLE] = {0};
    uint32_t count = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t sector = access->address.at[lane] / SECTOR_BYTES + 1;
        size_t at = (size_t)(sector * 0x9e3779b97f4a7c15u >> 58);
        while (table[at] != 0 && table[at] != sector)
            at = (at + 1) % TABLE;
        count += table[at] == 0;
        table[at] = sector;
    }
    return count;
}

static void site_learn_phase(struct access_site *site, unsigned k, const struct access *access) {
    uint64_t lowest = (access->first + (uint64_t)site->first) / SECTOR_BYTES;
    uint64_t highest = (access->first + (uint64_t)site->last - 1) / SECTOR_BYTES;
    site->phases[k].phase = (uint32_t)(access->first % SECTOR_BYTES) + 1;
    site->phases[k].bits = 0;
    if (highest - lowest < 64) {
        uint64_t bits = 0;
        for (unsigned lane = 0; lane < LANES; lane++)
            bits |= UINT64_C(1) << (access->address.at[lane] / SECTOR_BYTES - lowest);
        site->phases[k].bits = bits;
        site->phases[k].sectors = (uint32_t)__builtin_popcountll(bits);
    } else {
        site->phases[k].sectors = count_sectors(access);
    }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written through */
INLINE void touch_word(uint64_t *word, uint64_t bits) {
    if ((__atomic_load_n(word, __ATOMIC_RELAXED) & bits) != bits)
        __atomic_fetch_or(word, bits, __ATOMIC_RELAXED);
}

static void touch_scattered(struct memory_range *range, const struct access *access) {
    uint64_t origin = range->base / SECTOR_BYTES;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t sector = access->address.at[lane] / SECTOR_BYTES - origin;
        touch_word(&range->touched[sector / 64], UINT64_C(1) << (sector % 64));
    }
}

/* Counts the request's sectors and marks them in the range. */
INLINE uint32_t site_sectors(struct access_site *site, const struct access *access) {
    unsigned k = (unsigned)(access->first / 4 % SITE_PHASES);
    if (site->phases[k].phase != access->first % SECTOR_BYTES + 1)
        site_learn_phase(site, k, access);
    struct memory_range *range = site->range;
    if (site->phases[k].bits == 0) {
        touch_scattered(range, access);
        return site->phases[k].sectors;
    }
    uint64_t sector =
        (access->first + (uint64_t)site->first) / SECTOR_BYTES - range->base / SECTOR_BYTES;
    unsigned shift = (unsigned)(sector % 64);
    touch_word(&range->touched[sector / 64], site->phases[k].bits << shift);
    if (shift && site->phases[k].bits >> (64 - shift))
        touch_word(&range->touched[sector / 64 + 1], site->phases[k].bits >> (64 - shift));
    return site->phases[k].sectors;
}

/* ---- Bounds ---- */

static const char *kind_of_access(bool is_store) {
    return is_store ? "write" : "read";
}

static void fault_global(struct warp *warp, const struct instruction *instruction, unsigned lane,
                         uint64_t address, uint32_t bytes, bool is_store) {
    const struct memory_range *near = memory_find_near(warp->block->launch->memory, address);
    char place[160] = "no memory is allocated";
    if (near && address >= near->end)
        snprintf(place, sizeof place,
                 "the nearest allocation of %llu bytes ends %llu bytes before it",
                 (unsigned long long)(near->end - near->base),
                 (unsigned long long)(address - near->end));
    else if (near && address < near->base)
        snprintf(place, sizeof place,
                 "the nearest allocation of %llu bytes begins %llu bytes after it",
                 (unsigned long long)(near->end - near->base),
                 (unsigned long long)(near->base - address));
    else if (near)
        snprintf(place, sizeof place, "the access runs past the end of an allocation of %llu bytes",
                 (unsigned long long)(near->end - near->base));
    warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, address,
               "out-of-bounds %s of %u bytes in global memory: %s", kind_of_access(is_store), bytes,
               place);
}

/* Every lane on its own: for alignment, lanes in several allocations, and to name the lane at
 * fault. */
static bool check_lanes(struct warp *warp, const struct instruction *instruction,
                        const struct access *access, uint32_t bytes, bool is_store) {
    struct memory_range *range = NULL;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t address = access->address.at[lane];
        if (!(access->mask >> lane & 1))
            continue;
        if (address % bytes != 0) {
            warp_fault(
                warp, instruction, MACHINE_MISALIGNED_ADDRESS, lane, address,
                "misaligned %s of %u bytes in global memory: the address must be a multiple of %u",
                kind_of_access(is_store), bytes, bytes);
            return false;
        }
        if (!range || address < range->base || address + bytes > range->end)
            range = memory_find_all(warp->block->launch->memory, address, bytes);
        if (!range) {
            fault_global(warp, instruction, lane, address, bytes, is_store);
            return false;
        }
        __atomic_store_n(&range->is_touched, true, __ATOMIC_RELAXED);
    }
    return true;
}

/* Finds the allocation that holds all lanes; false when there is none, or an address is misaligned.
 */
static bool site_find_range(struct warp *warp, struct access_site *site,
                            const struct access *access, uint32_t bytes) {
    uint64_t low = access->first + (uint64_t)site->first;
    uint64_t misaligned = 0;
    for (unsigned lane = 0; lane < LANES; lane++)
        misaligned |= access->address.at[lane];
    if (misaligned % bytes != 0)
        return false;
    site->range =
        memory_find_all(warp->block->launch->memory, low, (size_t)(site->last - site->first));
    if (site->range)
        __atomic_store_n(&site->range->is_touched, true, __ATOMIC_RELAXED);
    return site->range != NULL;
}

INLINE bool site_in_range(const struct access_site *site, const struct access *access) {
    uint64_t low = access->first + (uint64_t)site->first,
             high = access->first + (uint64_t)site->last;
    return site->range && low >= site->range->base && high <= site->range->end && low < high;
}

/* Lanes in several allocations: correct, and slower. */
static uint32_t touch_ranges(struct warp *warp, const struct access *access) {
    uint64_t table[LANES];
    uint32_t count = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t address = access->address.at[lane], sector = address / SECTOR_BYTES;
        struct memory_range *range = memory_find(warp->block->launch->memory, address);
        uint64_t bit = sector - range->base / SECTOR_BYTES;
        touch_word(&range->touched[bit / 64], UINT64_C(1) << (bit % 64));
        bool known = false;
        for (uint32_t k = 0; k < count; k++)
            known |= table[k] == sector;
        if (!known)
            table[count++] = sector;
    }
    return count;
}

/*
 * Checks and counts an access to global memory. False when it faulted. `sectors` gets the
 * request's; *kind how data lies.
 */
INLINE bool global_access(struct warp *warp, const struct instruction *instruction,
                          const struct access *access, uint32_t bytes, bool is_store,
                          uint32_t *sectors, uint32_t *kind) {
    struct access_site *site = &warp->worker->sites[instruction->target];
    if (!site_matches(site, access))
        site_learn(site, access, bytes);
    bool fits = access->first % bytes == 0 && site_in_range(site, access);
    if (!fits && !site_find_range(warp, site, access, bytes)) {
        site->range = NULL;
        if (!check_lanes(warp, instruction, access, bytes, is_store))
            return false;
        *sectors = touch_ranges(warp, access);
        *kind = PATTERN_GATHER;
        return true;
    }
    *sectors = site_sectors(site, access);
    *kind = site->kind;
    return true;
}

/* ---- Moving data: `at` is where a lane's bytes lie ---- */

static void put_element(const struct warp *warp, const struct detail *detail, unsigned k,
                        unsigned lane, const unsigned char *at, uint32_t bytes) {
    uint64_t value = 0;
    memcpy(&value, at, bytes);
    if (detail->to_signed && bytes < 8 && (value >> (bytes * 8 - 1) & 1))
        value |= ~((UINT64_C(1) << (bytes * 8)) - 1);
    void *to = warp_slot(warp, detail->to[k]);
    if (detail->to_bits[k] == 64)
        ((struct lanes64 *)to)->at[lane] = value;
    else
        ((struct lanes32 *)to)->at[lane] =
            detail->to_register_bits < 32 ? (uint32_t)value & ((1u << detail->to_register_bits) - 1)
                                          : (uint32_t)value;
}

static void get_element(const struct warp *warp, const struct detail *detail, unsigned k,
                        unsigned lane, unsigned char *at, uint32_t bytes) {
    const void *from = warp_slot(warp, detail->from[k]);
    uint64_t value = detail->from_bits[k] == 64 ? ((const struct lanes64 *)from)->at[lane]
                                                : ((const struct lanes32 *)from)->at[lane];
    memcpy(at, &value, bytes);
}

static void load_any(const struct warp *warp, const struct detail *detail, unsigned lane,
                     const unsigned char *at) {
    for (unsigned k = 0; k < detail->elements; k++)
        put_element(warp, detail, k, lane, at + (size_t)k * detail->access_bytes,
                    detail->access_bytes);
}

static void store_any(const struct warp *warp, const struct detail *detail, unsigned lane,
                      unsigned char *at) {
    for (unsigned k = 0; k < detail->elements; k++)
        get_element(warp, detail, k + 1, lane, at + (size_t)k * detail->access_bytes,
                    detail->access_bytes);
}

static inline unsigned char *bytes_at(uint64_t address) {
    return space_host(address);
}

static inline uint32_t read_word(const unsigned char *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* 32-bit elements, `elements` a lane, all lanes active: from `origin` plus each lane's offset. */
INLINE void load_words(const struct warp *warp, const struct detail *detail, uint64_t origin,
                       const uint64_t *offset, unsigned elements, uint32_t kind) {
    for (unsigned k = 0; k < elements; k++) {
        struct lanes32 *to = warp_slot(warp, detail->to[k]);
        if (kind == PATTERN_CONTIGUOUS && elements == 1) {
            memcpy(to, bytes_at(origin + offset[0]), sizeof *to);
        } else if (kind == PATTERN_UNIFORM) {
            const uint32_t value = read_word(bytes_at(origin + offset[0] + (uint64_t)k * 4));
            FOR_LANES(lane) {
                to->at[lane] = value;
            }
        } else {
            for (unsigned lane = 0; lane < LANES; lane++)
                to->at[lane] = read_word(bytes_at(origin + offset[lane] + (uint64_t)k * 4));
        }
    }
}

INLINE void store_words(const struct warp *warp, const struct detail *detail, uint64_t origin,
                        const uint64_t *offset, unsigned elements, uint32_t kind) {
    for (unsigned k = 0; k < elements; k++) {
        const struct lanes32 *from = warp_slot(warp, detail->from[k + 1]);
        if (kind == PATTERN_CONTIGUOUS && elements == 1) {
            memcpy(bytes_at(origin + offset[0]), from, sizeof *from);
        } else {
            for (unsigned lane = 0; lane < LANES; lane++)
                memcpy(bytes_at(origin + offset[lane] + (uint64_t)k * 4), &from->at[lane], 4);
        }
    }
}

INLINE void load_lanes(const struct warp *warp, const struct instruction *instruction,
                       uint64_t origin, const struct access *access, uint32_t kind) {
    const struct detail *detail = instruction->detail;
    const uint64_t *offset = access->address.at;
    if (access->mask == LANES_ALL && detail->access_bytes == 4 && detail->to_bits[0] == 32) {
        if (detail->elements == 1)
            load_words(warp, detail, origin, offset, 1, kind);
        else
            load_words(warp, detail, origin, offset, detail->elements, kind);
        return;
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (access->mask >> lane & 1)
            load_any(warp, detail, lane, bytes_at(origin + offset[lane]));
    }
}

INLINE void store_lanes(const struct warp *warp, const struct instruction *instruction,
                        uint64_t origin, const struct access *access, uint32_t kind) {
    const struct detail *detail = instruction->detail;
    const uint64_t *offset = access->address.at;
    if (access->mask == LANES_ALL && detail->access_bytes == 4 && detail->from_bits[1] == 32) {
        if (detail->elements == 1)
            store_words(warp, detail, origin, offset, 1, kind);
        else
            store_words(warp, detail, origin, offset, detail->elements, kind);
        return;
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (access->mask >> lane & 1)
            store_any(warp, detail, lane, bytes_at(origin + offset[lane]));
    }
}

static void check_global_lanes(struct warp *warp, const struct instruction *instruction,
                               const struct access *access, uint32_t bytes, bool is_store) {
    for (unsigned lane = 0; lane < LANES && !warp->is_faulted; lane++) {
        if (access->mask >> lane & 1)
            check_global(warp, instruction, lane, access->address.at[lane], bytes, is_store);
    }
}

INLINE void load_global(struct warp *warp, const struct instruction *instruction,
                        const struct access *access) {
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    uint32_t sectors, kind;
    if (!global_access(warp, instruction, access, bytes, false, &sectors, &kind))
        return;
    warp->worker->counters.global_load_requests++;
    warp->worker->counters.global_load_sectors += sectors;
    if (warp->block->launch->is_slow)
        check_global_lanes(warp, instruction, access, bytes, false);
    load_lanes(warp, instruction, 0, access, kind);
}

INLINE void store_global(struct warp *warp, const struct instruction *instruction,
                         const struct access *access) {
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    uint32_t sectors, kind;
    if (!global_access(warp, instruction, access, bytes, true, &sectors, &kind))
        return;
    warp->worker->counters.global_store_requests++;
    warp->worker->counters.global_store_sectors += sectors;
    if (warp->block->launch->is_slow)
        check_global_lanes(warp, instruction, access, bytes, true);
    store_lanes(warp, instruction, 0, access, kind);
}

/* ---- Shared memory: wavefronts ---- */

static void site_learn_wavefronts(struct access_site *site, const struct access *access,
                                  uint32_t bytes) {
    const struct request_wavefronts wavefronts =
        request_wavefronts(&access->address, access->mask, bytes);
    site->wavefronts = wavefronts.actual;
    site->wavefronts_ideal = wavefronts.ideal;
    site->low_bits = (uint32_t)(access->first % 4);
}

static bool fault_shared(struct warp *warp, const struct instruction *instruction,
                         const struct access *access, uint32_t bytes, bool is_store) {
    size_t size = warp->block->launch->shared_bytes;
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t address = access->address.at[lane];
        if (!(access->mask >> lane & 1))
            continue;
        if (address % bytes != 0) {
            warp_fault(
                warp, instruction, MACHINE_MISALIGNED_ADDRESS, lane, address,
                "misaligned %s of %u bytes in shared memory: the address must be a multiple of %u",
                kind_of_access(is_store), bytes, bytes);
            return true;
        }
        if (address > size || size - address < bytes) {
            warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, address,
                       "out-of-bounds %s of %u bytes in shared memory: the block has %zu bytes",
                       kind_of_access(is_store), bytes, size);
            return true;
        }
    }
    return false;
}

INLINE bool shared_access(struct warp *warp, const struct instruction *instruction,
                          const struct access *access, uint32_t bytes, bool is_store,
                          uint32_t *kind) {
    struct access_site *site = &warp->worker->sites[instruction->target];
    if (!site_matches(site, access) || site->wavefronts == 0 ||
        site->low_bits != access->first % 4) {
        site_learn(site, access, bytes);
        site_learn_wavefronts(site, access, bytes);
        if (fault_shared(warp, instruction, access, bytes, is_store)) {
            site->mask = 0;
            return false;
        }
    }
    uint64_t low = access->first + (uint64_t)site->first,
             high = access->first + (uint64_t)site->last;
    bool fits =
        access->first % bytes == 0 && low < high && high <= warp->block->launch->shared_bytes;
    if (!fits && fault_shared(warp, instruction, access, bytes, is_store))
        return false;
    warp->worker->counters.shared_wavefronts += site->wavefronts;
    warp->worker->counters.shared_wavefronts_ideal += site->wavefronts_ideal;
    if (warp->block->launch->is_slow) {
        for (unsigned lane = 0; lane < LANES && !warp->is_faulted; lane++) {
            if (access->mask >> lane & 1)
                check_shared(warp, instruction, lane, (uint32_t)access->address.at[lane], bytes,
                             is_store, false);
        }
    }
    *kind = site->kind;
    return true;
}

INLINE void load_shared(struct warp *warp, const struct instruction *instruction,
                        const struct access *access) {
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    uint32_t kind;
    if (!shared_access(warp, instruction, access, bytes, false, &kind))
        return;
    warp->worker->counters.shared_load_requests++;
    load_lanes(warp, instruction, (uint64_t)(uintptr_t)warp->block->shared, access, kind);
}

INLINE void store_shared(struct warp *warp, const struct instruction *instruction,
                         const struct access *access) {
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    uint32_t kind;
    if (!shared_access(warp, instruction, access, bytes, true, &kind))
        return;
    warp->worker->counters.shared_store_requests++;
    store_lanes(warp, instruction, (uint64_t)(uintptr_t)warp->block->shared, access, kind);
}

/* ---- Local memory and kernel parameters: bytes of each lane, or of all ---- */

static bool check_private(struct warp *warp, const struct instruction *instruction,
                          const struct access *access, uint32_t bytes, size_t size,
                          const char *what) {
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t address = access->address.at[lane];
        if (!(access->mask >> lane & 1))
            continue;
        if (address % bytes != 0) {
            warp_fault(
                warp, instruction, MACHINE_MISALIGNED_ADDRESS, lane, address,
                "misaligned access of %u bytes in %s memory: the address must be a multiple of %u",
                bytes, what, bytes);
            return false;
        }
        if (address > size || size - address < bytes) {
            warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, address,
                       "out-of-bounds access of %u bytes in %s memory of %zu bytes", bytes, what,
                       size);
            return false;
        }
    }
    return true;
}

static void access_local(struct warp *warp, const struct instruction *instruction,
                         struct access *access, bool is_store) {
    const size_t size = warp->block->launch->local_bytes;
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    if (!check_private(warp, instruction, access, bytes, size, "local"))
        return;
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
    if (check_private(warp, instruction, access, bytes, launch->parameter_bytes, "parameter"))
        load_lanes(warp, instruction, (uint64_t)(uintptr_t)launch->parameters, access,
                   PATTERN_GATHER);
}

/* Constants go through a cache of their own: no requests to global memory. */
static void load_const(struct warp *warp, const struct instruction *instruction,
                       const struct access *access) {
    const uint32_t bytes = instruction->detail->access_bytes * instruction->detail->elements;
    if (check_lanes(warp, instruction, access, bytes, false))
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
    if (window == WINDOW_GLOBAL && is_store)
        store_global(warp, instruction, access);
    else if (window == WINDOW_GLOBAL)
        load_global(warp, instruction, access);
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
                   "%s through an address that lies in no memory", kind_of_access(is_store));
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
SPACE_HANDLER(execute_load_shared, load_shared(warp, instruction, &access))
SPACE_HANDLER(execute_store_shared, store_shared(warp, instruction, &access))
SPACE_HANDLER(execute_load_local, access_local(warp, instruction, &access, false))
SPACE_HANDLER(execute_store_local, access_local(warp, instruction, &access, true))
SPACE_HANDLER(execute_load_const, load_const(warp, instruction, &access))

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
static void access_area(const struct warp *warp, const struct instruction *instruction,
                        bool is_store) {
    unsigned char *area = warp->bank[BANK_FRAME] + instruction->immediate;
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (!(warp->mask >> lane & 1))
            continue;
        unsigned char *at = area + (size_t)lane * instruction->detail->stride;
        if (is_store)
            store_any(warp, instruction->detail, lane, at);
        else
            load_any(warp, instruction->detail, lane, at);
    }
}

static void execute_load_param(struct warp *warp, const struct instruction *instruction) {
    if (instruction->detail->stride) {
        access_area(warp, instruction, false);
        return;
    }
    struct access access;
    access_prepare(warp, instruction, warp->mask, &access);
    load_parameter(warp, instruction, &access);
}

static void execute_store_param(struct warp *warp, const struct instruction *instruction) {
    if (instruction->detail->stride)
        access_area(warp, instruction, true);
    else
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane_first(warp->mask), 0,
                   "a write to a kernel parameter");
}

#define CACHE "[.{ca,cg,cs,lu,cv,wb,wt}]"
#define NON_COHERENT CACHE "[.nc]"
#define EVICTION                                                                                   \
    "[.{L1::evict_normal,L1::evict_unchanged,L1::evict_first,L1::evict_last,L1::no_allocate}]"     \
    "[.{L2::evict_normal,L2::evict_first,L2::evict_last}][.L2::cache_hint][.{L2::64B,L2::128B,L2:" \
    ":256B}]"
#define VECTOR_TYPE "[.{v2,v4}].{b8,u8,s8,b16,u16,s16,f16,bf16,b32,u32,s32,f32,b64,u64,s64,f64}"
#define ORDER ".{volatile,relaxed,acquire,release,mmio}[.{cta,cluster,gpu,sys}]"
#define SPACES "[.{global,shared,local,shared::cta}]"
#define PLAIN_LOAD EVICTION VECTOR_TYPE, "D=m"
#define PLAIN_STORE EVICTION VECTOR_TYPE, "m,S"

static const struct instruction_row rows[] = {
    {.pattern = "ld[.weak].global" NON_COHERENT PLAIN_LOAD,
     execute_load_global,
     .decode = DECODE_MEMORY},
    {.pattern = "ldu.global" VECTOR_TYPE, "D=m", execute_load_global, .decode = DECODE_MEMORY},
    {.pattern = "ld[.weak].{shared,shared::cta}" CACHE PLAIN_LOAD,
     execute_load_shared,
     .decode = DECODE_MEMORY},
    {.pattern = "ld[.weak].local" CACHE PLAIN_LOAD, execute_load_local, .decode = DECODE_MEMORY},
    {.pattern = "ld[.weak].const" CACHE PLAIN_LOAD, execute_load_const, .decode = DECODE_MEMORY},
    {.pattern = "ld[.weak].{param,param::entry,param::func}" VECTOR_TYPE,
     "D=m",
     execute_load_param,
     .decode = DECODE_MEMORY},
    {.pattern = "ld[.weak]" CACHE PLAIN_LOAD, execute_load_generic, .decode = DECODE_MEMORY},
    {.pattern = "ld" ORDER SPACES PLAIN_LOAD,
     execute_load_ordered,
     .flags = ROW_COMMUNICATES,
     .decode = DECODE_MEMORY},
    {.pattern = "st[.weak].global" CACHE PLAIN_STORE,
     execute_store_global,
     .decode = DECODE_MEMORY},
    {.pattern = "st[.weak].{shared,shared::cta}" CACHE PLAIN_STORE,
     execute_store_shared,
     .decode = DECODE_MEMORY},
    {.pattern = "st[.weak].local" CACHE PLAIN_STORE, execute_store_local, .decode = DECODE_MEMORY},
    {.pattern = "st[.weak].{param,param::func}" VECTOR_TYPE,
     "m,S",
     execute_store_param,
     .decode = DECODE_MEMORY},
    {.pattern = "st[.weak]" CACHE PLAIN_STORE, execute_store_generic, .decode = DECODE_MEMORY},
    {.pattern = "st" ORDER ".global" PLAIN_STORE, execute_store_global, .decode = DECODE_MEMORY},
    {.pattern = "st" ORDER ".{shared,shared::cta}" PLAIN_STORE,
     execute_store_shared,
     .decode = DECODE_MEMORY},
    {.pattern = "st" ORDER ".local" PLAIN_STORE, execute_store_local, .decode = DECODE_MEMORY},
    {.pattern = "st" ORDER PLAIN_STORE, execute_store_generic, .decode = DECODE_MEMORY},
};

EXECUTOR_TABLE(executor_memory);
