/* `onednn`: Intel's and Arm's deep learning primitives as a peer, so that a reader sees whether the
 * CPU side is a straw man. Built in where the build found oneDNN 2.6 to 3 (HAVE_ONEDNN), else every
 * kernel says that it is not there.
 */
#include "reference/libraries.h"

#include <math.h>
#include <stddef.h>

#ifdef HAVE_ONEDNN

#    include "common/gemm_batch.h"
#    include "reference/linear.h"
#    include "reference/onednn_primitive.h"
#    include "reference/simd/simd.h"

/* All arguments are [rows, columns], without padding. */
static struct onednn_key key_of(enum onednn_kind kind, dnnl_alg_kind_t algorithm, bool backward,
                                int64_t rows, int64_t columns, int threads) {
    struct onednn_key key = {.kind = kind,
                             .algorithm = algorithm,
                             .backward = backward,
                             .threads = threads,
                             .count = backward ? 3 : 2};
    for (int i = 0; i < key.count; i++)
        key.arguments[i] = (struct onednn_matrix){rows, columns, columns, 1, 0, 0};
    return key;
}

enum status softmax_onednn(const struct softmax_problem *problem, struct execution *execution) {
    if (problem->variant == SOFTMAX_LOG_FORWARD)
        return message_set(
            execution->message, STATUS_UNSUPPORTED,
            "oneDNN's log-softmax takes the logarithm of 1 for 1.4e-6, outside the tolerance; "
            "use cpu-simd");
    bool logarithm = problem->variant == SOFTMAX_LOG_BACKWARD;
    bool backward = problem->variant != SOFTMAX_FORWARD;
    struct onednn_key key =
        key_of(ONEDNN_SOFTMAX, logarithm ? dnnl_softmax_log : dnnl_softmax_accurate, backward,
               problem->rows, problem->columns, execution->threads);
    const struct onednn_argument forward_arguments[] = {{DNNL_ARG_SRC, problem->input},
                                                        {DNNL_ARG_DST, problem->output}};
    const struct onednn_argument backward_arguments[] = {{DNNL_ARG_DST, problem->input},
                                                         {DNNL_ARG_DIFF_DST, problem->dy},
                                                         {DNNL_ARG_DIFF_SRC, problem->output}};
    return onednn_run(&key, backward ? backward_arguments : forward_arguments, execution);
}

static struct onednn_matrix vector_of(int64_t length) {
    return (struct onednn_matrix){length, 0, 1, 1, 0, 0};
}

/* The library keeps a variance where this project keeps rstd. */
enum status layernorm_onednn(const struct layernorm_problem *problem, struct execution *execution) {
    if (problem->variant != LAYERNORM_FORWARD)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "oneDNN keeps a variance, not rstd, and before 3.7 has no rms norm; use "
                           "cpu-simd");
    int64_t rows = problem->rows, columns = problem->columns;
    const struct onednn_matrix matrix = {rows, columns, columns, 1, 0, 0};
    const struct onednn_key key = {.kind = ONEDNN_LAYERNORM,
                                   .algorithm = dnnl_alg_kind_undef,
                                   .threads = execution->threads,
                                   .epsilon = problem->epsilon,
                                   .count = 6,
                                   .arguments = {matrix, matrix, vector_of(rows), vector_of(rows),
                                                 vector_of(columns), vector_of(columns)}};
    const struct onednn_argument arguments[] = {
        {DNNL_ARG_SRC, problem->x},       {DNNL_ARG_DST, problem->output},
        {DNNL_ARG_MEAN, problem->mean},   {DNNL_ARG_VARIANCE, problem->rstd},
        {DNNL_ARG_SCALE, problem->gamma}, {DNNL_ARG_SHIFT, problem->beta}};
    enum status status = onednn_run(&key, arguments, execution);
    for (int64_t r = 0; status == STATUS_OK && r < rows; r++)
        problem->rstd[r] = 1 / sqrtf(problem->rstd[r] + problem->epsilon);
    return status;
}

/* oneDNN's name of each function, and of its derivative from what the forward pass kept here. */
static const struct {
    dnnl_alg_kind_t forward, backward;
    int kept; /* the backward argument that `input` is */
} functions[ACTIVATION_FUNCTIONS] = {
    [ACTIVATION_IDENTITY] = {dnnl_eltwise_linear, dnnl_eltwise_linear, DNNL_ARG_SRC},
    [ACTIVATION_RELU] = {dnnl_eltwise_relu, dnnl_eltwise_relu_use_dst_for_bwd, DNNL_ARG_DST},
    [ACTIVATION_SIGMOID] = {dnnl_eltwise_logistic, dnnl_eltwise_logistic_use_dst_for_bwd,
                            DNNL_ARG_DST},
    [ACTIVATION_TANH] = {dnnl_eltwise_tanh, dnnl_eltwise_tanh_use_dst_for_bwd, DNNL_ARG_DST},
    [ACTIVATION_GELU_TANH] = {dnnl_eltwise_gelu_tanh, dnnl_eltwise_gelu_tanh, DNNL_ARG_SRC},
    [ACTIVATION_GELU_ERF] = {dnnl_eltwise_gelu_erf, dnnl_eltwise_gelu_erf, DNNL_ARG_SRC},
    [ACTIVATION_SILU] = {dnnl_eltwise_swish, dnnl_eltwise_swish, DNNL_ARG_SRC},
};

const char *onednn_flaw(enum activation_function function, bool backward) {
    return ONEDNN_GELU_ERF_IS_OFF && function == ACTIVATION_GELU_ERF && !backward
               ? "oneDNN before 3.7 computes gelu_erf outside the tolerance"
               : NULL;
}

enum status activation_onednn(const struct activation_problem *problem,
                              struct execution *execution) {
    const char *flaw = onednn_flaw(problem->function, problem->backward);
    if (flaw != NULL)
        return message_set(execution->message, STATUS_UNSUPPORTED, "%s; use cpu-simd", flaw);
    if (problem->bias != NULL)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "oneDNN's elementwise primitive adds no bias; use cpu-simd");
    struct onednn_key key =
        key_of(ONEDNN_ELTWISE,
               problem->backward ? functions[problem->function].backward
                                 : functions[problem->function].forward,
               problem->backward, 1, problem->rows * problem->columns, execution->threads);
    const struct onednn_argument forward_arguments[] = {{DNNL_ARG_SRC, problem->input},
                                                        {DNNL_ARG_DST, problem->output}};
    const struct onednn_argument backward_arguments[] = {
        {functions[problem->function].kept, problem->input},
        {DNNL_ARG_DIFF_DST, problem->dy},
        {DNNL_ARG_DIFF_SRC, problem->output}};
    return onednn_run(&key, problem->backward ? backward_arguments : forward_arguments, execution);
}

/* A matrix as stored by rows, `leading` elements apart, or its transpose. */
static struct onednn_matrix matrix_of(int64_t rows, int64_t columns, int64_t leading,
                                      bool transposed) {
    return (struct onednn_matrix){rows, columns, transposed ? 1 : leading, transposed ? leading : 1,
                                  0,    0};
}

static dnnl_data_type_t type_of(enum dtype dtype) {
    switch (dtype) {
    case DTYPE_BF16:
        return dnnl_bf16;
    case DTYPE_F16:
        return dnnl_f16;
    case DTYPE_F32:
    case DTYPE_TF32: /* in f32, which is more than is asked */
        break;
    }
    return dnnl_f32;
}

static struct onednn_key product_key(const struct gemm_problem *problem, int threads) {
    return (struct onednn_key){
        .kind = ONEDNN_PRODUCT,
        .algorithm = dnnl_alg_kind_undef,
        .threads = threads,
        .alpha = problem->alpha,
        .beta = problem->beta,
        .operands = type_of(problem->dtype),
        .count = 3,
        .arguments = {matrix_of(problem->m, problem->k, problem->lda, problem->variant == GEMM_TN),
                      matrix_of(problem->k, problem->n, problem->ldb, problem->variant == GEMM_NT),
                      matrix_of(problem->m, problem->n, problem->ldc, false)}};
}

static enum status multiply_primitive(const struct gemm_problem *problem,
                                      struct execution *execution) {
    struct onednn_key key = product_key(problem, execution->threads);
    const struct onednn_argument arguments[] = {
        {DNNL_ARG_SRC, problem->a}, {DNNL_ARG_WEIGHTS, problem->b}, {DNNL_ARG_DST, problem->c}};
    return onednn_run(&key, arguments, execution);
}

static enum status multiply_plainly(const struct gemm_problem *problem,
                                    struct execution *execution) {
    dnnl_status_t status =
        dnnl_sgemm(problem->variant == GEMM_TN ? 'T' : 'N', problem->variant == GEMM_NT ? 'T' : 'N',
                   problem->m, problem->n, problem->k, problem->alpha, problem->a, problem->lda,
                   problem->b, problem->ldb, problem->beta, problem->c, problem->ldc);
    return status == dnnl_success ? STATUS_OK : onednn_fail(execution, "multiply", status);
}

/* A f32 C = A B goes to a primitive made for the shape, which beats dnnl_sgemm most where a size is
 * small; nothing is packed beforehand. Other alpha and beta, and what the library has no fast
 * primitive for, go to dnnl_sgemm. */
static enum status multiply_f32(const struct gemm_problem *problem, struct execution *execution) {
    bool empty = problem->m == 0 || problem->n == 0 || problem->k == 0;
    if (execution->cpu == NULL || empty || problem->alpha != 1 || problem->beta != 0)
        return multiply_plainly(problem, execution);
    enum status status = multiply_primitive(problem, execution);
    return status == STATUS_UNSUPPORTED ? multiply_plainly(problem, execution) : status;
}

/* C = beta C: without a product, for a primitive would bring in the NaNs of A and B. */
static void scale(const struct gemm_problem *problem) {
    for (int64_t i = 0; i < problem->m; i++)
        for (int64_t j = 0; j < problem->n; j++) {
            float *c = &problem->c[i * problem->ldc + j];
            *c = problem->beta == 0 ? 0 : problem->beta * *c;
        }
}

/* One primitive for all; where the library has none, product by product. */
static enum status multiply_batch(const struct gemm_problem *problem, struct execution *execution) {
    const int64_t strides[] = {problem->stride_a, problem->stride_b, problem->stride_c};
    struct onednn_key key = product_key(problem, execution->threads);
    for (int i = 0; i < key.count; i++) {
        key.arguments[i].batch = problem->batch;
        key.arguments[i].batch_stride = strides[i];
    }
    const struct onednn_argument arguments[] = {
        {DNNL_ARG_SRC, problem->a}, {DNNL_ARG_WEIGHTS, problem->b}, {DNNL_ARG_DST, problem->c}};
    enum status status =
        problem->alpha != 0 ? onednn_run(&key, arguments, execution) : STATUS_UNSUPPORTED;
    return status == STATUS_UNSUPPORTED ? gemm_each(problem, gemm_onednn, execution) : status;
}

enum status gemm_onednn(const struct gemm_problem *problem, struct execution *execution) {
    if (problem->batch > 1)
        return multiply_batch(problem, execution);
    if (type_of(problem->dtype) == dnnl_f32)
        return multiply_f32(problem, execution);
    if (problem->alpha != 0)
        return multiply_primitive(problem, execution);
    scale(problem);
    return STATUS_OK;
}

/* Bias and function are done before y is stored. Where the library has no fast primitive for that,
 * they follow the product. Its relu loses a NaN. */
enum status linear_onednn(const struct linear_problem *problem, struct execution *execution) {
    int64_t rows = problem->rows, outputs = problem->outputs, inputs = problem->inputs;
    struct onednn_key key = {.kind = ONEDNN_PRODUCT,
                             .algorithm = problem->relu ? dnnl_eltwise_relu : dnnl_alg_kind_undef,
                             .threads = execution->threads,
                             .alpha = 1,
                             .operands = dnnl_f32,
                             .count = 4,
                             .arguments = {matrix_of(rows, inputs, inputs, false),
                                           matrix_of(inputs, outputs, inputs, true),
                                           matrix_of(rows, outputs, outputs, false),
                                           matrix_of(1, outputs, outputs, false)}};
    const struct onednn_argument arguments[] = {{DNNL_ARG_SRC, problem->x},
                                                {DNNL_ARG_WEIGHTS, problem->weights},
                                                {DNNL_ARG_DST, problem->y},
                                                {DNNL_ARG_BIAS, problem->bias}};
    enum status status = onednn_run(&key, arguments, execution);
    return status == STATUS_UNSUPPORTED
               ? linear_in_turn(problem, gemm_onednn, activation_simd, execution)
               : status;
}

#    define VERSION_TEXT_(major, minor, patch) #    major "." #    minor "." #    patch
#    define VERSION_TEXT(major, minor, patch) VERSION_TEXT_(major, minor, patch)

const char *onednn_version(void) {
    return "oneDNN " VERSION_TEXT(DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR, DNNL_VERSION_PATCH);
}

const char *onednn_configuration(void) {
    return onednn_instruction_set();
}

#else

static enum status absent(struct execution *execution) {
    return message_set(execution->message, STATUS_UNSUPPORTED,
                       "this build has no oneDNN; install libdnnl-dev (2.6 to 3) and build again");
}

enum status gemm_onednn(const struct gemm_problem *problem, struct execution *execution) {
    (void)problem;
    return absent(execution);
}

enum status activation_onednn(const struct activation_problem *problem,
                              struct execution *execution) {
    (void)problem;
    return absent(execution);
}

enum status softmax_onednn(const struct softmax_problem *problem, struct execution *execution) {
    (void)problem;
    return absent(execution);
}

enum status linear_onednn(const struct linear_problem *problem, struct execution *execution) {
    (void)problem;
    return absent(execution);
}

enum status layernorm_onednn(const struct layernorm_problem *problem, struct execution *execution) {
    (void)problem;
    return absent(execution);
}

const char *onednn_version(void) {
    return NULL;
}

const char *onednn_configuration(void) {
    return NULL;
}

const char *onednn_flaw(enum activation_function function, bool backward) {
    (void)function;
    (void)backward;
    return NULL;
}

#endif

bool onednn_absent(void) {
    return onednn_version() == NULL;
}
