/*
 * What one request of a warp moves: sectors of global memory, wavefronts of shared memory
 * (docs/emulator.md, "Counters", has the definitions). For the instructions that go lane by lane;
 * plain loads and stores keep theirs with the instruction (execute/access_site.h).
 */
#ifndef LOCKSTEP_EMULATOR_MEMORY_REQUEST_H
#define LOCKSTEP_EMULATOR_MEMORY_REQUEST_H

#include "emulator/lanes/lanes.h"
#include "emulator/memory/memory.h"

/* The different sectors of one request. A zeroed set is empty. */
struct request_sectors {
    uint64_t sectors[LANES];
    uint32_t count;
};

/* Adds the sector of `address`, which lies in `range`, and marks it touched. */
void request_touch(struct request_sectors *set, struct memory_range *range, uint64_t address);

struct request_wavefronts {
    uint32_t actual, ideal;
};

/* A load or store of `bytes` a lane at offsets in shared memory, by the lanes in `mask`. */
struct request_wavefronts request_wavefronts(const struct lanes64 *offsets, uint32_t mask,
                                             uint32_t bytes);
/* An atomic: lanes that act on one word take a wavefront each. */
struct request_wavefronts request_atomic_wavefronts(const struct lanes64 *offsets, uint32_t mask,
                                                    uint32_t bytes);

static inline void request_count_wavefronts(struct machine_counters *counters,
                                            struct request_wavefronts wavefronts) {
    counters->shared_wavefronts += wavefronts.actual;
    counters->shared_wavefronts_ideal += wavefronts.ideal;
}

#endif
