/* What a bulk copy moves through global memory: its bounds, and its sectors. */
#ifndef LOCKSTEP_EMULATOR_ASYNC_TRAFFIC_H
#define LOCKSTEP_EMULATOR_ASYNC_TRAFFIC_H

#include "emulator/warps/state.h"

/* One copy of a lane; zeroed but for these. */
struct traffic {
    struct warp *warp;
    const struct instruction *instruction;
    unsigned lane;
    bool is_store;
    uint64_t next;    /* the sector behind the last one */
    uint64_t sectors; /* different ones from one span to the next */
};

/* Adds bytes that lie side by side; false after a fault, where they are not all allocated. */
bool traffic_add(struct traffic *traffic, uint64_t address, uint32_t bytes);
/* Counts the copy, which writes `bytes` in all. */
void traffic_count(const struct traffic *traffic, uint64_t bytes);
/* False, or a flag in `unwritten` for each of the bytes that nothing has written, in a launch that
 * checks for such bytes. */
bool traffic_find_unwritten(const struct block *block, uint64_t address, uint32_t bytes,
                            unsigned char *unwritten);

#endif
