/* The tables of tcgen05 (PTX ISA 9.7.16), and what its files ask of each other. */
#ifndef LOCKSTEP_EMULATOR_TENSOR_TENSOR_H
#define LOCKSTEP_EMULATOR_TENSOR_TENSOR_H

#include "emulator/async/transfer.h"
#include "emulator/warps/tensor_memory.h"

extern const struct instruction_table tensor_allocations, tensor_moves, tensor_copies,
    tensor_shifts, tensor_products;

enum { TENSOR_PAIR = 2 };

/* An address: its lane and its column. */
static inline uint32_t tensor_lane(uint32_t address) {
    return address >> 16;
}
static inline uint32_t tensor_column(uint32_t address) {
    return address & 0xffff;
}

/* The value that all lanes of the warp have in source `k`; false after a fault. */
bool tensor_common(struct warp *warp, const struct instruction *instruction, unsigned k,
                   uint32_t *value);
/* False after a fault: the kernel's instructions have another .cta_group, or ::2 has no other
 * block. */
bool tensor_join_group(struct warp *warp, const struct instruction *instruction, unsigned lane);
/* The blocks of the instruction's .cta_group, the even one first; their number. */
unsigned tensor_blocks(const struct warp *warp, const struct instruction *instruction,
                       struct block *blocks[TENSOR_PAIR]);

/* Columns of a block that an instruction uses. */
struct tensor_use {
    const struct block *block;
    uint32_t first, columns;
    const char *what;         /* such as "the matrix d" */
    const struct warp *lanes; /* those of this warp; NULL: all */
    bool writes;
};

/* False after a fault: no allocation has all of them. */
bool tensor_check_allocated(struct warp *warp, const struct instruction *instruction, unsigned lane,
                            const struct tensor_use *use);
/* For work that is about to begin: false after a fault, where the columns that it writes are not
 * all of an allocation of each of its blocks, or a tcgen05.st there has not been waited for. */
bool tensor_check_columns(const struct transfer *transfer, const char *what);
/* False after a fault, where that is checked: nothing has written those lanes of a column whose
 * bits are set in `lanes`; `what` names the matrix. */
bool tensor_check_written(const struct transfer *transfer, const struct block *block,
                          unsigned column, const struct tensor_column *lanes, const char *what);
/* False after a fault, for the check of races: a tcgen05.st there has not been waited for. */
bool tensor_check_stored(struct warp *warp, const struct instruction *instruction, unsigned lane,
                         const struct tensor_use *use);
/* The same, and nothing that is under way may still write them or, for an instruction that writes,
 * read them. */
bool tensor_check_idle(struct warp *warp, const struct instruction *instruction, unsigned lane,
                       const struct tensor_use *use);

#endif
