/* mlp: a whole training step, or inference, of a multilayer perceptron with ReLU and Adam. */
#include "reference/oracle/mlp.h"
#include "bench/operations/libraries.h"
#include "bench/operations/mlp.h"
#include "bench/operations/mlp_case.h"
#include "bench/operations/mlp_graph.h"
#include "kernels/kernels.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

#include <math.h>

static const char *const variants[] = {
    [TRAIN_STEP] = "train_step", [TRAIN_STEP_MSE] = "train_step_mse", [INFERENCE] = "inference"};

/* --- running ---------------------------------------------------------------------------------- */

static void mlp_plan(const struct launch *launch, int64_t iteration, struct mlp_plan *plan) {
    const struct mlp_problem *problem = mlp_problem_of(launch);
    const struct mlp_buffers buffers = mlp_buffers_of(launch, iteration);
    if (problem->inference)
        mlp_plan_inference(&problem->model, &buffers, plan);
    else
        mlp_plan_train_step(&problem->model, &buffers, iteration + 1, plan);
}

static enum status mlp_launch(const struct implementation *implementation,
                              const struct launch *launch, int64_t iteration,
                              struct execution *execution) {
    if (launch->kept) {
        const struct mlp_problem *problem = mlp_problem_of(launch);
        const struct mlp_buffers buffers = mlp_buffers_of(launch, iteration);
        return mlp_graphs_run(launch->kept, &problem->model, &buffers,
                              problem->inference ? 0 : iteration + 1, execution);
    }
    struct mlp_plan plan;
    mlp_plan(launch, iteration, &plan);
    return mlp_plan_run(&plan, mlp_kernels_of(implementation), execution);
}

static enum status mlp_keep(const struct implementation *implementation, struct launch *launch,
                            struct message *message) {
    const struct mlp_kernels *kernels = mlp_kernels_of(implementation);
    struct mlp_graphs *graphs = NULL;
    enum status status = STATUS_OK;
    if (kernels && kernels->graph)
        status = mlp_graphs_open(kernels, &graphs, message);
    launch->kept = graphs;
    return status;
}

static void mlp_release(struct launch *launch) {
    mlp_graphs_close(launch->kept);
}

/* The plan of a case without buffers: for its counts only. */
static struct mlp_plan plan_of(const struct bench_case *c) {
    void *const none[BUFFERS_MAX] = {0};
    struct launch launch;
    struct mlp_plan plan;
    mlp_bind(c, none, &launch);
    const struct mlp_problem *problem = mlp_problem_of(&launch);
    if (problem->inference)
        mlp_plan_inference(&problem->model, &problem->buffers, &plan);
    else
        mlp_plan_train_step(&problem->model, &problem->buffers, 1, &plan);
    return plan;
}

static double mlp_flops(const struct bench_case *c) {
    struct mlp_plan plan = plan_of(c);
    return mlp_plan_flops(&plan);
}

static double mlp_bytes(const struct bench_case *c) {
    struct mlp_plan plan = plan_of(c);
    return mlp_plan_bytes(&plan);
}

/* --- parts ------------------------------------------------------------------------------------ */

static int parts_plan(const struct launch *launch, int64_t iteration, void *plan) {
    struct mlp_plan *filled = plan;
    mlp_plan(launch, iteration, filled);
    return filled->count;
}

static const char *part_name(const void *plan, int part) {
    return ((const struct mlp_plan *)plan)->parts[part].name;
}

static enum status part_run(const void *plan, int part, const struct implementation *implementation,
                            struct execution *execution) {
    return mlp_part_run(&((const struct mlp_plan *)plan)->parts[part],
                        mlp_kernels_of(implementation), execution);
}

static const struct part_kind part_kinds[] = {
    {"rounding", "part_rounding", {"forward round", "backward round"}},
    {"forward gemm", "part_forward_gemm", {"forward gemm"}},
    {"backward gemm", "part_backward_gemm", {"backward gemm"}},
    {"bias and activation", "part_elementwise", {"forward ", "backward "}},
    {"softmax and loss", "part_loss", {"loss", "softmax"}},
    {"update", "part_update", {"update"}},
};

static const struct operation_parts parts = {
    .most = MLP_PARTS_MAX,
    .plan_bytes = sizeof(struct mlp_plan),
    .plan = parts_plan,
    .name = part_name,
    .run = part_run,
    .kinds = part_kinds,
    .kind_count = sizeof part_kinds / sizeof part_kinds[0],
};

/* --- oracle ----------------------------------------------------------------------------------- */

static void *mlp_oracle_open(const struct oracle_view *view) {
    const struct mlp_problem *problem = mlp_problem_of(view->launch);
    const struct mlp_buffers b = mlp_buffers_of(view->launch, view->iteration);
    struct message ignored;
    const struct oracle_mlp_input input = {
        .model = &problem->model,
        .parameters = b.parameters,
        .x = b.x,
        .labels = b.labels,
        .target = b.target,
        .kept = view->after[BUFFER_ACTIVATIONS],
    };
    struct oracle_mlp *oracle = NULL;
    if (problem->inference)
        (void)oracle_mlp_inference(&input, &oracle, &ignored);
    else
        (void)oracle_mlp_train_step(&input, &oracle, &ignored);
    return oracle;
}

static void mlp_oracle_close(void *state) {
    oracle_mlp_close(state);
}

/* Parameters and moments are checked against the float64 update by the implementation's own
 * gradients: the first step of Adam is near a sign function, through which no useful bound passes.
 */
static void expect_update(const struct oracle_view *view, int buffer, int64_t first, int64_t count,
                          double *expected, double *tolerance) {
    static const int outputs[] = {[BUFFER_PARAMETERS] = 0, [BUFFER_FIRST] = 1, [BUFFER_SECOND] = 2};
    struct mlp_plan plan;
    mlp_plan(view->launch, view->iteration, &plan);
    struct optimizer_problem update = plan.parts[plan.count - 1].problem.optimizer;
    update.gradients = view->after[BUFFER_GRADIENTS];
    oracle_optimizer(&update, outputs[buffer], first, count, expected, tolerance);
}

/* The gaps between the tensors belong to nobody. */
static void mark_gaps(int64_t count, double *expected, const double *tolerance) {
    for (int64_t i = 0; i < count; i++)
        if (isinf(tolerance[i]))
            expected[i] = NAN;
}

static void mlp_expect(const struct oracle_view *view, int buffer, int64_t first_row, int64_t rows,
                       double *expected, double *tolerance) {
    struct buffer_spec specs[BUFFERS_MAX];
    case_buffers(view->bench_case, specs);
    int64_t first;
    int64_t count = buffer_flat_range(specs[buffer].elements, first_row, rows, &first);
    struct message message;
    if (buffer == BUFFER_PARAMETERS || buffer == BUFFER_FIRST || buffer == BUFFER_SECOND) {
        expect_update(view, buffer, first, count, expected, tolerance);
    } else if (buffer == BUFFER_LOSS) {
        oracle_mlp_loss(view->state, first, count, expected, tolerance);
    } else if (buffer == BUFFER_ACTIVATIONS) {
        oracle_mlp_activations(view->state, first, count, expected, tolerance);
        mark_gaps(count, expected, tolerance);
    } else if (buffer == BUFFER_NARROW) {
        oracle_mlp_rounded(view->state, first, count, expected, tolerance);
    } else if (oracle_mlp_gradients(view->state, first, count, expected, tolerance, &message) !=
               STATUS_OK) {
        /* Out of memory: nothing can be said, so nothing passes. */
        for (int64_t i = 0; i < count; i++)
            expected[i] = tolerance[i] = NAN;
    }
}

/* --- implementations -------------------------------------------------------------------------- */

static const struct mlp_kernels kernels_naive = {.gemm = gemm_naive,
                                                 .activation = activation_naive,
                                                 .softmax = softmax_naive,
                                                 .cross_entropy = cross_entropy_naive,
                                                 .mse = mse_naive,
                                                 .column_sums = column_sums_naive,
                                                 .optimizer = optimizer_naive,
                                                 .round = round_naive};

/* What goes with products of the CPU's libraries, and with products on the GPU. */
#define WITH_SIMD                                                                                  \
    .activation = activation_simd, .softmax = softmax_simd, .cross_entropy = cross_entropy_simd,   \
    .mse = mse_simd, .column_sums = column_sums_simd, .optimizer = optimizer_simd,                 \
    .round = round_simd
#define WITH_CUDA                                                                                  \
    .activation = activation_cuda_vectorised, .softmax = softmax_cuda_warp,                        \
    .cross_entropy = cross_entropy_cuda_warp, .mse = mse_cuda_tiled,                               \
    .column_sums = column_sums_cuda_tiled, .optimizer = optimizer_cuda_vectorised,                 \
    .round = round_cuda_vectorised

static const struct mlp_kernels kernels_simd = {.gemm = gemm_simd, WITH_SIMD};
static const struct mlp_kernels kernels_openblas = {.gemm = gemm_openblas, WITH_SIMD};
static const struct mlp_kernels kernels_blis = {.gemm = gemm_blis, WITH_SIMD};
static const struct mlp_kernels kernels_onednn = {.gemm = gemm_onednn, WITH_SIMD};

static const struct mlp_kernels kernels_cuda_naive = {.gemm = gemm_cuda_naive,
                                                      .activation = activation_cuda_naive,
                                                      .softmax = softmax_cuda_naive,
                                                      .cross_entropy = cross_entropy_cuda_naive,
                                                      .mse = mse_cuda_naive,
                                                      .column_sums = column_sums_cuda_naive,
                                                      .optimizer = optimizer_cuda_naive,
                                                      .round = round_cuda_naive};

/* The best rung of every kernel, and cuda-tensor's products. */
static const struct mlp_kernels kernels_cuda_tensor = {.gemm = gemm_cuda_tensor,
                                                       .activation = activation_cuda_vectorised,
                                                       .softmax = softmax_cuda_vectorised,
                                                       .cross_entropy =
                                                           cross_entropy_cuda_vectorised,
                                                       .mse = mse_cuda_tiled,
                                                       .column_sums = column_sums_cuda_tiled,
                                                       .optimizer = optimizer_cuda_vectorised,
                                                       .round = round_cuda_vectorised,
                                                       .graph = true};

static const struct mlp_kernels kernels_cuda_tiled = {.gemm = gemm_cuda_tiled, WITH_CUDA};
static const struct mlp_kernels kernels_cublas = {.gemm = gemm_cublas, WITH_CUDA};
static const struct mlp_kernels kernels_cublas_graph = {
    .gemm = gemm_cublas, WITH_CUDA, .graph = true};

static const struct mlp_kernels kernels_cuda_best = {.gemm = gemm_cuda_best,
                                                     .linear = linear_cuda_best,
                                                     .activation = activation_cuda_vectorised,
                                                     .softmax = softmax_cuda_vectorised,
                                                     .cross_entropy = cross_entropy_cuda_vectorised,
                                                     .mse = mse_cuda_tiled,
                                                     .column_sums = column_sums_cuda_tiled,
                                                     .optimizer = optimizer_cuda_vectorised,
                                                     .graph = true};
#undef WITH_SIMD
#undef WITH_CUDA

/* Only the products of the step, with OpenBLAS. */
static enum status yardstick_gemms(const struct launch *launch, int64_t iterations,
                                   struct execution *execution) {
    enum status status = STATUS_OK;
    for (int64_t i = 0; i < iterations; i++) {
        struct mlp_plan plan;
        mlp_plan(launch, i, &plan);
        for (int p = 0; p < plan.count && status == STATUS_OK; p++)
            if (plan.parts[p].kind == MLP_PART_GEMM)
                status = gemm_openblas(&plan.parts[p].problem.gemm, execution);
    }
    return status;
}

/* Of rows that take bf16 and f16 besides. */
#define NARROW_TOO (DTYPE_BIT(DTYPE_F32) | DTYPE_BIT(DTYPE_BF16) | DTYPE_BIT(DTYPE_F16))

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "bench/operations/mlp.c",
     .kind = KIND_PLAIN,
     .summary = "every part as a textbook shows it",
     .dtypes = NARROW_TOO,
     .one_thread = true,
     .own = MLP_KERNELS(&kernels_naive)},
    {.name = "cpu-simd",
     .file = "bench/operations/mlp.c",
     .summary = "every part vectorised, on all cores",
     .adds = "vectors of this processor's full width, and all cores",
     .dtypes = NARROW_TOO,
     .own = MLP_KERNELS(&kernels_simd)},
    {.name = "openblas",
     .file = "bench/operations/mlp.c",
     .kind = KIND_LIBRARY,
     .summary = "cblas_sgemm, everything else cpu-simd",
     .adds = "a library's products",
     .configuration = openblas_core_type,
     .own = MLP_KERNELS(&kernels_openblas)},
    {.name = "blis",
     .file = "bench/operations/mlp.c",
     .kind = KIND_LIBRARY,
     .summary = "bli_sgemm, everything else cpu-simd",
     .availability = blis_availability,
     .configuration = blis_configuration,
     .own = MLP_KERNELS(&kernels_blis)},
    {.name = "onednn",
     .file = "bench/operations/mlp.c",
     .kind = KIND_LIBRARY,
     .summary = "oneDNN's products, everything else cpu-simd",
     .dtypes = NARROW_TOO,
     .availability = onednn_availability,
     .configuration = onednn_configuration,
     .own = MLP_KERNELS(&kernels_onednn)},
    {.name = "cuda-naive",
     .file = "bench/operations/mlp.c",
     .kind = KIND_PLAIN,
     .summary = "the first rung of every kernel",
     .device = DEVICE_GPU,
     .dtypes = NARROW_TOO,
     .own = MLP_KERNELS(&kernels_cuda_naive)},
    {.name = "cuda-tiled",
     .file = "bench/operations/mlp.c",
     .summary = "tiled GEMM, vectorised and warp kernels",
     .adds = "tiles in shared memory, a warp for each row, 16 bytes an access",
     .device = DEVICE_GPU,
     .own = MLP_KERNELS(&kernels_cuda_tiled)},
    {.name = "cuda-best",
     .file = "bench/operations/mlp.c",
     .summary = "the best rung of every kernel, bias and ReLU in the GEMM, as one CUDA Graph",
     .adds = "bias and ReLU in the product, one read of the logits, one launch a step",
     .device = DEVICE_GPU,
     .own = MLP_KERNELS(&kernels_cuda_best)},
    {.name = "cuda-tensor",
     .file = "bench/operations/mlp.c",
     .summary = "products on tensor cores, the best rung of every other kernel, as one CUDA Graph",
     .adds = "16-bit operands, 2,048 products an instruction of a warp",
     .device = DEVICE_GPU,
     .dtypes = DTYPE_BIT(DTYPE_BF16) | DTYPE_BIT(DTYPE_F16),
     .own = MLP_KERNELS(&kernels_cuda_tensor)},
    {.name = "cublas",
     .file = "bench/operations/mlp.c",
     .kind = KIND_LIBRARY,
     .summary = "cuBLAS, vectorised and warp kernels",
     .device = DEVICE_GPU,
     .dtypes = NARROW_TOO,
     .own = MLP_KERNELS(&kernels_cublas)},
    {.name = "cublas-graph",
     .file = "bench/operations/mlp.c",
     .kind = KIND_LIBRARY,
     .summary = "cublas, each step replayed as one CUDA Graph",
     .adds = "one launch a step instead of one a kernel",
     .device = DEVICE_GPU,
     .dtypes = NARROW_TOO,
     .own = MLP_KERNELS(&kernels_cublas_graph)},
    {.name = "gemms",
     .file = "bench/operations/mlp.c",
     .kind = KIND_YARDSTICK,
     .summary = "the GEMMs of the step alone, with OpenBLAS",
     .yardstick = yardstick_gemms,
     .flops = mlp_flops,
     .bytes = mlp_bytes},
};
#undef NARROW_TOO

static const char *const awkward_shapes[] = {"1-1@1",        "2-3@1",        "3-4-2@100",
                                             "17-19-23@5",   "1-33-1@7",     "65-1-129@3",
                                             "31-17-9-11@1", "784-128-10@3", NULL};
static const enum values special_values[] = {VALUES_DENORMAL};

const struct operation operation_mlp = {
    .name = "mlp",
    .summary = "a whole training step or inference of a multilayer perceptron",
    .shape_form = "LAYERS@BATCH",
    .variants = variants,
    .variant_count = sizeof variants / sizeof variants[0],
    .implementations = implementations,
    .implementation_count = sizeof implementations / sizeof implementations[0],
    .preset_lines = mlp_preset_lines,
    .awkward_shapes = awkward_shapes,
    .special_values = special_values,
    .special_values_count = sizeof special_values / sizeof special_values[0],
    .shape_parse = mlp_shape_parse,
    .shape_format = mlp_shape_format,
    .describe = mlp_describe,
    .prepare = mlp_prepare,
    .bind = mlp_bind,
    .launch = mlp_launch,
    .keep = mlp_keep,
    .release = mlp_release,
    .restore_each_sample = true,
    .flops = mlp_flops,
    .bytes = mlp_bytes,
    .expect = mlp_expect,
    .oracle_open = mlp_oracle_open,
    .oracle_close = mlp_oracle_close,
    .parts = &parts,
    .rate = RATE_FLOPS_OF_CASE,
};
