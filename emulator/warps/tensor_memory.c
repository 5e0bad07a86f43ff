/* The life of tensor memory. */
#include "emulator/warps/tensor_memory.h"

#include "emulator/warps/warp.h"

#include <stdlib.h>
#include <string.h>

int tensor_memory_open(struct block *block) {
    if (!block->launch->program->uses_tensor_memory)
        return 0;
    block->tensor = aligned_alloc(_Alignof(struct tensor_memory), sizeof *block->tensor);
    return block->tensor ? 0 : -1;
}

void tensor_memory_close(struct block *block) {
    free(block->tensor);
}

void tensor_memory_start(struct block *block) {
    enum { POISON = 0xff };
    struct tensor_memory *tensor = block->tensor;
    if (!tensor)
        return;
    memset(tensor, 0, sizeof *tensor);
    /* What it holds at first is undefined on a GPU; a NaN shows when something reads it. */
    memset(tensor->column, POISON, sizeof tensor->column);
}

void tensor_memory_end(struct block *block) {
    const struct tensor_memory *tensor = block->tensor;
    for (unsigned unit = 0; tensor && unit < TENSOR_UNITS; unit++) {
        if (!tensor->units[unit])
            continue;
        warp_fault(&block->warps[0], tensor->allocated_at[unit], MACHINE_ILLEGAL_INSTRUCTION, LANES,
                   (uint64_t)unit * TENSOR_UNIT,
                   "the block ends with %u columns of tensor memory allocated, from column %u on: "
                   "tcgen05.dealloc must free them",
                   tensor->units[unit] * TENSOR_UNIT, unit * TENSOR_UNIT);
        return;
    }
}

bool tensor_memory_holds(const struct block *block, uint32_t first, uint32_t columns) {
    const struct tensor_memory *tensor = block->tensor;
    if (columns == 0 || first >= TENSOR_COLUMNS || columns > TENSOR_COLUMNS - first)
        return false;
    const uint8_t owner = tensor->owner[first / TENSOR_UNIT];
    for (uint32_t unit = first / TENSOR_UNIT; unit <= (first + columns - 1) / TENSOR_UNIT; unit++)
        if (!owner || tensor->owner[unit] != owner)
            return false;
    return true;
}
