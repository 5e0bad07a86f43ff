/* tcgen05.cp and .commit (PTX ISA 9.7.16.9.2, 9.7.16.12): copies from shared memory to tensor memory,
 * and what tells that a thread's work there is done. */
#include "emulator/tensor/operand.h"

#include "emulator/async/bulk.h"
#include "emulator/async/phase.h"
#include "emulator/decode/tensor.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

/* ---- Copies ---- */

/* Rows of the source go to lanes in order from `first`, `rows` of them, and again `step` lanes on. */
enum shape {
    SHAPE_128X256B,
    SHAPE_128X128B,
    SHAPE_64X128B_02_13,
    SHAPE_64X128B_01_23,
    SHAPE_32X128B
};

static unsigned rows_of(enum shape shape) {
    return shape <= SHAPE_128X128B ? TENSOR_LANES : shape == SHAPE_32X128B ? 32 : 64;
}

static unsigned chunks_of(enum shape shape) {
    return shape == SHAPE_128X256B ? 2 : 1;
}

/* The row of the source that a lane gets. */
static unsigned row_of(enum shape shape, unsigned lane) {
    return shape == SHAPE_64X128B_01_23 ? lane / 64 * 32 + lane % 32 : lane % rows_of(shape);
}

static bool open_source(const struct transfer *transfer, struct tensor_operand *source) {
    *source = (struct tensor_operand){
        .transfer = transfer, .name = "the source of tcgen05.cp", .type = TENSOR_TYPE_F32};
    if (matrix_descriptor_find(transfer->tensor.a, &source->matrix) && !source->matrix.is_by_pairs)
        return true;
    warp_fault(transfer->warp, transfer->instruction, MACHINE_ILLEGAL_INSTRUCTION, transfer->lane,
               0, "tcgen05.cp with the matrix descriptor 0x%016llx, which can be none",
               (unsigned long long)transfer->tensor.a);
    return false;
}

static void visit_source(const struct transfer *transfer, tensor_visitor *visit) {
    const enum shape shape = (enum shape)transfer->instruction->variant;
    struct tensor_operand source;
    struct block *blocks[TENSOR_PAIR];
    const unsigned count = tensor_blocks(transfer->warp, transfer->instruction, blocks);
    for (unsigned k = 0; k < count && open_source(transfer, &source); k++) {
        source.block = blocks[k];
        for (unsigned row = 0; row < rows_of(shape); row++)
            for (unsigned chunk = 0; chunk < chunks_of(shape); chunk++)
                visit(&source, matrix_chunk_along(&source.matrix, row, chunk));
    }
}

/* Whether something has written a word of shared memory. Copying another is no use of it. */
static bool is_written(const struct block *block, const uint8_t *word) {
    const uint8_t *written = block->shared_written;
    return !written || !memchr(written + (word - block->shared), 0, 4);
}

static void copy_to(const struct transfer *transfer, struct tensor_operand *source) {
    enum { WORDS = CHUNK_BYTES / 4 };
    const enum shape shape = (enum shape)transfer->instruction->variant;
    struct tensor_memory *tensor = source->block->tensor;
    for (unsigned lane = 0; lane < TENSOR_LANES; lane++) {
        for (unsigned chunk = 0; chunk < chunks_of(shape); chunk++) {
            uint32_t words[WORDS];
            const uint8_t *from = tensor_find_chunk(
                source, matrix_chunk_along(&source->matrix, row_of(shape, lane), chunk));
            if (!from)
                return;
            memcpy(words, from, sizeof words);
            for (unsigned k = 0; k < WORDS; k++) {
                const unsigned column = transfer->tensor.first + chunk * WORDS + k;
                tensor->column[column].group[lane / LANES].at[lane % LANES] = words[k];
                uint32_t *written = &tensor->written[column][lane / LANES];
                const uint32_t bit = UINT32_C(1) << lane % LANES;
                *written = is_written(source->block, from + (size_t)k * 4) ? *written | bit
                                                                           : *written & ~bit;
            }
        }
    }
}

static void copy(const struct transfer *transfer) {
    struct tensor_operand source;
    struct block *blocks[TENSOR_PAIR];
    const unsigned count = tensor_blocks(transfer->warp, transfer->instruction, blocks);
    for (unsigned k = 0; k < count && open_source(transfer, &source); k++) {
        source.block = blocks[k];
        copy_to(transfer, &source);
    }
    if (transfer->warp->block->race)
        visit_source(transfer, tensor_mark_done);
}

/* [to], descriptor */
static void issue_copy(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const enum shape shape = (enum shape)instruction->variant;
    const uint32_t to = (uint32_t)bulk_address(warp, instruction, lane, 0, 0);
    struct block *blocks[TENSOR_PAIR];
    struct transfer transfer = {.instruction = instruction,
                                .warp = warp,
                                .lane = lane,
                                .kind = TRANSFER_TENSOR,
                                .move = copy,
                                .tensor = {.a = value_read(warp, instruction->detail, 1, lane),
                                           .first = tensor_column(to),
                                           .columns = 4 * chunks_of(shape)}};
    struct tensor_operand source;
    if (!tensor_join_group(warp, instruction, lane) || !open_source(&transfer, &source))
        return;
    const unsigned count = tensor_blocks(warp, instruction, blocks);
    for (unsigned k = 0; k < count; k++) {
        const struct tensor_use use = {.block = blocks[k],
                                       .first = transfer.tensor.first,
                                       .columns = transfer.tensor.columns,
                                       .what = "tcgen05.cp"};
        if (!tensor_check_allocated(warp, instruction, lane, &use) ||
            !tensor_check_stored(warp, instruction, lane, &use))
            return;
    }
    struct transfer *added = transfer_add(warp, instruction, lane);
    if (!added)
        return;
    *added = transfer;
    if (warp->block->race)
        visit_source(&transfer, tensor_mark_read);
    warp->worker->counters.tensor_memory_copy_bytes +=
        (uint64_t)count * rows_of(shape) * chunks_of(shape) * CHUNK_BYTES;
}

/* ---- Commits ---- */

static void commit_to(struct warp *warp, const struct instruction *instruction, unsigned lane,
                      const struct shared_place *mbarrier) {
    if (!mbarrier_unpack(mbarrier_read(mbarrier)).is_valid) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, mbarrier->offset,
                   "tcgen05.commit to the block of rank %u, where no mbarrier lies at its offset",
                   mbarrier->block->rank);
        return;
    }
    struct transfer *commit = transfer_add(warp, instruction, lane);
    if (!commit)
        return;
    commit->kind = TRANSFER_COMMIT;
    commit->told = mbarrier->block;
    commit->has_mbarrier = true;
    commit->mbarrier = mbarrier->offset;
    mbarrier_wake(mbarrier);
    mbarrier->block->cluster->idle = 0;
}

/* [mbarrier] {, blocks} */
static void issue_commit(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    struct cluster *cluster = warp->block->cluster;
    struct shared_place place;
    if (!tensor_join_group(warp, instruction, lane) ||
        !place_find(warp, instruction, lane, bulk_address(warp, instruction, lane, 0, 0),
                    (struct place_size){MBARRIER_BYTES, MBARRIER_BYTES}, &place))
        return;
    uint32_t receivers = UINT32_C(1) << place.block->rank;
    if (instruction->detail->from_count > 1)
        receivers = (uint32_t)value_read(warp, instruction->detail, 1, lane) & 0xffff;
    if (!receivers || receivers >> cluster->size) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, 0,
                   "tcgen05.commit to the blocks of mask 0x%04x, where the cluster has %u",
                   receivers, cluster->size);
        return;
    }
    for (; receivers && !warp->is_faulted; receivers &= receivers - 1) {
        place.block = &cluster->blocks[lane_first(receivers)];
        commit_to(warp, instruction, lane, &place);
    }
}

/* ---- The table ---- */

static void execute_copy(struct warp *warp, const struct instruction *instruction) {
    for (uint32_t rest = warp->mask; rest && !warp->is_faulted; rest &= rest - 1)
        issue_copy(warp, instruction, lane_first(rest));
}

static void execute_commit(struct warp *warp, const struct instruction *instruction) {
    warp->communicated = true;
    for (uint32_t rest = warp->mask; rest && !warp->is_faulted; rest &= rest - 1)
        issue_commit(warp, instruction, lane_first(rest));
}

#define GROUP ".{cta_group::1,cta_group::2}"
#define COPY(shape_pattern, shape)                                                                 \
    {                                                                                              \
        .pattern = "tcgen05.cp" GROUP shape_pattern, "m,d", execute_copy, (shape),                 \
        .decode = DECODE_TENSOR                                                                    \
    }

static const struct instruction_row rows[] = {
    COPY(".128x256b", SHAPE_128X256B),
    COPY(".128x128b", SHAPE_128X128B),
    COPY(".64x128b.warpx2::02_13", SHAPE_64X128B_02_13),
    COPY(".64x128b.warpx2::01_23", SHAPE_64X128B_01_23),
    COPY(".32x128b.warpx4", SHAPE_32X128B),
    {.pattern = "tcgen05.commit" GROUP ".mbarrier::arrive::one[.shared::cluster].b64",
     "m",
     execute_commit,
     .decode = DECODE_TENSOR},
    {.pattern =
         "tcgen05.commit" GROUP ".mbarrier::arrive::one[.shared::cluster].multicast::cluster.b64",
     "m,h",
     execute_commit,
     .decode = DECODE_TENSOR},
};

const struct instruction_table tensor_copies = {rows, sizeof rows / sizeof rows[0]};
