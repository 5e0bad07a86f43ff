/* Allocation of tensor memory (PTX ISA 9.7.16.7). Blocks of a pair allocate at once; here each
 * takes the same columns of its own, since both ask for the same in the same order. */
#include "emulator/tensor/tensor.h"

#include "emulator/async/async.h"
#include "emulator/async/bulk.h"
#include "emulator/checks/check.h"
#include "emulator/matrix/matrix.h"
#include "emulator/warps/warp.h"

#include <string.h>

static bool has_size(struct warp *warp, const struct instruction *instruction, uint32_t columns) {
    if (columns >= TENSOR_UNIT && columns <= TENSOR_COLUMNS && (columns & (columns - 1)) == 0)
        return true;
    warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, 0, 0,
               "%u columns of tensor memory: their number is a power of two from 32 to 512",
               columns);
    return false;
}

/* The first unit of so many free ones, or TENSOR_UNITS. */
static unsigned find_free(const struct tensor_memory *tensor, unsigned units) {
    unsigned run = 0;
    for (unsigned unit = 0; unit < TENSOR_UNITS; unit++) {
        run = tensor->owner[unit] ? 0 : run + 1;
        if (run == units)
            return unit + 1 - units;
    }
    return TENSOR_UNITS;
}

static unsigned free_columns(const struct tensor_memory *tensor) {
    unsigned units = 0;
    for (unsigned unit = 0; unit < TENSOR_UNITS; unit++)
        units += tensor->owner[unit] == 0;
    return units * TENSOR_UNIT;
}

/* The first column, or TENSOR_COLUMNS after a fault. */
static unsigned take(struct warp *warp, const struct instruction *instruction, uint32_t columns) {
    struct tensor_memory *tensor = warp->block->tensor;
    const unsigned units = columns / TENSOR_UNIT, first = find_free(tensor, units);
    if (tensor->has_relinquished || first == TENSOR_UNITS) {
        if (tensor->has_relinquished)
            warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, 0, 0,
                       "tcgen05.alloc after the block's tcgen05.relinquish_alloc_permit");
        else
            warp_fault(warp, instruction, MACHINE_DEADLOCK, 0, 0,
                       "tcgen05.alloc waits for %u columns side by side: the block itself has all "
                       "but %u",
                       columns, free_columns(tensor));
        return TENSOR_COLUMNS;
    }
    tensor->units[first] = (uint8_t)units;
    tensor->allocated_at[first] = instruction;
    memset(tensor->owner + first, (int)first + 1, units);
    return first * TENSOR_UNIT;
}

/* [to], columns */
static void execute_allocate(struct warp *warp, const struct instruction *instruction) {
    struct shared_place place;
    uint32_t columns;
    if (!matrix_warp_is_whole(warp, instruction) || !tensor_join_group(warp, instruction, 0) ||
        !tensor_common(warp, instruction, 1, &columns) || !has_size(warp, instruction, columns) ||
        !place_find(warp, instruction, 0, bulk_address(warp, instruction, 0, 0, 0),
                    (struct place_size){sizeof columns, sizeof columns}, &place))
        return;
    const uint32_t first = take(warp, instruction, columns);
    if (first == TENSOR_COLUMNS)
        return;
    if (warp->block->launch->is_slow)
        check_place(warp, instruction, 0, &place, sizeof first, CHECK_WRITES | CHECK_WARP);
    memcpy(place.block->shared + place.offset, &first, sizeof first);
}

/* address, columns */
static void execute_free(struct warp *warp, const struct instruction *instruction) {
    struct tensor_memory *tensor = warp->block->tensor;
    uint32_t address, columns;
    if (!matrix_warp_is_whole(warp, instruction) || !tensor_join_group(warp, instruction, 0) ||
        !tensor_common(warp, instruction, 0, &address) ||
        !tensor_common(warp, instruction, 1, &columns) || !has_size(warp, instruction, columns))
        return;
    const uint32_t first = tensor_column(address), unit = first / TENSOR_UNIT;
    if (tensor_lane(address) || first >= TENSOR_COLUMNS || first % TENSOR_UNIT ||
        tensor->units[unit] * TENSOR_UNIT != columns) {
        warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, 0, address,
                   "tcgen05.dealloc of %u columns from column %u on, which is no allocation",
                   columns, first);
        return;
    }
    const struct tensor_use use = {.block = warp->block,
                                   .first = first,
                                   .columns = columns,
                                   .what = "tcgen05.dealloc",
                                   .writes = true};
    if (!tensor_check_idle(warp, instruction, 0, &use))
        return;
    memset(tensor->owner + unit, 0, tensor->units[unit]);
    memset(tensor->written + first, 0, columns * sizeof tensor->written[0]);
    tensor->units[unit] = 0;
}

static void execute_relinquish(struct warp *warp, const struct instruction *instruction) {
    if (matrix_warp_is_whole(warp, instruction) && tensor_join_group(warp, instruction, 0))
        warp->block->tensor->has_relinquished = true;
}

#define GROUP ".{cta_group::1,cta_group::2}"
#define ROW(pattern_, operands_, action)                                                           \
    { .pattern = (pattern_), (operands_), execute_##action, .decode = DECODE_TENSOR }

static const struct instruction_row rows[] = {
    ROW("tcgen05.alloc" GROUP ".sync.aligned[.shared::cta].b32", "m,w", allocate),
    ROW("tcgen05.dealloc" GROUP ".sync.aligned.b32", "w,w", free),
    ROW("tcgen05.relinquish_alloc_permit" GROUP ".sync.aligned", "", relinquish),
};

const struct instruction_table tensor_allocations = {rows, sizeof rows / sizeof rows[0]};
