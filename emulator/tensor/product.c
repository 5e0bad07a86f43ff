/*
 * Products of tcgen05.mma (PTX ISA 9.7.16.10), computed as late as they can be: when somebody
 * waits for a commit behind them.
 *
 * Rows of d lie in the lanes of each block as the data path has them: 128 rows in their order, or
 * 64 as sixteen in every 32 lanes; where a pair of blocks shares 128 rows, each has 64 and keeps
 * the columns of the first half in its lower lanes and those of the second half above. So does .ws
 * with 64 rows, and with 32 rows by fourths. Rows of an a in tensor memory lie in the lanes of
 * their rows of d. Its elements of 4 and of 6 bits have a byte each: those of 6 bits its lowest
 * bits, those of 4 bits the four in its middle, but for pairs. Figures of PTX alone show that; it
 * is as CUTLASS moves e2m1 for MMA F8F6F4 (fp4_shift_A).
 */
#include "emulator/tensor/product.h"

#include "emulator/arithmetic/arithmetic.h"
#include "emulator/decode/tensor.h"
#include "emulator/tensor/mask.h"
#include "emulator/tensor/scale.h"
#include "emulator/tensor/shift.h"
#include "emulator/tensor/sparse.h"
#include "emulator/warps/warp.h"

#include <stdlib.h>
#include <string.h>

struct tensor_variant product_variant(const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    const unsigned kind = instruction->variant & PRODUCT_KIND;
    const unsigned chosen =
        instruction->variant & PRODUCT_CHOOSES ? (unsigned)detail->choice[1] : 0;
    return (struct tensor_variant){.kind = (enum tensor_kind)(kind + chosen),
                                   .group = detail->tensor->group,
                                   .scales = instruction->variant >> PRODUCT_SCALES_SHIFT & 7,
                                   .keeps_b = instruction->variant & PRODUCT_KEEPS_B,
                                   .is_sparse = instruction->variant & PRODUCT_IS_SPARSE};
}

unsigned product_parts(const struct tensor_variant *variant, const struct tensor_description *it) {
    const bool is_shared = variant->group == TENSOR_PAIR && it->rows == TENSOR_LANES;
    return variant->keeps_b ? TENSOR_LANES / it->rows : is_shared ? 2 : 1;
}

/* ---- Operands ---- */

/* False after a fault. */
static bool open_operand(const struct transfer *transfer, uint64_t bits, bool is_a,
                         const struct tensor_description *it, struct tensor_operand *operand) {
    enum { NARROW = 2 }; /* chunks of a line, of which a sparse product's b has four */
    const bool is_sparse = transfer->instruction->variant & PRODUCT_IS_SPARSE;
    *operand = (struct tensor_operand){.transfer = transfer,
                                       .name = is_a ? "the matrix a" : "the matrix b",
                                       .type = is_a ? it->a : it->b,
                                       .steps = is_sparse && !is_a ? 2 : 1,
                                       .is_across = is_a ? it->a_across : it->b_across,
                                       .is_negated = is_a ? it->a_negated : it->b_negated};
    const bool is_found = matrix_descriptor_find(bits, &operand->matrix);
    const bool needs_pairs = operand->is_across && operand->type == TENSOR_TYPE_TF32;
    const bool is_too_long =
        operand->steps > 1 && !operand->is_across && operand->matrix.width == NARROW;
    if (is_found && operand->matrix.is_by_pairs == needs_pairs && !is_too_long)
        return true;
    warp_fault(transfer->warp, transfer->instruction, MACHINE_ILLEGAL_INSTRUCTION, transfer->lane,
               0, "%s has the matrix descriptor 0x%016llx: %s", operand->name,
               (unsigned long long)bits,
               !is_found     ? "there is none with such fixed bits or such a swizzling"
               : is_too_long ? "64 bytes along k have no room in a swizzling of 32"
                             : "swizzling with an atomicity of 32 bytes is for tf32 that is "
                               "transposed, which has no other");
    return false;
}

/* Rows of a, or columns of b, that each block has. */
static unsigned share(const struct transfer *transfer, unsigned all) {
    return all / transfer->instruction->detail->tensor->group;
}

/* Rows are 64 of one block, sixteen in every 32 lanes. */
static bool has_steps(const struct transfer *transfer, unsigned rows) {
    const struct tensor_variant variant = product_variant(transfer->instruction);
    return variant.group == 1 && !variant.keeps_b && rows == TENSOR_HALF_ROWS;
}

/* The lowest lane of a row. */
static unsigned lane_of(const struct transfer *transfer, unsigned rows, unsigned row) {
    if (!has_steps(transfer, rows))
        return row;
    return row / TENSOR_STEP_LANES * LANES + row % TENSOR_STEP_LANES +
           tensor_lane(transfer->tensor.d) % LANES;
}

static void spread_row(struct tensor_a *a, unsigned lane, const uint32_t *values, unsigned depth) {
    for (unsigned k = 0; k < depth; k++)
        a->at[k].group[lane / LANES].at[lane % LANES] = values[k];
}

static bool load_shared_a(const struct tensor_operand *operand, const struct tensor_description *it,
                          struct tensor_a *a) {
    const struct transfer *transfer = operand->transfer;
    const struct tensor_variant variant = product_variant(transfer->instruction);
    const unsigned rows = share(transfer, it->rows), depth = tensor_depth((enum tensor_type)it->a);
    const unsigned parts = product_parts(&variant, it);
    uint32_t values[TENSOR_LANES][TENSOR_DEPTH];
    if (!tensor_load(operand, rows, values))
        return false;
    for (unsigned row = 0; row < rows; row++) {
        for (unsigned part = 0; part < parts; part++)
            spread_row(a, lane_of(transfer, rows, row) + part * rows, values[row], depth);
    }
    return true;
}

/* As elements of 4 bits lie in shared memory once they are unpacked. */
static void move_from_middle(uint8_t bytes[TENSOR_ROW_BYTES]) {
    for (unsigned k = 0; k < TENSOR_ROW_BYTES; k++)
        bytes[k] = (uint8_t)(bytes[k] >> TENSOR_E2M1_SHIFT);
}

static bool load_tensor_a(const struct tensor_operand *operand, const struct tensor_column *lanes,
                          struct tensor_a *a) {
    const struct transfer *transfer = operand->transfer;
    const struct tensor_column *column =
        operand->block->tensor->column + transfer->tensor.reads[READ_A].first;
    const unsigned depth = tensor_depth((enum tensor_type)operand->type);
    for (unsigned k = 0; k < TENSOR_A_COLUMNS; k++)
        if (!tensor_check_written(transfer, operand->block,
                                  transfer->tensor.reads[READ_A].first + k, lanes, "a"))
            return false;
    for (unsigned lane = 0; lane < TENSOR_LANES; lane++) {
        uint32_t words[TENSOR_A_COLUMNS], values[TENSOR_DEPTH];
        uint8_t bytes[TENSOR_ROW_BYTES];
        for (unsigned k = 0; k < TENSOR_A_COLUMNS; k++)
            words[k] = column[k].group[lane / LANES].at[lane % LANES];
        memcpy(bytes, words, sizeof bytes);
        if (operand->type == TENSOR_TYPE_E2M1)
            move_from_middle(bytes);
        tensor_widen(operand, bytes, values);
        spread_row(a, lane, values, depth);
    }
    return true;
}

/* ---- Computing ---- */

struct product {
    const struct transfer *transfer;
    struct tensor_description description;
    struct tensor_variant variant;
    struct tensor_a a;
    struct tensor_b b, scaled;   /* the latter by the factors that one group of lanes has */
    struct tensor_column rows;   /* all bits of a lane that has a row */
    struct tensor_column writes; /* of those, the lanes that are not disabled */
    struct tensor_places places; /* of a sparse a */
};

static void find_lanes(struct product *product, unsigned number) {
    const struct transfer *transfer = product->transfer;
    const unsigned rows = share(transfer, product->description.rows);
    const bool is_half = has_steps(transfer, rows);
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

/* What a block has of d in so many groups of lanes from `first` on. */
static void multiply_groups(const struct product *product, struct block *block, unsigned first,
                            unsigned count, const uint32_t (*b)[TENSOR_DEPTH]) {
    const struct transfer *transfer = product->transfer;
    const struct tensor_description *it = &product->description;
    arithmetic_tensor(arithmetic_best_isa())(
        &(struct tensor_sums){.d = block->tensor->column + transfer->tensor.first,
                              .a = &product->a,
                              .b = b,
                              .places = product->variant.is_sparse ? &product->places : NULL,
                              .writes = &product->writes,
                              .first = first,
                              .count = count,
                              .columns = transfer->tensor.columns,
                              .depth = tensor_depth((enum tensor_type)it->a),
                              .type = it->d,
                              .scale = transfer->instruction->detail->tensor->scale,
                              .accumulates = transfer->tensor.accumulates,
                              .saturates = it->saturates});
}

/* All columns in all lanes, or a part of them in a part of the lanes. */
static void multiply(const struct product *product, struct block *block) {
    const unsigned parts = product_parts(&product->variant, &product->description);
    const unsigned groups = TENSOR_GROUPS / parts;
    for (unsigned part = 0; part < parts; part++)
        multiply_groups(product, block, part * groups, groups,
                        product->b.at + mask_shift(product->transfer->tensor.mask) +
                            (size_t)part * product->transfer->tensor.columns);
}

static struct scale_factors factors_of(const struct product *product, const struct block *block,
                                       bool is_a) {
    const struct tensor_description *it = &product->description;
    return (struct scale_factors){
        .transfer = product->transfer,
        .block = block,
        .first = product->transfer->tensor.reads[is_a ? READ_A_SCALES : READ_B_SCALES].first,
        .begins = is_a ? it->a_scale : it->b_scale,
        .count = product->variant.scales,
        .parts = product_parts(&product->variant, it),
        .has_powers = it->has_powers,
        .name = is_a ? "the scale factors of a" : "the scale factors of b"};
}

/* False after a fault. */
static bool multiply_scaled(struct product *product, struct block *block) {
    const struct tensor_description *it = &product->description;
    const unsigned depth = tensor_depth((enum tensor_type)it->a);
    const unsigned b_depth = product->variant.is_sparse ? depth * 2 : depth;
    const struct scale_factors a = factors_of(product, block, true);
    const struct scale_factors b = factors_of(product, block, false);
    if (!scale_a(&a, depth, &product->a))
        return false;
    for (unsigned group = 0; group < TENSOR_GROUPS; group++) {
        if (!scale_b(&b, group, it->columns, b_depth, &product->b, &product->scaled))
            return false;
        multiply_groups(product, block, group, 1, product->scaled.at);
    }
    return true;
}

static bool check_sums(const struct product *product, const struct block *block) {
    const struct transfer *transfer = product->transfer;
    for (unsigned k = 0; k < transfer->tensor.columns && transfer->tensor.accumulates; k++)
        if (!tensor_check_written(transfer, block, transfer->tensor.first + k, &product->writes,
                                  "d"))
            return false;
    return true;
}

static void compute_block(struct product *product, struct tensor_operand *a, struct block *block,
                          unsigned number) {
    a->block = block;
    find_lanes(product, number);
    if (!check_sums(product, block) || !load_a(product, a) ||
        (product->variant.is_sparse &&
         !sparse_find_places(product->transfer, &product->description, block, &product->places)))
        return;
    if (!product->variant.scales)
        multiply(product, block);
    else if (!multiply_scaled(product, block))
        return;
    note_written(block, product->transfer, &product->writes);
}

/* Both operands, and the blocks; 0 after a fault. */
static unsigned open_operands(const struct transfer *transfer, const struct tensor_description *it,
                              struct tensor_operand *a, struct tensor_operand *b,
                              struct block *blocks[TENSOR_PAIR]) {
    const bool a_in_memory = transfer->instruction->detail->tensor->a_in_memory;
    *a = (struct tensor_operand){
        .transfer = transfer, .type = it->a, .steps = 1, .is_negated = it->a_negated};
    if ((!a_in_memory && !open_operand(transfer, transfer->tensor.a, true, it, a)) ||
        !open_operand(transfer, transfer->tensor.b, false, it, b))
        return 0;
    return tensor_blocks(transfer->warp, transfer->instruction, blocks);
}

/* Columns of b that each block has, with those that a mask leaves out. */
static unsigned columns_of(const struct transfer *transfer, const struct tensor_description *it) {
    return share(transfer, it->columns) + mask_shift(transfer->tensor.mask);
}

void product_visit(const struct transfer *transfer, const struct tensor_description *it,
                   tensor_visitor *visit) {
    struct tensor_operand a, b;
    struct block *blocks[TENSOR_PAIR];
    const unsigned count = open_operands(transfer, it, &a, &b, blocks);
    for (unsigned k = 0; k < count; k++) {
        a.block = b.block = blocks[k];
        if (!transfer->instruction->detail->tensor->a_in_memory)
            tensor_visit(&a, share(transfer, it->rows), visit);
        tensor_visit(&b, columns_of(transfer, it), visit);
    }
}

static void hide_columns(struct product *product) {
    const uint64_t mask = product->transfer->tensor.mask;
    for (unsigned k = 0; mask && k < product->description.columns; k++)
        if (mask_hides(mask, &product->description, k))
            memset(product->b.at[mask_shift(mask) + k], 0, sizeof product->b.at[0]);
}

void product_compute(const struct transfer *transfer) {
    struct tensor_operand a, b;
    struct block *blocks[TENSOR_PAIR];
    struct product *product = aligned_alloc(_Alignof(struct product), sizeof *product);
    if (!product) {
        warp_fault(transfer->warp, transfer->instruction, MACHINE_OUT_OF_MEMORY, transfer->lane, 0,
                   "no host memory left for a tcgen05.mma");
        return;
    }
    product->transfer = transfer;
    product->variant = product_variant(transfer->instruction);
    (void)tensor_describe(transfer->tensor.description, &product->variant, &product->description);
    const struct tensor_description *it = &product->description;
    const unsigned count = open_operands(transfer, it, &a, &b, blocks);
    const unsigned columns = columns_of(transfer, it);
    bool is_loaded = count > 0;
    for (unsigned k = 0; k < count && is_loaded; k++) {
        b.block = blocks[k];
        is_loaded = tensor_load(&b, columns, product->b.at + (size_t)k * columns);
    }
    hide_columns(product);
    for (unsigned k = 0; k < count && is_loaded; k++) {
        compute_block(product, &a, blocks[k], k);
        if (transfer->tensor.shifts_a)
            shift_rows(blocks[k], transfer->tensor.reads[READ_A].first);
    }
    if (transfer->warp->block->race)
        product_visit(transfer, it, tensor_mark_done);
    free(product);
}
