/* st.bulk (PTX ISA 9.7.9): each lane fills bytes of its block's shared memory with zeros. It counts
 * as an instruction alone. */
#include "emulator/checks/check.h"
#include "emulator/execute/execute.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

enum { FILL_UNIT = 8, FILL_LIMIT = 1 << 24 };

static bool fill_lane(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const struct detail *detail = instruction->detail;
    const uint64_t size = value_read(warp, detail, 1, lane);
    struct shared_place place;
    if (value_read(warp, detail, 2, lane) != 0) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, 0,
                   "st.bulk of another value than 0");
        return false;
    }
    if (size % FILL_UNIT != 0 || size >= FILL_LIMIT) {
        warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, 0,
                   "st.bulk of %llu bytes: it fills a multiple of %d, and less than %d",
                   (unsigned long long)size, FILL_UNIT, FILL_LIMIT);
        return false;
    }
    if (!place_find(warp, instruction, lane,
                    value_address(warp, detail, 0, lane, instruction->immediate),
                    (struct place_size){(uint32_t)size, FILL_UNIT}, &place))
        return false;
    if (warp->block->launch->is_slow)
        check_place(warp, instruction, lane, &place, (uint32_t)size, CHECK_WRITES);
    if (warp->is_faulted)
        return false;
    memset(place.block->shared + place.offset, 0, size);
    return true;
}

static void execute_fill(struct warp *warp, const struct instruction *instruction) {
    for (unsigned lane = 0; lane < LANES; lane++)
        if ((warp->mask >> lane & 1) && !fill_lane(warp, instruction, lane))
            return;
}

/* The last operand is the value, of which there is one. */
static const struct instruction_row rows[] = {
    {.pattern = "st.bulk[.weak][.shared::cta]", "m,d,i", execute_fill, .decode = DECODE_UNTYPED},
};

const struct instruction_table executor_fill = {rows, sizeof rows / sizeof rows[0]};
