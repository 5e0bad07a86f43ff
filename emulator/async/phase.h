/*
 * An mbarrier as it lies in shared memory, and its phases. PTX leaves the layout of its 64 bits
 * open. Here:
 *   bits 0-19   arrivals that the phase still waits for
 *   bits 20-39  arrivals that each phase expects
 *   bits 40-60  bytes that the phase still waits for, signed: they may come before they are
 *               expected
 *   bits 61-62  1: neither what shared memory is filled with nor zeros pass for an mbarrier
 *   bit 63      the parity of the phase
 */
#ifndef LOCKSTEP_EMULATOR_ASYNC_PHASE_H
#define LOCKSTEP_EMULATOR_ASYNC_PHASE_H

#include "emulator/warps/place.h"

enum { MBARRIER_BYTES = 8, MBARRIER_COUNT_LIMIT = (1 << 20) - 1, MBARRIER_PHASE_SHIFT = 63 };

struct mbarrier {
    uint32_t phase; /* 0 or 1 */
    uint32_t expected, pending;
    int32_t bytes;
    bool is_valid;
};

uint64_t mbarrier_pack(const struct mbarrier *mbarrier);
struct mbarrier mbarrier_unpack(uint64_t word);
/* The 64 bits that lie at a place. */
uint64_t mbarrier_read(const struct shared_place *place);
void mbarrier_write(const struct shared_place *place, uint64_t word);

/* Writes the mbarrier back, in its next phase where nothing is missing; then who sleeps there looks
 * again. */
void mbarrier_settle(const struct shared_place *place, struct mbarrier *mbarrier);
/* Lanes that sleep there look again. */
void mbarrier_wake(const struct shared_place *place);
/* Adds to the bytes that the phase waits for. False when they are more than an mbarrier can
 * count. */
bool mbarrier_add_bytes(struct mbarrier *mbarrier, int64_t bytes);

#endif
