/*
 * The tensor memory of a block (PTX ISA 9.7.16.1): 128 lanes by 512 columns of 32 bits, which warps
 * allocate by columns.
 *
 * On a GPU the blocks of a multiprocessor share it, and an allocation waits until there is room.
 * Here each block has all of it.
 */
#ifndef LOCKSTEP_EMULATOR_WARPS_TENSOR_MEMORY_H
#define LOCKSTEP_EMULATOR_WARPS_TENSOR_MEMORY_H

#include "emulator/arithmetic/tensor.h"
#include "emulator/warps/state.h"

enum {
    TENSOR_COLUMNS = 512,
    TENSOR_UNIT = 32, /* columns, of which allocations are made */
    TENSOR_UNITS = TENSOR_COLUMNS / TENSOR_UNIT
};

struct tensor_memory {
    struct tensor_column column[TENSOR_COLUMNS];
    /* Lanes of a column that something has written, a mask for each group: for the check of what is
     * read. */
    uint32_t written[TENSOR_COLUMNS][TENSOR_GROUPS];
    /* Units of the allocation that begins there, 0 for none; and of which unit an allocation has
     * each, counted from 1, 0 for a free one. */
    uint8_t units[TENSOR_UNITS], owner[TENSOR_UNITS];
    const struct instruction *allocated_at[TENSOR_UNITS];
    uint8_t group;         /* the .cta_group of the kernel's instructions, 0: none yet */
    bool has_relinquished; /* may allocate no more */
    /* By column and group of lanes: the tcgen05.st that has written there and that its warp has not
     * waited for, NULL for none; and the warp. */
    const struct instruction *stored_at[TENSOR_COLUMNS][TENSOR_GROUPS];
    uint16_t stored_by[TENSOR_COLUMNS][TENSOR_GROUPS];
};

/* For programs with tcgen05 alone; 0, or -1 when there is no memory. */
int tensor_memory_open(struct block *block);
void tensor_memory_close(struct block *block);
void tensor_memory_start(struct block *block);
/* All threads of the block have ended: what they have allocated they must have freed. */
void tensor_memory_end(struct block *block);

/* Whether one allocation has so many columns from `first` on. */
bool tensor_memory_holds(const struct block *block, uint32_t first, uint32_t columns);

#endif
