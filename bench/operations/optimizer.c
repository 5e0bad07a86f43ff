/* optimizer: one update of N parameters, with PyTorch's formulas and defaults. */
#include "bench/operations/operation.h"
#include "bench/operations/yardstick.h"
#include "kernels/kernels.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

#include <math.h>

OPERATION_PROBLEM(optimizer)

enum { BUFFER_PARAMETERS, BUFFER_GRADIENTS, BUFFER_FIRST, BUFFER_SECOND };
/* A step at which both bias corrections matter: 1 - 0.9^7 = 0.52, 1 - 0.999^7 = 0.007. */
enum { STEP = 7 };

static const char *const variants[] = {
    [OPTIMIZER_SGD] = "sgd",
    [OPTIMIZER_SGD_MOMENTUM] = "sgd_momentum",
    [OPTIMIZER_ADAM] = "adam",
};

static void optimizer_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    int64_t count = c->sizes[0];
    specs[BUFFER_PARAMETERS] = buffer_flat("parameters", BUFFER_IN_OUT, count);
    specs[BUFFER_GRADIENTS] = buffer_flat("gradients", BUFFER_INPUT, count);
    if (c->variant != OPTIMIZER_SGD)
        specs[BUFFER_FIRST] = buffer_flat("first_moment", BUFFER_IN_OUT, count);
    if (c->variant == OPTIMIZER_ADAM)
        specs[BUFFER_SECOND] = buffer_flat("second_moment", BUFFER_IN_OUT, count);
}

/* A second moment is a mean of squares: never negative. */
static void optimizer_prepare(const struct bench_case *c, void *const buffers[]) {
    float *second_moment = buffers[BUFFER_SECOND];
    if (second_moment)
        for (int64_t i = 0; i < c->sizes[0]; i++)
            second_moment[i] = fabsf(second_moment[i]);
}

static void optimizer_bind(const struct bench_case *c, void *const buffers[],
                           struct launch *launch) {
    *optimizer_problem_in(launch) = (struct optimizer_problem){
        .variant = (enum optimizer_variant)c->variant,
        .count = c->sizes[0],
        .parameters = buffers[BUFFER_PARAMETERS],
        .gradients = buffers[BUFFER_GRADIENTS],
        .first_moment = buffers[BUFFER_FIRST],
        .second_moment = buffers[BUFFER_SECOND],
        .learning_rate = 0.001f,
        .momentum = 0.9f,
        .beta1 = 0.9f,
        .beta2 = 0.999f,
        .epsilon = 1e-8f,
        .step = STEP,
    };
}

OPERATION_LAUNCH(optimizer)

/* Counted from the formulas in common/problem.h; a division or a root counts as one. */
static double optimizer_flops(const struct bench_case *c) {
    static const double operations_an_element[] = {
        [OPTIMIZER_SGD] = 2.0, [OPTIMIZER_SGD_MOMENTUM] = 4.0, [OPTIMIZER_ADAM] = 13.0};
    return operations_an_element[c->variant] * (double)c->sizes[0];
}

/* Reads and writes: parameters twice, gradients once, each moment twice. */
static double optimizer_bytes(const struct bench_case *c) {
    static const double accesses[] = {
        [OPTIMIZER_SGD] = 3.0, [OPTIMIZER_SGD_MOMENTUM] = 5.0, [OPTIMIZER_ADAM] = 7.0};
    return 4.0 * accesses[c->variant] * (double)c->sizes[0];
}

static void optimizer_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                             int64_t rows, double *expected, double *tolerance) {
    static const int outputs[] = {[BUFFER_PARAMETERS] = 0, [BUFFER_FIRST] = 1, [BUFFER_SECOND] = 2};
    const struct optimizer_problem *problem = optimizer_problem_of(view->launch);
    int64_t first;
    int64_t count = buffer_flat_range(problem->count, first_row, rows, &first);
    oracle_optimizer(problem, outputs[buffer], first, count, expected, tolerance);
}

/* From the gradients to the parameters: the other buffers stay as they are. */
static enum status yardstick_copy(const struct launch *launch, int64_t iterations,
                                  struct execution *execution) {
    const struct optimizer_problem *p = optimizer_problem_of(launch);
    return yardstick_traffic(p->gradients, NULL, p->parameters, p->count, iterations, execution);
}

static enum status yardstick_sweep(const struct launch *launch, int64_t iterations,
                                   struct execution *execution) {
    enum status status = STATUS_OK;
    for (int64_t i = 0; i < iterations && status == STATUS_OK; i++)
        status = optimizer_traffic(optimizer_problem_of(launch), execution);
    return status;
}

static double copy_bytes(const struct bench_case *c) {
    return 8.0 * (double)c->sizes[0];
}

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "reference/optimizer_1_naive.c",
     .kind = KIND_PLAIN,
     .summary = "one parameter after the other",
     .one_thread = true,
     .run = RUN(optimizer, optimizer_naive)},
    {.name = "cpu-simd",
     .file = "reference/simd/optimizer.c",
     .summary = "vectorised and threaded, one pass",
     .adds = "vectors, and all cores",
     .run = RUN(optimizer, optimizer_simd)},
    {.name = "cuda-naive",
     .file = "kernels/elementwise/optimizer_1_naive.cu",
     .kind = KIND_PLAIN,
     .summary = "one thread a parameter",
     .device = DEVICE_GPU,
     .run = RUN(optimizer, optimizer_cuda_naive)},
    {.name = "cuda-vectorised",
     .file = "kernels/elementwise/optimizer_2_vectorised.cu",
     .summary = "float4 and a grid-stride loop",
     .adds = "16 bytes an access",
     .device = DEVICE_GPU,
     .run = RUN(optimizer, optimizer_cuda_vectorised)},
    {.name = "copy",
     .file = "reference/simd/transfer.c",
     .kind = KIND_YARDSTICK,
     .summary = "a plain-store copy of as many floats as there are parameters",
     .yardstick = yardstick_copy,
     .flops = copy_bytes,
     .bytes = copy_bytes},
    {.name = "sweep",
     .file = "reference/simd/optimizer.c",
     .kind = KIND_YARDSTICK,
     .summary = "the update's loads and stores without its arithmetic",
     .yardstick = yardstick_sweep},
};

static const struct operation_argument arguments[] = {
    ARGUMENT(optimizer, variant),       ARGUMENT(optimizer, count),
    ARGUMENT(optimizer, parameters),    ARGUMENT(optimizer, gradients),
    ARGUMENT(optimizer, first_moment),  ARGUMENT(optimizer, second_moment),
    ARGUMENT(optimizer, learning_rate), ARGUMENT(optimizer, momentum),
    ARGUMENT(optimizer, beta1),         ARGUMENT(optimizer, beta2),
    ARGUMENT(optimizer, epsilon),       ARGUMENT(optimizer, step)};

static const struct preset_line preset_lines[] = {
    {"default", "sgd", "1048576"},
    {"default", "adam", "101770 25000000"},
    {"quick", "adam", "101770"},
    {"mnist", "sgd,sgd_momentum,adam", "101770"},
    {"yardsticks", "adam", "25000000"},
    {"pytorch", "adam", "101770 25000000"},
    {"emulated", "sgd,sgd_momentum,adam", "65536"},
    {"counters", "sgd,sgd_momentum,adam", "1003 4096"},
    {"verdicts", "adam", "4096"},
    {0}};

static const char *const awkward_shapes[] = {"1", "2", "17", "127", "1025", "100003", NULL};

const struct operation operation_optimizer = {
    OPERATION_OF(optimizer),
    .summary = "SGD, SGD with momentum, Adam: one update of N parameters",
    .shape_form = "N",
    OPERATION_ARGUMENTS(optimizer),
    .preset_lines = preset_lines,
    .awkward_shapes = awkward_shapes,
    OPERATION_SPECIAL_VALUES(values_usual),
    .prepare = optimizer_prepare,
};
