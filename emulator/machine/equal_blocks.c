#include "emulator/machine/equal_blocks.h"

#include "emulator/machine/machine.h"
#include "emulator/machine/workers.h"

#include <stdlib.h>

enum { DIMENSIONS = 3, KINDS = 1 << DIMENSIONS };

bool equal_blocks_are_sampled(const struct launch *launch) {
    return launch->options.sample_blocks > 0 && !launch->is_serial && launch->cluster_size == 1;
}

/* Where the blocks of a kind lie: a bit of `kind` says that they are last in that dimension. */
struct region {
    uint64_t first[DIMENSIONS], count[DIMENSIONS], blocks;
};

static struct region region_of(const struct launch *launch, unsigned kind) {
    struct region region = {.blocks = 1};
    for (unsigned k = 0; k < DIMENSIONS; k++) {
        const bool is_last = kind >> k & 1;
        region.first[k] = is_last ? launch->grid[k] - 1 : 0;
        region.count[k] = is_last ? 1 : launch->grid[k] - 1;
        region.blocks *= region.count[k];
    }
    return region;
}

/* The number that the grid gives to block `index` of the region. */
static uint64_t block_of(const struct launch *launch, const struct region *region, uint64_t index) {
    uint64_t at[DIMENSIONS];
    for (unsigned k = 0; k < DIMENSIONS; k++) {
        at[k] = region->first[k] + index % region->count[k];
        index /= region->count[k];
    }
    return at[0] + launch->grid[0] * (at[1] + launch->grid[1] * at[2]);
}

/* Multiples of the golden ratio lie evenly, and in step with no row of tiles. */
static uint64_t spread(uint64_t k, uint64_t blocks) {
    const uint64_t part = (k + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint64_t)((__uint128_t)part * blocks >> 64);
}

/* Executes some blocks of the region and adds what all would count; gives how many it executed. */
static uint64_t region_run(struct launch *launch, const struct region *region, uint64_t *chosen,
                           struct machine_counters *counters) {
    const uint64_t most = launch->options.sample_blocks;
    const uint64_t count = region->blocks < most ? region->blocks : most;
    struct machine_counters counted = {0};
    for (uint64_t k = 0; k < count; k++)
        chosen[k] =
            block_of(launch, region, count == region->blocks ? k : spread(k, region->blocks));
    launch->chosen = chosen;
    launch->cluster_count = count;
    launch->next_cluster = 0;
    workers_run(launch, &counted);
    counted.machine_instructions /= 4;
    machine_counters_scale(&counted, region->blocks, count);
    machine_counters_add(counters, &counted);
    return count;
}

/* Once more than the sample has it: nobody takes what a sampled launch computes for right. */
static void first_touched(struct launch *launch, uint64_t *chosen,
                          struct machine_counters *counters) {
    struct machine_counters uncounted = {0};
    chosen[0] = 0;
    launch->chosen = chosen;
    launch->cluster_count = 1;
    launch->next_cluster = 0;
    workers_run(launch, &uncounted);
    counters->block_bytes_touched = memory_touched(launch->memory);
}

void equal_blocks_run(struct launch *launch, struct machine_counters *counters) {
    const uint64_t most = launch->options.sample_blocks;
    const uint64_t blocks = launch->block_count;
    uint64_t *chosen = calloc(blocks < most ? blocks : most, sizeof *chosen);
    uint64_t executed = 0;
    if (!chosen) {
        workers_fail_memory(launch);
        return;
    }
    if (blocks >= BLOCKS_TO_TELL_FIRST)
        first_touched(launch, chosen, counters);
    for (unsigned kind = 0; kind < KINDS && !launch->is_failed; kind++) {
        const struct region region = region_of(launch, kind);
        if (region.blocks > 0)
            executed += region_run(launch, &region, chosen, counters);
    }
    launch->chosen = NULL;
    launch->cluster_count = blocks;
    free(chosen);
    counters->blocks_executed = executed;
    counters->bytes_touched =
        memory_collect_touched(launch->memory, (double)blocks / (double)(executed ? executed : 1));
}
