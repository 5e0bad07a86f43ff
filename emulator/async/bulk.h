/* What bulk copies of bytes and of boxes of tensors share. */
#ifndef LOCKSTEP_EMULATOR_ASYNC_BULK_H
#define LOCKSTEP_EMULATOR_ASYNC_BULK_H

#include "emulator/async/transfer.h"

enum { BULK_ALIGNMENT = 16 };

/* The address in operand `k`, the `number`-th of the instruction's addresses. */
uint64_t bulk_address(const struct warp *warp, const struct instruction *instruction, unsigned lane,
                      unsigned k, unsigned number);

/* Finds the mbarrier in operand `k`, the `number`-th of the instruction's addresses, for a copy
 * whose destination is known: both lie in one block. False after a fault. */
bool bulk_find_mbarrier(struct warp *warp, const struct instruction *instruction, unsigned lane,
                        unsigned k, unsigned number, struct transfer *load);
/* Issues a load to the block that it names or, where operand `k` is there, to the blocks of the
 * cluster in that mask, each at the same offset, and tells each one's mbarrier. */
void bulk_issue(struct warp *warp, const struct instruction *instruction, unsigned lane,
                const struct transfer *load, unsigned k);
/* The same to all blocks of the cluster, and to each one's mbarrier. */
void bulk_issue_to_all(const struct transfer *load);
/* Copies bytes of a transfer, or reduces them with what is there. */
void bulk_apply(const struct transfer *transfer, unsigned char *to, const unsigned char *from,
                uint32_t bytes);
/* Bytes of shared memory that something has written, for the check of reads. */
void bulk_mark_written(const struct shared_place *place, uint32_t bytes);
/* Where `unwritten` is not 0 they are what nothing has written, as a load has found it. */
void bulk_mark_loaded(const struct shared_place *place, const unsigned char *unwritten,
                      uint32_t bytes);
/* False after a fault: a byte that a copy reads was never written. */
bool bulk_check_source(struct warp *warp, const struct instruction *instruction, unsigned lane,
                       const struct shared_place *place, uint32_t bytes);

#endif
