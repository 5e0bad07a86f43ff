/* Launch geometry of gemm's Hopper rung; the kernels stand in kernels/gemm/gemm_10_hopper.cu. */
#include "kernels/geometry.h"
#include "kernels/kernels.h"

#include <limits.h>

enum { CAPABILITY = 90, LINE_BYTES = 16, WIDE = 256, NARROW = 128, BOX = 64, C_COLUMNS = 32 };

#define KERNELS(type, columns)                                                                     \
    {                                                                                              \
        [GEMM_NN] = {"gemm_10_hopper", "gemm_hopper_" type "_nn_" columns},                        \
        [GEMM_NT] = {"gemm_10_hopper", "gemm_hopper_" type "_nt_" columns},                        \
        [GEMM_TN] = {"gemm_10_hopper", "gemm_hopper_" type "_tn_" columns},                        \
    }

/* By type, whether the tile is wide, and variant. */
static const struct gpu_kernel hopper_kernels[][2][GEMM_TN + 1] = {
    [DTYPE_BF16] = {KERNELS("bf16", "128"), KERNELS("bf16", "256")},
    [DTYPE_F16] = {KERNELS("f16", "128"), KERNELS("f16", "256")},
};

static enum status precondition_device(const struct gemm_problem *problem,
                                       struct execution *execution) {
    struct message *message = execution->message;
    if (!dtype_is_narrow(problem->dtype))
        return message_set(message, STATUS_UNSUPPORTED, "gemm cuda-hopper takes bf16 and f16");
    if (execution->gpu == NULL)
        return message_set(message, STATUS_INVALID, "gemm cuda-hopper was called without a GPU");
    const struct gpu_properties *properties = gpu_properties(execution->gpu);
    if (properties->capability != CAPABILITY)
        return message_set(message, STATUS_UNSUPPORTED,
                           "gemm cuda-hopper needs compute capability 9.0, whose instructions no "
                           "other has, and %s has %d.%d",
                           properties->name, properties->capability / 10,
                           properties->capability % 10);
    return STATUS_OK;
}

static bool in_lines(const void *matrix, int64_t leading, size_t element_bytes) {
    return (uintptr_t)matrix % LINE_BYTES == 0 && (size_t)leading * element_bytes % LINE_BYTES == 0;
}

static enum status precondition(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = precondition_device(problem, execution);
    if (status != STATUS_OK)
        return status;
    if (!in_lines(problem->a, problem->lda, sizeof(uint16_t)) ||
        !in_lines(problem->b, problem->ldb, sizeof(uint16_t)) ||
        !in_lines(problem->c, problem->ldc, sizeof(float)))
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "gemm cuda-hopper copies by TMA, which wants the rows of A, B and C at "
                           "multiples of 16 bytes");
    if (problem->m > INT_MAX - WIDE || problem->n > INT_MAX - WIDE || problem->k > INT_MAX - WIDE)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "gemm cuda-hopper takes sizes below 2^31");
    return STATUS_OK;
}

/* The three matrices as they are stored. */
static enum status describe(const struct gemm_problem *problem,
                            struct gemm_hopper_arguments *arguments, struct execution *execution) {
    const enum gpu_element element = problem->dtype == DTYPE_BF16 ? GPU_BF16 : GPU_F16;
    const bool is_a_turned = problem->variant == GEMM_TN, is_b_turned = problem->variant == GEMM_NT;
    const struct gpu_matrix a = {.data = problem->a,
                                 .element = element,
                                 .rows = is_a_turned ? problem->k : problem->m,
                                 .columns = is_a_turned ? problem->m : problem->k,
                                 .stride = problem->lda,
                                 .box_rows = BOX,
                                 .box_columns = BOX};
    const struct gpu_matrix b = {.data = problem->b,
                                 .element = element,
                                 .rows = is_b_turned ? problem->n : problem->k,
                                 .columns = is_b_turned ? problem->k : problem->n,
                                 .stride = problem->ldb,
                                 .box_rows = BOX,
                                 .box_columns = BOX};
    const struct gpu_matrix c = {.data = problem->c,
                                 .element = GPU_F32,
                                 .rows = problem->m,
                                 .columns = problem->n,
                                 .stride = problem->ldc,
                                 .box_rows = BOX,
                                 .box_columns = C_COLUMNS};
    enum status status = gpu_tensor_map(execution->gpu, &a, &arguments->a, execution->message);
    if (status == STATUS_OK)
        status = gpu_tensor_map(execution->gpu, &b, &arguments->b, execution->message);
    if (status == STATUS_OK)
        status = gpu_tensor_map(execution->gpu, &c, &arguments->c, execution->message);
    return status;
}

enum status gemm_cuda_hopper(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = precondition(problem, execution);
    if (status != STATUS_OK)
        return status;
    struct gemm_hopper_arguments arguments = {
        .gemm = {.c = problem->c,
                 .m = problem->m,
                 .n = problem->n,
                 .k = problem->alpha != 0.0f ? problem->k : 0, /* A and B are not read */
                 .ldc = problem->ldc,
                 .alpha = problem->alpha,
                 .beta = problem->beta}};
    status = describe(problem, &arguments, execution);
    if (status != STATUS_OK)
        return status;
    const int64_t clusters = gpu_properties(execution->gpu)->multiprocessors / HOPPER_CLUSTER;
    const int64_t down = geometry_ceil(problem->m, (int64_t)HOPPER_CLUSTER * HOPPER_ROWS);
    /* The wide tile reads less, but only where there are enough of them for all multiprocessors. */
    const bool is_wide = down * geometry_ceil(problem->n, WIDE) >= clusters;
    const int64_t pairs = down * geometry_ceil(problem->n, is_wide ? WIDE : NARROW);
    const struct gpu_launch launch = {
        .kernel = hopper_kernels[problem->dtype][is_wide][problem->variant],
        .grid = {(pairs < clusters ? pairs : clusters) * HOPPER_CLUSTER, 1, 1},
        .block = {HOPPER_THREADS, 1, 1},
        .shared_bytes = is_wide ? HOPPER_SHARED(WIDE) : HOPPER_SHARED(NARROW),
        .arguments = &arguments};
    return gpu_launch(execution->gpu, &launch, execution->message);
}
