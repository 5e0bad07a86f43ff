/* Checks on request: races, and reads of bytes that nothing has written. */
#ifndef LOCKSTEP_EMULATOR_CHECKS_CHECK_H
#define LOCKSTEP_EMULATOR_CHECKS_CHECK_H

#include "emulator/warps/place.h"

/* Memory for what the launch checks; -1 when there is none. */
int check_open(struct block *block);
void check_close(struct block *block);
void check_start(struct block *block);
enum check_flag {
    CHECK_READS = 1,
    CHECK_WRITES = 2,
    CHECK_PROXY = 4,  /* through the asynchronous proxy, as bulk copies do */
    CHECK_LATER = 8,  /* who loads or stores follows unwritten values himself (undefined.h) */
    CHECK_WARP = 16,  /* by all lanes of the warp together: none of them races with it */
    CHECK_MOVES = 32, /* what is read goes on as it is: unwritten bytes are no fault yet */
};

/* An access of a lane to `size` bytes in shared memory, in any block of the cluster; an atomic one
 * reads and writes. `flags` are of enum check_flag. Reading what nothing has written is a fault. */
void check_place(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 const struct shared_place *place, uint32_t size, unsigned flags);
void check_global(struct warp *warp, const struct instruction *instruction, unsigned lane,
                  uint64_t address, uint32_t size, bool is_write);

/* The same as far as it concerns races. */
void check_global_race(struct warp *warp, const struct instruction *instruction, unsigned lane,
                       uint64_t address, uint32_t size, bool is_write);

struct access;

/* Accesses of a warp, whose lanes lie within their memory; `kind` says how (access_site.h).
 * Unwritten values that they load are followed. */
void check_shared_access(struct warp *warp, const struct instruction *instruction,
                         const struct access *access, bool is_store, uint32_t kind);
void check_global_access(struct warp *warp, const struct instruction *instruction,
                         const struct access *access, bool is_store, uint32_t kind);
void check_local_access(struct warp *warp, const struct instruction *instruction,
                        const struct access *access, bool is_store);

/* Elements that go one by one, at a generic address of shared or global memory: whether something
 * has written any of the bytes, and that source `k` of a lane is stored there. */
bool check_is_written(const struct warp *warp, uint64_t address, uint32_t size);
void check_store(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 unsigned k, uint64_t address, uint32_t size);

#endif
