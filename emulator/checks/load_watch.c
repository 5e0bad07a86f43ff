/* Registers that are being loaded from tensor memory. */
#include "emulator/checks/load_watch.h"

#include "emulator/warps/warp.h"

#include <stdlib.h>
#include <string.h>

enum { UNIT = 64 }; /* a register of 32 bits lies at a multiple of it in the frame */

struct load_watch {
    size_t count;
    struct loading {
        const struct instruction *by; /* NULL: none is */
    } loading[];                      /* by register */
};

static const struct instruction **find_register(struct load_watch *watch, uint32_t slot,
                                                uint8_t bits) {
    const size_t unit = (slot & ~UINT32_C(3)) / UNIT;
    const bool is_one = (slot & 3) == BANK_FRAME && bits == 32 && unit < watch->count;
    return is_one ? &watch->loading[unit].by : NULL;
}

static bool is_copy(const struct detail *detail) {
    return strcmp(detail->source->root, "mov") == 0 && detail->to_count == 1 &&
           detail->from_count == 1;
}

static void check_source(struct warp *warp, const struct instruction *instruction, unsigned k) {
    const struct detail *detail = instruction->detail;
    const struct instruction **loading =
        find_register(warp->loads, detail->from[k], detail->from_bits[k]);
    if (loading && *loading)
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane_first(warp->mask), 0,
                   "'%s' reads a register of the tcgen05.ld at PTX line %u, before a "
                   "tcgen05.wait::ld",
                   detail->source->root, (*loading)->detail->source->place.line);
}

/* Any instruction, before it is executed. */
static void watch_instruction(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    const struct instruction *copied = NULL;
    if (warp->base != 0 || !warp_guard(warp, instruction))
        return;
    if (is_copy(detail)) {
        const struct instruction **from =
            find_register(warp->loads, detail->from[0], detail->from_bits[0]);
        copied = from ? *from : NULL;
    }
    for (unsigned k = 0; k < detail->from_count && !copied && !warp->is_faulted; k++)
        check_source(warp, instruction, k);
    for (unsigned k = 0; k < detail->to_count; k++) {
        const struct instruction **to =
            find_register(warp->loads, detail->to[k], detail->to_bits[k]);
        if (to)
            *to = copied;
    }
}

int load_watch_open(struct block *block) {
    const struct launch *launch = block->launch;
    const size_t count = launch->function->frame_bytes / UNIT + 1;
    const bool is_watched = launch->program->uses_tensor_memory && launch->options.check_race;
    for (uint32_t k = 0; k < block->warp_count && is_watched; k++) {
        struct warp *warp = &block->warps[k];
        warp->loads = calloc(1, sizeof *warp->loads + count * sizeof warp->loads->loading[0]);
        if (!warp->loads)
            return -1;
        warp->loads->count = count;
        warp->before = watch_instruction;
    }
    return 0;
}

void load_watch_close(struct block *block) {
    for (uint32_t k = 0; block->memory && k < block->warp_count; k++)
        free(block->warps[k].loads);
}

void load_watch_start(struct block *block) {
    for (uint32_t k = 0; k < block->warp_count; k++)
        load_watch_wait(&block->warps[k]);
}

void load_watch_add(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    for (unsigned k = 0; warp->loads && warp->base == 0 && k < detail->to_count; k++) {
        const struct instruction **loading =
            find_register(warp->loads, detail->to[k], detail->to_bits[k]);
        if (loading)
            *loading = instruction;
    }
}

void load_watch_wait(struct warp *warp) {
    if (warp->loads)
        memset(warp->loads->loading, 0, warp->loads->count * sizeof warp->loads->loading[0]);
}
