/* The functions that programs call and do not bring themselves. */
#include "emulator/execute/builtin.h"

#include "emulator/checks/race_global.h"
#include "emulator/checks/undefined.h"
#include "emulator/execute/print.h"
#include "emulator/memory/heap.h"
#include "emulator/warps/address.h"
#include "emulator/warps/warp.h"

#include <string.h>

static uint64_t argument(const struct warp *warp, const struct detail *detail, size_t k,
                         unsigned lane) {
    uint64_t value = 0;
    memcpy(&value,
           warp->bank[BANK_FRAME] + detail->copies[k].caller +
               (size_t)lane * detail->copies[k].stride_caller,
           detail->copies[k].size < sizeof value ? detail->copies[k].size : sizeof value);
    return value;
}

static const char *argument_text(struct warp *warp, const struct detail *detail, size_t k,
                                 unsigned lane) {
    const unsigned char *text = address_find(warp, lane, argument(warp, detail, k, lane), 1);
    return text ? (const char *)text : "?";
}

static void give_result(struct warp *warp, const struct detail *detail, unsigned lane,
                        uint64_t value) {
    if (detail->result_count == 0)
        return;
    const size_t bytes =
        detail->results[0].size < sizeof value ? detail->results[0].size : sizeof value;
    unsigned char *to = warp->bank[BANK_FRAME] + detail->results[0].caller +
                        (size_t)lane * detail->results[0].stride_caller;
    unsigned char *flags = undefined_area(warp, to);
    memcpy(to, &value, bytes);
    if (flags)
        memset(flags, 0, bytes);
}

static void call_print(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const struct detail *detail = instruction->detail;
    const uint64_t format = argument(warp, detail, 0, lane),
                   values = argument(warp, detail, 1, lane);
    if (!address_find(warp, lane, format, 1) || (values && !address_find(warp, lane, values, 1))) {
        warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, format,
                   "printf with a bad pointer");
        return;
    }
    print_lane(warp, lane, format, values);
    give_result(warp, detail, lane, 1);
}

/* A graph's condition is four bytes of memory, and its handle their address. */
static void call_set_conditional(struct warp *warp, const struct instruction *instruction,
                                 unsigned lane) {
    const uint64_t handle = argument(warp, instruction->detail, 0, lane);
    const uint32_t value = (uint32_t)argument(warp, instruction->detail, 1, lane);
    unsigned char *memory =
        handle % sizeof value == 0 ? address_find(warp, lane, handle, sizeof value) : NULL;
    if (memory)
        memcpy(memory, &value, sizeof value);
    else
        warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, handle,
                   "cudaGraphSetConditional of a handle that is none");
}

/* What is there is as good as never written. */
static void forget(const struct launch *launch, uint64_t address, size_t size) {
    struct memory_range *range =
        size && launch->options.check_init ? memory_find_all(launch->memory, address, size) : NULL;
    if (range)
        memory_forget_written(range, address, size);
}

static uint64_t allocate(const struct launch *launch, uint64_t size) {
    const uint64_t address = heap_allocate(launch->heap, size);
    forget(launch, address, address ? size : 0);
    return address;
}

/* Whoever reads it later uses what nothing has written. */
static bool free_memory(const struct launch *launch, uint64_t address) {
    forget(launch, address, heap_size(launch->heap, address));
    return heap_free(launch->heap, address);
}

enum { HEAP_KEY = 0 }; /* no address: blocks meet at the heap */

static void call_lane(struct warp *warp, const struct instruction *instruction, unsigned lane) {
    const struct detail *detail = instruction->detail;
    const uint64_t first = argument(warp, detail, 0, lane);
    switch (detail->callee->builtin) {
    case BUILTIN_ASSERTFAIL:
        warp_fault(warp, instruction, MACHINE_ASSERT, lane, 0,
                   "assertion '%.120s' failed (%.120s:%u)", argument_text(warp, detail, 0, lane),
                   argument_text(warp, detail, 1, lane), (unsigned)argument(warp, detail, 2, lane));
        break;
    case BUILTIN_MALLOC:
        race_global_meet(warp, HEAP_KEY);
        give_result(warp, detail, lane, allocate(warp->block->launch, first));
        break;
    case BUILTIN_FREE:
        race_global_meet(warp, HEAP_KEY);
        if (!free_memory(warp->block->launch, first))
            warp_fault(warp, instruction, MACHINE_INVALID_ADDRESS, lane, first,
                       "free of what malloc did not give, or of what is free already");
        break;
    case BUILTIN_SET_CONDITIONAL:
        call_set_conditional(warp, instruction, lane);
        break;
    default:
        call_print(warp, instruction, lane);
    }
}

void builtin_call(struct warp *warp, const struct instruction *instruction, uint32_t lanes) {
    for (unsigned lane = 0; lane < LANES && !warp->is_faulted; lane++) {
        if (lanes >> lane & 1)
            call_lane(warp, instruction, lane);
    }
    if (!warp->is_faulted)
        warp->pc++;
}
