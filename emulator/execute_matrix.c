/* The memory side of matrix instructions: ldmatrix, stmatrix, movmatrix, wmma.load and wmma.store
 * (PTX ISA 9.7.14.5). Fragments are arithmetic_matrix.h's. */
#include "arithmetic_matrix.h"
#include "execute.h"
#include "space.h"
#include "warp.h"

#include <string.h>

/* Row addresses come from lanes 0 to 8 * count - 1. NULL entries after a fault. */
static bool find_rows(struct warp *warp, const struct instruction *instruction, unsigned count,
                      bool is_store, void *rows[]) {
    const struct detail *detail = instruction->detail;
    const struct launch *launch = warp->block->launch;
    const void *base = warp_slot(warp, detail->from[0]);
    for (unsigned lane = 0; lane < 8 * count; lane++) {
        uint64_t address = detail->from_bits[0] == 64 ? ((const struct lanes64 *)base)->at[lane]
                                                      : ((const struct lanes32 *)base)->at[lane];
        address += (uint64_t)instruction->immediate;
        if (detail->space == SPACE_GENERIC)
            address -= space_window(WINDOW_SHARED);
        if (address % MATRIX_ROW_BYTES != 0) {
            warp_fault(warp, instruction, MACHINE_MISALIGNED_ADDRESS, lane, address,
                       "misaligned row of a matrix in shared memory: its address must be a "
                       "multiple of 16");
            return false;
        }
        if (address > launch->shared_bytes || launch->shared_bytes - address < MATRIX_ROW_BYTES) {
            warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, address,
                       "out-of-bounds row of a matrix in shared memory: the block has %zu bytes",
                       launch->shared_bytes);
            return false;
        }
        if (launch->is_slow)
            check_shared(warp, instruction, lane, (uint32_t)address, MATRIX_ROW_BYTES, is_store,
                         false);
        rows[lane] = warp->block->shared + address;
    }
    return !warp->is_faulted;
}

/* Eight rows of 16 bytes make a wavefront when their banks differ: a quarter-warp of 128-bit
 * accesses. */
static void count_rows(struct warp *warp, void *const rows[], unsigned count) {
    enum { BANK_GROUPS = 8 };
    for (unsigned matrix = 0; matrix < count; matrix++) {
        uintptr_t seen[BANK_GROUPS][8] = {{0}};
        unsigned used[BANK_GROUPS] = {0}, most = 0;
        for (unsigned k = 0; k < 8; k++) {
            const uintptr_t row =
                (uintptr_t)((unsigned char *)rows[matrix * 8 + k] - warp->block->shared) / 16;
            const unsigned group = row % BANK_GROUPS;
            bool known = false;
            for (unsigned n = 0; n < used[group]; n++)
                known |= seen[group][n] == row;
            if (!known)
                seen[group][used[group]++] = row;
            most = used[group] > most ? used[group] : most;
        }
        warp->worker->counters.shared_wavefronts += most;
        warp->worker->counters.shared_wavefronts_ideal++;
    }
}

static bool is_whole(struct warp *warp, const struct instruction *instruction) {
    if (warp->mask == LANES_ALL)
        return true;
    warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane_first(warp->mask), 0,
               "a matrix instruction that only lanes 0x%08x of its warp execute", warp->mask);
    return false;
}

static unsigned matrix_count(const struct instruction *instruction) {
    return 1u << (unsigned)instruction->detail->choice[0];
}

static void execute_load_matrix(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    const unsigned count = matrix_count(instruction);
    void *rows[LANES] = {NULL};
    struct lanes32 *to[4];
    if (!is_whole(warp, instruction) || !find_rows(warp, instruction, count, false, rows))
        return;
    warp->worker->counters.shared_load_requests++;
    count_rows(warp, rows, count);
    for (unsigned k = 0; k < count; k++)
        to[k] = warp_slot(warp, detail->to[k]);
    matrix_load_rows(to, (const void *const *)rows, count, detail->choice[1] >= 0);
}

static void execute_store_matrix(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    const unsigned count = matrix_count(instruction);
    void *rows[LANES] = {NULL};
    const struct lanes32 *from[4];
    if (!is_whole(warp, instruction) || !find_rows(warp, instruction, count, true, rows))
        return;
    warp->worker->counters.shared_store_requests++;
    count_rows(warp, rows, count);
    for (unsigned k = 0; k < count; k++)
        from[k] = warp_slot(warp, detail->from[k + 1]);
    matrix_store_rows(rows, from, count, detail->choice[1] >= 0);
}

static void execute_move_matrix(struct warp *warp, const struct instruction *instruction) {
    struct lanes32 result;
    if (!is_whole(warp, instruction))
        return;
    matrix_transpose(&result, warp_slot(warp, instruction->a));
    *(struct lanes32 *)warp_slot(warp, instruction->to) = result;
}

/* ---- wmma.load and wmma.store: each lane's elements, one by one ---- */

/* The element's bytes, or NULL after a fault. */
static unsigned char *find_element(struct warp *warp, const struct instruction *instruction,
                                   unsigned lane, unsigned element) {
    const struct detail *detail = instruction->detail;
    const struct matrix_fragment *fragment = detail->fragment;
    const void *base = warp_slot(warp, detail->from[0]);
    const uint32_t stride = ((const struct lanes32 *)warp_slot(warp, detail->from[1]))->at[lane];
    const unsigned bytes = fragment->element_bits / 8;
    const bool by_rows = detail->choice[1] == 0;
    unsigned row, column;
    matrix_place(fragment, lane, element, &row, &column);
    const uint64_t index =
        by_rows ? (uint64_t)row * stride + column : (uint64_t)column * stride + row;
    uint64_t address = detail->from_bits[0] == 64 ? ((const struct lanes64 *)base)->at[lane]
                                                  : ((const struct lanes32 *)base)->at[lane];
    address += (uint64_t)instruction->immediate + index * bytes;
    if (detail->space == SPACE_SHARED)
        address += space_window(WINDOW_SHARED);
    unsigned char *at = warp_pointer(warp, lane, address, bytes);
    if (at && address % bytes == 0)
        return at;
    warp_fault(warp, instruction, at ? MACHINE_MISALIGNED_ADDRESS : MACHINE_INVALID_ADDRESS, lane,
               address, "%s element at row %u, column %u of a matrix, with a stride of %u",
               at ? "misaligned" : "out-of-bounds", row, column, stride);
    return NULL;
}

static void load_lane(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const struct detail *detail = instruction->detail;
    const struct matrix_fragment *fragment = detail->fragment;
    const unsigned bits = fragment->element_bits;
    for (unsigned k = 0; k < fragment->registers; k++) {
        uint64_t value = 0;
        for (unsigned n = 0; n < fragment->elements; n++) {
            const unsigned char *at =
                find_element(warp, instruction, lane, k * fragment->elements + n);
            uint64_t part = 0;
            if (!at)
                return;
            memcpy(&part, at, bits / 8);
            value |= part << (n * bits % 64);
        }
        void *to = warp_slot(warp, detail->to[k]);
        if (fragment->register_bytes == 8)
            ((struct lanes64 *)to)->at[lane] = value;
        else
            ((struct lanes32 *)to)->at[lane] = (uint32_t)value;
    }
}

static void store_lane(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const struct detail *detail = instruction->detail;
    const struct matrix_fragment *fragment = detail->fragment;
    const unsigned bits = fragment->element_bits;
    for (unsigned k = 0; k < fragment->registers; k++) {
        const void *from = warp_slot(warp, detail->from[k + 2]);
        const uint64_t value = fragment->register_bytes == 8
                                   ? ((const struct lanes64 *)from)->at[lane]
                                   : ((const struct lanes32 *)from)->at[lane];
        for (unsigned n = 0; n < fragment->elements; n++) {
            unsigned char *at = find_element(warp, instruction, lane, k * fragment->elements + n);
            const uint64_t part = value >> (n * bits % 64);
            if (!at)
                return;
            memcpy(at, &part, bits / 8);
        }
    }
}

static void execute_fragment(struct warp *warp, const struct instruction *instruction) {
    if (!is_whole(warp, instruction))
        return;
    for (unsigned lane = 0; lane < LANES && !warp->is_faulted; lane++) {
        if (instruction->variant)
            store_lane(warp, instruction, lane);
        else
            load_lane(warp, instruction, lane);
    }
}

#define FRAGMENT_SHAPE                                                                             \
    ".{m16n16k16,m8n32k16,m32n8k16,m16n16k8,m8n8k4}[.{global,shared,shared::cta}]"
#define SHAPE ".sync.aligned.m8n8.{x1,x2,x4}[.trans][.{shared,shared::cta}].b16"

static const struct instruction_row rows[] = {
    {.pattern = "ldmatrix" SHAPE, "D=m", execute_load_matrix, .decode = DECODE_MATRIX},
    {.pattern = "stmatrix" SHAPE, "m,S", execute_store_matrix, .decode = DECODE_MATRIX},
    {.pattern = "wmma.load.{a,b,c}.sync.aligned.{row,col}" FRAGMENT_SHAPE
                ".{f16,bf16,tf32,f32,f64,s8,u8,s32}",
     "",
     execute_fragment,
     0,
     .decode = DECODE_FRAGMENT},
    {.pattern = "wmma.store.{d}.sync.aligned.{row,col}" FRAGMENT_SHAPE ".{f16,f32,f64,s32}",
     "",
     execute_fragment,
     1,
     .decode = DECODE_FRAGMENT},
    {.pattern = "movmatrix.sync.aligned.m8n8.trans.b16", "w=w", execute_move_matrix},
};

const struct instruction_table executor_matrix = {rows, sizeof rows / sizeof rows[0]};
