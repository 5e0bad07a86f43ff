/* Races in shared memory: two accesses to a byte with no barrier between them. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_RACE_H
#define LOCKSTEP_EMULATOR_EXECUTE_RACE_H

#include "emulator/execute/state.h"

/* 0 when the launch does not check for races, or when there was memory for it. */
int race_open(struct block *block);
void race_close(struct block *block);
void race_start(struct block *block);
/* The warp arrives at barrier `number`; BARRIERS stands for all mbarriers of the block together. */
void race_arrive(struct warp *warp, uint32_t number);
/* The warp has seen an mbarrier complete. */
void race_observe(struct warp *warp);
/* The barrier lets go those that wait at it. */
void race_synchronise(struct block *block, uint32_t number);
enum race_flag {
    RACE_WRITE = 1,
    RACE_STRONG = 2,  /* does not race with its like */
    RACE_PENDING = 4, /* a cp.async that may write until it is waited for */
};

/* The next access of the warp is another instruction's. */
void race_next(struct warp *warp);
/* An access of `size` bytes at an offset in shared memory, in a launch that checks for races; `flags`
 * are of enum race_flag. `value` has the bytes that are written, NULL: they are not known. */
void race_access(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 uint32_t address, uint32_t size, unsigned flags, const unsigned char *value);
/* A cp.async was waited for. */
void race_arrived(struct warp *warp, uint32_t address, uint32_t size);
/* A read of the warp's goes on: whoever writes the bytes meanwhile races with it. Or the reads of its
 * warpgroup have come to their end. */
void race_hold(struct warp *warp, uint32_t address, uint32_t size, bool goes_on);
/* A fence of the warp's. */
void race_fence(struct warp *warp);
/* A strong access to a place of any memory, in a launch that checks for races. */
void race_strong(struct warp *warp, const struct instruction *instruction, uint64_t address,
                 bool is_read, bool is_write);

#endif
