/*
 * Issuing tcgen05.mma (PTX ISA 9.7.16.10.9): one thread begins a product, which product.c computes
 * later.
 */
#include "emulator/tensor/product.h"

#include "emulator/async/bulk.h"
#include "emulator/decode/tensor.h"
#include "emulator/tensor/mask.h"
#include "emulator/tensor/scale.h"
#include "emulator/tensor/sparse.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

/* Sources, with metadata and without. */
enum { FROM_D, FROM_A, FROM_B, FROM_METADATA };

/* Behind it come scale factors, or the lanes that stay as they are. */
static unsigned from_description(const struct instruction *instruction) {
    return instruction->variant & PRODUCT_IS_SPARSE ? FROM_METADATA + 1 : FROM_METADATA;
}

static bool find_description(struct warp *warp, const struct instruction *instruction,
                             unsigned lane, uint32_t bits, struct tensor_description *it) {
    const struct tensor_form *form = instruction->detail->tensor;
    const struct tensor_variant variant = product_variant(instruction);
    const char *wrong = tensor_describe(bits, &variant, it);
    if (!wrong && it->a_across && form->a_in_memory)
        wrong = "a in tensor memory is not transposed";
    if (!wrong && form->a_in_memory && variant.keeps_b && it->rows != TENSOR_LANES)
        wrong =
            "the emulator lacks fewer than 128 rows of a in tensor memory with .ws: how they lie "
            "is not documented";
    if (!wrong && (instruction->variant & PRODUCT_SHIFTS_A) &&
        it->rows != TENSOR_LANES * variant.group)
        wrong = ".ashift is for all lanes: for 128 rows, or 256 of a pair";
    if (wrong)
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, bits,
                   "tcgen05.mma with the instruction descriptor 0x%08x: %s", bits, wrong);
    return !wrong;
}

static bool check_use(const struct transfer *transfer, const struct tensor_use *use) {
    return tensor_check_allocated(transfer->warp, transfer->instruction, transfer->lane, use) &&
           tensor_check_stored(transfer->warp, transfer->instruction, transfer->lane, use);
}

/* False after a fault: columns that the product uses are not its block's, or are in use. */
static bool check_memory(const struct transfer *transfer) {
    static const char *const names[] = {[READ_METADATA] = "the metadata of a of tcgen05.mma",
                                        [READ_A] = "the matrix a of tcgen05.mma",
                                        [READ_A_SCALES] = "the scale factors of a of tcgen05.mma",
                                        [READ_B_SCALES] = "the scale factors of b of tcgen05.mma"};
    const struct transfer_tensor *tensor = &transfer->tensor;
    struct block *blocks[TENSOR_PAIR];
    const unsigned count = tensor_blocks(transfer->warp, transfer->instruction, blocks);
    for (unsigned k = 0; k < count; k++) {
        const struct tensor_use d = {.block = blocks[k],
                                     .first = tensor->first,
                                     .columns = tensor->columns,
                                     .what = "the matrix d of tcgen05.mma"};
        if (!check_use(transfer, &d))
            return false;
        for (unsigned read = 0; read < TRANSFER_READS; read++) {
            const struct tensor_use use = {.block = blocks[k],
                                           .first = tensor->reads[read].first,
                                           .columns = tensor->reads[read].columns,
                                           .what = names[read]};
            if (use.columns && !check_use(transfer, &use))
                return false;
        }
    }
    return true;
}

static bool check_lanes(const struct transfer *transfer, const struct tensor_description *it) {
    const unsigned lane = tensor_lane(transfer->tensor.d);
    const struct tensor_variant variant = product_variant(transfer->instruction);
    const bool is_half = variant.group == 1 && !variant.keeps_b && it->rows == TENSOR_HALF_ROWS;
    const bool a_differs =
        transfer->tensor.reads[READ_A].columns && tensor_lane((uint32_t)transfer->tensor.a) != lane;
    if ((lane == 0 || (is_half && lane == TENSOR_STEP_LANES)) && !a_differs)
        return true;
    warp_fault(transfer->warp, transfer->instruction, MACHINE_INVALID_ADDRESS, transfer->lane, lane,
               "the matrix d of tcgen05.mma begins in lane %u: it begins in lane 0, one of 64 rows "
               "also in lane 16, and a in tensor memory in the same",
               lane);
    return false;
}

static void read_lanes(struct warp *warp, const struct instruction *instruction, unsigned lane,
                       struct transfer_tensor *tensor) {
    const struct detail *detail = instruction->detail;
    const unsigned first = from_description(instruction) + 1;
    for (unsigned k = 0; k < detail->tensor->lane_words; k++)
        tensor->blocked[k] = (uint32_t)value_read(warp, detail, first + k, lane);
}

static bool is_enabled(const struct warp *warp, const struct detail *detail, unsigned lane) {
    const unsigned source = detail->tensor->predicate;
    const uint32_t lanes = *(const uint32_t *)warp_slot(warp, detail->from[source]);
    return (lanes >> lane & 1) != (detail->negated >> source & 1);
}

/* One of the addresses beside d and a. */
static uint32_t read_address(const struct transfer *transfer, unsigned source, unsigned number) {
    const struct detail *detail = transfer->instruction->detail;
    return (uint32_t)value_read(transfer->warp, detail, source, transfer->lane) +
           (uint32_t)detail->tensor->offsets[number];
}

/* False after a fault. */
static bool fill_metadata(struct transfer *transfer) {
    const bool is_sparse = transfer->instruction->variant & PRODUCT_IS_SPARSE;
    const uint32_t address = is_sparse ? read_address(transfer, FROM_METADATA, 0) : 0;
    if (is_sparse)
        transfer->tensor.reads[READ_METADATA] =
            (struct transfer_columns){tensor_column(address), SPARSE_COLUMNS};
    if (tensor_lane(address) == 0 && address % SPARSE_COLUMNS == 0)
        return true;
    warp_fault(transfer->warp, transfer->instruction, MACHINE_INVALID_ADDRESS, transfer->lane,
               address,
               "the metadata of a begin in lane %u of column %u: they begin in lane 0 of an even "
               "column",
               tensor_lane(address), tensor_column(address));
    return false;
}

/* Scale factors lie in the lowest lanes of their columns. The two highest bits of their address may
 * say at which byte they begin, as the descriptor does. */
static bool fill_scales(struct transfer *transfer, const struct tensor_description *it) {
    const struct tensor_variant variant = product_variant(transfer->instruction);
    const unsigned scales = variant.scales ? 2 : 0, is_sparse = variant.is_sparse;
    const unsigned first = from_description(transfer->instruction) + 1;
    const unsigned parts = product_parts(&variant, it);
    for (unsigned k = 0; k < scales; k++) {
        const uint32_t address = read_address(transfer, first + k, is_sparse + k);
        if (tensor_lane(address) & (TENSOR_LANES - 1)) {
            warp_fault(transfer->warp, transfer->instruction, MACHINE_INVALID_ADDRESS,
                       transfer->lane, address,
                       "scale factors begin in lane %u: they begin in lane 0",
                       tensor_lane(address) & (TENSOR_LANES - 1));
            return false;
        }
        transfer->tensor.reads[READ_A_SCALES + k] = (struct transfer_columns){
            tensor_column(address), scale_columns((k == 0 ? TENSOR_LANES : it->columns) / parts)};
    }
    return true;
}

static bool fill_mask(struct transfer *transfer, const struct tensor_description *it) {
    const struct tensor_form *form = transfer->instruction->detail->tensor;
    const char *wrong = NULL;
    if (form->has_mask) {
        transfer->tensor.mask = value_read(transfer->warp, transfer->instruction->detail,
                                           form->predicate + 1U, transfer->lane);
        wrong = mask_find_wrong(transfer->tensor.mask, it);
    }
    if (wrong)
        warp_fault(transfer->warp, transfer->instruction, MACHINE_ILLEGAL_INSTRUCTION,
                   transfer->lane, 0, "the zero-column mask descriptor 0x%016llx: %s",
                   (unsigned long long)transfer->tensor.mask, wrong);
    return !wrong;
}

static void fill(struct transfer *transfer, const struct tensor_description *it) {
    const struct detail *detail = transfer->instruction->detail;
    struct warp *warp = transfer->warp;
    struct transfer_tensor *tensor = &transfer->tensor;
    const struct tensor_variant variant = product_variant(transfer->instruction);
    transfer->kind = TRANSFER_TENSOR;
    transfer->move = product_compute;
    tensor->d = (uint32_t)bulk_address(warp, transfer->instruction, transfer->lane, FROM_D, 0);
    tensor->b = value_read(warp, detail, FROM_B, transfer->lane);
    tensor->first = tensor_column(tensor->d);
    tensor->columns = it->columns / product_parts(&variant, it);
    tensor->accumulates = is_enabled(warp, detail, transfer->lane);
    read_lanes(warp, transfer->instruction, transfer->lane, tensor);
    if (!detail->tensor->a_in_memory) {
        tensor->a = value_read(warp, detail, FROM_A, transfer->lane);
        return;
    }
    tensor->a = bulk_address(warp, transfer->instruction, transfer->lane, FROM_A, 1);
    tensor->reads[READ_A] =
        (struct transfer_columns){tensor_column((uint32_t)tensor->a), TENSOR_A_COLUMNS};
    tensor->shifts_a = transfer->instruction->variant & PRODUCT_SHIFTS_A;
}

static void issue(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    struct transfer transfer = {.instruction = instruction, .warp = warp, .lane = lane};
    struct tensor_description it;
    const uint32_t bits =
        (uint32_t)value_read(warp, instruction->detail, from_description(instruction), lane);
    if (!tensor_join_group(warp, instruction, lane) ||
        !find_description(warp, instruction, lane, bits, &it))
        return;
    transfer.tensor.description = bits;
    fill(&transfer, &it);
    if (!check_lanes(&transfer, &it) || !fill_metadata(&transfer) || !fill_scales(&transfer, &it) ||
        !fill_mask(&transfer, &it) || !check_memory(&transfer))
        return;
    struct transfer *added = transfer_add(warp, instruction, lane);
    if (!added)
        return;
    *added = transfer;
    if (warp->block->race)
        product_visit(&transfer, &it, tensor_mark_read);
    warp->worker->counters.tcgen05_mma_instructions++;
    warp->worker->counters.tcgen05_multiply_adds +=
        (uint64_t)it.rows * it.columns * tensor_depth((enum tensor_type)it.a);
}

static void execute_product(struct warp *warp, const struct instruction *instruction) {
    for (uint32_t rest = warp->mask; rest && !warp->is_faulted; rest &= rest - 1)
        issue(warp, instruction, lane_first(rest));
}

#define COLLECTOR                                                                                  \
    "[.{collector::a::fill,collector::a::use,collector::a::lastuse,collector::a::discard}]"
#define FOR_B(buffer)                                                                              \
    "collector::" buffer "::fill,collector::" buffer "::use,collector::" buffer                    \
    "::lastuse,collector::" buffer "::discard"
#define COLLECTOR_B "[.{" FOR_B("b0") "," FOR_B("b1") "," FOR_B("b2") "," FOR_B("b3") "}]"
#define GROUPS ".{cta_group::1,cta_group::2}"
#define KINDS ".{kind::f16,kind::tf32,kind::f8f6f4,kind::i8}"
#define SCALED_IN(sparse, kind_pattern, operands_, variant_)                                       \
    {                                                                                              \
        .pattern = "tcgen05.mma" sparse GROUPS "." kind_pattern COLLECTOR, (operands_),            \
        execute_product, (variant_), .flags = ROW_NEGATES, .decode = DECODE_TENSOR                 \
    }
#define SCALED(kind_pattern, kind, scales)                                                         \
    SCALED_IN("", kind_pattern, "m,A,d,w,M,M,p", (kind) | (scales) << PRODUCT_SCALES_SHIFT),       \
        SCALED_IN(".sp", kind_pattern, "m,A,d,M,w,M,M,p",                                          \
                  (kind) | (scales) << PRODUCT_SCALES_SHIFT | PRODUCT_IS_SPARSE)

#define PLAIN(pattern_, operands_, variant_)                                                       \
    {                                                                                              \
        .pattern = (pattern_), (operands_), execute_product, PRODUCT_CHOOSES | (variant_),         \
        .flags = ROW_NEGATES, .decode = DECODE_TENSOR                                              \
    }
#define SHIFTS ".ashift[.{collector::a::lastuse,collector::a::discard}]"

static const struct instruction_row rows[] = {
    PLAIN("tcgen05.mma" GROUPS KINDS COLLECTOR, "m,A,d,w,L,p,S", 0),
    PLAIN("tcgen05.mma" GROUPS KINDS SHIFTS, "m,a,d,w,L,p,S", PRODUCT_SHIFTS_A),
    PLAIN("tcgen05.mma.sp" GROUPS KINDS COLLECTOR, "m,A,d,M,w,L,p,S", PRODUCT_IS_SPARSE),
    PLAIN("tcgen05.mma.sp" GROUPS KINDS SHIFTS, "m,a,d,M,w,L,p,S",
          PRODUCT_IS_SPARSE | PRODUCT_SHIFTS_A),
    PLAIN("tcgen05.mma.ws.{cta_group::1}" KINDS COLLECTOR_B, "m,A,d,w,p,Z", PRODUCT_KEEPS_B),
    SCALED("kind::mxf8f6f4.block_scale[.{scale_vec::1X,block32}]", KIND_MXF8F6F4, 1),
    SCALED("kind::mxf4.block_scale[.{scale_vec::2X,block32}]", KIND_MXF4, 2),
    SCALED("kind::mxf4nvf4.block_scale.{scale_vec::2X,block32}", KIND_MXF4NVF4, 2),
    SCALED("kind::mxf4nvf4.block_scale.{scale_vec::4X,block16}", KIND_MXF4NVF4, 4),
};

const struct instruction_table tensor_products = {rows, sizeof rows / sizeof rows[0]};
