/* f32 GEMM on the GPU: how a shape finds its tile and its split of k.
 *
 * The rungs themselves are gemm_kernels (kernels/kernels.h); gemm_cuda_best() is the one that
 * networks call. All take any size, leading dimension, alpha and beta.
 */
#ifndef LOCKSTEP_KERNELS_GEMM_GEMM_H
#define LOCKSTEP_KERNELS_GEMM_GEMM_H

#include "common/problem.h"
#include "kernels/arguments.h"

#include <stddef.h>

/* The tiles of rungs 7 and 8, largest first; kernels/gemm/gemm_pipeline.cuh has their shapes. */
enum gemm_tile_size { GEMM_TILE_128, GEMM_TILE_64, GEMM_TILE_32, GEMM_TILE_SIZES };

struct gemm_choice {
    enum gemm_tile_size tile;
    int splits; /* blocks that share a tile of C; 1: none, rung 7. GEMM_TILE_128 is not split */
};

/* "128x128", "64x64", "32x32"; gemm_tile_find() is false where `name` is none of them. */
const char *gemm_tile_name(enum gemm_tile_size tile);
bool gemm_tile_find(const char *name, enum gemm_tile_size *tile);

/* Whether the choice can run the shape, and every one that can with splits of 1, 2, 4 …; how many
 * there are. Variant and device do not matter. */
enum { GEMM_SPLITS_MAX = 256, GEMM_CHOICES_MAX = GEMM_TILE_SIZES * 9 /* 256 is 2^8 */ };
bool gemm_choice_launchable(const struct gemm_problem *problem, struct gemm_choice choice);
int gemm_choices(const struct gemm_problem *problem, struct gemm_choice choices[GEMM_CHOICES_MAX]);

/* What was measured to be the fastest choice, shape by shape, on the GPU that runs the problem.
 * Execution and device carry it (common/problem.h); bench/operations/tuning.h reads it from a file.
 */
struct tuning_entry {
    enum gemm_variant variant;
    int64_t m, n, k;
    struct gemm_choice choice;
};

struct tuning {
    const struct tuning_entry *entries;
    size_t count;
};

/* The entry of the problem's variant that is nearest and whose choice can run the problem, the
 * first of equally near ones. NULL where none is near enough, or `tuning` is NULL. The distance is
 * |log2| of the ratios of m, n and k, added up, and at most 1: one size may be twice as large, or
 * all three a quarter larger. */
const struct tuning_entry *tuning_nearest(const struct tuning *tuning,
                                          const struct gemm_problem *problem);

/* The nearest measured shape's choice; where there is none, the choice of the least
 * gemm_choice_cost(). A function of its arguments alone. */
struct gemm_choice gemm_choose(const struct gemm_problem *problem, int multiprocessors,
                               const struct tuning *tuning);

/* The least gemm_choice_cost() among the choices that split k; splits is 1 where none can. */
struct gemm_choice gemm_choose_split(const struct gemm_problem *problem, int multiprocessors);

/* Warp instructions on the busiest multiprocessor, by arithmetic alone: kernels/gemm/gemm_choice.c says
 * from which numbers. Infinite where the choice cannot be launched. */
double gemm_choice_cost(const struct gemm_problem *problem, struct gemm_choice choice,
                        int multiprocessors);

/* Runs rung 7 or 8 as chosen. STATUS_UNSUPPORTED below compute capability 8.0, for another dtype
 * than f32, for k above 2^31 - 1, and where the splits' sums exceed the workspace. */
enum status gemm_cuda_chosen(const struct gemm_problem *problem, struct gemm_choice choice,
                             struct execution *execution);

/* --- for kernels/gemm/linear.c --------------------------------------------------------------------- */

struct gemm_arguments gemm_arguments_of(const struct gemm_problem *problem);

/* Whether all accesses can be of 16 bytes. */
bool gemm_vectors_allowed(const struct gemm_problem *problem);

/* The first launch of rung 8, after which the workspace holds the parts' sums. `arguments` is for
 * the launch that adds them. */
enum status gemm_cuda_split_parts(const struct gemm_problem *problem, struct gemm_choice choice,
                                  struct gemm_split_arguments *arguments,
                                  struct execution *execution);

#endif
