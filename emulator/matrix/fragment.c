/*
 * wmma.load and wmma.store (PTX ISA 9.7.14.3.3, 9.7.14.3.4). matrix.h of the arithmetic says what
 * a fragment is.
 *
 * Elements move one by one. What is counted are the accesses that the fragment's layout makes of
 * them: elements of a lane that lie side by side in memory are one access, and each access of the
 * warp is a request. 16-bit operands in shared memory that lie across the layout are turned on the
 * way, as ldmatrix.trans does it, so they go in lines of 16 bytes too.
 */
#include "emulator/arithmetic/matrix.h"
#include "emulator/checks/check.h"
#include "emulator/checks/undefined.h"
#include "emulator/execute/cached.h"
#include "emulator/execute/execute.h"
#include "emulator/lanes/space.h"
#include "emulator/matrix/matrix.h"
#include "emulator/memory/request.h"
#include "emulator/warps/address.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

enum { ACCESS_BYTES = 16 };

struct position {
    unsigned row, column;
};

static bool goes_by_rows(const struct detail *detail) {
    return detail->choice[1] == 0;
}

static uint64_t element_address(const struct warp *warp, const struct instruction *instruction,
                                unsigned lane, struct position place) {
    const struct detail *detail = instruction->detail;
    const uint64_t stride = ((const struct lanes32 *)warp_slot(warp, detail->from[1]))->at[lane];
    const uint64_t index = goes_by_rows(detail) ? place.row * stride + place.column
                                                : place.column * stride + place.row;
    const uint64_t address = value_read(warp, detail, 0, lane) + (uint64_t)instruction->immediate +
                             index * (detail->fragment->element_bits / 8);
    return detail->space == SPACE_SHARED ? address + space_window(WINDOW_SHARED) : address;
}

static bool lies_in_shared(uint64_t address) {
    return address >> WINDOW_SHIFT == WINDOW_SHARED;
}

/* ---- Moving the elements ---- */

static void check_element(struct warp *warp, const struct instruction *instruction, unsigned lane,
                          uint64_t address, uint32_t bytes) {
    const struct shared_place place = {warp->block, (uint32_t)address};
    if (lies_in_shared(address))
        check_place(warp, instruction, lane, &place, bytes,
                    (instruction->variant ? CHECK_WRITES : CHECK_READS) | CHECK_LATER);
    else
        check_global_race(warp, instruction, lane, address, bytes, instruction->variant != 0);
}

/* The element's bytes and their address, or NULL after a fault. */
static unsigned char *find_element(struct warp *warp, const struct instruction *instruction,
                                   unsigned lane, unsigned element, uint64_t *found) {
    const struct matrix_fragment *fragment = instruction->detail->fragment;
    const uint32_t bytes = fragment->element_bits / 8;
    struct position place;
    matrix_place(fragment, lane, element, &place.row, &place.column);
    const uint64_t address = element_address(warp, instruction, lane, place);
    unsigned char *at = address_find(warp, lane, address, bytes);
    *found = address;
    if (at && address % bytes == 0) {
        if (warp->block->launch->is_slow)
            check_element(warp, instruction, lane, address, bytes);
        return warp->is_faulted ? NULL : at;
    }
    warp_fault(warp, instruction, at ? MACHINE_MISALIGNED_ADDRESS : MACHINE_INVALID_ADDRESS, lane,
               address, "%s element at row %u, column %u of a matrix",
               at ? "misaligned" : "out-of-bounds", place.row, place.column);
    return NULL;
}

static void load_lane(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const struct detail *detail = instruction->detail;
    const struct matrix_fragment *fragment = detail->fragment;
    const unsigned bits = fragment->element_bits;
    for (unsigned k = 0; k < fragment->registers; k++) {
        uint64_t value = 0, address;
        bool is_written = !warp->undefined;
        for (unsigned n = 0; n < fragment->elements; n++) {
            const unsigned char *at =
                find_element(warp, instruction, lane, k * fragment->elements + n, &address);
            uint64_t part = 0;
            if (!at)
                return;
            memcpy(&part, at, bits / 8);
            value |= part << (n * bits % 64);
            is_written = is_written || check_is_written(warp, address, bits / 8);
        }
        if (warp->undefined)
            undefined_load(warp, instruction, k, UINT32_C(1) << lane,
                           is_written ? 0 : UINT32_C(1) << lane);
        value_write(warp, detail, k, lane, value);
    }
}

static void store_lane(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const struct detail *detail = instruction->detail;
    const struct matrix_fragment *fragment = detail->fragment;
    const unsigned bits = fragment->element_bits;
    for (unsigned k = 0; k < fragment->registers; k++) {
        const uint64_t value = value_read(warp, detail, k + 2, lane);
        for (unsigned n = 0; n < fragment->elements; n++) {
            uint64_t address;
            unsigned char *at =
                find_element(warp, instruction, lane, k * fragment->elements + n, &address);
            const uint64_t part = value >> (n * bits % 64);
            if (!at)
                return;
            check_store(warp, instruction, lane, k + 2, address, bits / 8);
            memcpy(at, &part, bits / 8);
        }
    }
}

/* ---- Counting ---- */

/* Where a lane's element is read for the count: turned, the elements of each tile of 8x8 change
 * sides. */
static struct position count_place(const struct matrix_fragment *fragment, bool is_turned,
                                   unsigned lane, unsigned element) {
    struct position place;
    matrix_place(fragment, lane, element, &place.row, &place.column);
    if (!is_turned)
        return place;
    const struct position turned = {.row = (place.row & ~7u) | (place.column & 7),
                                    .column = (place.column & ~7u) | (place.row & 7)};
    return turned;
}

/* How many elements from `first` on a lane has side by side in memory; the same for every lane. */
static unsigned run_length(const struct detail *detail, bool is_turned, unsigned first,
                           unsigned count) {
    const struct matrix_fragment *fragment = detail->fragment;
    const struct position start = count_place(fragment, is_turned, 0, first);
    unsigned length = 1;
    for (; first + length < count && length * fragment->element_bits / 8 < ACCESS_BYTES; length++) {
        const struct position next = count_place(fragment, is_turned, 0, first + length);
        const bool follows = goes_by_rows(detail)
                                 ? next.row == start.row && next.column == start.column + length
                                 : next.column == start.column && next.row == start.row + length;
        if (!follows)
            break;
    }
    return length;
}

static void count_request(struct warp *warp, bool is_store, const struct lanes64 *addresses,
                          uint32_t bytes) {
    struct machine_counters *counters = &warp->worker->counters;
    struct request_sectors sectors = {.count = 0};
    if (lies_in_shared(addresses->at[0])) {
        *(is_store ? &counters->shared_store_requests : &counters->shared_load_requests) += 1;
        request_count_wavefronts(counters, request_wavefronts(addresses, LANES_ALL, bytes));
        return;
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        struct memory_range *range = memory_find(warp->block->launch->memory, addresses->at[lane]);
        if (range)
            request_touch(&sectors, range, addresses->at[lane]);
    }
    cached_request(warp, is_store ? CACHES_STORE : CACHES_LOAD, sectors.sectors, sectors.count);
    *(is_store ? &counters->global_store_requests : &counters->global_load_requests) += 1;
    *(is_store ? &counters->global_store_sectors : &counters->global_load_sectors) += sectors.count;
}

/* The copies of elements that some fragments hold twice are not read again. */
static void count_fragment(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    const struct matrix_fragment *fragment = detail->fragment;
    const unsigned count = (unsigned)fragment->rows * fragment->columns / LANES;
    const bool lies_across = goes_by_rows(detail) == (fragment->operand == 'b');
    const struct position corner = {0, 0};
    const bool is_turned = fragment->operand != 'c' && fragment->element_bits == 16 &&
                           lies_across &&
                           lies_in_shared(element_address(warp, instruction, 0, corner));
    for (unsigned first = 0, length; first < count; first += length) {
        struct lanes64 addresses;
        length = run_length(detail, is_turned, first, count);
        for (unsigned lane = 0; lane < LANES; lane++)
            addresses.at[lane] = element_address(warp, instruction, lane,
                                                 count_place(fragment, is_turned, lane, first));
        count_request(warp, instruction->variant != 0, &addresses,
                      length * fragment->element_bits / 8);
    }
}

static void execute_fragment(struct warp *warp, const struct instruction *instruction) {
    if (!matrix_warp_is_whole(warp, instruction))
        return;
    for (unsigned lane = 0; lane < LANES && !warp->is_faulted; lane++) {
        if (instruction->variant)
            store_lane(warp, instruction, lane);
        else
            load_lane(warp, instruction, lane);
    }
    if (!warp->is_faulted)
        count_fragment(warp, instruction);
}

#define FRAGMENT_SHAPE                                                                             \
    ".{m16n16k16,m8n32k16,m32n8k16,m16n16k8,m8n8k4}[.{global,shared,shared::cta}]"

static const struct instruction_row rows[] = {
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
};

const struct instruction_table matrix_fragments = {rows, sizeof rows / sizeof rows[0]};
