/* Checks on request. */
#include "emulator/execute/check.h"

#include "emulator/execute/race.h"
#include "emulator/execute/warp.h"
#include "emulator/lanes/space.h"

#include <stdlib.h>

int check_open(struct block *block) {
    const struct launch *launch = block->launch;
    if (launch->options.check_init && !(block->shared_written = malloc(launch->shared_bytes + 1)))
        return -1;
    return race_open(block);
}

void check_close(struct block *block) {
    free(block->shared_written);
    race_close(block);
}

/* What the system keeps for itself is written from the start. */
void check_start(struct block *block) {
    const struct launch *launch = block->launch;
    const size_t kept = launch->program->uses_reserved_shared ? RESERVED_SHARED_BYTES : 0;
    for (size_t k = 0; block->shared_written && k < launch->shared_bytes; k++)
        block->shared_written[k] = k >= launch->shared_bytes - kept;
    race_start(block);
}

void check_shared(struct warp *warp, const struct instruction *instruction, unsigned lane,
                  uint32_t address, uint32_t size, bool is_write, bool is_atomic,
                  const unsigned char *value) {
    struct block *block = warp->block;
    const bool is_strong = instruction->detail->is_strong;
    if (block->race)
        race_access(warp, instruction, lane, address, size,
                    (is_write ? RACE_WRITE : 0U) | (is_strong ? RACE_STRONG : 0U), value);
    if (block->race && is_strong)
        race_strong(warp, instruction, space_window(WINDOW_SHARED) + address,
                    !is_write || is_atomic, is_write);
    if (!block->shared_written || warp->is_faulted)
        return;
    for (uint32_t k = 0; k < size; k++) {
        if ((!is_write || is_atomic) && !block->shared_written[address + k]) {
            warp_fault(
                warp, instruction, MACHINE_CHECK_FAILED, lane, address + k,
                "uninitialised read in shared memory: nothing has written the byte at offset %u",
                address + k);
            return;
        }
        if (is_write)
            block->shared_written[address + k] = 1;
    }
}

void check_global(struct warp *warp, const struct instruction *instruction, unsigned lane,
                  uint64_t address, uint32_t size, bool is_write) {
    const struct launch *launch = warp->block->launch;
    if (warp->block->race && instruction->detail->is_strong)
        race_strong(warp, instruction, address, !is_write, is_write);
    if (!launch->options.check_init)
        return;
    struct memory_range *range = memory_find_all(launch->memory, address, size);
    if (!range)
        return;
    if (is_write)
        memory_mark_written(range, address, size);
    else if (!memory_is_written(range, address, size))
        warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane, address,
                   "uninitialised read of %u bytes in global memory: nothing has written them",
                   size);
}
