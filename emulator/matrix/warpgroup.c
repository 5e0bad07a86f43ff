/*
 * Products of warpgroups: wgmma (PTX ISA 9.7.15).
 *
 * The four warps of a warpgroup come one after another, each for its sixteen rows, and a warp's
 * part is done when it issues it. The product as a whole is done when all four have: until then
 * none of them passes a wgmma.wait_group that covers it. On a GPU it is done at any time in
 * between. What a kernel does to registers and to shared memory meanwhile is the business of the
 * checks (warpgroup_watch.h).
 */
#include "emulator/arithmetic/arithmetic.h"
#include "emulator/checks/warpgroup_watch.h"
#include "emulator/execute/execute.h"
#include "emulator/matrix/descriptor.h"
#include "emulator/matrix/matrix.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

enum { CHUNKS = WARPGROUP_ROW_BYTES / CHUNK_BYTES };
enum { FROM_SCALE_D, FROM_B, FROM_A }; /* sources, as decoding puts them */

/* ---- Matrices in shared memory ---- */

/* A chunk of an operand, or NULL after a fault. */
static const uint8_t *find_chunk(struct warp *warp, const struct instruction *instruction,
                                 uint32_t address, char operand) {
    const size_t size = warp->block->launch->shared_bytes;
    if (address > size || size - address < CHUNK_BYTES) {
        warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane_first(warp->mask), address,
                   "the descriptor of matrix %c leads out of shared memory: the block has %zu "
                   "bytes",
                   operand, size);
        return NULL;
    }
    warpgroup_watch_read(warp, instruction, address, CHUNK_BYTES);
    return warp->is_faulted ? NULL : warp->block->shared + address;
}

/* Rows from `first` on, of each the bytes of step `step` along k. */
struct matrix_part {
    unsigned first, count, step;
};

static bool load_along(struct warp *warp, const struct instruction *instruction,
                       const struct matrix_descriptor *matrix, const struct matrix_part *part,
                       uint8_t (*rows)[WARPGROUP_ROW_BYTES], char operand) {
    for (unsigned row = 0; row < part->count; row++) {
        for (unsigned chunk = 0; chunk < CHUNKS; chunk++) {
            const uint8_t *from = find_chunk(
                warp, instruction,
                matrix_chunk_along(matrix, part->first + row, part->step * CHUNKS + chunk),
                operand);
            if (!from)
                return false;
            memcpy(rows[row] + (size_t)chunk * CHUNK_BYTES, from, CHUNK_BYTES);
        }
    }
    return true;
}

/* Elements of 16 bits, eight neighbours of which lie across k. */
static bool load_across(struct warp *warp, const struct instruction *instruction,
                        const struct matrix_descriptor *matrix, const struct matrix_part *part,
                        uint8_t (*rows)[WARPGROUP_ROW_BYTES], char operand) {
    enum { SIZE = 2, DEPTH = WARPGROUP_ROW_BYTES / SIZE, PER_CHUNK = CHUNK_BYTES / SIZE };
    for (unsigned row = 0; row < part->count; row += PER_CHUNK) {
        for (unsigned k = 0; k < DEPTH; k++) {
            const uint8_t *from =
                find_chunk(warp, instruction,
                           matrix_chunk_across(matrix, (part->first + row) / PER_CHUNK,
                                               part->step * DEPTH + k),
                           operand);
            if (!from)
                return false;
            for (unsigned n = 0; n < PER_CHUNK; n++)
                memcpy(rows[row + n] + (size_t)k * SIZE, from + (size_t)n * SIZE, SIZE);
        }
    }
    return true;
}

/* ---- Operands ---- */

/* The descriptor, which all lanes share; false after a fault. */
static bool common_descriptor(struct warp *warp, const struct instruction *instruction,
                              unsigned source, uint64_t *bits) {
    *bits = value_read(warp, instruction->detail, source, 0);
    for (unsigned lane = 1; lane < LANES; lane++) {
        if (value_read(warp, instruction->detail, source, lane) == *bits)
            continue;
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, 0,
                   "a matrix descriptor that differs among the lanes of a warp");
        return false;
    }
    return true;
}

/* A fragment of a: register r has rows of half r % 2, and bytes from 16 (r / 2) on. */
static void load_registers(const struct warp *warp, const struct detail *detail,
                           uint8_t (*rows)[WARPGROUP_ROW_BYTES]) {
    for (unsigned r = 0; r < 4; r++) {
        const struct lanes32 *from = warp_slot(warp, detail->from[FROM_A + r]);
        for (unsigned lane = 0; lane < LANES; lane++)
            memcpy(rows[r % 2 * 8 + lane / 4] + (size_t)(r / 2) * CHUNK_BYTES +
                       (size_t)(lane % 4) * 4,
                   &from->at[lane], sizeof from->at[lane]);
    }
}

static bool load_matrix(struct warp *warp, const struct instruction *instruction, uint64_t bits,
                        char operand, unsigned step, uint8_t (*rows)[WARPGROUP_ROW_BYTES]) {
    const struct warpgroup_product *product = instruction->detail->product;
    const struct matrix_descriptor matrix = matrix_descriptor_of(bits);
    const bool is_a = operand == 'a';
    const struct matrix_part part = {.first =
                                         is_a ? warp->index % WARPGROUP_WARPS * WARPGROUP_ROWS : 0,
                                     .count = is_a ? WARPGROUP_ROWS : product->columns,
                                     .step = step};
    const bool is_across = is_a ? product->a_across : product->b_across;
    return (is_across ? load_across : load_along)(warp, instruction, &matrix, &part, rows, operand);
}

static bool has_warpgroup(struct warp *warp, const struct instruction *instruction) {
    if (warp->index / WARPGROUP_WARPS * WARPGROUP_WARPS + WARPGROUP_WARPS <=
        warp->block->warp_count)
        return matrix_warp_is_whole(warp, instruction);
    warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane_first(warp->mask), 0,
               "wgmma in a warpgroup of %u warp%s: it takes four",
               warp->block->warp_count % WARPGROUP_WARPS,
               warp->block->warp_count % WARPGROUP_WARPS == 1 ? "" : "s");
    return false;
}

/* ---- Instructions ---- */

static void execute_product(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    const struct warpgroup_product *product = detail->product;
    struct warpgroup_operands operands;
    uint64_t a = 0, b;
    if (!has_warpgroup(warp, instruction) || !common_descriptor(warp, instruction, FROM_B, &b) ||
        (!product->a_in_registers && !common_descriptor(warp, instruction, FROM_A, &a)) ||
        !warpgroup_watch_product(warp, instruction, a, b) ||
        !load_matrix(warp, instruction, b, 'b', 0, operands.b) ||
        (product->is_sparse && !load_matrix(warp, instruction, b, 'b', 1, operands.b_next)))
        return;
    if (product->a_in_registers)
        load_registers(warp, detail, operands.a);
    else if (!load_matrix(warp, instruction, a, 'a', 0, operands.a))
        return;
    const uint32_t scale = *(const uint32_t *)warp_slot(warp, detail->from[FROM_SCALE_D]);
    operands.accumulates = (scale ^ (detail->negated & 1 ? LANES_ALL : 0)) != 0;
    if (product->is_sparse)
        operands.metadata =
            warp_slot(warp, detail->from[FROM_A + (product->a_in_registers ? 4 : 1)]);
    for (unsigned k = 0; k < product->registers; k++)
        operands.d[k] = warp_slot(warp, detail->to[k]);
    arithmetic_warpgroup(arithmetic_best_isa())(product, &operands);
    warp->worker->counters.wgmma_warp_instructions++;
    warp->worker->counters.wgmma_multiply_adds += warpgroup_multiply_adds(product);
}

static void execute_fence(struct warp *warp, const struct instruction *instruction) {
    if (has_warpgroup(warp, instruction))
        warpgroup_watch_fence(warp);
}

/* ---- Groups ---- */

static struct warp *first_of_warpgroup(struct warp *warp) {
    return warp - warp->index % WARPGROUP_WARPS;
}

/* Whether all warps of the warpgroup have committed the groups below `complete`. */
static bool is_complete(struct warp *warp, uint64_t complete) {
    const struct warp *first = first_of_warpgroup(warp);
    for (unsigned k = 0; k < WARPGROUP_WARPS; k++) {
        if (first[k].product_group < complete)
            return false;
    }
    return true;
}

static void execute_commit(struct warp *warp, const struct instruction *instruction) {
    struct warp *first = first_of_warpgroup(warp);
    if (!has_warpgroup(warp, instruction))
        return;
    warp->product_group++;
    for (unsigned k = 0; k < WARPGROUP_WARPS; k++) {
        if (!first[k].product_wait || !is_complete(warp, first[k].product_wait))
            continue;
        first[k].product_wait = 0;
        first[k].barrier_wait = 0;
        warp->block->cluster->idle = 0;
    }
}

/* The warp comes here again when others have committed. */
static void wait_here(struct warp *warp, uint64_t complete) {
    struct machine_counters *counters = &warp->worker->counters;
    counters->warp_instructions--;
    counters->machine_instructions -= warp_machine_quarters(warp, 1);
    counters->thread_instructions -= LANES;
    warp->executed--;
    warp_save(warp, warp->pc);
    warp->product_wait = complete;
    warp->barrier_wait = LANES_ALL;
}

static void execute_wait(struct warp *warp, const struct instruction *instruction) {
    const uint64_t pending = value_read(warp, instruction->detail, 0, 0);
    const uint64_t groups = warp->product_group;
    const uint64_t complete = pending < groups ? groups - pending : 0;
    if (!warp_guard(warp, instruction)) {
        warp->pc++;
    } else if (has_warpgroup(warp, instruction)) {
        if (!is_complete(warp, complete)) {
            wait_here(warp, complete);
            return;
        }
        warpgroup_watch_wait(warp, complete);
        warp->pc++;
    }
}

#define SHAPES(sparse, k)                                                                          \
    "wgmma.mma_async" sparse ".sync.aligned.{m64n8" k ",m64n16" k ",m64n24" k ",m64n32" k          \
    ",m64n40" k ",m64n48" k ",m64n56" k ",m64n64" k ",m64n72" k ",m64n80" k ",m64n88" k            \
    ",m64n96" k ",m64n104" k ",m64n112" k ",m64n120" k ",m64n128" k ",m64n136" k ",m64n144" k      \
    ",m64n152" k ",m64n160" k ",m64n168" k ",m64n176" k ",m64n184" k ",m64n192" k ",m64n200" k     \
    ",m64n208" k ",m64n216" k ",m64n224" k ",m64n232" k ",m64n240" k ",m64n248" k ",m64n256" k "}"
#define PRODUCT(pattern_)                                                                          \
    {                                                                                              \
        .pattern = (pattern_), "", execute_product, .flags = OPERATION_TENSOR | ROW_NEGATES,       \
        .decode = DECODE_WARPGROUP                                                                 \
    }

static const struct instruction_row rows[] = {
    PRODUCT(SHAPES("", "k16") ".f32.bf16.bf16"),
    PRODUCT(SHAPES("", "k16") ".{f32,f16}.f16.f16"),
    PRODUCT(SHAPES("", "k8") ".f32.tf32.tf32"),
    PRODUCT(SHAPES("", "k32") ".{f32,f16}.{e4m3,e5m2}.{e4m3,e5m2}"),
    PRODUCT(SHAPES("", "k32") "[.satfinite].s32.{s8,u8}.{s8,u8}"),
    PRODUCT(SHAPES("", "k256") ".s32.b1.b1.and.popc"),
    PRODUCT(SHAPES(".sp", "k32") ".f32.bf16.bf16"),
    PRODUCT(SHAPES(".sp", "k32") ".{f32,f16}.f16.f16"),
    PRODUCT(SHAPES(".sp", "k16") ".f32.tf32.tf32"),
    PRODUCT(SHAPES(".sp", "k64") ".{f32,f16}.{e4m3,e5m2}.{e4m3,e5m2}"),
    PRODUCT(SHAPES(".sp", "k64") "[.satfinite].s32.{s8,u8}.{s8,u8}"),
    {.pattern = "wgmma.fence.sync.aligned", "", execute_fence},
    {.pattern = "wgmma.commit_group.sync.aligned", "", execute_commit},
    {.pattern = "wgmma.wait_group.sync.aligned", "i", execute_wait, .flags = ROW_CONTROL},
};

const struct instruction_table matrix_warpgroups = {rows, sizeof rows / sizeof rows[0]};
