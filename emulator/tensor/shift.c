/* tcgen05.shift, and the shift behind a tcgen05.mma. */
#include "emulator/tensor/shift.h"

#include "emulator/async/bulk.h"
#include "emulator/warps/warp.h"

#include <string.h>

void shift_rows(struct block *block, unsigned first) {
    enum { LAST = LANES - 1 };
    struct tensor_memory *tensor = block->tensor;
    for (unsigned column = first; column < first + SHIFT_COLUMNS; column++) {
        for (unsigned group = 0; group < TENSOR_GROUPS; group++) {
            uint32_t *lanes = tensor->column[column].group[group].at;
            uint32_t *written = &tensor->written[column][group];
            memmove(lanes, lanes + 1, LAST * sizeof *lanes);
            *written = *written >> 1 | (*written & UINT32_C(1) << LAST);
        }
    }
}

static void move_rows(const struct transfer *transfer) {
    struct block *blocks[TENSOR_PAIR];
    const unsigned count = tensor_blocks(transfer->warp, transfer->instruction, blocks);
    for (unsigned k = 0; k < count; k++)
        shift_rows(blocks[k], transfer->tensor.first);
}

/* PTX asks for a multiple of 32. Which lanes another one than 0 means is said nowhere. */
static bool check_lane(const struct transfer *transfer) {
    const unsigned lane = tensor_lane(transfer->tensor.d);
    if (lane == 0)
        return true;
    warp_fault(transfer->warp, transfer->instruction, MACHINE_INVALID_ADDRESS, transfer->lane, lane,
               "tcgen05.shift begins in lane %u of tensor memory: %s", lane,
               lane % LANES ? "it begins at a multiple of 32"
                            : "the emulator lacks others than lane 0");
    return false;
}

/* [rows] */
static void issue(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const uint32_t address = (uint32_t)bulk_address(warp, instruction, lane, 0, 0);
    const struct transfer shift = {
        .instruction = instruction,
        .warp = warp,
        .lane = lane,
        .kind = TRANSFER_TENSOR,
        .move = move_rows,
        .tensor = {.d = address, .first = tensor_column(address), .columns = SHIFT_COLUMNS}};
    if (!tensor_join_group(warp, instruction, lane) || !check_lane(&shift) ||
        !tensor_check_columns(&shift, "tcgen05.shift"))
        return;
    struct transfer *added = transfer_add(warp, instruction, lane);
    if (added)
        *added = shift;
}

static void execute_shift(struct warp *warp, const struct instruction *instruction) {
    for (uint32_t rest = warp->mask; rest && !warp->is_faulted; rest &= rest - 1)
        issue(warp, instruction, lane_first(rest));
}

static const struct instruction_row rows[] = {
    {.pattern = "tcgen05.shift.{cta_group::1,cta_group::2}.down",
     "m",
     execute_shift,
     .decode = DECODE_TENSOR},
};

const struct instruction_table tensor_shifts = {rows, sizeof rows / sizeof rows[0]};
