/*
 * Memory that a function takes from the stack while it runs (PTX ISA 9.7.14: alloca, stacksave,
 * stackrestore). It grows down from the end of a lane's local memory, towards the frames, and goes
 * with the function that took it.
 */
#include "emulator/execute/execute.h"
#include "emulator/warps/values.h"
#include "emulator/warps/warp.h"

#include <string.h>

enum { ALIGNMENT_UNLESS_SAID = 8 };

static uint64_t alignment_of(const struct warp *warp, const struct detail *detail) {
    if (detail->from_count < 2)
        return ALIGNMENT_UNLESS_SAID;
    const int64_t *alignment = warp_slot(warp, detail->from[1]);
    return (uint64_t)*alignment;
}

/* Nothing has written what is taken anew. */
static void forget(const struct warp *warp, unsigned lane, uint32_t top, uint64_t bytes) {
    if (warp->undefined_local)
        memset(warp->undefined_local + lane * warp->block->launch->local_bytes + top, 1, bytes);
}

static bool take(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const struct detail *detail = instruction->detail;
    const uint64_t size = value_read(warp, detail, 0, lane);
    const uint64_t alignment = alignment_of(warp, detail);
    const uint32_t end = warp->lane_local[lane] + detail->function->local_bytes;
    const uint32_t before = warp->lane_stack[lane];
    const uint64_t room = before - end;
    const uint64_t top = size <= room ? (before - size) / alignment * alignment : 0;
    if (size > room || top < end) {
        warp_fault(warp, instruction, MACHINE_STACK_OVERFLOW, lane, 0,
                   "%llu bytes are asked for, and the stack of %zu bytes a thread has %llu left",
                   (unsigned long long)size, warp->block->launch->local_bytes,
                   (unsigned long long)room);
        return false;
    }
    forget(warp, lane, (uint32_t)top, before - top);
    warp->lane_stack[lane] = (uint32_t)top;
    value_write(warp, detail, 0, lane, top);
    return true;
}

static void execute_take(struct warp *warp, const struct instruction *instruction) {
    for (unsigned lane = 0; lane < LANES; lane++)
        if ((warp->mask >> lane & 1) && !take(warp, instruction, lane))
            return;
}

static void execute_save(struct warp *warp, const struct instruction *instruction) {
    for (unsigned lane = 0; lane < LANES; lane++)
        if (warp->mask >> lane & 1)
            value_write(warp, instruction->detail, 0, lane, warp->lane_stack[lane]);
}

static uint32_t stack_at_entry(const struct warp *warp, unsigned lane) {
    const struct frame_header *header =
        (const struct frame_header *)(const void *)(warp->stack + warp->base);
    return warp->base ? header->return_stack.at[lane] : (uint32_t)warp->block->launch->local_bytes;
}

/* Only what this function has taken can be given back. */
static void execute_restore(struct warp *warp, const struct instruction *instruction) {
    for (unsigned lane = 0; lane < LANES; lane++) {
        const uint64_t to = value_read(warp, instruction->detail, 0, lane);
        if (!(warp->mask >> lane & 1))
            continue;
        if (to < warp->lane_stack[lane] || to > stack_at_entry(warp, lane)) {
            warp_fault(warp, instruction, MACHINE_ILLEGAL_INSTRUCTION, lane, to,
                       "stackrestore of a value that no stacksave of this call gave");
            return;
        }
        warp->lane_stack[lane] = (uint32_t)to;
    }
}

static const struct instruction_row rows[] = {
    {.pattern = "alloca.u64", "d=d", execute_take, .flags = ROW_TAKES_STACK},
    {.pattern = "alloca.u64", "d=d,a", execute_take, .flags = ROW_TAKES_STACK},
    {.pattern = "alloca.u32", "w=w", execute_take, .flags = ROW_TAKES_STACK},
    {.pattern = "alloca.u32", "w=w,a", execute_take, .flags = ROW_TAKES_STACK},
    {.pattern = "stacksave.u64", "d=", execute_save},
    {.pattern = "stacksave.u32", "w=", execute_save},
    {.pattern = "stackrestore.u64", "d", execute_restore},
    {.pattern = "stackrestore.u32", "w", execute_restore},
};

const struct instruction_table executor_stack = {rows, sizeof rows / sizeof rows[0]};
