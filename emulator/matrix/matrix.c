/* ldmatrix, stmatrix and movmatrix (PTX ISA 9.7.14.5.15 to 17). */
#include "emulator/matrix/matrix.h"

#include "emulator/arithmetic/matrix.h"
#include "emulator/execute/check.h"
#include "emulator/execute/execute.h"
#include "emulator/execute/values.h"
#include "emulator/execute/warp.h"
#include "emulator/lanes/space.h"
#include "emulator/memory/request.h"

#include <string.h>

/* Row addresses come from lanes 0 to 8 * count - 1. NULL entries after a fault. */
static bool find_rows(struct warp *warp, const struct instruction *instruction, unsigned count,
                      bool is_store, void *rows[]) {
    const struct detail *detail = instruction->detail;
    const struct launch *launch = warp->block->launch;
    for (unsigned lane = 0; lane < 8 * count; lane++) {
        uint64_t address = value_read(warp, detail, 0, lane) + (uint64_t)instruction->immediate;
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
                         false, NULL);
        rows[lane] = warp->block->shared + address;
    }
    return !warp->is_faulted;
}

/* Each matrix goes by itself, as a quarter-warp of 128-bit accesses does. */
static void count_rows(struct warp *warp, void *const rows[], unsigned count) {
    struct lanes64 offsets;
    for (unsigned lane = 0; lane < 8 * count; lane++)
        offsets.at[lane] = (uint64_t)((unsigned char *)rows[lane] - warp->block->shared);
    request_count_wavefronts(&warp->worker->counters,
                             request_wavefronts(&offsets,
                                                (uint32_t)((UINT64_C(1) << (8 * count)) - 1),
                                                MATRIX_ROW_BYTES));
}

bool matrix_warp_is_whole(struct warp *warp, const struct instruction *instruction) {
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
    if (!matrix_warp_is_whole(warp, instruction) ||
        !find_rows(warp, instruction, count, false, rows))
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
    if (!matrix_warp_is_whole(warp, instruction) ||
        !find_rows(warp, instruction, count, true, rows))
        return;
    warp->worker->counters.shared_store_requests++;
    count_rows(warp, rows, count);
    for (unsigned k = 0; k < count; k++)
        from[k] = warp_slot(warp, detail->from[k + 1]);
    matrix_store_rows(rows, from, count, detail->choice[1] >= 0);
}

static void execute_move_matrix(struct warp *warp, const struct instruction *instruction) {
    struct lanes32 result;
    if (!matrix_warp_is_whole(warp, instruction))
        return;
    matrix_transpose(&result, warp_slot(warp, instruction->a));
    *(struct lanes32 *)warp_slot(warp, instruction->to) = result;
}

#define SHAPE ".sync.aligned.m8n8.{x1,x2,x4}[.trans][.{shared,shared::cta}].b16"

static const struct instruction_row rows[] = {
    {.pattern = "ldmatrix" SHAPE, "D=m", execute_load_matrix, .decode = DECODE_MATRIX},
    {.pattern = "stmatrix" SHAPE, "m,S", execute_store_matrix, .decode = DECODE_MATRIX},
    {.pattern = "movmatrix.sync.aligned.m8n8.trans.b16", "w=w", execute_move_matrix},
};

const struct instruction_table matrix_products = {rows, sizeof rows / sizeof rows[0]};
