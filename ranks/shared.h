/* Inside the memory that the ranks of a machine share. For the files of this room alone.
 *
 * A rank's segment holds what it says of the arrays that it sums, room for a piece of them, and
 * arrays that were allocated there. */
#ifndef LOCKSTEP_RANKS_SHARED_H
#define LOCKSTEP_RANKS_SHARED_H

#include "ranks/state.h"

enum {
    LINE_BYTES = 64,
    PAGE_BYTES = 4096,
    /* A piece should fit the second cache, and there should be few: two meetings of each are
     * lost. */
    PIECE_BYTES = 512 << 10,
    SEGMENT_PIECE = PAGE_BYTES,
    SEGMENT_ARRAYS = SEGMENT_PIECE + PIECE_BYTES,
    /* Four million parameters, their moments and gradients. Pages unused take nothing. */
    ARRAYS_BYTES = 64 << 20
};

static inline char *shared_segment(const struct ranks *ranks, int number) {
    return ranks->segments[number];
}

/* Where memory lies in this rank's segment, if ranks_allocate() gave it, and 0 otherwise. */
size_t shared_place(const struct ranks *ranks, const void *memory);

/* This rank's own part of a mean, in its place. false, on all ranks, with nothing done: not all
 * arrays lie in shared memory. */
bool shared_mean_own(struct ranks *ranks, const struct ranks_mean *mean,
                     float *const updated[RANKS_UPDATED_MAX]);

#endif
