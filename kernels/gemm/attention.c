/* Launch geometry of the attention rungs; the kernels stand in attention_*.cu beside this file. */
#include "kernels/geometry.h"
#include "kernels/kernels.h"

static enum status precondition(const struct attention_problem *problem, const char *rung,
                                struct execution *execution) {
    if (problem->dtype == DTYPE_F32 || problem->dtype == DTYPE_BF16)
        return STATUS_OK;
    return message_set(execution->message, STATUS_UNSUPPORTED,
                       "attention %s computes in f32 and bf16", rung);
}

/* Rows that begin at 16 bytes, or 8 in bf16, and are cut into groups of four without a rest. */
static bool groups_of_four(const void *matrix, int64_t stride, size_t element_bytes) {
    enum { GROUP = 4 };
    return (uintptr_t)matrix % (GROUP * element_bytes) == 0 && stride % GROUP == 0;
}

static bool vectors_allowed(const struct attention_problem *p) {
    const size_t operand = p->dtype == DTYPE_BF16 ? sizeof(uint16_t) : sizeof(float);
    return p->dimension % 4 == 0 && groups_of_four(p->q, p->q_stride, operand) &&
           groups_of_four(p->k, p->k_stride, operand) &&
           groups_of_four(p->v, p->v_stride, operand) &&
           groups_of_four(p->o, p->o_stride, sizeof(float));
}

static struct attention_arguments arguments_of(const struct attention_problem *problem) {
    return (struct attention_arguments){.q = problem->q,
                                        .k = problem->k,
                                        .v = problem->v,
                                        .o = problem->o,
                                        .heads = problem->batch * problem->heads,
                                        .sequence = problem->sequence,
                                        .dimension = problem->dimension,
                                        .q_stride = problem->q_stride,
                                        .k_stride = problem->k_stride,
                                        .v_stride = problem->v_stride,
                                        .o_stride = problem->o_stride,
                                        .scale = problem->scale,
                                        .causal = problem->variant == ATTENTION_CAUSAL,
                                        .in_vectors = vectors_allowed(problem)};
}

/* As many rows of O at a time as have room for their scores. */
enum status attention_cuda_naive(const struct attention_problem *problem,
                                 struct execution *execution) {
    static const char *const image = "attention_1_naive";
    const bool narrow = problem->dtype == DTYPE_BF16;
    const struct gpu_kernel scores = {image, narrow ? "attention_naive_scores_bf16"
                                                    : "attention_naive_scores_f32"};
    const struct gpu_kernel softmax = {image, "attention_naive_softmax"};
    const struct gpu_kernel means = {image, narrow ? "attention_naive_means_bf16"
                                                   : "attention_naive_means_f32"};
    enum status status = precondition(problem, "cuda-naive", execution);
    if (status != STATUS_OK)
        return status;
    const int64_t most = ATTENTION_SCORES / problem->sequence;
    if (most == 0)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "a row of %lld scores does not fit the workspace of %d floats",
                           (long long)problem->sequence, ATTENTION_SCORES);
    struct attention_arguments a = arguments_of(problem);
    const int64_t rows = a.heads * a.sequence;
    for (; status == STATUS_OK && a.first_row < rows; a.first_row += most) {
        a.rows = rows - a.first_row < most ? rows - a.first_row : most;
        status = geometry_launch_flat(execution, scores, geometry_blocks(a.rows * a.sequence), &a);
        if (status == STATUS_OK)
            status = geometry_launch_flat(execution, softmax, geometry_blocks(a.rows), &a);
        if (status == STATUS_OK)
            status =
                geometry_launch_flat(execution, means, geometry_blocks(a.rows * a.dimension), &a);
    }
    return status;
}

enum status attention_cuda_fused(const struct attention_problem *problem,
                                 struct execution *execution) {
    enum { NARROW_MOST = 64, WIDE_MOST = 128 };
    static const struct gpu_kernel kernels[2][2] = {
        {{"attention_2_fused", "attention_fused_f32_64"},
         {"attention_2_fused", "attention_fused_f32_128"}},
        {{"attention_2_fused", "attention_fused_bf16_64"},
         {"attention_2_fused", "attention_fused_bf16_128"}}};
    enum status status = precondition(problem, "cuda-fused", execution);
    if (status != STATUS_OK)
        return status;
    if (problem->dimension > WIDE_MOST)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "attention cuda-fused keeps up to %d dimensions in registers, and there "
                           "are %lld",
                           WIDE_MOST, (long long)problem->dimension);
    if (execution->gpu == NULL)
        return message_set(execution->message, STATUS_INVALID,
                           "attention cuda-fused is a GPU kernel and was called without a GPU");
    const bool wide = problem->dimension > NARROW_MOST;
    const int width = wide ? WIDE_MOST : NARROW_MOST;
    const int rows = ATTENTION_QUERIES + 2 * (wide ? ATTENTION_KEYS_128 : ATTENTION_KEYS_64);
    struct attention_arguments arguments = arguments_of(problem);
    const int64_t blocks = geometry_ceil(problem->sequence, ATTENTION_QUERIES);
    const struct gpu_launch launch = {.kernel = kernels[problem->dtype == DTYPE_BF16][wide],
                                      .grid = {arguments.heads * blocks, 1, 1},
                                      .block = {THREADS, 1, 1},
                                      .shared_bytes = rows * width * (int)sizeof(float),
                                      .arguments = &arguments};
    return gpu_launch(execution->gpu, &launch, execution->message);
}
