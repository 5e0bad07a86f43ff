/* Launches of linear: unfused, a product and an activation; fused, the tile and the split of k that
 * gemm would take, with the epilogue in the kernel that has the whole sum. */
#include "common/linear_product.h"
#include "kernels/gemm/gemm.h"
#include "kernels/geometry.h"
#include "kernels/kernels.h"

#include <limits.h>

static const struct {
    int side, threads;
    struct gpu_kernel kernels[2]; /* scalar, 16-byte accesses */
} tiles[GEMM_TILE_SIZES] = {
#define TILE(side, threads)                                                                        \
    {                                                                                              \
        side, threads, {                                                                           \
            {"linear_1_fused", "linear_fused_" #side "x" #side "_scalar"}, {                       \
                "linear_1_fused", "linear_fused_" #side "x" #side                                  \
            }                                                                                      \
        }                                                                                          \
    }
    [GEMM_TILE_128] = TILE(128, 256),
    [GEMM_TILE_64] = TILE(64, 64),
    [GEMM_TILE_32] = TILE(32, 64),
};
static const struct gpu_kernel sum_kernel = {"gemm_8_split_k", "linear_split_k_sum"};

static enum status unfused(const struct linear_problem *problem, gemm_kernel *gemm,
                           struct execution *execution) {
    const struct gemm_problem product = linear_product(problem);
    const struct activation_problem epilogue = {.function = problem->relu ? ACTIVATION_RELU
                                                                          : ACTIVATION_IDENTITY,
                                                .rows = problem->rows,
                                                .columns = problem->outputs,
                                                .input = problem->y,
                                                .bias = problem->bias,
                                                .output = problem->y};
    enum status status = gemm(&product, execution);
    return status == STATUS_OK ? activation_cuda_vectorised(&epilogue, execution) : status;
}

enum status linear_cuda_unfused(const struct linear_problem *problem, struct execution *execution) {
    return unfused(problem, gemm_cuda_best, execution);
}

static enum status fused_whole(const struct linear_problem *problem, enum gemm_tile_size tile,
                               struct execution *execution) {
    const struct gemm_problem product = linear_product(problem);
    struct linear_arguments arguments = {
        .gemm = gemm_arguments_of(&product), .bias = problem->bias, .relu = problem->relu};
    const int64_t blocks[2] = {geometry_ceil(problem->rows, tiles[tile].side) *
                                   geometry_ceil(problem->outputs, tiles[tile].side),
                               1};
    const int threads[2] = {tiles[tile].threads, 1};
    return geometry_launch(execution, tiles[tile].kernels[gemm_vectors_allowed(&product)], blocks,
                           threads, &arguments);
}

static enum status fused_split(const struct linear_problem *problem, struct gemm_choice choice,
                               struct execution *execution) {
    const struct gemm_problem product = linear_product(problem);
    struct gemm_split_arguments arguments;
    enum status status = gemm_cuda_split_parts(&product, choice, &arguments, execution);
    if (status != STATUS_OK)
        return status;
    arguments.bias = problem->bias;
    arguments.relu = problem->relu;
    return geometry_launch_flat(execution, sum_kernel,
                                geometry_blocks(problem->rows * problem->outputs), &arguments);
}

enum status linear_cuda_best(const struct linear_problem *problem, struct execution *execution) {
    if (execution->gpu == NULL)
        return message_set(execution->message, STATUS_INVALID,
                           "linear cuda-best was called without a GPU");
    if (gpu_properties(execution->gpu)->capability < 80 || problem->inputs > INT_MAX)
        return unfused(problem, gemm_cuda_best, execution);
    const struct gemm_problem product = linear_product(problem);
    const struct gemm_choice choice =
        gemm_choose(&product, gpu_properties(execution->gpu)->multiprocessors, execution->tuning);
    return choice.splits > 1 ? fused_split(problem, choice, execution)
                             : fused_whole(problem, choice.tile, execution);
}
