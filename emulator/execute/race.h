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
/* An access of `size` bytes at an offset in shared memory, in a launch that checks for races. */
void race_access(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 uint32_t address, uint32_t size, bool is_write, bool is_atomic);

#endif
