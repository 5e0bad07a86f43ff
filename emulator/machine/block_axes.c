/* Finds rows of tiles by executing the blocks where one would end. */
#include "emulator/machine/block_axes.h"

#include "emulator/machine/workers.h"

bool blocks_execute(struct launch *launch, const uint64_t *numbers, uint64_t count,
                    struct machine_counters *counted) {
    struct machine_counters together = {0};
    launch->chosen = numbers;
    launch->of_chosen = counted;
    launch->cluster_count = count;
    launch->next_cluster = 0;
    workers_run(launch, &together);
    launch->chosen = NULL;
    launch->of_chosen = NULL;
    launch->cluster_count = launch->block_count;
    return !launch->is_failed;
}

bool blocks_alike(const struct machine_counters *one, const struct machine_counters *other) {
    return one->warp_instructions == other->warp_instructions &&
           one->thread_instructions == other->thread_instructions &&
           one->divergent_branches == other->divergent_branches &&
           one->global_load_requests == other->global_load_requests &&
           one->global_store_requests == other->global_store_requests &&
           one->shared_load_requests == other->shared_load_requests &&
           one->shared_store_requests == other->shared_store_requests;
}

/* ---- Rows of tiles ---- */

enum { LENGTHS = 64 };

/* Up to LENGTHS lengths into which `count` blocks can be cut, the least first. */
static unsigned lengths_of(uint64_t count, uint64_t lengths[LENGTHS]) {
    unsigned found = 0;
    for (uint64_t length = 2; length * length <= count && found < LENGTHS; length++)
        if (count % length == 0)
            lengths[found++] = length;
    for (unsigned k = found; k-- > 0 && found < LENGTHS;)
        if (lengths[k] * lengths[k] != count)
            lengths[found++] = count / lengths[k];
    return found;
}

/* The last of the first row, and of the second, is unlike the one before it, which is like the
 * first. */
static bool is_row(struct launch *launch, const struct block_axis *axis, uint64_t length) {
    enum { FIRST, BEFORE, LAST, BEFORE_NEXT, LAST_OF_NEXT, BLOCKS };
    const uint64_t numbers[BLOCKS] = {0, axis->stride * (length - 2), axis->stride * (length - 1),
                                      axis->stride * (2 * length - 2),
                                      axis->stride * (2 * length - 1)};
    struct machine_counters counted[BLOCKS];
    return blocks_execute(launch, numbers, BLOCKS, counted) &&
           blocks_alike(&counted[FIRST], &counted[BEFORE]) &&
           !blocks_alike(&counted[BEFORE], &counted[LAST]) &&
           !blocks_alike(&counted[BEFORE_NEXT], &counted[LAST_OF_NEXT]);
}

/* The blocks of a row, or 0 where the axis is no rows of tiles. */
static uint64_t row_find(struct launch *launch, const struct block_axis *axis) {
    uint64_t lengths[LENGTHS], numbers[LENGTHS + 1] = {0};
    struct machine_counters counted[LENGTHS + 1];
    const unsigned count = lengths_of(axis->count, lengths);
    for (unsigned k = 0; k < count; k++)
        numbers[k + 1] = axis->stride * (lengths[k] - 1);
    if (count == 0 || !blocks_execute(launch, numbers, count + 1, counted))
        return 0;
    for (unsigned k = 0; k < count && !launch->is_failed; k++)
        if (!blocks_alike(&counted[k + 1], &counted[0]) && is_row(launch, axis, lengths[k]))
            return lengths[k];
    return 0;
}

struct block_axes block_axes_find(struct launch *launch) {
    enum { DIMENSIONS = 3, FOLDED = 3 };
    struct block_axes axes = {.count = 1};
    axes.axis[0] = (struct block_axis){1, launch->grid[0]};
    uint64_t row = launch->grid[1] == 1 ? row_find(launch, &axes.axis[0]) : 0;
    while (row > 0) {
        struct block_axis *last = &axes.axis[axes.count - 1];
        axes.axis[axes.count++] = (struct block_axis){last->stride * row, last->count / row};
        last->count = row;
        row = axes.count < FOLDED ? row_find(launch, &axes.axis[axes.count - 1]) : 0;
    }
    uint64_t stride = launch->grid[0];
    for (unsigned k = 1; k < DIMENSIONS; k++) {
        axes.axis[axes.count++] = (struct block_axis){stride, launch->grid[k]};
        stride *= launch->grid[k];
    }
    return axes;
}
