/* `onednn`: Intel's and Arm's deep learning primitives as a peer, so that a reader sees whether the
 * CPU side is a straw man. Built in where the build found oneDNN 2.6 or a later 2 (HAVE_ONEDNN),
 * else every kernel says that it is not there.
 *
 * A primitive is machine code made for one shape, so it is made once and kept: execution->cpu owns
 * the kept ones. A call without one makes a primitive and throws it away, correct but slow.
 */
#include "reference/libraries.h"

#include "reference/cpu.h"

#include <stddef.h>

#ifdef HAVE_ONEDNN

#    include <dnnl.h>
#    include <dnnl_debug.h>
#    include <stdio.h>
#    include <stdlib.h>
#    include <string.h>

/* What a primitive is made for. Every member is set, padding included, so that keys compare as
 * bytes. */
struct key {
    int64_t rows, columns;
    dnnl_alg_kind_t algorithm;
    int backward;
    int threads; /* softmax splits its rows among as many as there were when it was made */
};

/* A primitive with the memory objects of its arguments, all of one shape: x, y or dy as the kind
 * wants them. */
enum { ARGUMENTS_MOST = 3 };
struct kept {
    struct key key;
    dnnl_primitive_t primitive;
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

static dnnl_status_t describe(const struct key *key, dnnl_memory_desc_t *shape) {
    const dnnl_dims_t sizes = {key->rows, key->columns};
    return dnnl_memory_desc_init_by_tag(shape, 2, sizes, dnnl_f32, dnnl_ab);
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

static dnnl_status_t kept_make(dnnl_engine_t engine, const struct key *key, struct kept *kept) {
    dnnl_memory_desc_t shape;
    dnnl_primitive_desc_t description;
    dnnl_status_t status = describe(key, &shape);
    if (status == dnnl_success)
        status = key->backward ? make_backward(engine, key, &shape, &description)
                               : make_forward(engine, key, &shape, &description);
    if (status != dnnl_success)
        return status;
    status = dnnl_primitive_create(&kept->primitive, description);
    for (int i = 0; status == dnnl_success && i < (key->backward ? 3 : 2); i++)
        status = dnnl_memory_create(&kept->memory[i], &shape, engine, DNNL_MEMORY_NONE);
    (void)dnnl_primitive_desc_destroy(description);
    kept->key = *key;
    return status;
}

static bool key_equal(const struct key *a, const struct key *b) {
    return a->rows == b->rows && a->columns == b->columns && a->algorithm == b->algorithm &&
           a->backward == b->backward && a->threads == b->threads;
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
};

static enum status run(struct onednn *onednn, const struct key *key,
                       const struct argument *arguments, int count, struct execution *execution) {
    struct kept *kept;
    dnnl_status_t status = kept_find(onednn, key, &kept);
    if (status != dnnl_success)
        return fail(execution, "make a primitive", status);
    dnnl_exec_arg_t list[ARGUMENTS_MOST];
    for (int i = 0; status == dnnl_success && i < count; i++) {
        list[i] = (dnnl_exec_arg_t){arguments[i].name, kept->memory[i]};
        status = dnnl_memory_set_data_handle(kept->memory[i], (void *)arguments[i].data);
    }
    if (status == dnnl_success)
        status = dnnl_primitive_execute(kept->primitive, onednn->stream, count, list);
    if (status == dnnl_success)
        status = dnnl_stream_wait(onednn->stream);
    return status == dnnl_success ? STATUS_OK : fail(execution, "run a primitive", status);
}

static enum status run_kept_or_not(const struct key *key, const struct argument *arguments,
                                   int count, struct execution *execution) {
    enum status status = STATUS_OK;
    bool kept = execution->cpu != NULL;
    struct onednn *onednn =
        kept ? onednn_kept(execution, &status) : onednn_open(execution, &status);
    if (onednn == NULL)
        return status;
    status = run(onednn, key, arguments, count, execution);
    if (!kept)
        onednn_release(onednn);
    return status;
}

static struct key key_of(dnnl_alg_kind_t algorithm, bool backward, int64_t rows, int64_t columns,
                         int threads) {
    struct key key;
    memset(&key, 0, sizeof key);
    key.algorithm = algorithm;
    key.backward = backward;
    key.threads = threads;
    key.rows = rows;
    key.columns = columns;
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
    const struct argument forward_arguments[] = {{DNNL_ARG_SRC, problem->input},
                                                 {DNNL_ARG_DST, problem->output}};
    const struct argument backward_arguments[] = {{DNNL_ARG_DST, problem->input},
                                                  {DNNL_ARG_DIFF_DST, problem->dy},
                                                  {DNNL_ARG_DIFF_SRC, problem->output}};
    return backward ? run_kept_or_not(&key, backward_arguments, 3, execution)
                    : run_kept_or_not(&key, forward_arguments, 2, execution);
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
    const struct argument forward_arguments[] = {{DNNL_ARG_SRC, problem->input},
                                                 {DNNL_ARG_DST, problem->output}};
    const struct argument backward_arguments[] = {
        {functions[problem->function].kept, problem->input},
        {DNNL_ARG_DIFF_DST, problem->dy},
        {DNNL_ARG_DIFF_SRC, problem->output}};
    return problem->backward ? run_kept_or_not(&key, backward_arguments, 3, execution)
                             : run_kept_or_not(&key, forward_arguments, 2, execution);
}

enum status gemm_onednn(const struct gemm_problem *problem, struct execution *execution) {
    if (problem->dtype != DTYPE_F32)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "onednn multiplies f32 matrices only; use --dtype f32");
    dnnl_status_t status =
        dnnl_sgemm(problem->variant == GEMM_TN ? 'T' : 'N', problem->variant == GEMM_NT ? 'T' : 'N',
                   problem->m, problem->n, problem->k, problem->alpha, problem->a, problem->lda,
                   problem->b, problem->ldb, problem->beta, problem->c, problem->ldc);
    return status == dnnl_success ? STATUS_OK : fail(execution, "multiply", status);
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
