/* Phases of mbarriers. */
#include "emulator/async/phase.h"

#include <string.h>

enum {
    EXPECTED_SHIFT = 20,
    BYTES_SHIFT = 40,
    BYTES_MASK = (1 << 21) - 1,
    VALID_SHIFT = 61,
};

uint64_t mbarrier_pack(const struct mbarrier *mbarrier) {
    return (uint64_t)mbarrier->phase << MBARRIER_PHASE_SHIFT |
           (uint64_t)mbarrier->is_valid << VALID_SHIFT |
           ((uint64_t)(uint32_t)mbarrier->bytes & BYTES_MASK) << BYTES_SHIFT |
           (uint64_t)mbarrier->expected << EXPECTED_SHIFT | mbarrier->pending;
}

struct mbarrier mbarrier_unpack(uint64_t word) {
    const int32_t bytes = (int32_t)(word >> BYTES_SHIFT & BYTES_MASK);
    return (struct mbarrier){.phase = (uint32_t)(word >> MBARRIER_PHASE_SHIFT),
                             .expected = (uint32_t)(word >> EXPECTED_SHIFT & MBARRIER_COUNT_LIMIT),
                             .pending = (uint32_t)(word & MBARRIER_COUNT_LIMIT),
                             .bytes = bytes > MBARRIER_COUNT_LIMIT ? bytes - BYTES_MASK - 1 : bytes,
                             .is_valid = (word >> VALID_SHIFT & 3) == 1};
}

uint64_t mbarrier_read(const struct shared_place *place) {
    uint64_t word;
    memcpy(&word, place->block->shared + place->offset, sizeof word);
    return word;
}

void mbarrier_write(const struct shared_place *place, uint64_t word) {
    memcpy(place->block->shared + place->offset, &word, sizeof word);
}

static void wake(const struct shared_place *place, bool has_ended) {
    for (uint32_t k = 0; k < place->block->warp_count; k++) {
        struct warp *warp = &place->block->warps[k];
        for (uint32_t rest = warp->mbarrier_wait; rest; rest &= rest - 1) {
            const unsigned lane = lane_first(rest);
            if (warp->mbarrier_at[lane] != place->offset)
                continue;
            warp->mbarrier_wait &= ~(UINT32_C(1) << lane);
            warp->mbarrier_ended |= (uint32_t)has_ended << lane;
        }
    }
}

void mbarrier_wake(const struct shared_place *place) {
    wake(place, false);
}

void mbarrier_settle(const struct shared_place *place, struct mbarrier *mbarrier) {
    if (mbarrier->pending == 0 && mbarrier->bytes == 0) {
        mbarrier->phase ^= 1;
        mbarrier->pending = mbarrier->expected;
        wake(place, true);
    }
    place->block->cluster->idle = 0;
    mbarrier_write(place, mbarrier_pack(mbarrier));
}

bool mbarrier_add_bytes(struct mbarrier *mbarrier, int64_t bytes) {
    const int64_t sum = mbarrier->bytes + bytes;
    if (sum > MBARRIER_COUNT_LIMIT || sum < -MBARRIER_COUNT_LIMIT)
        return false;
    mbarrier->bytes = (int32_t)sum;
    return true;
}
