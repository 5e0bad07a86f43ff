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

static void check_written(struct warp *warp, const struct instruction *instruction, unsigned lane,
                          const struct shared_place *place, uint32_t size, unsigned flags) {
    uint8_t *written = place->block->shared_written;
    for (uint32_t k = place->offset; written && k < place->offset + size && !warp->is_faulted;
         k++) {
        if ((flags & CHECK_READS) && !written[k])
            warp_fault(
                warp, instruction, MACHINE_CHECK_FAILED, lane, k,
                "uninitialised read in shared memory: nothing has written the byte at offset %u",
                k);
        if (flags & CHECK_WRITES)
            written[k] = 1;
    }
}

static void check_access(struct warp *warp, const struct instruction *instruction, unsigned lane,
                         const struct shared_place *place, uint32_t size, unsigned flags,
                         const unsigned char *value) {
    const bool is_strong = instruction->detail->is_strong;
    const bool is_read = flags & CHECK_READS, is_write = flags & CHECK_WRITES;
    if (warp->block->race)
        race_access(warp, instruction, lane, place, size,
                    (is_write ? RACE_WRITE : 0U) | (is_strong ? RACE_STRONG : 0U) |
                        (flags & CHECK_PROXY ? RACE_BULK : 0U),
                    value);
    if (warp->block->race && is_strong)
        race_strong(warp, instruction, race_key(place), is_read, is_write);
    check_written(warp, instruction, lane, place, size, flags);
}

void check_shared(struct warp *warp, const struct instruction *instruction, unsigned lane,
                  uint32_t address, uint32_t size, bool is_write, bool is_atomic,
                  const unsigned char *value) {
    check_access(warp, instruction, lane, &(struct shared_place){warp->block, address}, size,
                 (!is_write || is_atomic ? CHECK_READS : 0U) | (is_write ? CHECK_WRITES : 0U),
                 value);
}

void check_place(struct warp *warp, const struct instruction *instruction, unsigned lane,
                 const struct shared_place *place, uint32_t size, unsigned flags) {
    check_access(warp, instruction, lane, place, size, flags, NULL);
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
