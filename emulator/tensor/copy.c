/*
 * tcgen05.cp and .commit (PTX ISA 9.7.16.9.2, 9.7.16.12): copies from shared memory to tensor
 * memory, and what tells that a thread's work there is done.
 *
 * Of 4x256b each row goes to the warp of its number, there to the lane of the address, as CuTe's
 * layout of SM100_UTCCP_4dp256bit has it. What is unpacked lies as tcgen05.mma takes it
 * (product.h).
 */
#include "emulator/tensor/operand.h"

#include "emulator/arithmetic/small_float.h"
#include "emulator/async/bulk.h"
#include "emulator/async/phase.h"
#include "emulator/decode/tensor.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

/* ---- Copies ---- */

enum shape {
    SHAPE_4X256B,
    SHAPE_128X256B,
    SHAPE_128X128B,
    SHAPE_64X128B_02_13,
    SHAPE_64X128B_01_23,
    SHAPE_32X128B
};

/* By shape: rows of the source, and their chunks. */
static const uint8_t rows_of[] = {[SHAPE_4X256B] = TENSOR_GROUPS,  [SHAPE_128X256B] = TENSOR_LANES,
                                  [SHAPE_128X128B] = TENSOR_LANES, [SHAPE_64X128B_02_13] = 64,
                                  [SHAPE_64X128B_01_23] = 64,      [SHAPE_32X128B] = 32};
static const uint8_t chunks_of[] = {
    [SHAPE_4X256B] = 2,        [SHAPE_128X256B] = 2,      [SHAPE_128X128B] = 1,
    [SHAPE_64X128B_02_13] = 1, [SHAPE_64X128B_01_23] = 1, [SHAPE_32X128B] = 1};

/* The row of the source that a lane gets, when the copy's address is in lane `first`; TENSOR_LANES:
 * none. */
static unsigned row_of(enum shape shape, unsigned first, unsigned lane) {
    if (shape == SHAPE_4X256B)
        return lane % LANES == first ? lane / LANES : TENSOR_LANES;
    return shape == SHAPE_64X128B_01_23 ? lane / 64 * 32 + lane % 32 : lane % rows_of[shape];
}

/* Bits of an element of the source that is unpacked to a byte; 8: nothing is unpacked. */
static unsigned bits_of(const struct instruction *instruction) {
    static const uint8_t packed[] = {6, 4};
    const signed char *choice = instruction->detail->choice;
    return choice[1] < 0 ? 8 : packed[choice[1]];
}

static void unpack(const uint8_t *chunk, unsigned bits, uint32_t words[CHUNK_BYTES / 4]) {
    uint8_t bytes[CHUNK_BYTES];
    small_float_unpack(chunk, bits, bytes);
    for (unsigned k = 0; k < CHUNK_BYTES && bits == 4; k++)
        bytes[k] = (uint8_t)(bytes[k] << TENSOR_E2M1_SHIFT);
    memcpy(words, bytes, sizeof bytes);
}

static bool open_source(const struct transfer *transfer, struct tensor_operand *source) {
    *source = (struct tensor_operand){.transfer = transfer,
                                      .name = "the source of tcgen05.cp",
                                      .type = TENSOR_TYPE_F32,
                                      .steps = 1};
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
        for (unsigned row = 0; row < rows_of[shape]; row++)
            for (unsigned chunk = 0; chunk < chunks_of[shape]; chunk++)
                visit(&source, matrix_chunk_along(&source.matrix, row, chunk));
    }
}

/* Whether something has written the bytes of shared memory that a word is of. Copying others is no
 * use of them. */
static bool is_written(const struct block *block, const uint8_t *bytes, unsigned count) {
    const uint8_t *written = block->shared_written;
    return !written || !memchr(written + (bytes - block->shared), 0, count);
}

/* Copies a chunk to the columns of a lane from `first` on. */
static void copy_chunk(const struct transfer *transfer, struct block *block, unsigned lane,
                       unsigned first, const uint8_t *from) {
    enum { WORDS = CHUNK_BYTES / 4 };
    struct tensor_memory *tensor = block->tensor;
    const unsigned bits = bits_of(transfer->instruction), bytes = bits / 2;
    const uint32_t bit = UINT32_C(1) << lane % LANES;
    uint32_t words[WORDS];
    unpack(from, bits, words);
    for (unsigned k = 0; k < WORDS; k++) {
        uint32_t *written = &tensor->written[first + k][lane / LANES];
        tensor->column[first + k].group[lane / LANES].at[lane % LANES] = words[k];
        *written =
            is_written(block, from + (size_t)k * bytes, bytes) ? *written | bit : *written & ~bit;
    }
}

static void copy_to(const struct transfer *transfer, struct tensor_operand *source) {
    const enum shape shape = (enum shape)transfer->instruction->variant;
    const unsigned first = tensor_lane(transfer->tensor.d);
    for (unsigned lane = 0; lane < TENSOR_LANES; lane++) {
        const unsigned row = row_of(shape, first, lane);
        for (unsigned chunk = 0; row < TENSOR_LANES && chunk < chunks_of[shape]; chunk++) {
            const uint8_t *from =
                tensor_find_chunk(source, matrix_chunk_along(&source->matrix, row, chunk));
            if (!from)
                return;
            copy_chunk(transfer, source->block, lane,
                       transfer->tensor.first + chunk * (CHUNK_BYTES / 4), from);
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

/* Any lane of a warp takes a row of 4x256b; other shapes begin in the first lane. */
static bool check_lane(const struct transfer *transfer) {
    const unsigned lane = tensor_lane(transfer->tensor.d);
    const bool is_of_warps = transfer->instruction->variant == SHAPE_4X256B;
    if (lane < (is_of_warps ? LANES : 1U))
        return true;
    warp_fault(transfer->warp, transfer->instruction, MACHINE_INVALID_ADDRESS, transfer->lane, lane,
               "tcgen05.cp begins in lane %u of tensor memory: %s", lane,
               is_of_warps ? "4x256b begins in the first 32" : "its shape begins in lane 0");
    return false;
}

/* [to], descriptor */
static void issue_copy(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const enum shape shape = (enum shape)instruction->variant;
    const uint32_t to = (uint32_t)bulk_address(warp, instruction, lane, 0, 0);
    struct transfer transfer = {.instruction = instruction,
                                .warp = warp,
                                .lane = lane,
                                .kind = TRANSFER_TENSOR,
                                .move = copy,
                                .tensor = {.a = value_read(warp, instruction->detail, 1, lane),
                                           .d = to,
                                           .first = tensor_column(to),
                                           .columns = 4U * chunks_of[shape]}};
    struct tensor_operand source;
    if (!tensor_join_group(warp, instruction, lane) || !open_source(&transfer, &source) ||
        !check_lane(&transfer) || !tensor_check_columns(&transfer, "tcgen05.cp"))
        return;
    struct transfer *added = transfer_add(warp, instruction, lane);
    if (!added)
        return;
    *added = transfer;
    if (warp->block->race)
        visit_source(&transfer, tensor_mark_read);
    warp->worker->counters.tensor_memory_copy_bytes +=
        (uint64_t)instruction->detail->tensor->group * rows_of[shape] * chunks_of[shape] *
        CHUNK_BYTES;
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
        .pattern = "tcgen05.cp" GROUP shape_pattern "[.{b8x16.b6x16_p32,b8x16.b4x16_p64}]", "m,d", \
        execute_copy, (shape), .decode = DECODE_TENSOR                                             \
    }

static const struct instruction_row rows[] = {
    COPY(".4x256b", SHAPE_4X256B),
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
