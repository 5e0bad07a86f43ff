/* Races in shared memory: two accesses to a byte with nothing that orders them. */
#ifndef LOCKSTEP_EMULATOR_CHECKS_RACE_H
#define LOCKSTEP_EMULATOR_CHECKS_RACE_H

#include "emulator/warps/place.h"

/* 0 when the launch does not check for races, or when there was memory for it. Blocks of a cluster
 * are opened and started in the order of their ranks. */
int race_open(struct block *block);
void race_close(struct block *block);
void race_start(struct block *block);
/* Lanes of the warp arrive at barrier `number` of its block. */
void race_arrive(struct warp *warp, uint32_t number, uint32_t lanes);
/* Lanes of the warp end, which counts as an arrival at every barrier for all threads of the
 * block. */
void race_exit(struct warp *warp, uint32_t lanes);
/* The barrier lets go those that wait at it; `for_all`: it was for all threads that had not
 * ended. */
void race_synchronise(struct block *block, uint32_t number, bool for_all);

/* The keys of what threads meet at: a place in shared memory, a phase of an mbarrier that lies
 * there, a phase of the cluster's barrier. Phases take turns, so that who comes late to one has not
 * seen the arrivals at the next. */
uint64_t race_key(const struct shared_place *place);
uint64_t race_phase_key(const struct shared_place *place, uint32_t phase);
uint64_t race_cluster_key(uint32_t phase);
/* What came before this in the lanes, lanes have seen that acquire the key later. */
void race_release(struct warp *warp, uint64_t key, uint32_t lanes);
void race_acquire(struct warp *warp, uint64_t key, uint32_t lanes);

enum race_flag {
    RACE_WRITE = 1,
    RACE_STRONG = 2,  /* does not race with its like */
    RACE_PENDING = 4, /* it may go on until it is waited for */
    RACE_BULK = 8,    /* a bulk copy's, or a read by wgmma */
    RACE_WARP = 16,   /* by all lanes of the warp together, whichever is named */
};

/* Lanes of the warp meet those that name the same mask, and those in it that wait elsewhere. What
 * each has done, the others have seen. */
void race_meet(struct warp *warp, const uint32_t masks[LANES], uint32_t lanes, uint32_t waiting);

/* An access of `size` bytes of shared memory, in a launch that checks for races; `flags` are of
 * enum race_flag. `value` has the bytes that are written, NULL: they are not known. */
void race_access(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 const struct shared_place *place, uint32_t size, unsigned flags,
                 const unsigned char *value);
/* An access of lanes to whole words of the block's own, neither strong nor a copy's. */
struct race_words {
    const uint64_t *offset; /* by lane */
    uint32_t mask, size;    /* bytes a lane */
};

/* `values` has the bytes that each lane stores; NULL: they load. */
void race_access_words(struct warp *warp, const struct instruction *instruction,
                       const struct race_words *words, const unsigned char (*values)[16]);
/* All lanes read the same words: as if `lane`, the last of them, did. False where that is not all
 * that there is to say. */
bool race_read_by_all(const struct warp *warp, const struct instruction *instruction, unsigned lane,
                      uint32_t offset, uint32_t size);
/* A cp.async was waited for, or an mbarrier is told of it; and then the mbarrier was, in a launch
 * that checks for races. */
void race_arrived(struct warp *warp, uint32_t address, uint32_t size);
void race_copy_arrived(struct warp *warp, uint32_t address, uint32_t size);
void race_copies_told(struct warp *warp, uint64_t key);
/* The warp has waited for copies of which it had told mbarriers. */
void race_copies_waited(struct warp *warp);
/* A read of the warp's goes on: whoever writes the bytes meanwhile races with it. */
void race_hold(struct warp *warp, const struct instruction *instruction, uint32_t address,
               uint32_t size);
/* Such reads of its warpgroup have come to their end. */
void race_let_go(struct warp *warp, uint32_t address, uint32_t size);
/* A bulk copy of the warp's has written; then its mbarrier is told of it. */
void race_bulk_arrived(struct warp *warp, const struct shared_place *place, uint32_t size);
void race_bulk_told(struct warp *warp, uint64_t key);
/* A bulk copy of the warp's has read, and was waited for. */
void race_bulk_read(struct warp *warp, const struct shared_place *place, uint32_t size);
/* A fence of the warp's; one that lies between its writes and bulk copies. */
void race_fence(struct warp *warp);
void race_proxy_fence(struct warp *warp);
/* A strong access to a place of any memory, which is known by its address or by race_key, in a
 * launch that checks for races. */
void race_strong(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 uint64_t key, bool is_read, bool is_write);

#endif
