/*
 * With the check of races: a register that a tcgen05.ld loads is read before its warp has waited
 * for it with tcgen05.wait::ld.
 *
 * A mov passes on what it copies, as compilers put copies between any two instructions and the
 * assembler takes them out again. Only the kernel's own frame is watched, not those of functions
 * that it calls.
 */
#ifndef LOCKSTEP_EMULATOR_CHECKS_LOAD_WATCH_H
#define LOCKSTEP_EMULATOR_CHECKS_LOAD_WATCH_H

#include "emulator/warps/state.h"

/* For programs with tcgen05 alone; 0, or -1 when there is no memory. */
int load_watch_open(struct block *block);
void load_watch_close(struct block *block);
void load_watch_start(struct block *block);

/* The warp has executed a tcgen05.ld. */
void load_watch_add(struct warp *warp, const struct instruction *instruction);
/* The warp has waited for all of them. */
void load_watch_wait(struct warp *warp);

#endif
