/* What all of tcgen05 asks: whose tensor memory it is, whether it is allocated, and whether it is
 * in use. */
#include "emulator/tensor/tensor.h"

#include "emulator/decode/tensor.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

bool tensor_common(struct warp *warp, const struct instruction *instruction, unsigned k,
                   uint32_t *value) {
    *value = (uint32_t)value_read(warp, instruction->detail, k, 0);
    for (unsigned lane = 1; lane < LANES; lane++) {
        if ((uint32_t)value_read(warp, instruction->detail, k, lane) == *value)
            continue;
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, 0,
                   "an operand of tcgen05 that differs among the lanes of a warp");
        return false;
    }
    return true;
}

bool tensor_join_group(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const struct block *block = warp->block;
    const uint8_t group = instruction->detail->tensor->group;
    const bool is_alone = group == TENSOR_PAIR && (block->rank ^ 1) >= block->cluster->size;
    if (!is_alone && (!block->tensor->group || block->tensor->group == group)) {
        block->tensor->group = group;
        return true;
    }
    warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, 0, "%s",
               is_alone ? ".cta_group::2 in a cluster that has no other block for a pair"
                        : "all tcgen05 instructions of a kernel must have one .cta_group");
    return false;
}

unsigned tensor_blocks(const struct warp *warp, const struct instruction *instruction,
                       struct block *blocks[TENSOR_PAIR]) {
    struct block *all = warp->block->cluster->blocks;
    if (instruction->detail->tensor->group != TENSOR_PAIR) {
        blocks[0] = warp->block;
        return 1;
    }
    blocks[0] = &all[warp->block->rank & ~1U];
    blocks[1] = &all[warp->block->rank | 1U];
    return TENSOR_PAIR;
}

bool tensor_check_allocated(struct warp *warp, const struct instruction *instruction, unsigned lane,
                            const struct tensor_use *use) {
    if (tensor_memory_holds(use->block, use->first, use->columns))
        return true;
    warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, use->first,
               "%s takes %u columns of tensor memory from column %u on, which are not all of one "
               "allocation of the block%s",
               use->what, use->columns, use->first,
               use->block == warp->block ? "" : " that it is paired with");
    return false;
}

bool tensor_check_written(const struct transfer *transfer, const struct block *block,
                          unsigned column, const struct tensor_column *lanes, const char *what) {
    for (unsigned group = 0; group < TENSOR_GROUPS; group++) {
        uint32_t wanted = 0;
        for (unsigned lane = 0; lane < LANES; lane++)
            wanted |= (lanes->group[group].at[lane] & 1) << lane;
        wanted &= ~block->tensor->written[column][group];
        if (!wanted || !block->launch->options.check_init)
            continue;
        warp_fault(transfer->warp, transfer->instruction, MACHINE_CHECK_FAILED, transfer->lane,
                   column,
                   "uninitialised read in tensor memory: nothing has written lane %u of "
                   "column %u, which is of %s",
                   group * LANES + lane_first(wanted), column, what);
        return false;
    }
    return true;
}

static bool overlaps(const struct tensor_use *use, uint32_t first, uint32_t columns) {
    return use->first < first + columns && first < use->first + use->columns;
}

static bool reads_any(const struct transfer_tensor *tensor, const struct tensor_use *use) {
    for (unsigned k = 0; k < TRANSFER_READS; k++)
        if (overlaps(use, tensor->reads[k].first, tensor->reads[k].columns))
            return true;
    return false;
}

static bool writes_any(const struct transfer_tensor *tensor, const struct tensor_use *use) {
    const struct transfer_columns *a = &tensor->reads[READ_A];
    return overlaps(use, tensor->first, tensor->columns) ||
           (tensor->shifts_a && overlaps(use, a->first, a->columns));
}

static bool works_in(const struct transfer *transfer, const struct block *block) {
    struct block *blocks[TENSOR_PAIR];
    const unsigned count = tensor_blocks(transfer->warp, transfer->instruction, blocks);
    return blocks[0] == block || (count == TENSOR_PAIR && blocks[1] == block);
}

bool tensor_check_stored(struct warp *warp, const struct instruction *instruction, unsigned lane,
                         const struct tensor_use *use) {
    const struct tensor_memory *tensor = use->block->tensor;
    for (uint32_t k = 0; k < use->columns * TENSOR_GROUPS; k++) {
        const uint32_t column = use->first + k / TENSOR_GROUPS, group = k % TENSOR_GROUPS;
        const struct instruction *store = tensor->stored_at[column][group];
        const uint16_t by = tensor->stored_by[column][group];
        const bool is_other = use->lanes && group != use->lanes->index % TENSOR_GROUPS;
        const bool is_own = use->lanes && use->writes && by == use->lanes->index;
        if (!store || is_other || is_own)
            continue;
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane, column,
                   "%s takes column %u of tensor memory, which the tcgen05.st at PTX line %u may "
                   "still write: warp %u must wait for it (tcgen05.wait::st)",
                   use->what, column, store->detail->source->place.line, by);
        return false;
    }
    return true;
}

bool tensor_check_columns(const struct transfer *transfer, const char *what) {
    struct block *blocks[TENSOR_PAIR];
    const unsigned count = tensor_blocks(transfer->warp, transfer->instruction, blocks);
    for (unsigned k = 0; k < count; k++) {
        const struct tensor_use use = {.block = blocks[k],
                                       .first = transfer->tensor.first,
                                       .columns = transfer->tensor.columns,
                                       .what = what};
        if (!tensor_check_allocated(transfer->warp, transfer->instruction, transfer->lane, &use) ||
            !tensor_check_stored(transfer->warp, transfer->instruction, transfer->lane, &use))
            return false;
    }
    return true;
}

bool tensor_check_idle(struct warp *warp, const struct instruction *instruction, unsigned lane,
                       const struct tensor_use *use) {
    const struct cluster *cluster = warp->block->cluster;
    if (!warp->block->launch->options.check_race)
        return true;
    for (size_t k = 0; k < cluster->transfer_count; k++) {
        const struct transfer *transfer = &cluster->transfers[k];
        const struct transfer_tensor *tensor = &transfer->tensor;
        if (transfer->kind != TRANSFER_TENSOR || !works_in(transfer, use->block))
            continue;
        const bool is_written = writes_any(tensor, use);
        if (!is_written && !(use->writes && reads_any(tensor, use)))
            continue;
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane, use->first,
                   "%s takes columns of tensor memory that the tcgen05.%s at PTX line %u may still "
                   "%s: nobody has waited at the mbarrier of a tcgen05.commit behind it",
                   use->what, transfer->instruction->detail->source->modifiers[0],
                   transfer->instruction->detail->source->place.line,
                   is_written ? "write" : "read");
        return false;
    }
    return tensor_check_stored(warp, instruction, lane, use);
}
