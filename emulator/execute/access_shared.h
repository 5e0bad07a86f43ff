/*
 * Accesses to shared memory: their bounds and their wavefronts. Of accesses that are one request
 * (emulator/assemble/join.h) one counts the wavefronts of all.
 */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_ACCESS_SHARED_H
#define LOCKSTEP_EMULATOR_EXECUTE_ACCESS_SHARED_H

#include "emulator/checks/check.h"
#include "emulator/memory/request.h"
#include "emulator/warps/access.h"
#include "emulator/warps/bounds.h"

enum { ACCESS_BYTES = 16 }; /* of a lane, at most */

static inline void site_learn_wavefronts(struct access_site *site, const struct access *access,
                                         const struct detail *detail) {
    struct request_wavefronts wavefronts = {0, 0};
    if (detail->request_bytes) {
        struct lanes64 begins;
        FOR_LANES(lane) {
            begins.at[lane] = access->address.at[lane] + (uint64_t)(int64_t)detail->request_offset;
        }
        wavefronts = request_wavefronts(&begins, access->mask, detail->request_bytes);
    }
    site->wavefronts = wavefronts.actual;
    site->wavefronts_ideal = wavefronts.ideal;
    site->low_bits = (uint32_t)(access->first % 4);
}

INLINE void count_shared_request(struct machine_counters *counters, const struct access_site *site,
                                 const struct detail *detail, uint64_t first, bool is_store) {
    const uint32_t bytes = detail->request_bytes;
    if (detail->spans_rounds && (first + (uint64_t)(int64_t)detail->request_offset) % ACCESS_BYTES)
        return;
    *(is_store ? &counters->shared_store_requests : &counters->shared_load_requests) += bytes != 0;
    counters->shared_requests_64 += bytes == 8;
    counters->shared_requests_128 += bytes == 16;
    counters->shared_wavefronts += site->wavefronts;
    counters->shared_wavefronts_ideal += site->wavefronts_ideal;
}

INLINE bool shared_access(struct warp *warp, const struct instruction *instruction,
                          const struct access *access, uint32_t bytes, bool is_store,
                          uint32_t *kind) {
    struct access_site *site = &warp->worker->sites[instruction->target];
    if (!site_matches(site, access) || site->low_bits != access->first % 4) {
        site_learn(site, access, bytes);
        site_learn_wavefronts(site, access, instruction->detail);
        if (!bounds_shared(warp, instruction, access, bytes, is_store)) {
            site->mask = 0;
            return false;
        }
    }
    uint64_t low = access->first + (uint64_t)site->first,
             high = access->first + (uint64_t)site->last;
    bool fits =
        access->first % bytes == 0 && low < high && high <= warp->block->launch->shared_bytes;
    if (!fits && !bounds_shared(warp, instruction, access, bytes, is_store))
        return false;
    count_shared_request(&warp->worker->counters, site, instruction->detail, access->first,
                         is_store);
    if (warp->block->launch->is_slow)
        check_shared_access(warp, instruction, access, is_store, site->kind);
    *kind = site->kind;
    return true;
}

#endif
