/* Launch geometry of the gemm rungs; the kernels stand in kernels/gemm_*.cu. */
#include "kernels/gemm/gemm.h"

#include "common/gemm_batch.h"
#include "kernels/gemm/gemm_batch.h"
#include "kernels/geometry.h"
#include "kernels/kernels.h"

#include <limits.h>

/* --- the kernels, by variant, and by whether 16-byte accesses are allowed --------------------- */

#define SCALAR(image, name)                                                                        \
    {                                                                                              \
        [GEMM_NN] = {image, name "_nn"}, [GEMM_NT] = {image, name "_nt"}, [GEMM_TN] = {            \
            image,                                                                                 \
            name "_tn"                                                                             \
        }                                                                                          \
    }
/* [variant][vectors] */
#define BOTH_OF(image, name)                                                                       \
    {                                                                                              \
        {image, name "_scalar"}, {                                                                 \
            image, name                                                                            \
        }                                                                                          \
    }
#define BOTH(image, name, tile)                                                                    \
    {                                                                                              \
        [GEMM_NN] = BOTH_OF(image, name "_nn" tile), [GEMM_NT] = BOTH_OF(image, name "_nt" tile),  \
        [GEMM_TN] = BOTH_OF(image, name "_tn" tile)                                                \
    }

/* By type; none for tf32. */
static const struct gpu_kernel naive_kernels[DTYPES][GEMM_TN + 1] = {
    [DTYPE_F32] = SCALAR("gemm_1_naive", "gemm_naive"),
    [DTYPE_BF16] = SCALAR("gemm_1_naive", "gemm_naive_bf16"),
    [DTYPE_F16] = SCALAR("gemm_1_naive", "gemm_naive_f16"),
};
static const struct gpu_kernel coalesced_kernels[] = SCALAR("gemm_2_coalesced", "gemm_coalesced");
static const struct gpu_kernel tiled_kernels[] = SCALAR("gemm_3_tiled", "gemm_tiled");
static const struct gpu_kernel register_kernels[] = SCALAR("gemm_4_register", "gemm_register");
static const struct gpu_kernel vectorised_kernels[][2] =
    BOTH("gemm_5_vectorised", "gemm_vectorised", "");
static const struct gpu_kernel warp_kernels[][2] = BOTH("gemm_6_warp", "gemm_warp", "");

static const struct {
    int side, threads;
    struct gpu_kernel pipelined[3][2], batch[3][2], split_k[3][2];
} sizes[GEMM_TILE_SIZES] = {
    [GEMM_TILE_128] = {128,
                       256,
                       BOTH("gemm_7_pipelined", "gemm_pipelined", "_128x128"),
                       BOTH("gemm_batch", "gemm_batch", "_128x128"),
                       {{{0}}}},
    [GEMM_TILE_64] = {64, 64, BOTH("gemm_7_pipelined", "gemm_pipelined", "_64x64"),
                      BOTH("gemm_batch", "gemm_batch", "_64x64"),
                      BOTH("gemm_8_split_k", "gemm_split_k", "_64x64")},
    [GEMM_TILE_32] = {32, 64, BOTH("gemm_7_pipelined", "gemm_pipelined", "_32x32"),
                      BOTH("gemm_batch", "gemm_batch", "_32x32"),
                      BOTH("gemm_8_split_k", "gemm_split_k", "_32x32")},
};
static const struct gpu_kernel sum_kernel = {"gemm_8_split_k", "gemm_split_k_sum"};

/* --- preconditions ---------------------------------------------------------------------------- */

static enum status precondition(const struct gemm_problem *problem, const char *rung,
                                struct execution *execution) {
    if (problem->dtype == DTYPE_F32)
        return STATUS_OK;
    return message_set(execution->message, STATUS_UNSUPPORTED,
                       "gemm %s computes in f32 alone: it has no tensor core path", rung);
}

static enum status precondition_async(const struct gemm_problem *problem, const char *rung,
                                      struct execution *execution) {
    enum status status = precondition(problem, rung, execution);
    if (status != STATUS_OK)
        return status;
    if (execution->gpu == NULL)
        return message_set(execution->message, STATUS_INVALID,
                           "gemm %s is a GPU kernel and was called without a GPU", rung);
    const struct gpu_properties *gpu = gpu_properties(execution->gpu);
    if (gpu->capability < 80)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "gemm %s copies asynchronously, which needs compute capability 8.0, and "
                           "%s has %d.%d",
                           rung, gpu->name, gpu->capability / 10, gpu->capability % 10);
    if (problem->k > INT_MAX)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "gemm %s takes k up to %d, and it is %lld", rung, INT_MAX,
                           (long long)problem->k);
    return STATUS_OK;
}

struct gemm_arguments gemm_arguments_of(const struct gemm_problem *problem) {
    return (struct gemm_arguments){.a = problem->a,
                                   .b = problem->b,
                                   .c = problem->c,
                                   .m = problem->m,
                                   .n = problem->n,
                                   .k = problem->alpha != 0.0f ? problem->k
                                                               : 0, /* A and B are not read */
                                   .lda = problem->lda,
                                   .ldb = problem->ldb,
                                   .ldc = problem->ldc,
                                   .alpha = problem->alpha,
                                   .beta = problem->beta};
}

/* Whether a matrix can be taken in aligned groups of four, none of them half outside. */
static bool groups_of_four(const void *matrix, int64_t leading, int64_t columns, int64_t stride) {
    return (uintptr_t)matrix % 16 == 0 && leading % 4 == 0 && columns % 4 == 0 && stride % 4 == 0;
}

bool gemm_vectors_allowed(const struct gemm_problem *p) {
    const bool batch = p->batch > 1;
    return groups_of_four(p->a, p->lda, p->variant == GEMM_TN ? p->m : p->k,
                          batch ? p->stride_a : 0) &&
           groups_of_four(p->b, p->ldb, p->variant == GEMM_NT ? p->k : p->n,
                          batch ? p->stride_b : 0) &&
           groups_of_four(p->c, p->ldc, p->n, batch ? p->stride_c : 0);
}

/* --- rungs ------------------------------------------------------------------------------------ */

/* A grid ends at 65,535 along y; the kernels go on from there by themselves. */
static int64_t grid_y(int64_t blocks) {
    enum { GRID_Y_LIMIT = 65535 };
    return blocks < GRID_Y_LIMIT ? blocks : GRID_Y_LIMIT;
}

enum status gemm_cuda_naive(const struct gemm_problem *problem, struct execution *execution) {
    if (problem->dtype == DTYPE_TF32)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "gemm cuda-naive takes f32, bf16 and f16: tf32 is for tensor cores");
    struct gemm_arguments arguments = gemm_arguments_of(problem);
    const int64_t blocks[2] = {geometry_ceil(problem->m, GEMM_SIDE),
                               grid_y(geometry_ceil(problem->n, GEMM_SIDE))};
    const int threads[2] = {GEMM_SIDE, GEMM_SIDE};
    return geometry_launch(execution, naive_kernels[problem->dtype][problem->variant], blocks,
                           threads, &arguments);
}

enum status gemm_cuda_coalesced(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = precondition(problem, "cuda-coalesced", execution);
    if (status != STATUS_OK)
        return status;
    struct gemm_arguments arguments = gemm_arguments_of(problem);
    const int64_t blocks[2] = {geometry_ceil(problem->n, GEMM_SIDE),
                               grid_y(geometry_ceil(problem->m, GEMM_SIDE))};
    const int threads[2] = {GEMM_SIDE, GEMM_SIDE};
    return geometry_launch(execution, coalesced_kernels[problem->variant], blocks, threads,
                           &arguments);
}

/* One block for each tile of C, side x side. */
static int64_t tiles_of(const struct gemm_problem *problem, int side) {
    return geometry_ceil(problem->m, side) * geometry_ceil(problem->n, side);
}

enum status gemm_cuda_tiled(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = precondition(problem, "cuda-tiled", execution);
    if (status != STATUS_OK)
        return status;
    struct gemm_arguments arguments = gemm_arguments_of(problem);
    const int64_t blocks[2] = {tiles_of(problem, GEMM_SIDE), 1};
    const int threads[2] = {GEMM_SIDE, GEMM_SIDE};
    return geometry_launch(execution, tiled_kernels[problem->variant], blocks, threads, &arguments);
}

enum status gemm_cuda_register(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = precondition(problem, "cuda-register", execution);
    if (status != STATUS_OK)
        return status;
    struct gemm_arguments arguments = gemm_arguments_of(problem);
    return geometry_launch_flat(execution, register_kernels[problem->variant],
                                tiles_of(problem, GEMM_REGISTER_TILE), &arguments);
}

enum status gemm_cuda_vectorised(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = precondition(problem, "cuda-vectorised", execution);
    if (status != STATUS_OK)
        return status;
    struct gemm_arguments arguments = gemm_arguments_of(problem);
    return geometry_launch_flat(execution,
                                vectorised_kernels[problem->variant][gemm_vectors_allowed(problem)],
                                tiles_of(problem, GEMM_VECTORISED_TILE), &arguments);
}

enum status gemm_cuda_warp(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = precondition(problem, "cuda-warp", execution);
    if (status != STATUS_OK)
        return status;
    struct gemm_arguments arguments = gemm_arguments_of(problem);
    return geometry_launch_flat(execution,
                                warp_kernels[problem->variant][gemm_vectors_allowed(problem)],
                                tiles_of(problem, GEMM_WARP_TILE), &arguments);
}

static enum status pipelined_launch(const struct gemm_problem *problem, enum gemm_tile_size tile,
                                    struct execution *execution) {
    struct gemm_arguments arguments = gemm_arguments_of(problem);
    const int64_t blocks[2] = {tiles_of(problem, sizes[tile].side), 1};
    const int threads[2] = {sizes[tile].threads, 1};
    return geometry_launch(execution,
                           sizes[tile].pipelined[problem->variant][gemm_vectors_allowed(problem)],
                           blocks, threads, &arguments);
}

/* One launch for as many products as a grid has along z. */
static enum status batch_launch(const struct gemm_problem *problem, enum gemm_tile_size tile,
                                struct execution *execution) {
    enum { GRID_Z_LIMIT = 65535 };
    const struct gpu_kernel kernel =
        sizes[tile].batch[problem->variant][gemm_vectors_allowed(problem)];
    enum status status = STATUS_OK;
    for (int64_t first = 0; first < problem->batch && status == STATUS_OK; first += GRID_Z_LIMIT) {
        const int64_t left = problem->batch - first;
        const struct gemm_problem from = gemm_of_batch(problem, first);
        struct gemm_batch_arguments arguments = {.gemm = gemm_arguments_of(&from),
                                                 .stride_a = problem->stride_a,
                                                 .stride_b = problem->stride_b,
                                                 .stride_c = problem->stride_c};
        const struct gpu_launch launch = {.kernel = kernel,
                                          .grid = {tiles_of(problem, sizes[tile].side), 1,
                                                   left < GRID_Z_LIMIT ? left : GRID_Z_LIMIT},
                                          .block = {sizes[tile].threads, 1, 1},
                                          .arguments = &arguments};
        status = gpu_launch(execution->gpu, &launch, execution->message);
    }
    return status;
}

/* The blocks that share a tile write to the workspace in rows of n, not of ldc. */
enum status gemm_cuda_split_parts(const struct gemm_problem *problem, struct gemm_choice choice,
                                  struct gemm_split_arguments *arguments,
                                  struct execution *execution) {
    enum { BK = 16 }; /* of the kernel: only the last part ends within a tile */
    *arguments = (struct gemm_split_arguments){.gemm = gemm_arguments_of(problem)};
    arguments->k_each = geometry_ceil(geometry_ceil(arguments->gemm.k, choice.splits), BK) * BK;
    arguments->splits =
        arguments->k_each > 0 ? geometry_ceil(arguments->gemm.k, arguments->k_each) : 0;
    if (arguments->splits == 0)
        return STATUS_OK;
    const int64_t blocks[2] = {tiles_of(problem, sizes[choice.tile].side), arguments->splits};
    const int threads[2] = {sizes[choice.tile].threads, 1};
    return geometry_launch(
        execution, sizes[choice.tile].split_k[problem->variant][gemm_vectors_allowed(problem)],
        blocks, threads, arguments);
}

static enum status split_k_launch(const struct gemm_problem *problem, struct gemm_choice choice,
                                  struct execution *execution) {
    struct gemm_split_arguments arguments;
    enum status status = gemm_cuda_split_parts(problem, choice, &arguments, execution);
    if (status != STATUS_OK)
        return status;
    return geometry_launch_flat(execution, sum_kernel, geometry_blocks(problem->m * problem->n),
                                &arguments);
}

enum status gemm_cuda_chosen(const struct gemm_problem *problem, struct gemm_choice choice,
                             struct execution *execution) {
    if (dtype_is_narrow(problem->dtype))
        return gemm_cuda_hopper_chosen(problem, choice.tile, execution);
    const char *rung = choice.splits > 1 ? "cuda-split-k" : "cuda-pipelined";
    enum status status = precondition_async(problem, rung, execution);
    if (status != STATUS_OK)
        return status;
    if (choice.splits == 1)
        return problem->batch > 1 ? batch_launch(problem, choice.tile, execution)
                                  : pipelined_launch(problem, choice.tile, execution);
    if (choice.tile == GEMM_TILE_128 || problem->m > GEMM_SPLIT_WORKSPACE / problem->n ||
        problem->m * problem->n > GEMM_SPLIT_WORKSPACE / choice.splits)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "%d sums of %lldx%lld do not fit the workspace of %d floats",
                           choice.splits, (long long)problem->m, (long long)problem->n,
                           GEMM_SPLIT_WORKSPACE);
    return split_k_launch(problem, choice, execution);
}

enum status gemm_cuda_pipelined(const struct gemm_problem *problem, struct execution *execution) {
    const struct gemm_choice choice = {GEMM_TILE_128, 1};
    return gemm_cuda_chosen(problem, choice, execution);
}

/* The least cost among the choices that split, so that the rung shows what it is. */
enum status gemm_cuda_split_k(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = precondition_async(problem, "cuda-split-k", execution);
    if (status != STATUS_OK)
        return status;
    const struct gemm_choice choice =
        gemm_choose_split(problem, gpu_properties(execution->gpu)->multiprocessors);
    if (choice.splits == 1)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "nothing to split: k is too short, or C too large for the workspace");
    return gemm_cuda_chosen(problem, choice, execution);
}

enum status gemm_cuda_best(const struct gemm_problem *problem, struct execution *execution) {
    if (execution->gpu == NULL || gpu_properties(execution->gpu)->capability < 80 ||
        problem->k > INT_MAX)
        return gemm_each(problem, gemm_cuda_warp, execution);
    const struct gemm_choice choice =
        gemm_choose(problem, gpu_properties(execution->gpu)->multiprocessors, execution->tuning);
    return gemm_cuda_chosen(problem, choice, execution);
}
