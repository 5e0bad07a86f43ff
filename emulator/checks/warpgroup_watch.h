/*
 * What is wrong around wgmma.
 *
 * Always: warps of a warpgroup that do not execute the same products with the same descriptors.
 *
 * With the check of races, what a product may still read or write until it was waited for:
 *   - its registers, touched by another instruction before the wgmma.wait_group that covers it;
 *   - the bytes of its operands, written by anyone before one warp of the warpgroup has waited, or
 *     by a thread with no fence.proxy.async behind it;
 * and registers that were touched behind the last wgmma.fence, and then given to a product.
 *
 * A mov passes on what it copies: compilers put copies between any two instructions, and the
 * assembler takes them out again. Constants that mov brings count as untouched for the same reason.
 * Only the kernel's own frame is watched, not those of functions that it calls.
 */
#ifndef LOCKSTEP_EMULATOR_CHECKS_WARPGROUP_WATCH_H
#define LOCKSTEP_EMULATOR_CHECKS_WARPGROUP_WATCH_H

#include "emulator/warps/state.h"

/* For programs with wgmma alone; 0, or -1 when there is no memory. */
int warpgroup_watch_open(struct block *block);
void warpgroup_watch_close(struct block *block);
void warpgroup_watch_start(struct block *block);
/* All threads of the block have ended. */
void warpgroup_watch_end(struct block *block);

/* A product that the warp is about to execute, with the descriptors of its operands; false after a
 * fault. */
bool warpgroup_watch_product(struct warp *warp, const struct instruction *instruction, uint64_t a,
                             uint64_t b);
/* Bytes of an operand in shared memory, which the product reads. */
void warpgroup_watch_read(struct warp *warp, const struct instruction *instruction,
                          uint32_t address, uint32_t size);
void warpgroup_watch_fence(struct warp *warp);
/* The warp has waited for all its groups below `complete`. */
void warpgroup_watch_wait(struct warp *warp, uint64_t complete);

#endif
