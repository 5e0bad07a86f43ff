/* ldmatrix, stmatrix and movmatrix (PTX ISA 9.7.14.5.15 to 17). */
#include "emulator/matrix/matrix.h"

#include "emulator/arithmetic/matrix.h"
#include "emulator/arithmetic/small_float.h"
#include "emulator/checks/check.h"
#include "emulator/checks/undefined.h"
#include "emulator/execute/execute.h"
#include "emulator/lanes/space.h"
#include "emulator/memory/request.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

/* Row addresses come from lanes 0 to 8 * count - 1. NULL entries after a fault. */
static bool find_rows(struct warp *warp, const struct instruction *instruction, unsigned count,
                      bool is_store, void *rows[]) {
    const struct detail *detail = instruction->detail;
    const struct launch *launch = warp->block->launch;
    for (unsigned lane = 0; lane < 8 * count; lane++) {
        uint64_t address = value_address(warp, detail, 0, lane, instruction->immediate);
        if (detail->space == SPACE_GENERIC)
            address -= space_window(WINDOW_SHARED);
        address = space_own_offset(warp->block->rank, address);
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
            check_place(warp, instruction, lane,
                        &(struct shared_place){warp->block, (uint32_t)address}, MATRIX_ROW_BYTES,
                        (is_store ? CHECK_WRITES : CHECK_READS) | CHECK_LATER);
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

/* ---- Unwritten values: a flag for each byte goes the way that the byte goes ---- */

enum { WRITTEN = 0x01010101 };

/* Variants of instructions. */
enum { OF_BYTES = 1, UNPACKS = 2 }; /* what is transposed is bytes; elements have less than one */

/* Registers of a lane, and eights of rows. */
static unsigned matrix_count(const struct instruction *instruction) {
    return instruction->detail->elements;
}

/* choice: {x1,x2,x4}[.trans] of pairs of bytes. */
static bool is_transposed(const struct instruction *instruction) {
    return !(instruction->variant & UNPACKS) && instruction->detail->choice[1] >= 0;
}

static void find_flags(const struct block *block, void *const rows[], unsigned count,
                       void *flags[]) {
    for (unsigned lane = 0; lane < 8 * count; lane++)
        flags[lane] = block->shared_written + ((unsigned char *)rows[lane] - block->shared);
}

static void load_flags(struct warp *warp, const struct instruction *instruction,
                       const struct lanes32 *flags, unsigned k) {
    uint32_t lanes = 0;
    for (unsigned lane = 0; lane < LANES; lane++)
        lanes |= (uint32_t)(flags->at[lane] == 0) << lane;
    undefined_load(warp, instruction, k, LANES_ALL, lanes);
}

static void load_rows(const struct instruction *instruction, struct lanes32 *const to[],
                      void *const rows[]) {
    const unsigned count = matrix_count(instruction);
    if (instruction->variant & OF_BYTES)
        matrix_load_bytes(to, (const void *const *)rows, count / 2);
    else
        matrix_load_rows(to, (const void *const *)rows, count, is_transposed(instruction));
}

/* `flags` are rows of them. */
static void load_matrix_flags(struct warp *warp, const struct instruction *instruction,
                              void *const flags[]) {
    struct lanes32 values[4], *to[4] = {&values[0], &values[1], &values[2], &values[3]};
    load_rows(instruction, to, flags);
    for (unsigned k = 0; k < matrix_count(instruction); k++)
        load_flags(warp, instruction, &values[k], k);
}

static void source_flags(const struct warp *warp, const struct detail *detail, unsigned k,
                         struct lanes32 *flags) {
    for (unsigned lane = 0; lane < LANES; lane++)
        flags->at[lane] = undefined_source(warp, detail, k, lane) ? 0 : WRITTEN;
}

static void store_rows(const struct instruction *instruction, void *const rows[],
                       const struct lanes32 *const from[], unsigned count) {
    if (instruction->variant & OF_BYTES)
        matrix_store_bytes(rows, from, count);
    else
        matrix_store_rows(rows, from, count, is_transposed(instruction));
}

static void store_matrix_flags(const struct warp *warp, const struct instruction *instruction,
                               void *const rows[], unsigned count) {
    const struct lanes32 *from[4];
    struct lanes32 values[4];
    void *flags[LANES] = {NULL};
    for (unsigned k = 0; k < count; k++) {
        source_flags(warp, instruction->detail, k + 1, &values[k]);
        from[k] = &values[k];
    }
    find_flags(warp->block, rows, count, flags);
    store_rows(instruction, flags, from, count);
}

/* ---- Sixteen elements of 6 or 4 bits at the beginning of a row, to a byte each ---- */

struct unpacked_rows {
    unsigned char bytes[LANES][MATRIX_ROW_BYTES], flags[LANES][MATRIX_ROW_BYTES];
};

/* choice: {x1,x2,x4}[.trans][space]{6,4 bits}. */
static unsigned element_bits(const struct instruction *instruction) {
    return instruction->detail->choice[2] == 0 ? 6 : 4;
}

static void unpack_rows(const struct instruction *instruction, struct unpacked_rows *unpacked,
                        void *rows[]) {
    for (unsigned lane = 0; lane < 8 * matrix_count(instruction); lane++) {
        small_float_unpack(rows[lane], element_bits(instruction), unpacked->bytes[lane]);
        rows[lane] = unpacked->bytes[lane];
    }
}

/* A byte is written where the first and the last of its bits are. */
static void unpack_flags(const struct instruction *instruction, struct unpacked_rows *unpacked,
                         void *flags[]) {
    const unsigned bits = element_bits(instruction);
    for (unsigned lane = 0; lane < 8 * matrix_count(instruction); lane++) {
        const unsigned char *row = flags[lane];
        for (unsigned k = 0; k < MATRIX_ROW_BYTES; k++)
            unpacked->flags[lane][k] = row[k * bits / 8] & row[(k * bits + bits - 1) / 8];
        flags[lane] = unpacked->flags[lane];
    }
}

/* ---- Execution ---- */

static void execute_load_matrix(struct warp *warp, const struct instruction *instruction) {
    const unsigned count = matrix_count(instruction);
    const bool unpacks = instruction->variant & UNPACKS;
    struct unpacked_rows unpacked;
    void *rows[LANES] = {NULL}, *flags[LANES] = {NULL};
    struct lanes32 *to[4];
    if (!matrix_warp_is_whole(warp, instruction) ||
        !find_rows(warp, instruction, count, false, rows))
        return;
    warp->worker->counters.shared_load_requests++;
    count_rows(warp, rows, count);
    if (warp->undefined) {
        find_flags(warp->block, rows, count, flags);
        if (unpacks)
            unpack_flags(instruction, &unpacked, flags);
        load_matrix_flags(warp, instruction, flags);
    }
    if (unpacks)
        unpack_rows(instruction, &unpacked, rows);
    for (unsigned k = 0; k < count; k++)
        to[k] = warp_slot(warp, instruction->detail->to[k]);
    load_rows(instruction, to, rows);
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
    if (warp->undefined)
        store_matrix_flags(warp, instruction, rows, count);
    store_rows(instruction, rows, from, count);
}

static void execute_move_matrix(struct warp *warp, const struct instruction *instruction) {
    struct lanes32 result, flags;
    if (!matrix_warp_is_whole(warp, instruction))
        return;
    if (warp->propagate) {
        source_flags(warp, instruction->detail, 0, &flags);
        matrix_transpose(&result, &flags);
        load_flags(warp, instruction, &result, 0);
    }
    matrix_transpose(&result, warp_slot(warp, instruction->a));
    *(struct lanes32 *)warp_slot(warp, instruction->to) = result;
}

#define MATRIX(root, shape) root ".sync.aligned." shape
#define SPACE "[.{shared,shared::cta}]"
#define SMALL ".b8x16.{b6x16_p32,b4x16_p64}"
#define PAIRS "m8n8.{x1,x2,x4}[.trans]" SPACE ".b16"
#define ROW(pattern_, operands_, execute_, variant_)                                               \
    {                                                                                              \
        .pattern = (pattern_), .operands = (operands_), .execute = (execute_),                     \
        .variant = (variant_), .decode = DECODE_MATRIX                                             \
    }

static const struct instruction_row rows[] = {
    ROW(MATRIX("ldmatrix", PAIRS), "D=m", execute_load_matrix, 0),
    ROW(MATRIX("stmatrix", PAIRS), "m,S", execute_store_matrix, 0),
    ROW(MATRIX("ldmatrix", "m8n16.{x1,x2,x4}" SPACE SMALL), "D=m", execute_load_matrix, UNPACKS),
    ROW(MATRIX("ldmatrix", "m16n16.{x1,x2}.trans" SPACE ".b8"), "D=m", execute_load_matrix,
        OF_BYTES),
    ROW(MATRIX("ldmatrix", "m16n16.{x1,x2}.trans" SPACE SMALL), "D=m", execute_load_matrix,
        OF_BYTES | UNPACKS),
    ROW(MATRIX("stmatrix", "m16n8.{x1,x2,x4}.trans" SPACE ".b8"), "m,S", execute_store_matrix,
        OF_BYTES),
    {.pattern = "movmatrix.sync.aligned.m8n8.trans.b16", "w=w", execute_move_matrix},
};

const struct instruction_table matrix_products = {rows, sizeof rows / sizeof rows[0]};
