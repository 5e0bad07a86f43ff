#include "emulator/machine/equal_blocks.h"

#include "emulator/machine/block_axes.h"
#include "emulator/machine/machine.h"
#include "emulator/machine/workers.h"

#include <stdlib.h>

/* Of a region so many blocks may be unlike those beside them before no order is looked for. */
enum { UNLIKE = 8, HALVINGS = 64, REFINED = UNLIKE * HALVINGS };

bool equal_blocks_are_sampled(const struct launch *launch) {
    return launch->options.sample_blocks > 0 && !launch->is_serial && launch->cluster_size == 1;
}

/* ---- Regions: blocks that are inside, or last, along the same axes ---- */

struct region {
    struct block_axis axis[BLOCK_AXES];
    unsigned axes;
    uint64_t first, blocks;
};

/* A bit of `kind` says that the blocks are last along that axis. */
static struct region region_of(const struct block_axes *axes, unsigned kind) {
    struct region region = {.axes = axes->count, .blocks = 1};
    for (unsigned k = 0; k < axes->count; k++) {
        const struct block_axis *axis = &axes->axis[k];
        const bool is_last = kind >> k & 1;
        region.axis[k] = (struct block_axis){axis->stride, is_last ? 1 : axis->count - 1};
        region.first += is_last ? axis->stride * (axis->count - 1) : 0;
        region.blocks *= region.axis[k].count;
    }
    return region;
}

/* The number that the grid gives to block `index` of the region. */
static uint64_t block_of(const struct region *region, uint64_t index) {
    uint64_t number = region->first;
    for (unsigned k = 0; k < region->axes; k++) {
        number += region->axis[k].stride * (index % region->axis[k].count);
        index /= region->axis[k].count;
    }
    return number;
}

/* ---- The sample of a region ---- */

struct sampled {
    uint64_t index; /* in the region */
    struct machine_counters counters;
};

struct sample {
    struct sampled *blocks; /* by rising index */
    uint64_t count, *numbers;
    struct machine_counters *counted;
};

static int by_index(const void *one, const void *other) {
    const struct sampled *a = one, *b = other;
    return (a->index > b->index) - (a->index < b->index);
}

/* Multiples of the golden ratio lie evenly, and in step with nothing. */
static uint64_t spread(uint64_t k, uint64_t blocks) {
    const uint64_t part = (k + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint64_t)((__uint128_t)part * blocks >> 64);
}

static bool sample_open(struct sample *sample, uint64_t most) {
    const uint64_t room = most + REFINED;
    *sample = (struct sample){.blocks = calloc(room, sizeof *sample->blocks),
                              .numbers = calloc(room, sizeof *sample->numbers),
                              .counted = calloc(room, sizeof *sample->counted)};
    return sample->blocks && sample->numbers && sample->counted;
}

static void sample_close(struct sample *sample) {
    free(sample->blocks);
    free(sample->numbers);
    free(sample->counted);
}

/* Executes the blocks from `from` on, and puts them in their places. */
static void sample_execute(struct launch *launch, const struct region *region,
                           struct sample *sample, uint64_t from) {
    const uint64_t count = sample->count - from;
    for (uint64_t k = 0; k < count; k++)
        sample->numbers[k] = block_of(region, sample->blocks[from + k].index);
    if (!blocks_execute(launch, sample->numbers, count, sample->counted))
        return;
    for (uint64_t k = 0; k < count; k++)
        sample->blocks[from + k].counters = sample->counted[k];
    qsort(sample->blocks, sample->count, sizeof *sample->blocks, by_index);
}

static bool is_open(const struct sample *sample, uint64_t k) {
    return sample->blocks[k + 1].index > sample->blocks[k].index + 1 &&
           !blocks_alike(&sample->blocks[k].counters, &sample->blocks[k + 1].counters);
}

/* Between two that are unlike lies a block from which on all are like the second, if the region has
 * an order: it is looked for by halves. */
static void sample_refine(struct launch *launch, const struct region *region,
                          struct sample *sample) {
    for (unsigned round = 0; round < HALVINGS && !launch->is_failed; round++) {
        const uint64_t from = sample->count;
        uint64_t unlike = 0;
        for (uint64_t k = 0; k + 1 < from; k++)
            unlike += is_open(sample, k);
        if (unlike == 0 || unlike > UNLIKE)
            return;
        for (uint64_t k = 0; k + 1 < from; k++)
            if (is_open(sample, k))
                sample->blocks[sample->count++].index =
                    (sample->blocks[k].index + sample->blocks[k + 1].index) / 2;
        sample_execute(launch, region, sample, from);
    }
}

/* Adds what `blocks` would count by those from `first` to before `end`. */
static void part_count(const struct sample *sample, uint64_t first, uint64_t end, uint64_t blocks,
                       struct machine_counters *counters) {
    struct machine_counters counted = {0};
    for (uint64_t k = first; k < end; k++)
        machine_counters_add(&counted, &sample->blocks[k].counters);
    machine_counters_scale(&counted, blocks, end - first);
    machine_counters_add(counters, &counted);
}

/* Part by part of blocks that are alike; all together where there is no order. */
static void sample_count(const struct sample *sample, uint64_t blocks,
                         struct machine_counters *counters) {
    bool is_whole = false;
    for (uint64_t k = 0; k + 1 < sample->count; k++)
        is_whole |= is_open(sample, k);
    uint64_t first = 0;
    for (uint64_t k = 1; k <= sample->count; k++) {
        const bool is_end = k == sample->count;
        if (!is_end && (is_whole ||
                        blocks_alike(&sample->blocks[k - 1].counters, &sample->blocks[k].counters)))
            continue;
        const uint64_t end = is_end ? blocks : sample->blocks[k].index;
        part_count(sample, first, k, end - (first ? sample->blocks[first].index : 0), counters);
        first = k;
    }
}

/* Executes some blocks of the region and adds what all would count; gives how many it executed. */
static uint64_t region_run(struct launch *launch, const struct region *region,
                           struct machine_counters *counters) {
    const uint64_t most = launch->options.sample_blocks;
    const uint64_t count = region->blocks < most ? region->blocks : most;
    struct sample sample;
    if (sample_open(&sample, count)) {
        for (uint64_t k = 0; k < count; k++)
            sample.blocks[k].index = count == region->blocks ? k : spread(k, region->blocks);
        qsort(sample.blocks, count, sizeof *sample.blocks, by_index);
        sample.blocks[0].index = 0;
        if (count > 1)
            sample.blocks[count - 1].index = region->blocks - 1;
        sample.count = count;
        sample_execute(launch, region, &sample, 0);
        sample_refine(launch, region, &sample);
        sample_count(&sample, region->blocks, counters);
    } else {
        workers_fail_memory(launch);
    }
    sample_close(&sample);
    return sample.count;
}

/* Once more than the sample has it: nobody takes what a sampled launch computes for right. */
static void first_touched(struct launch *launch, struct machine_counters *counters) {
    struct machine_counters uncounted;
    (void)blocks_execute(launch, &(uint64_t){0}, 1, &uncounted);
    counters->block_bytes_touched = memory_touched(launch->memory);
}

void equal_blocks_run(struct launch *launch, struct machine_counters *counters) {
    const uint64_t most = launch->options.sample_blocks;
    const uint64_t blocks = launch->block_count;
    uint64_t executed = 0;
    struct block_axes axes = {.axis = {{1, blocks}}, .count = 1};
    if (blocks >= BLOCKS_TO_TELL_FIRST)
        first_touched(launch, counters);
    if (blocks > most)
        axes = block_axes_find(launch);
    for (unsigned kind = 0; kind < 1U << axes.count && !launch->is_failed; kind++) {
        const struct region region = region_of(&axes, kind);
        if (region.blocks > 0)
            executed += region_run(launch, &region, counters);
    }
    counters->machine_instructions /= 4; /* blocks count in quarters */
    counters->blocks_executed = executed;
    counters->bytes_touched =
        memory_collect_touched(launch->memory, (double)blocks / (double)(executed ? executed : 1));
}
