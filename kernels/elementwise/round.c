/* Launch geometry of the rungs that round to 16 bits; the kernels stand in round_*.cu. */
#include "kernels/geometry.h"
#include "kernels/kernels.h"

static const struct gpu_kernel naive_kernels[DTYPES] = {
    [DTYPE_BF16] = {"round_1_naive", "round_bf16_naive"},
    [DTYPE_F16] = {"round_1_naive", "round_f16_naive"},
};

static const struct gpu_kernel vectorised_kernels[DTYPES] = {
    [DTYPE_BF16] = {"round_2_vectorised", "round_bf16_vectorised"},
    [DTYPE_F16] = {"round_2_vectorised", "round_f16_vectorised"},
};

static struct round_arguments arguments_of(const struct round_problem *problem) {
    return (struct round_arguments){
        .in = problem->in, .out = problem->out, .scale = problem->scale, .count = problem->count};
}

enum status round_cuda_naive(const struct round_problem *problem, struct execution *execution) {
    struct round_arguments arguments = arguments_of(problem);
    return geometry_launch_flat(execution, naive_kernels[problem->dtype],
                                geometry_blocks(problem->count), &arguments);
}

enum status round_cuda_vectorised(const struct round_problem *problem,
                                  struct execution *execution) {
    enum { GROUP = 4 };
    struct round_arguments arguments = arguments_of(problem);
    if (execution->gpu == NULL)
        return message_set(execution->message, STATUS_INVALID,
                           "round cuda-vectorised was called without a GPU");
    if ((uintptr_t)problem->in % (GROUP * sizeof(float)) == 0 &&
        (uintptr_t)problem->out % (GROUP * sizeof(uint16_t)) == 0)
        arguments.vectors = problem->count / GROUP;
    int64_t items = arguments.vectors > 0 ? arguments.vectors : problem->count;
    return geometry_launch_flat(execution, vectorised_kernels[problem->dtype],
                                geometry_blocks_resident(execution->gpu, items), &arguments);
}
