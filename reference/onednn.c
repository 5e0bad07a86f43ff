/* `onednn`: Intel's and Arm's deep learning primitives as a peer, so that a reader sees whether the
 * CPU side is a straw man. Built in where the build found oneDNN 2.6 or a later 2 (HAVE_ONEDNN),
 * else every kernel says that it is not there.
 *
 * A primitive is machine code made for one shape, so it is made once and kept: execution->cpu owns
 * the kept ones. A call without one makes a primitive and throws it away, correct but slow.
 */
#include "reference/libraries.h"

#include "reference/simd/cpu.h"

#include <stddef.h>

#ifdef HAVE_ONEDNN

#    include <dnnl.h>
#    include <dnnl_debug.h>
#    include <stdio.h>
#    include <stdlib.h>
#    include <string.h>

/* A matrix: [rows, columns], and the elements from one row, and from one column, to the next. */
struct matrix {
    int64_t rows, columns, row_stride, column_stride;
};

/* What a primitive is made for: its arguments' shapes and what is computed. */
enum { ARGUMENTS_MOST = 3 };
struct key {
    struct matrix arguments[ARGUMENTS_MOST]; /* of 0 rows from `count` on */
    int count;
    int product; /* C = A B, else `algorithm` */
    dnnl_alg_kind_t algorithm;
    int backward;
    int threads; /* work is split among as many as there were when it was made */
};

static bool key_equal(const struct key *one, const struct key *other) {
    return one->count == other->count && one->product == other->product &&
           one->algorithm == other->algorithm && one->backward == other->backward &&
           one->threads == other->threads &&
           memcmp(one->arguments, other->arguments, sizeof one->arguments) == 0;
}

/* A primitive with the memory objects of its arguments: x, y or dy as the kind wants them, or A, B
 * and C. */
struct kept {
    struct key key;
    dnnl_primitive_t primitive; /* NULL where the library has but its plain loop */
    dnnl_memory_t memory[ARGUMENTS_MOST];
    uint64_t used; /* the clock of its last use, 0 for an empty slot */
};

enum { KEPT_MOST = 64 };
struct onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    uint64_t clock;
    struct kept kept[KEPT_MOST];
};

static enum status fail(struct execution *execution, const char *what, dnnl_status_t status) {
    enum status result = status == dnnl_out_of_memory   ? STATUS_NO_MEMORY
                         : status == dnnl_unimplemented ? STATUS_UNSUPPORTED
                                                        : STATUS_FAILED;
    return message_set(execution->message, result,
                       "oneDNN could not %s: %s; try another shape, or leave out onednn", what,
                       dnnl_status2str(status));
}

/* The library's destroy functions fail on a null handle only, which is not passed. */
static void kept_release(struct kept *kept) {
    for (int i = 0; i < ARGUMENTS_MOST; i++)
        if (kept->memory[i] != NULL)
            (void)dnnl_memory_destroy(kept->memory[i]);
    if (kept->primitive != NULL)
        (void)dnnl_primitive_destroy(kept->primitive);
    *kept = (struct kept){0};
}

static void onednn_release(void *state) {
    struct onednn *onednn = state;
    for (int i = 0; i < KEPT_MOST; i++)
        kept_release(&onednn->kept[i]);
    if (onednn->stream != NULL)
        (void)dnnl_stream_destroy(onednn->stream);
    if (onednn->engine != NULL)
        (void)dnnl_engine_destroy(onednn->engine);
    free(onednn);
}

/* NULL when it fails, with the reason in `status` and the message. */
static struct onednn *onednn_open(struct execution *execution, enum status *status) {
    struct onednn *onednn = calloc(1, sizeof *onednn);
    if (onednn == NULL) {
        *status = message_set(execution->message, STATUS_NO_MEMORY,
                              "cannot allocate %zu bytes for oneDNN's state; free some memory",
                              sizeof *onednn);
        return NULL;
    }
    dnnl_status_t opened = dnnl_engine_create(&onednn->engine, dnnl_cpu, 0);
    if (opened == dnnl_success)
        opened = dnnl_stream_create(&onednn->stream, onednn->engine, dnnl_stream_default_flags);
    if (opened != dnnl_success) {
        onednn_release(onednn);
        *status = fail(execution, "start its CPU engine", opened);
        return NULL;
    }
    return onednn;
}

/* The state that execution->cpu keeps, opened at the first call. */
static struct onednn *onednn_kept(struct execution *execution, enum status *status) {
    struct cpu_library *library = cpu_library_onednn(execution->cpu);
    if (library->state == NULL) {
        struct onednn *onednn = onednn_open(execution, status);
        if (onednn == NULL)
            return NULL;
        *library = (struct cpu_library){onednn, onednn_release};
    }
    return library->state;
}

static dnnl_status_t describe(const struct matrix *matrix, dnnl_memory_desc_t *shape) {
    const dnnl_dims_t sizes = {matrix->rows, matrix->columns};
    const dnnl_dims_t strides = {matrix->row_stride, matrix->column_stride};
    return dnnl_memory_desc_init_by_strides(shape, 2, sizes, dnnl_f32, strides);
}

static bool is_softmax(const struct key *key) {
    return key->algorithm == dnnl_softmax_accurate || key->algorithm == dnnl_softmax_log;
}

static dnnl_status_t make_forward(dnnl_engine_t engine, const struct key *key,
                                  const dnnl_memory_desc_t *shape,
                                  dnnl_primitive_desc_t *primitive) {
    union {
        dnnl_softmax_v2_desc_t softmax;
        dnnl_eltwise_desc_t eltwise;
    } description;
    const float alpha = key->algorithm == dnnl_eltwise_relu ? 0 : 1; /* relu's slope below 0 */
    dnnl_status_t status =
        is_softmax(key)
            ? dnnl_softmax_v2_forward_desc_init(&description.softmax, dnnl_forward_training,
                                                key->algorithm, shape, shape, 1)
            : dnnl_eltwise_forward_desc_init(&description.eltwise, dnnl_forward_training,
                                             key->algorithm, shape, alpha, 0);
    return status != dnnl_success
               ? status
               : dnnl_primitive_desc_create(primitive, &description, NULL, engine, NULL);
}

/* A backward primitive is described after its forward one. */
static dnnl_status_t make_backward(dnnl_engine_t engine, const struct key *key,
                                   const dnnl_memory_desc_t *shape,
                                   dnnl_primitive_desc_t *primitive) {
    dnnl_primitive_desc_t forward;
    dnnl_status_t status = make_forward(engine, key, shape, &forward);
    if (status != dnnl_success)
        return status;
    union {
        dnnl_softmax_v2_desc_t softmax;
        dnnl_eltwise_desc_t eltwise;
    } description;
    const float alpha = key->algorithm == dnnl_eltwise_relu_use_dst_for_bwd ? 0 : 1;
    status = is_softmax(key) ? dnnl_softmax_v2_backward_desc_init(
                                   &description.softmax, key->algorithm, shape, shape, shape, 1)
                             : dnnl_eltwise_backward_desc_init(&description.eltwise, key->algorithm,
                                                               shape, shape, alpha, 0);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_create(primitive, &description, NULL, engine, forward);
    (void)dnnl_primitive_desc_destroy(forward);
    return status;
}

static dnnl_status_t make_product(dnnl_engine_t engine, const dnnl_memory_desc_t *shapes,
                                  dnnl_primitive_desc_t *primitive) {
    dnnl_matmul_desc_t description;
    dnnl_status_t status =
        dnnl_matmul_desc_init(&description, &shapes[0], &shapes[1], NULL, &shapes[2]);
    return status != dnnl_success
               ? status
               : dnnl_primitive_desc_create(primitive, &description, NULL, engine, NULL);
}

/* The library's own name for what runs says "ref" where it is a plain loop. */
static bool is_plain_loop(dnnl_primitive_desc_t description) {
    const char *name = "";
    return dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, (void *)&name) !=
               dnnl_success ||
           strstr(name, "ref") != NULL;
}

static dnnl_status_t kept_make(dnnl_engine_t engine, const struct key *key, struct kept *kept) {
    dnnl_memory_desc_t shapes[ARGUMENTS_MOST];
    dnnl_primitive_desc_t description;
    dnnl_status_t status = dnnl_success;
    for (int i = 0; status == dnnl_success && i < key->count; i++)
        status = describe(&key->arguments[i], &shapes[i]);
    if (status == dnnl_success)
        status = key->product    ? make_product(engine, shapes, &description)
                 : key->backward ? make_backward(engine, key, shapes, &description)
                                 : make_forward(engine, key, shapes, &description);
    if (status != dnnl_success)
        return status;
    if (!key->product || !is_plain_loop(description))
        status = dnnl_primitive_create(&kept->primitive, description);
    for (int i = 0; status == dnnl_success && i < key->count; i++)
        status = dnnl_memory_create(&kept->memory[i], &shapes[i], engine, DNNL_MEMORY_NONE);
    (void)dnnl_primitive_desc_destroy(description);
    kept->key = *key;
    return status;
}

/* The kept primitive of `key`, made in the slot that was used longest ago when there is none. */
static dnnl_status_t kept_find(struct onednn *onednn, const struct key *key, struct kept **found) {
    struct kept *oldest = &onednn->kept[0];
    onednn->clock++;
    for (int i = 0; i < KEPT_MOST; i++) {
        struct kept *kept = &onednn->kept[i];
        if (kept->used > 0 && key_equal(&kept->key, key)) {
            kept->used = onednn->clock;
            *found = kept;
            return dnnl_success;
        }
        if (kept->used < oldest->used)
            oldest = kept;
    }
    kept_release(oldest);
    dnnl_status_t status = kept_make(onednn->engine, key, oldest);
    if (status != dnnl_success) {
        kept_release(oldest);
        return status;
    }
    oldest->used = onednn->clock;
    *found = oldest;
    return dnnl_success;
}

/* One argument: oneDNN's name for it and its data. The library takes no const; it writes DST and
 * DIFF_SRC only. */
struct argument {
    int name;
    const float *data;
}; /* ARGUMENTS_MOST of them, of which a key's count are used */

static dnnl_status_t kept_run(const struct onednn *onednn, struct kept *kept,
                              const struct argument *arguments) {
    dnnl_status_t status = dnnl_success;
    dnnl_exec_arg_t list[ARGUMENTS_MOST];
    int count = kept->key.count;
    for (int i = 0; status == dnnl_success && i < count && i < ARGUMENTS_MOST; i++) {
        list[i] = (dnnl_exec_arg_t){arguments[i].name, kept->memory[i]};
        status = dnnl_memory_set_data_handle(kept->memory[i], (void *)arguments[i].data);
    }
    if (status == dnnl_success)
        status = dnnl_primitive_execute(kept->primitive, onednn->stream, count, list);
    if (status == dnnl_success)
        status = dnnl_stream_wait(onednn->stream);
    return status;
}

static enum status run(struct onednn *onednn, const struct key *key,
                       const struct argument *arguments, struct execution *execution) {
    struct kept *kept;
    dnnl_status_t status = kept_find(onednn, key, &kept);
    if (status != dnnl_success)
        return fail(execution, "make a primitive", status);
    status = kept_run(onednn, kept, arguments);
    return status == dnnl_success ? STATUS_OK : fail(execution, "run a primitive", status);
}

static enum status run_kept_or_not(const struct key *key, const struct argument *arguments,
                                   struct execution *execution) {
    enum status status = STATUS_OK;
    bool kept = execution->cpu != NULL;
    struct onednn *onednn =
        kept ? onednn_kept(execution, &status) : onednn_open(execution, &status);
    if (onednn == NULL)
        return status;
    status = run(onednn, key, arguments, execution);
    if (!kept)
        onednn_release(onednn);
    return status;
}

/* All arguments are [rows, columns], without padding. */
static struct key key_of(dnnl_alg_kind_t algorithm, bool backward, int64_t rows, int64_t columns,
                         int threads) {
    struct key key = {.count = backward ? 3 : 2,
                      .algorithm = algorithm,
                      .backward = backward,
                      .threads = threads};
    for (int i = 0; i < key.count; i++)
        key.arguments[i] = (struct matrix){rows, columns, columns, 1};
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
    struct key key = key_of(logarithm ? dnnl_softmax_log : dnnl_softmax_accurate, backward,
                            problem->rows, problem->columns, execution->threads);
    const struct argument forward_arguments[ARGUMENTS_MOST] = {{DNNL_ARG_SRC, problem->input},
                                                               {DNNL_ARG_DST, problem->output}};
    const struct argument backward_arguments[] = {{DNNL_ARG_DST, problem->input},
                                                  {DNNL_ARG_DIFF_DST, problem->dy},
                                                  {DNNL_ARG_DIFF_SRC, problem->output}};
    return backward ? run_kept_or_not(&key, backward_arguments, execution)
                    : run_kept_or_not(&key, forward_arguments, execution);
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

enum status activation_onednn(const struct activation_problem *problem,
                              struct execution *execution) {
    if (problem->bias != NULL)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "oneDNN's elementwise primitive adds no bias; use cpu-simd");
    struct key key =
        key_of(problem->backward ? functions[problem->function].backward
                                 : functions[problem->function].forward,
               problem->backward, 1, problem->rows * problem->columns, execution->threads);
    const struct argument forward_arguments[ARGUMENTS_MOST] = {{DNNL_ARG_SRC, problem->input},
                                                               {DNNL_ARG_DST, problem->output}};
    const struct argument backward_arguments[] = {
        {functions[problem->function].kept, problem->input},
        {DNNL_ARG_DIFF_DST, problem->dy},
        {DNNL_ARG_DIFF_SRC, problem->output}};
    return problem->backward ? run_kept_or_not(&key, backward_arguments, execution)
                             : run_kept_or_not(&key, forward_arguments, execution);
}

/* A matrix as stored by rows, `leading` elements apart, or its transpose. */
static struct matrix matrix_of(int64_t rows, int64_t columns, int64_t leading, bool transposed) {
    return (struct matrix){rows, columns, transposed ? 1 : leading, transposed ? leading : 1};
}

static struct key product_key(const struct gemm_problem *problem, int threads) {
    struct key key = {.count = 3, .product = 1, .threads = threads};
    key.arguments[0] = matrix_of(problem->m, problem->k, problem->lda, problem->variant == GEMM_TN);
    key.arguments[1] = matrix_of(problem->k, problem->n, problem->ldb, problem->variant == GEMM_NT);
    key.arguments[2] = matrix_of(problem->m, problem->n, problem->ldc, false);
    return key;
}

static enum status multiply_plainly(const struct gemm_problem *problem,
                                    struct execution *execution) {
    dnnl_status_t status =
        dnnl_sgemm(problem->variant == GEMM_TN ? 'T' : 'N', problem->variant == GEMM_NT ? 'T' : 'N',
                   problem->m, problem->n, problem->k, problem->alpha, problem->a, problem->lda,
                   problem->b, problem->ldb, problem->beta, problem->c, problem->ldc);
    return status == dnnl_success ? STATUS_OK : fail(execution, "multiply", status);
}

/* C = A B goes to a primitive made for the shape, which beats dnnl_sgemm most where a size is
 * small; nothing is packed beforehand. Other alpha and beta, and what the library has no fast
 * primitive for, go to dnnl_sgemm. */
enum status gemm_onednn(const struct gemm_problem *problem, struct execution *execution) {
    if (problem->dtype != DTYPE_F32)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "onednn multiplies f32 matrices only; use --dtype f32");
    bool empty = problem->m == 0 || problem->n == 0 || problem->k == 0;
    if (execution->cpu == NULL || empty || problem->alpha != 1 || problem->beta != 0)
        return multiply_plainly(problem, execution);
    enum status status = STATUS_OK;
    struct onednn *onednn = onednn_kept(execution, &status);
    if (onednn == NULL)
        return status;
    struct key key = product_key(problem, execution->threads);
    struct kept *kept;
    dnnl_status_t made = kept_find(onednn, &key, &kept);
    if (made != dnnl_success)
        return fail(execution, "make a primitive", made);
    if (kept->primitive == NULL)
        return multiply_plainly(problem, execution);
    const struct argument arguments[] = {
        {DNNL_ARG_SRC, problem->a}, {DNNL_ARG_WEIGHTS, problem->b}, {DNNL_ARG_DST, problem->c}};
    dnnl_status_t ran = kept_run(onednn, kept, arguments);
    return ran == dnnl_success ? STATUS_OK : fail(execution, "run a primitive", ran);
}

#    define VERSION_TEXT_(major, minor, patch) #    major "." #    minor "." #    patch
#    define VERSION_TEXT(major, minor, patch) VERSION_TEXT_(major, minor, patch)

const char *onednn_version(void) {
    return "oneDNN " VERSION_TEXT(DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR, DNNL_VERSION_PATCH);
}

#else

static enum status absent(struct execution *execution) {
    return message_set(
        execution->message, STATUS_UNSUPPORTED,
        "this build has no oneDNN; install libdnnl-dev (2.6 or a later 2) and build again");
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

const char *onednn_version(void) {
    return NULL;
}

#endif

bool onednn_absent(void) {
    return onednn_version() == NULL;
}
