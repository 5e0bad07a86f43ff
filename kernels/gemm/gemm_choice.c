/* Which tile and how many splits a shape gets; see kernels/gemm/gemm.h.
 *
 * The numbers of `tiles` come from what was counted, not from guesses:
 *   - resident: blocks that a multiprocessor of compute capability 8.0 holds, by `make
 *     kernels-report` (nn with vectors: 126 registers a thread, 154 and 85 decide);
 *   - work: warp instructions a warp multiply-add, nn, k = 1024; tests/kernels/test_gemm.c counts
 *     them anew.
 * The cost that follows is the warp instructions of the busiest multiprocessor. It knows nothing of
 * caches and memory. Where a shape like it was timed on the device, the time decides instead.
 */
#include "common/gemm_batch.h"
#include "kernels/arguments.h"
#include "kernels/gemm/gemm.h"
#include "kernels/geometry.h"

#include <math.h>
#include <string.h>

enum { SPLIT_LEAST_K = 64 };

static const double distance_most = 1.0;

static const struct {
    const char *name;
    int side, warps;
    int resident;
    double work;
} tiles[GEMM_TILE_SIZES] = {
    [GEMM_TILE_128] = {"128x128", 128, 8, 2, 1.14},
    [GEMM_TILE_64] = {"64x64", 64, 2, 6, 1.17},
    [GEMM_TILE_32] = {"32x32", 32, 2, 10, 1.43},
};

const char *gemm_tile_name(enum gemm_tile_size tile) {
    return tile < GEMM_TILE_SIZES ? tiles[tile].name : gemm_hopper_form(tile)->name;
}

bool gemm_tile_find(const char *name, enum gemm_tile_size *tile) {
    for (int i = 0; i < GEMM_TILES; i++)
        if (strcmp(gemm_tile_name((enum gemm_tile_size)i), name) == 0) {
            *tile = (enum gemm_tile_size)i;
            return true;
        }
    return false;
}

/* A multiprocessor has four schedulers, and each wants a second warp to issue from while one waits:
 * below eight warps it issues that much less. */
static double issue_share(double warps) {
    const double wanted = 8.0;
    return warps < wanted ? warps / wanted : 1.0;
}

bool gemm_choice_launchable(const struct gemm_problem *problem, struct gemm_choice choice) {
    const bool is_hopper = choice.tile >= GEMM_TILE_SIZES;
    if (is_hopper || problem->dtype != DTYPE_F32)
        return is_hopper && dtype_is_narrow(problem->dtype) && problem->batch <= 1 &&
               choice.splits == 1;
    if (choice.splits == 1 || problem->batch > 1)
        return choice.splits == 1;
    return choice.tile != GEMM_TILE_128 && choice.splits <= GEMM_SPLITS_MAX &&
           problem->k / choice.splits >= SPLIT_LEAST_K &&
           (double)problem->m * (double)problem->n * choice.splits <= GEMM_SPLIT_WORKSPACE;
}

double gemm_choice_cost(const struct gemm_problem *problem, struct gemm_choice choice,
                        int multiprocessors) {
    if (!gemm_choice_launchable(problem, choice))
        return INFINITY;
    if (choice.tile >= GEMM_TILE_SIZES)
        return gemm_hopper_cost(problem, gemm_hopper_form(choice.tile), multiprocessors);
    /* Filling the pipeline and writing C, in steps of k; a second launch, in instructions (some
     * three microseconds at four a cycle). */
    const double fixed_k = 48.0, second_launch = 16384.0;
    const int side = tiles[choice.tile].side, warps = tiles[choice.tile].warps;
    const double elements = (double)problem->m * (double)problem->n;
    double blocks = (double)geometry_ceil(problem->m, side) *
                    (double)geometry_ceil(problem->n, side) * choice.splits *
                    (double)gemm_batch(problem);
    double each = (double)side * side * tiles[choice.tile].work / 32.0 *
                  ((double)problem->k / choice.splits + fixed_k);
    double busiest = ceil(blocks / multiprocessors);
    double cost = busiest * each / issue_share(fmin(busiest, tiles[choice.tile].resident) * warps);
    if (choice.splits > 1) /* a load and an addition for each sum, a scheduler's share of them */
        cost += second_launch + elements * (2.0 * choice.splits + 16.0) / 32.0 / multiprocessors;
    return cost;
}

int gemm_choices(const struct gemm_problem *problem, struct gemm_choice choices[GEMM_CHOICES_MAX]) {
    int count = 0;
    for (int tile = 0; tile < GEMM_TILES; tile++)
        for (int splits = 1; splits <= GEMM_SPLITS_MAX; splits *= 2) {
            const struct gemm_choice choice = {(enum gemm_tile_size)tile, splits};
            if (gemm_choice_launchable(problem, choice))
                choices[count++] = choice;
        }
    return count;
}

/* The least cost with at least `least_splits` splits, the first of equals; {GEMM_TILE_128, 1} where
 * nothing can be launched. */
static struct gemm_choice cheapest(const struct gemm_problem *problem, int multiprocessors,
                                   int least_splits) {
    struct gemm_choice choices[GEMM_CHOICES_MAX], best = {GEMM_TILE_128, 1};
    const int count = gemm_choices(problem, choices);
    double least = INFINITY;
    for (int i = 0; i < count; i++) {
        double cost = gemm_choice_cost(problem, choices[i], multiprocessors);
        if (choices[i].splits >= least_splits && cost < least) {
            least = cost;
            best = choices[i];
        }
    }
    return best;
}

static double sizes_distance(int64_t one, int64_t other) {
    return fabs(log2((double)one / (double)other));
}

const struct tuning_entry *tuning_nearest(const struct tuning *tuning,
                                          const struct gemm_problem *problem) {
    const struct tuning_entry *nearest = NULL;
    double least = INFINITY;
    const bool alone = problem->batch <= 1; /* as those that were measured */
    for (size_t i = 0; tuning && alone && i < tuning->count; i++) {
        const struct tuning_entry *entry = &tuning->entries[i];
        if (entry->variant != problem->variant || entry->dtype != problem->dtype ||
            !gemm_choice_launchable(problem, entry->choice))
            continue;
        double distance = sizes_distance(entry->m, problem->m) +
                          sizes_distance(entry->n, problem->n) +
                          sizes_distance(entry->k, problem->k);
        if (distance <= distance_most && distance < least) {
            least = distance;
            nearest = entry;
        }
    }
    return nearest;
}

struct gemm_choice gemm_choose(const struct gemm_problem *problem, int multiprocessors,
                               const struct tuning *tuning) {
    const struct tuning_entry *measured = tuning_nearest(tuning, problem);
    return measured ? measured->choice : cheapest(problem, multiprocessors, 1);
}

struct gemm_choice gemm_choose_split(const struct gemm_problem *problem, int multiprocessors) {
    return cheapest(problem, multiprocessors, 2);
}
