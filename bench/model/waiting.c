#include "bench/model/waiting.h"

#include "bench/model/architecture.h"
#include "bench/model/residence.h"

#include <math.h>

enum { SECTOR_BYTES = 32, SCOREBOARDS = 6 };

/* Clocks until a load is there. Where the caches were counted by what hit in them; otherwise what
 * is read first comes from DRAM, and the rest from the second-level cache. */
static double load_clocks(const struct counters_row *row, const struct architecture *published) {
    const double sectors = (double)row->global_load_sectors;
    if (row->l2_sectors > 0) {
        const double first =
            row->l1_sectors > 0 ? (double)row->l1_hits / (double)row->l1_sectors : 0;
        const double second = (double)row->l2_hits / (double)row->l2_sectors;
        return first * published->shared +
               (1 - first) * (second * published->l2 + (1 - second) * published->dram);
    }
    if (sectors <= 0)
        return 0;
    const double new = fmin(1, (double)row->bytes_touched / (SECTOR_BYTES * sectors));
    return new * published->dram + (1 - new) * published->l2;
}

struct waiting waiting_find(const struct counters_row *row, const struct model_gpu *gpu,
                            const struct limits *limits) {
    const struct architecture *published = architecture_find(gpu->family);
    struct waiting waiting = {.latency = 0};
    if (!published)
        return waiting;
    const double launches = (double)row->launches;
    waiting.launch = launches * published->launch * gpu->clock_mhz;
    const double warps = (double)limits->blocks * residence_warps(row) * launches;
    if (warps <= 0)
        return waiting;
    /* Sets of blocks that are there together, one after another. */
    const double most = (double)limits->blocks_most;
    const double rounds = most / fmin(most, limits->residence.blocks);
    const double loads = (double)row->global_load_requests / warps;
    const double barriers = (double)row->barriers / warps;
    /* What a warp loads from one barrier to the next may be under way together, as far as the six
     * scoreboards of a warp tell loads apart. */
    waiting.loads_in_flight = fmin(SCOREBOARDS, fmax(1, loads / (barriers + 1)));
    waiting.load_clocks = load_clocks(row, published);
    waiting.latency = launches * rounds * loads / waiting.loads_in_flight * waiting.load_clocks;
    waiting.barriers = launches * rounds * barriers * published->shared;
    return waiting;
}
