/*
 * Races between blocks in global memory, on request: two accesses to a byte by blocks of which none
 * has seen the other's, one of them a write.
 *
 * What a block does before it releases, a block has seen that acquires from it: by PTX's ordered
 * accesses, and by relaxed ones with fences; so grid barriers and tickets order. Whoever reads by a
 * strong access is behind the strong write that it observes, and behind the atomics that led to it,
 * without a fence: by observation order. Clusters count as one block, and threads of a block as
 * one: what is reported is a race, and races inside a block go unseen. A store of what is there
 * already is none. Launches that look for these races run on one host thread.
 */
#ifndef LOCKSTEP_EMULATOR_CHECKS_RACE_GLOBAL_H
#define LOCKSTEP_EMULATOR_CHECKS_RACE_GLOBAL_H

#include "emulator/warps/state.h"

/* For a launch of so many blocks; NULL when there is no memory. */
struct race_global *race_global_create(uint64_t blocks);
void race_global_destroy(struct race_global *race);

enum race_global_flag { RACE_GLOBAL_WRITE = 1, RACE_GLOBAL_STRONG = 2, RACE_GLOBAL_ATOMIC = 4 };

/* An access of a lane, before it is done. `value` has the bytes that are written, NULL: they are
 * not known. */
void race_global_access(struct warp *warp, const struct instruction *instruction, unsigned lane,
                        uint64_t address, uint32_t size, unsigned flags,
                        const unsigned char *value);
/* A fence of the warp's; and a strong access to a place of global memory. */
void race_global_fence(struct warp *warp);
void race_global_strong(struct warp *warp, const struct instruction *instruction, uint64_t address,
                        bool is_read, bool is_write);
/* The block has seen what those did that met at this key before. */
void race_global_meet(struct warp *warp, uint64_t key);

#endif
