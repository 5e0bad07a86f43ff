/*
 * Loads and stores between registers and tensor memory (PTX ISA 9.7.16.8). They are done when they
 * are issued; what a kernel does before it has waited for them is the business of the checks.
 */
#include "emulator/tensor/tensor.h"

#include "emulator/checks/load_watch.h"
#include "emulator/checks/undefined.h"
#include "emulator/decode/tensor.h"
#include "emulator/matrix/matrix.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

enum shape { SHAPE_32X32B, SHAPE_16X64B, SHAPE_16X128B, SHAPE_16X256B, SHAPE_16X32BX2 };
enum { HALF_LANES = LANES / 2 };

/* One load or store of a warp. */
struct move {
    struct warp *warp;
    const struct instruction *instruction;
    enum shape shape;
    bool is_packed;          /* a register has the lower halves of two neighbouring columns */
    uint32_t registers;      /* a lane */
    uint32_t lane, first;    /* where it begins */
    uint32_t split, columns; /* of 16x32bx2: how far the upper lanes begin; columns in all */
};

/* Registers for each step of .num, and columns of 32 bits. */
static const uint8_t steps[] = {[SHAPE_32X32B] = 1,
                                [SHAPE_16X64B] = 1,
                                [SHAPE_16X128B] = 2,
                                [SHAPE_16X256B] = 4,
                                [SHAPE_16X32BX2] = 1};
static const uint8_t widths[] = {[SHAPE_32X32B] = 1,
                                 [SHAPE_16X64B] = 2,
                                 [SHAPE_16X128B] = 4,
                                 [SHAPE_16X256B] = 8,
                                 [SHAPE_16X32BX2] = 1};

struct cell {
    uint32_t lane, column;
};

/* Where register `number` of thread `thread` lies, a register being a column. */
static struct cell cell_of(enum shape shape, uint32_t thread, uint32_t number) {
    switch (shape) {
    case SHAPE_16X64B:
        return (struct cell){thread % 2 * 8 + thread / 4, thread / 2 % 2 + 2 * number};
    case SHAPE_16X128B:
        return (struct cell){thread / 4 + number % 2 * 8, thread % 4 + number / 2 * 4};
    case SHAPE_16X256B:
        return (struct cell){thread / 4 + number / 2 % 2 * 8,
                             thread % 4 * 2 + number % 2 + number / 4 * 8};
    case SHAPE_16X32BX2:
        return (struct cell){thread % HALF_LANES, number};
    case SHAPE_32X32B:
    default:
        return (struct cell){thread, number};
    }
}

/* Its first column, counted in all of tensor memory, and its lane. */
static struct cell find_cell(const struct move *move, uint32_t thread, uint32_t number) {
    struct cell cell = cell_of(move->shape, thread, number);
    cell.column = move->first + cell.column * (move->is_packed ? 2 : 1);
    cell.lane += move->lane;
    if (move->shape == SHAPE_16X32BX2 && thread >= HALF_LANES)
        cell.column += move->split;
    return cell;
}

/* ---- What is asked for ---- */

/* The hardware takes the number of the warp for the upper bits of the lane; here they may be left
 * out, but not be another warp's. */
static bool has_lanes(const struct move *move, uint32_t lane) {
    struct warp *warp = move->warp;
    const uint32_t own = warp->index % TENSOR_GROUPS, step = lane % LANES;
    const bool is_aligned = step == 0 || (step == HALF_LANES && move->shape != SHAPE_32X32B);
    if (is_aligned && (lane < LANES || lane / LANES == own))
        return true;
    warp_fault(warp, move->instruction, MACHINE_INVALID_ADDRESS, lane_first(warp->mask), lane,
               is_aligned ? "warp %u reaches lanes %u to %u of tensor memory, not lane %u"
                          : "tensor memory of warp %u, lanes %u to %u, taken from lane %u on: the "
                            "shape does not begin there",
               warp->index, own * LANES, own * LANES + LANES - 1, lane);
    return false;
}

/* choice: shape, number, packed; .16x32bx2 has rows of its own, and so one group less. */
static bool find_move(struct warp *warp, const struct instruction *instruction, unsigned source,
                      struct move *move) {
    const struct detail *detail = instruction->detail;
    const bool has_split = instruction->variant == SHAPE_16X32BX2;
    const signed char *choice = detail->choice + (has_split ? 0 : 1);
    uint32_t address;
    *move = (struct move){.warp = warp,
                          .instruction = instruction,
                          .shape = has_split ? SHAPE_16X32BX2 : (enum shape)detail->choice[0],
                          .is_packed = choice[1] >= 0,
                          .registers = detail->tensor->registers};
    if (!matrix_warp_is_whole(warp, instruction) ||
        !tensor_common(warp, instruction, source, &address))
        return false;
    address += (uint32_t)instruction->immediate;
    if (!has_lanes(move, tensor_lane(address)))
        return false;
    if (move->registers != (uint32_t)steps[move->shape] << choice[0]) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, LANES, 0,
                   "%u registers, where the shape and number take %u", move->registers,
                   (unsigned)steps[move->shape] << choice[0]);
        return false;
    }
    move->lane = warp->index % TENSOR_GROUPS * LANES + tensor_lane(address) % LANES;
    move->first = tensor_column(address);
    move->columns = ((uint32_t)widths[move->shape] << choice[0]) * (move->is_packed ? 2 : 1);
    if (has_split) {
        move->split = (uint32_t)value_read(warp, detail, source + 1, 0);
        move->columns += move->split;
    }
    return true;
}

static bool check(const struct move *move, bool writes) {
    const struct tensor_use use = {.block = move->warp->block,
                                   .first = move->first,
                                   .columns = move->columns,
                                   .what = writes ? "tcgen05.st" : "tcgen05.ld",
                                   .lanes = move->warp,
                                   .writes = writes};
    return tensor_check_allocated(move->warp, move->instruction, LANES, &use) &&
           tensor_check_idle(move->warp, move->instruction, LANES, &use);
}

/* ---- Moving ---- */

static uint32_t *word_at(const struct move *move, struct cell cell) {
    struct tensor_column *column = &move->warp->block->tensor->column[cell.column];
    return &column->group[cell.lane / LANES].at[cell.lane % LANES];
}

static bool is_written(const struct move *move, struct cell cell) {
    const struct tensor_memory *tensor = move->warp->block->tensor;
    return tensor->written[cell.column][cell.lane / LANES] >> cell.lane % LANES & 1;
}

static void load_register(const struct move *move, uint32_t number) {
    struct warp *warp = move->warp;
    struct lanes32 *to = warp_slot(warp, move->instruction->detail->to[number]);
    uint32_t unwritten = 0;
    for (uint32_t thread = 0; thread < LANES; thread++) {
        const struct cell cell = find_cell(move, thread, number);
        const struct cell next = {cell.lane, cell.column + move->is_packed};
        const uint32_t word = *word_at(move, cell), upper = *word_at(move, next);
        to->at[thread] = move->is_packed ? (word & 0xffff) | upper << 16 : word;
        unwritten |= (uint32_t)(!is_written(move, cell) || !is_written(move, next)) << thread;
    }
    if (warp->undefined)
        undefined_load(warp, move->instruction, number, LANES_ALL, unwritten);
}

static void note_written(const struct move *move, struct cell cell, bool is_written) {
    uint32_t *written = &move->warp->block->tensor->written[cell.column][cell.lane / LANES];
    *written |= (uint32_t)is_written << cell.lane % LANES;
}

static void store_register(const struct move *move, uint32_t number, unsigned source) {
    const struct warp *warp = move->warp;
    const struct detail *detail = move->instruction->detail;
    const struct lanes32 *from = warp_slot(warp, detail->from[source]);
    for (uint32_t thread = 0; thread < LANES; thread++) {
        const struct cell cell = find_cell(move, thread, number);
        const struct cell next = {cell.lane, cell.column + 1};
        const uint32_t word = from->at[thread];
        const bool is_defined = !warp->undefined || !undefined_source(warp, detail, source, thread);
        *word_at(move, cell) = move->is_packed ? word & 0xffff : word;
        note_written(move, cell, is_defined);
        if (!move->is_packed)
            continue;
        *word_at(move, next) = word >> 16;
        note_written(move, next, is_defined);
    }
}

static void execute_load(struct warp *warp, const struct instruction *instruction) {
    struct move move;
    if (!find_move(warp, instruction, 0, &move) || !check(&move, false))
        return;
    for (uint32_t k = 0; k < move.registers; k++)
        load_register(&move, k);
    load_watch_add(warp, instruction);
    warp->worker->counters.tensor_memory_load_bytes +=
        (uint64_t)move.registers * sizeof(struct lanes32);
}

static void execute_store(struct warp *warp, const struct instruction *instruction) {
    const unsigned first_register = instruction->variant == SHAPE_16X32BX2 ? 2 : 1;
    struct tensor_memory *tensor = warp->block->tensor;
    struct move move;
    if (!find_move(warp, instruction, 0, &move) || !check(&move, true))
        return;
    for (uint32_t k = 0; k < move.registers; k++)
        store_register(&move, k, first_register + k);
    warp->worker->counters.tensor_memory_store_bytes +=
        (uint64_t)move.registers * sizeof(struct lanes32);
    for (uint32_t k = 0; k < move.columns && warp->block->launch->options.check_race; k++) {
        tensor->stored_at[move.first + k][move.lane / LANES] = instruction;
        tensor->stored_by[move.first + k][move.lane / LANES] = (uint16_t)warp->index;
    }
}

/* ---- Waiting ---- */

static void execute_wait_load(struct warp *warp, const struct instruction *instruction) {
    if (matrix_warp_is_whole(warp, instruction))
        load_watch_wait(warp);
}

static void execute_wait_store(struct warp *warp, const struct instruction *instruction) {
    struct tensor_memory *tensor = warp->block->tensor;
    if (!matrix_warp_is_whole(warp, instruction))
        return;
    const unsigned group = warp->index % TENSOR_GROUPS;
    for (unsigned k = 0; k < TENSOR_COLUMNS; k++)
        if (tensor->stored_by[k][group] == warp->index)
            tensor->stored_at[k][group] = NULL;
}

/* Instructions come in their order here, so there is nothing to order. */
static void execute_fence(struct warp *warp, const struct instruction *instruction) {
    (void)warp;
    (void)instruction;
}

#define SHAPES ".{32x32b,16x64b,16x128b,16x256b}"
#define NUMBERS ".{x1,x2,x4,x8,x16,x32,x64,x128}"
#define ROW(pattern_, operands_, action, variant_)                                                 \
    { .pattern = (pattern_), (operands_), execute_##action, (variant_), .decode = DECODE_TENSOR }

static const struct instruction_row rows[] = {
    ROW("tcgen05.ld.sync.aligned" SHAPES NUMBERS "[.pack::16b].b32", "V=m", load, 0),
    ROW("tcgen05.ld.sync.aligned.16x32bx2" NUMBERS "[.pack::16b].b32", "V=m,i", load,
        SHAPE_16X32BX2),
    ROW("tcgen05.st.sync.aligned" SHAPES NUMBERS "[.unpack::16b].b32", "m,V", store, 0),
    ROW("tcgen05.st.sync.aligned.16x32bx2" NUMBERS "[.unpack::16b].b32", "m,i,V", store,
        SHAPE_16X32BX2),
    ROW("tcgen05.wait::ld.sync.aligned", "", wait_load, 0),
    ROW("tcgen05.wait::st.sync.aligned", "", wait_store, 0),
    ROW("tcgen05.fence::before_thread_sync", "", fence, 0),
    ROW("tcgen05.fence::after_thread_sync", "", fence, 0),
};

const struct instruction_table tensor_moves = {rows, sizeof rows / sizeof rows[0]};
