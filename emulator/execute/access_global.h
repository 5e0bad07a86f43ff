/* Accesses to global memory: their bounds and their sectors. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_ACCESS_GLOBAL_H
#define LOCKSTEP_EMULATOR_EXECUTE_ACCESS_GLOBAL_H

#include "emulator/warps/access.h"
#include "emulator/warps/bounds.h"

/* ---- Sectors ---- */

/* How many different sectors the lanes touch. Counted by inserting into a small open table. */
static inline uint32_t count_sectors(const struct access *access) {
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

static inline void site_learn_phase(struct access_site *site, unsigned k,
                                    const struct access *access) {
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

static inline void touch_scattered(struct memory_range *range, const struct access *access) {
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

/* Finds the allocation that holds all lanes; false when none does, one is misaligned, or it may not
 * be written. */
static inline bool site_find_range(struct warp *warp, struct access_site *site,
                                   const struct access *access, uint32_t bytes, bool is_store) {
    uint64_t low = access->first + (uint64_t)site->first;
    uint64_t misaligned = 0;
    for (unsigned lane = 0; lane < LANES; lane++)
        misaligned |= access->address.at[lane];
    if (misaligned % bytes != 0)
        return false;
    site->range =
        memory_find_all(warp->block->launch->memory, low, (size_t)(site->last - site->first));
    if (site->range && is_store && site->range->is_read_only)
        return false;
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
static inline uint32_t touch_ranges(struct warp *warp, const struct access *access) {
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
    if (!fits && !site_find_range(warp, site, access, bytes, is_store)) {
        site->range = NULL;
        if (!bounds_global(warp, instruction, access, bytes, is_store))
            return false;
        *sectors = touch_ranges(warp, access);
        *kind = PATTERN_GATHER;
        return true;
    }
    *sectors = site_sectors(site, access);
    *kind = site->kind;
    return true;
}

#endif
