/*
 * tcgen05.mma (PTX ISA 9.7.16.10): one thread begins a product, which is computed as late as it can
 * be: when somebody waits for a commit behind it.
 *
 * Rows of d lie in the lanes of each block as the data path has them: 128 rows in their order, or 64
 * as sixteen in every 32 lanes; where a pair of blocks shares 128 rows, each has 64 and keeps the
 * columns of the first half in its lower lanes and those of the second half above. Rows of an a in
 * tensor memory lie in the lanes of their rows of d.
 */
#include "emulator/tensor/description.h"
#include "emulator/tensor/operand.h"

#include "emulator/arithmetic/arithmetic.h"
#include "emulator/async/bulk.h"
#include "emulator/decode/tensor.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <stdlib.h>
#include <string.h>

enum { FROM_D, FROM_A, FROM_B, FROM_DESCRIPTION, FROM_LANES }; /* sources; then enable-input-d */
enum { STEP_LANES = 16, A_COLUMNS = 8 };

/* ---- The instruction descriptor ---- */

static bool find_description(struct warp *warp, const struct instruction *instruction,
                             unsigned lane, uint32_t bits, struct tensor_description *it) {
    const struct tensor_form *form = instruction->detail->tensor;
    const char *wrong =
        tensor_describe(bits, (enum tensor_kind)instruction->detail->choice[1], form->group, it);
    if (!wrong && it->a_across && form->a_in_memory)
        wrong = "a in tensor memory is not transposed";
    if (!wrong && form->a_in_memory && it->a >= TENSOR_TYPE_E2M3 && it->a <= TENSOR_TYPE_E2M1)
        wrong = "the emulator lacks elements of 4 and of 6 bits in tensor memory";
    if (wrong)
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, bits,
                   "tcgen05.mma with the instruction descriptor 0x%08x: %s", bits, wrong);
    return !wrong;
}

/* ---- Operands ---- */

/* False after a fault. */
static bool open_operand(const struct transfer *transfer, uint64_t bits, bool is_a,
                         const struct tensor_description *it, struct tensor_operand *operand) {
    *operand = (struct tensor_operand){.transfer = transfer,
                                       .name = is_a ? "the matrix a" : "the matrix b",
                                       .type = is_a ? it->a : it->b,
                                       .is_across = is_a ? it->a_across : it->b_across,
                                       .is_negated = is_a ? it->a_negated : it->b_negated};
    const bool is_found = matrix_descriptor_find(bits, &operand->matrix);
    const bool needs_pairs = operand->is_across && operand->type == TENSOR_TYPE_TF32;
    if (is_found && operand->matrix.is_by_pairs == needs_pairs)
        return true;
    warp_fault(transfer->warp, transfer->instruction, MACHINE_ILLEGAL_INSTRUCTION, transfer->lane,
               0, "%s has the matrix descriptor 0x%016llx: %s", operand->name,
               (unsigned long long)bits,
               is_found ? "swizzling with an atomicity of 32 bytes is for tf32 that is transposed, "
                          "which has no other"
                        : "there is none with such fixed bits or such a swizzling");
    return false;
}

/* Rows of a, or columns of b, that each block has. */
static unsigned share(const struct transfer *transfer, unsigned all) {
    return all / transfer->instruction->detail->tensor->group;
}

/* The lane of a row; a pair's 64 rows lie in lanes 64 higher too. */
static unsigned lane_of(const struct transfer *transfer, unsigned rows, unsigned row) {
    const bool is_alone = transfer->instruction->detail->tensor->group == 1;
    if (rows == TENSOR_LANES || !is_alone)
        return row;
    return row / STEP_LANES * LANES + row % STEP_LANES + tensor_lane(transfer->tensor.d) % LANES;
}

static void spread_row(struct tensor_a *a, unsigned lane, const uint32_t *values, unsigned depth) {
    for (unsigned k = 0; k < depth; k++)
        a->at[k].group[lane / LANES].at[lane % LANES] = values[k];
}

static bool load_shared_a(const struct tensor_operand *operand, const struct tensor_description *it,
                          struct tensor_a *a) {
    const struct transfer *transfer = operand->transfer;
    const unsigned rows = share(transfer, it->rows), depth = tensor_depth((enum tensor_type)it->a);
    uint32_t values[TENSOR_LANES][TENSOR_DEPTH];
    if (!tensor_load(operand, rows, values))
        return false;
    for (unsigned row = 0; row < rows; row++) {
        const unsigned lane = lane_of(transfer, rows, row);
        spread_row(a, lane, values[row], depth);
        if (transfer->instruction->detail->tensor->group == TENSOR_PAIR && rows == TENSOR_HALF_ROWS)
            spread_row(a, lane + TENSOR_HALF_ROWS, values[row], depth);
    }
    return true;
}

static bool is_written(const struct transfer *transfer, const struct block *block, unsigned column,
                       const struct tensor_column *lanes, const char *what) {
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

static bool load_tensor_a(const struct tensor_operand *operand, const struct tensor_column *lanes,
                          struct tensor_a *a) {
    const struct transfer *transfer = operand->transfer;
    const struct tensor_column *column = operand->block->tensor->column + transfer->tensor.a_first;
    const unsigned depth = tensor_depth((enum tensor_type)operand->type);
    for (unsigned k = 0; k < A_COLUMNS; k++)
        if (!is_written(transfer, operand->block, transfer->tensor.a_first + k, lanes, "a"))
            return false;
    for (unsigned lane = 0; lane < TENSOR_LANES; lane++) {
        uint32_t words[A_COLUMNS], values[TENSOR_DEPTH];
        uint8_t bytes[TENSOR_ROW_BYTES];
        for (unsigned k = 0; k < A_COLUMNS; k++)
            words[k] = column[k].group[lane / LANES].at[lane % LANES];
        memcpy(bytes, words, sizeof bytes);
        tensor_widen(operand, bytes, values);
        spread_row(a, lane, values, depth);
    }
    return true;
}

/* ---- Computing ---- */

struct product {
    const struct transfer *transfer;
    struct tensor_description description;
    struct tensor_a a;
    struct tensor_b b;
    struct tensor_column rows;   /* all bits of a lane that has a row */
    struct tensor_column writes; /* of those, the lanes that are not disabled */
};

static void find_lanes(struct product *product, unsigned number) {
    const struct transfer *transfer = product->transfer;
    const unsigned rows = share(transfer, product->description.rows);
    const bool is_half =
        transfer->instruction->detail->tensor->group == 1 && rows == TENSOR_HALF_ROWS;
    memset(&product->rows, is_half ? 0 : 0xff, sizeof product->rows);
    for (unsigned row = 0; is_half && row < rows; row++) {
        const unsigned lane = lane_of(transfer, rows, row);
        product->rows.group[lane / LANES].at[lane % LANES] = UINT32_MAX;
    }
    product->writes = product->rows;
    for (unsigned lane = 0; lane < TENSOR_LANES; lane++) {
        const uint32_t word = transfer->tensor.blocked[number * TENSOR_GROUPS + lane / LANES];
        if (word >> lane % LANES & 1)
            product->writes.group[lane / LANES].at[lane % LANES] = 0;
    }
}

static void note_written(struct block *block, const struct transfer *transfer,
                         const struct tensor_column *lanes) {
    for (unsigned column = 0; column < transfer->tensor.columns; column++)
        for (unsigned lane = 0; lane < TENSOR_LANES; lane++)
            block->tensor->written[transfer->tensor.first + column][lane / LANES] |=
                (lanes->group[lane / LANES].at[lane % LANES] & 1) << lane % LANES;
}

static bool load_a(struct product *product, struct tensor_operand *operand) {
    return product->transfer->instruction->detail->tensor->a_in_memory
               ? load_tensor_a(operand, &product->rows, &product->a)
               : load_shared_a(operand, &product->description, &product->a);
}

/* What a block has of d: all columns in all lanes, or half of them in each half of the lanes. */
static void multiply(const struct product *product, struct block *block) {
    const struct transfer *transfer = product->transfer;
    const struct tensor_description *it = &product->description;
    const bool is_halved = it->columns != transfer->tensor.columns;
    const unsigned halves = is_halved ? 2 : 1, groups = TENSOR_GROUPS / halves;
    for (unsigned half = 0; half < halves; half++)
        arithmetic_tensor(arithmetic_best_isa())(
            &(struct tensor_sums){.d = block->tensor->column + transfer->tensor.first,
                                  .a = &product->a,
                                  .b = product->b.at + (size_t)half * transfer->tensor.columns,
                                  .writes = &product->writes,
                                  .first = half * groups,
                                  .count = groups,
                                  .columns = transfer->tensor.columns,
                                  .depth = tensor_depth((enum tensor_type)it->a),
                                  .type = it->d,
                                  .scale = transfer->instruction->detail->tensor->scale,
                                  .accumulates = transfer->tensor.accumulates,
                                  .saturates = it->saturates});
}

static bool check_sums(const struct product *product, const struct block *block) {
    const struct transfer *transfer = product->transfer;
    for (unsigned k = 0; k < transfer->tensor.columns && transfer->tensor.accumulates; k++)
        if (!is_written(transfer, block, transfer->tensor.first + k, &product->writes, "d"))
            return false;
    return true;
}

static void compute_block(struct product *product, struct tensor_operand *a, struct block *block,
                          unsigned number) {
    a->block = block;
    find_lanes(product, number);
    if (!check_sums(product, block) || !load_a(product, a))
        return;
    multiply(product, block);
    note_written(block, product->transfer, &product->writes);
}

/* Both operands, and the blocks; 0 after a fault. */
static unsigned open_operands(const struct transfer *transfer, const struct tensor_description *it,
                              struct tensor_operand *a, struct tensor_operand *b,
                              struct block *blocks[TENSOR_PAIR]) {
    const bool a_in_memory = transfer->instruction->detail->tensor->a_in_memory;
    *a = (struct tensor_operand){.transfer = transfer, .type = it->a, .is_negated = it->a_negated};
    if ((!a_in_memory && !open_operand(transfer, transfer->tensor.a, true, it, a)) ||
        !open_operand(transfer, transfer->tensor.b, false, it, b))
        return 0;
    return tensor_blocks(transfer->warp, transfer->instruction, blocks);
}

/* Calls `visit` for all chunks that the product reads. */
static void visit_operands(const struct transfer *transfer, const struct tensor_description *it,
                           tensor_visitor *visit) {
    struct tensor_operand a, b;
    struct block *blocks[TENSOR_PAIR];
    const unsigned count = open_operands(transfer, it, &a, &b, blocks);
    for (unsigned k = 0; k < count; k++) {
        a.block = b.block = blocks[k];
        if (!transfer->instruction->detail->tensor->a_in_memory)
            tensor_visit(&a, share(transfer, it->rows), visit);
        tensor_visit(&b, share(transfer, it->columns), visit);
    }
}

static void compute(const struct transfer *transfer) {
    struct tensor_operand a, b;
    struct block *blocks[TENSOR_PAIR];
    struct product *product = aligned_alloc(_Alignof(struct product), sizeof *product);
    if (!product) {
        warp_fault(transfer->warp, transfer->instruction, MACHINE_OUT_OF_MEMORY, transfer->lane, 0,
                   "no host memory left for a tcgen05.mma");
        return;
    }
    product->transfer = transfer;
    (void)tensor_describe(transfer->tensor.description,
                          (enum tensor_kind)transfer->instruction->detail->choice[1],
                          transfer->instruction->detail->tensor->group, &product->description);
    const struct tensor_description *it = &product->description;
    const unsigned count = open_operands(transfer, it, &a, &b, blocks);
    const unsigned columns = count ? it->columns / count : 0;
    bool is_loaded = count > 0;
    for (unsigned k = 0; k < count && is_loaded; k++) {
        b.block = blocks[k];
        is_loaded = tensor_load(&b, columns, product->b.at + (size_t)k * columns);
    }
    for (unsigned k = 0; k < count && is_loaded; k++)
        compute_block(product, &a, blocks[k], k);
    if (transfer->warp->block->race)
        visit_operands(transfer, it, tensor_mark_done);
    free(product);
}

/* ---- Issuing ---- */

/* False after a fault: columns that the product uses are not its block's, or are in use. */
static bool check_memory(const struct transfer *transfer) {
    const struct transfer_tensor *tensor = &transfer->tensor;
    struct warp *warp = transfer->warp;
    struct block *blocks[TENSOR_PAIR];
    const unsigned count = tensor_blocks(warp, transfer->instruction, blocks);
    for (unsigned k = 0; k < count; k++) {
        const struct tensor_use d = {.block = blocks[k],
                                     .first = tensor->first,
                                     .columns = tensor->columns,
                                     .what = "the matrix d of tcgen05.mma"};
        const struct tensor_use a = {.block = blocks[k],
                                     .first = tensor->a_first,
                                     .columns = tensor->a_columns,
                                     .what = "the matrix a of tcgen05.mma"};
        if (!tensor_check_allocated(warp, transfer->instruction, transfer->lane, &d) ||
            !tensor_check_stored(warp, transfer->instruction, transfer->lane, &d))
            return false;
        if (tensor->a_columns &&
            (!tensor_check_allocated(warp, transfer->instruction, transfer->lane, &a) ||
             !tensor_check_stored(warp, transfer->instruction, transfer->lane, &a)))
            return false;
    }
    return true;
}

static bool check_lanes(const struct transfer *transfer, const struct tensor_description *it) {
    const unsigned lane = tensor_lane(transfer->tensor.d);
    const bool is_half =
        transfer->instruction->detail->tensor->group == 1 && it->rows == TENSOR_HALF_ROWS;
    const bool a_differs =
        transfer->tensor.a_columns && tensor_lane((uint32_t)transfer->tensor.a) != lane;
    if ((lane == 0 || (is_half && lane == STEP_LANES)) && !a_differs)
        return true;
    warp_fault(transfer->warp, transfer->instruction, MACHINE_INVALID_ADDRESS, transfer->lane, lane,
               "the matrix d of tcgen05.mma begins in lane %u: it begins in lane 0, one of 64 rows "
               "also in lane 16, and a in tensor memory in the same",
               lane);
    return false;
}

static void read_lanes(struct warp *warp, const struct detail *detail, unsigned lane,
                       struct transfer_tensor *tensor) {
    for (unsigned k = 0; k < detail->tensor->lane_words; k++)
        tensor->blocked[k] = (uint32_t)value_read(warp, detail, FROM_LANES + k, lane);
}

static bool is_enabled(const struct warp *warp, const struct detail *detail, unsigned lane) {
    const unsigned source = FROM_LANES + detail->tensor->lane_words;
    const uint32_t lanes = *(const uint32_t *)warp_slot(warp, detail->from[source]);
    return (lanes >> lane & 1) != (detail->negated >> source & 1);
}

static void fill(struct transfer *transfer, const struct tensor_description *it) {
    const struct detail *detail = transfer->instruction->detail;
    struct warp *warp = transfer->warp;
    struct transfer_tensor *tensor = &transfer->tensor;
    const bool is_halved = detail->tensor->group == TENSOR_PAIR && it->rows == TENSOR_LANES;
    transfer->kind = TRANSFER_TENSOR;
    transfer->move = compute;
    tensor->d = (uint32_t)bulk_address(warp, transfer->instruction, transfer->lane, FROM_D, 0);
    tensor->b = value_read(warp, detail, FROM_B, transfer->lane);
    tensor->first = tensor_column(tensor->d);
    tensor->columns = it->columns / (is_halved ? 2 : 1);
    tensor->accumulates = is_enabled(warp, detail, transfer->lane);
    read_lanes(warp, detail, transfer->lane, tensor);
    if (!detail->tensor->a_in_memory) {
        tensor->a = value_read(warp, detail, FROM_A, transfer->lane);
        return;
    }
    tensor->a = bulk_address(warp, transfer->instruction, transfer->lane, FROM_A, 1);
    tensor->a_first = tensor_column((uint32_t)tensor->a);
    tensor->a_columns = A_COLUMNS;
}

static void issue(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    struct transfer transfer = {.instruction = instruction, .warp = warp, .lane = lane};
    struct tensor_description it;
    const uint32_t bits = (uint32_t)value_read(warp, instruction->detail, FROM_DESCRIPTION, lane);
    if (!tensor_join_group(warp, instruction, lane) ||
        !find_description(warp, instruction, lane, bits, &it))
        return;
    transfer.tensor.description = bits;
    fill(&transfer, &it);
    if (!check_lanes(&transfer, &it) || !check_memory(&transfer))
        return;
    struct transfer *added = transfer_add(warp, instruction, lane);
    if (!added)
        return;
    *added = transfer;
    if (warp->block->race)
        visit_operands(&transfer, &it, tensor_mark_read);
    warp->worker->counters.tcgen05_mma_instructions++;
    warp->worker->counters.tcgen05_multiply_adds +=
        (uint64_t)it.rows * it.columns * tensor_depth((enum tensor_type)it.a);
}

static void execute_product(struct warp *warp, const struct instruction *instruction) {
    for (uint32_t rest = warp->mask; rest && !warp->is_faulted; rest &= rest - 1)
        issue(warp, instruction, lane_first(rest));
}

static const struct instruction_row rows[] = {
    {.pattern =
         "tcgen05.mma.{cta_group::1,cta_group::2}.{kind::f16,kind::tf32,kind::f8f6f4,kind::i8}"
         "[.{collector::a::fill,collector::a::use,collector::a::lastuse,"
         "collector::a::discard}]",
     "m,A,d,w,L,p,S",
     execute_product,
     .flags = ROW_NEGATES,
     .decode = DECODE_TENSOR},
};

const struct instruction_table tensor_products = {rows, sizeof rows / sizeof rows[0]};
