/* Checks on request: races, and reads of bytes that nothing has written. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_CHECK_H
#define LOCKSTEP_EMULATOR_EXECUTE_CHECK_H

#include "emulator/execute/place.h"

/* Memory for what the launch checks; -1 when there is none. */
int check_open(struct block *block);
void check_close(struct block *block);
void check_start(struct block *block);
/* An access of `size` bytes at an offset in shared memory; an atomic one reads and writes. `value`
 * has the bytes that a store writes, where they are known. */
void check_shared(struct warp *warp, const struct instruction *instruction, unsigned lane,
                  uint32_t address, uint32_t size, bool is_write, bool is_atomic,
                  const unsigned char *value);
enum check_flag {
    CHECK_READS = 1,
    CHECK_WRITES = 2,
    CHECK_PROXY = 4, /* through the asynchronous proxy, as bulk copies do */
};

/* The same in any block of the cluster; `flags` are of enum check_flag. */
void check_place(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 const struct shared_place *place, uint32_t size, unsigned flags);
void check_global(struct warp *warp, const struct instruction *instruction, unsigned lane,
                  uint64_t address, uint32_t size, bool is_write);

#endif
