#include "bench/model/limits_words.h"

#include "bench/model/residence.h"
#include "bench/model/waiting.h"
#include "common/words.h"

static void many(FILE *file, double count, const char *what) {
    if (count >= 1e6)
        fprintf(file, "%.4g million %s", 1e-6 * count, what);
    else
        fprintf(file, "%.0f %s", count, what);
}

static double requests_of(const struct counters_row *row) {
    return (double)(row->global_load_requests + row->global_store_requests +
                    row->global_atomic_requests + row->local_load_requests +
                    row->local_store_requests + row->shared_load_requests +
                    row->shared_store_requests + row->shared_atomic_requests);
}

static double sectors_of(const struct counters_row *row) {
    return (double)(row->global_load_sectors + row->global_store_sectors +
                    row->global_atomic_sectors);
}

static void units_print(FILE *file, const struct counters_row *row, enum limit_unit unit) {
    const double conflicts = (double)(row->shared_wavefronts - row->shared_wavefronts_ideal);
    switch (unit) {
    case LIMIT_ISSUE:
        many(file, (double)row->machine_instructions, "machine instructions of warps, estimated");
        break;
    case LIMIT_FMA:
        many(file, (double)row->fma_warp_instructions, "multiply-adds of warps");
        break;
    case LIMIT_TENSOR:
        many(file, (double)row->tensor_warp_instructions, "matrix instructions");
        break;
    case LIMIT_LSU:
        many(file, requests_of(row), "requests to memory");
        break;
    case LIMIT_CACHE:
        many(file, sectors_of(row), "sectors of global memory");
        break;
    case LIMIT_SHARED:
        many(file, (double)row->shared_wavefronts, "wavefronts of shared memory, of which ");
        many(file, conflicts, "are conflicts");
        break;
    case LIMIT_L2:
        many(file, (double)row->l2_sectors, "sectors that pass the first-level cache");
        break;
    case LIMIT_DRAM:
        many(file, (double)row->bytes_touched, "different bytes");
        break;
    default:
        many(file, (double)row->machine_instructions - (double)row->fma_warp_instructions,
             "machine instructions that are no multiply-adds, estimated");
        break;
    }
}

static void counts_print(FILE *file, const struct counters_row *row, const struct model_gpu *gpu,
                         const struct limits *limits) {
    const struct waiting waiting = waiting_find(row, gpu, limits);
    const double warps = (double)limits->blocks * residence_warps(row) * (double)row->launches;
    if (limits->busiest == LIMIT_LATENCY)
        fprintf(file,
                "each warp loads %.4g times, %.2g of them under way together, and waits %.0f "
                "clocks for each",
                (double)row->global_load_requests / warps, waiting.loads_in_flight,
                waiting.load_clocks);
    else if (limits->busiest == LIMIT_BARRIERS)
        fprintf(file, "each warp waits at %.4g barriers", (double)row->barriers / warps);
    else if (limits->busiest == LIMIT_LAUNCH)
        fprintf(file, "%s, and little to do in each", COUNTED(row->launches, "launch"));
    else
        units_print(file, row, limits->busiest);
}

/* The one with most clocks but for the first. */
static enum limit_unit second_of(const struct limits *limits) {
    enum limit_unit second = limits->busiest == LIMIT_ISSUE ? LIMIT_FMA : LIMIT_ISSUE;
    for (int unit = 0; unit < LIMIT_UNITS; unit++)
        if (unit != (int)limits->busiest && (unit != LIMIT_L2 || limits->has_caches) &&
            limits->clocks[unit] > limits->clocks[second])
            second = (enum limit_unit)unit;
    return second;
}

static void residence_print(FILE *file, const struct counters_row *row, const struct model_gpu *gpu,
                            const struct limits *limits) {
    const struct residence *residence = &limits->residence;
    if (residence->held_by == HELD_UNKNOWN)
        return;
    fprintf(file, "    A multiprocessor has room for %s of %s, held by %s",
            COUNTED(residence->blocks, "block"), COUNTED(residence_warps(row), "warp"),
            residence_holder_name(residence->held_by));
    if (residence->held_by == HELD_BY_REGISTERS)
        fprintf(file, ": %lld a thread, estimated from the PTX", (long long)row->registers);
    else if (residence->held_by == HELD_BY_SHARED)
        fprintf(file, ": %lld bytes a block", (long long)row->shared_bytes);
    if (limits->idle > 0)
        fprintf(file, ". %s %s %d of %d multiprocessors idle.\n", COUNTED(limits->blocks, "block"),
                ONE_OR_MORE(limits->blocks, "leaves", "leave"), limits->idle, gpu->multiprocessors);
    else
        fprintf(file,
                ". %s %s %.3g waves, in which the average multiprocessor is busy "
                "%.0f%% of the time of the fullest.\n",
                COUNTED(limits->blocks, "block"), ONE_OR_MORE(limits->blocks, "is", "are"),
                limits->waves, 100 * limits->filled);
}

void limits_words_print(FILE *file, const struct counters_row *row, const struct model_gpu *gpu,
                        const struct limits *limits) {
    const enum limit_unit second = second_of(limits);
    fprintf(file, "    It is limited by %s: ", limit_unit_name(limits->busiest));
    counts_print(file, row, gpu, limits);
    fprintf(file, ". That takes %.4g thousand clocks, and the next, %s, %.0f%% of them.\n",
            1e-3 * limits->clocks[limits->busiest], limit_unit_name(second),
            100 * limits->share[second]);
    residence_print(file, row, gpu, limits);
}
