/* GEMM on the GPU: how a shape finds its tile and its split of k.
 *
 * The rungs themselves are gemm_kernels (kernels/kernels.h); gemm_cuda_best() is the one that
 * networks call. In f32 a choice is of rungs 7 and 8, which take any size, leading dimension, alpha
 * and beta. In bf16 and f16 it is a form of rung 10, which takes what TMA can copy.
 */
#ifndef LOCKSTEP_KERNELS_GEMM_GEMM_H
#define LOCKSTEP_KERNELS_GEMM_GEMM_H

#include "common/problem.h"
#include "kernels/arguments.h"

#include <stddef.h>

/* The tiles of rungs 7 and 8, largest first; kernels/gemm/gemm_pipeline.cuh has their shapes.
 * Behind them the forms of rung 10 (HOPPER_FORM_LIST), those that are taken first among equals
 * before others. */
#define GEMM_TILE_OF_FORM(rows, columns, slots, blocks)                                            \
    GEMM_TILE_HOPPER_##rows##x##columns##s##slots##c##blocks,
enum gemm_tile_size {
    GEMM_TILE_128,
    GEMM_TILE_64,
    GEMM_TILE_32,
    GEMM_TILE_SIZES, /* of rungs 7 and 8 */
    GEMM_TILE_BEFORE_HOPPER = GEMM_TILE_SIZES - 1,
    HOPPER_FORM_LIST(GEMM_TILE_OF_FORM) GEMM_TILES
};
#undef GEMM_TILE_OF_FORM

struct gemm_choice {
    enum gemm_tile_size tile;
    int splits; /* blocks that share a tile of C; 1: none. Only small tiles of f32 are split */
};

/* "128x128", "64x64", "32x32"; of rung 10 "128x256s4c2", its tile, slots of the ring and blocks of
 * a cluster. gemm_tile_find() is false where `name` is none of them. */
const char *gemm_tile_name(enum gemm_tile_size tile);
bool gemm_tile_find(const char *name, enum gemm_tile_size *tile);

/* Whether the choice can run the shape, and every one that can with splits of 1, 2, 4 …; how many
 * there are. Variant and device do not matter. */
enum { GEMM_SPLITS_MAX = 256, GEMM_CHOICES_MAX = GEMM_TILE_SIZES * 9 /* 256 is 2^8 */ };
bool gemm_choice_launchable(const struct gemm_problem *problem, struct gemm_choice choice);
int gemm_choices(const struct gemm_problem *problem, struct gemm_choice choices[GEMM_CHOICES_MAX]);

/* What was measured to be the fastest choice, shape by shape, on the GPU that runs the problem.
 * Execution and device carry it (common/problem.h); bench/selection/tuning.h reads it from a file.
 */
struct tuning_entry {
    enum gemm_variant variant;
    enum dtype dtype;
    int64_t m, n, k;
    struct gemm_choice choice;
};

struct tuning {
    const struct tuning_entry *entries;
    size_t count;
};

/* The entry of the problem's variant and dtype that is nearest and whose choice can run the
 * problem, the first of equally near ones. NULL where none is near enough, or `tuning` is NULL. The
 * distance is |log2| of the ratios of m, n and k, added up, and at most 1: one size may be twice as
 * large, or all three a quarter larger. */
const struct tuning_entry *tuning_nearest(const struct tuning *tuning,
                                          const struct gemm_problem *problem);

/* The nearest measured shape's choice; where there is none, the choice of the least
 * gemm_choice_cost(). A function of its arguments alone. */
struct gemm_choice gemm_choose(const struct gemm_problem *problem, int multiprocessors,
                               const struct tuning *tuning);

/* The least gemm_choice_cost() among the choices that split k; splits is 1 where none can. */
struct gemm_choice gemm_choose_split(const struct gemm_problem *problem, int multiprocessors);

/* Warp instructions on the busiest multiprocessor, by arithmetic alone: kernels/gemm/gemm_choice.c
 * says from which numbers. Infinite where the choice cannot be launched. */
double gemm_choice_cost(const struct gemm_problem *problem, struct gemm_choice choice,
                        int multiprocessors);

/* Runs rung 7, 8 or 10 as chosen. STATUS_UNSUPPORTED in f32 below compute capability 8.0, for k
 * above 2^31 - 1, and where the splits' sums exceed the workspace; in bf16 and f16 where
 * gemm_cuda_hopper() has it; and for any other dtype. */
enum status gemm_cuda_chosen(const struct gemm_problem *problem, struct gemm_choice choice,
                             struct execution *execution);

/* --- for kernels/gemm/gemm_hopper.c and gemm_choice.c ----------------------------------------- */

struct gemm_hopper_form {
    const char *name;
    int rows, columns; /* of a tile */
    int slots, blocks; /* of the ring, and of a cluster */
};

/* The form of a tile behind GEMM_TILE_BEFORE_HOPPER. */
const struct gemm_hopper_form *gemm_hopper_form(enum gemm_tile_size tile);

/* How many stacks of tiles, one a block of a cluster, C is cut into. */
int64_t gemm_hopper_stacks(const struct gemm_problem *problem, const struct gemm_hopper_form *form);

/* What gemm_choice_cost() gives for it, as it can be compared with other forms. */
double gemm_hopper_cost(const struct gemm_problem *problem, const struct gemm_hopper_form *form,
                        int multiprocessors);

/* Launches the form. */
enum status gemm_cuda_hopper_chosen(const struct gemm_problem *problem, enum gemm_tile_size tile,
                                    struct execution *execution);

/* --- for kernels/gemm/linear.c ---------------------------------------------------------------- */

struct gemm_arguments gemm_arguments_of(const struct gemm_problem *problem);

/* Whether all accesses can be of 16 bytes. */
bool gemm_vectors_allowed(const struct gemm_problem *problem);

/* The first launch of rung 8, after which the workspace holds the parts' sums. `arguments` is for
 * the launch that adds them. */
enum status gemm_cuda_split_parts(const struct gemm_problem *problem, struct gemm_choice choice,
                                  struct gemm_split_arguments *arguments,
                                  struct execution *execution);

#endif
