/*
 * Copies that go on beside the warps, from their issue to their arrival.
 *
 * A GPU may move the data at any time in between. Here it moves as late as it can: when somebody
 * waits for the mbarrier or for the group that tells of it, or when the cluster ends. So a kernel
 * that forgets to wait finds what was there before, and one that changes a source too early sends
 * what it wrote.
 */
#ifndef LOCKSTEP_EMULATOR_ASYNC_TRANSFER_H
#define LOCKSTEP_EMULATOR_ASYNC_TRANSFER_H

#include "emulator/async/tile.h"
#include "emulator/warps/place.h"

enum { TRANSFER_VALUE_BYTES = 16, TRANSFER_LANE_WORDS = 8 };

enum transfer_kind {
    TRANSFER_COPY,
    TRANSFER_TENSOR, /* work in tensor memory, which a commit of its thread tells of */
    TRANSFER_COMMIT, /* an arrival at an mbarrier, when what its thread has begun before is done */
};

/* What tcgen05.mma reads in tensor memory beside d; no columns where it has no such operand
 * there. */
enum transfer_read { READ_A, READ_A_SCALES, READ_B_SCALES, READ_METADATA, TRANSFER_READS };

struct transfer_columns {
    uint32_t first, columns;
};

/* What tcgen05.mma, .cp or .shift does in tensor memory. */
struct transfer_tensor {
    uint64_t a, b;           /* matrix descriptors; a may be an address */
    uint32_t d, description; /* an address, and the instruction descriptor */
    uint32_t first, columns; /* that it writes, of each of its blocks */
    struct transfer_columns reads[TRANSFER_READS];
    uint32_t blocked[TRANSFER_LANE_WORDS]; /* lanes that stay as they are, by block */
    uint64_t mask;                         /* of columns of b, 0: none */
    bool accumulates;
    bool shifts_a; /* and so writes a */
};

struct transfer;
typedef void transfer_function(const struct transfer *transfer);

struct transfer {
    const struct instruction *instruction;
    struct warp *warp; /* of the thread that issued it */
    unsigned lane;
    uint8_t kind; /* enum transfer_kind */
    transfer_function *move;
    struct shared_place shared; /* where it writes or, to global memory, reads */
    struct shared_place source; /* where it reads between shared memories */
    struct tile tile;           /* a box of a tensor in global memory, */
    uint64_t global;            /* or bytes there */
    uint32_t bytes;
    uint16_t left_out;      /* bytes of every sixteen that a store leaves out, a bit for each */
    uint32_t element_bytes; /* of a reduction, whose operation (execute/atomic.h) comes next; 0: it
                               copies */
    unsigned operation;
    bool has_mbarrier;
    uint32_t mbarrier;                         /* in the block that it writes to, */
    struct block *told;                        /* or in the other block of its pair */
    uint32_t group;                            /* without an mbarrier: the thread's group */
    unsigned char value[TRANSFER_VALUE_BYTES]; /* of a store */
    struct transfer_tensor tensor;
};

void transfer_start(struct cluster *cluster);
void transfer_close(struct cluster *cluster);
/* Adds a copy of the lane that is filled in by the caller; NULL after a fault: no host memory. It
 * is valid until the next one is added. */
struct transfer *transfer_add(struct warp *warp, const struct instruction *instruction,
                              unsigned lane);
/* For the check of races: what the copy reads in shared memory is read, and what it writes may be
 * written, from now on. */
void transfer_mark(const struct transfer *transfer);
/* Moves what is under way to an mbarrier; false when there is nothing. */
bool transfer_deliver(const struct shared_place *mbarrier);
/* Moves what a thread has committed in groups, but for those numbered from `before` on. */
void transfer_deliver_groups(const struct warp *warp, unsigned lane, uint32_t before);
/* Moves what the cluster's threads have not waited for. */
void transfer_finish(struct cluster *cluster);

#endif
