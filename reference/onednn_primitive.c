/* Making, keeping and running oneDNN's primitives. Empty where the build found no oneDNN. */
#ifdef HAVE_ONEDNN

#    include "reference/onednn_primitive.h"

#    include "reference/simd/cpu.h"

#    include <stddef.h>
#    include <stdlib.h>
#    include <string.h>

static bool key_equal(const struct onednn_key *one, const struct onednn_key *other) {
    return one->kind == other->kind && one->algorithm == other->algorithm &&
           one->backward == other->backward && one->threads == other->threads &&
           one->alpha == other->alpha && one->beta == other->beta &&
           one->epsilon == other->epsilon && one->operands == other->operands &&
           one->count == other->count &&
           memcmp(one->arguments, other->arguments, sizeof one->arguments) == 0;
}

/* A primitive with the memory objects of its arguments. */
struct kept {
    struct onednn_key key;
    dnnl_primitive_t primitive; /* NULL where the library has none, or but a plain loop */
    dnnl_memory_t memory[ONEDNN_ARGUMENTS_MOST];
    uint64_t used; /* the clock of its last use, 0 for an empty slot */
};

enum { KEPT_MOST = 64 };
struct onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    uint64_t clock;
    struct kept kept[KEPT_MOST];
};

enum status onednn_fail(struct execution *execution, const char *what, dnnl_status_t status) {
    enum status result = status == dnnl_out_of_memory ? STATUS_NO_MEMORY : STATUS_FAILED;
    return message_set(execution->message, result,
                       "oneDNN could not %s: %s; try another shape, or leave out onednn", what,
                       dnnl_status2str(status));
}

const char *onednn_instruction_set(void) {
    static const char prefix[] = "cpu_isa_";
    const char *name = dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa());
    return strncmp(name, prefix, sizeof prefix - 1) == 0 ? name + sizeof prefix - 1 : name;
}

/* --- state ------------------------------------------------------------------------------------ */

/* The library's destroy functions fail on a null handle only, which is not passed. */
static void kept_release(struct kept *kept) {
    for (int i = 0; i < ONEDNN_ARGUMENTS_MOST; i++)
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
        *status = onednn_fail(execution, "start its CPU engine", opened);
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

/* --- making a primitive ----------------------------------------------------------------------- */

/* The shapes of a key's arguments, and their descriptions' owner. */
struct shapes {
    onednn_shape of[ONEDNN_ARGUMENTS_MOST]; /* NULL from the key's count on */
};

static void shapes_release(struct shapes *shapes) {
    for (int i = 0; i < ONEDNN_ARGUMENTS_MOST; i++)
        if (shapes->of[i] != NULL)
            (void)onednn_shape_destroy(shapes->of[i]);
}

/* Also on failure there is something to release. */
static dnnl_status_t shapes_describe(const struct onednn_key *key, struct shapes *shapes) {
    dnnl_status_t status = dnnl_success;
    for (int i = 0; status == dnnl_success && i < key->count; i++) {
        const struct onednn_matrix *matrix = &key->arguments[i];
        const dnnl_dims_t sizes = {matrix->batch, matrix->rows, matrix->columns};
        const dnnl_dims_t strides = {matrix->batch_stride, matrix->row_stride,
                                     matrix->column_stride};
        const int first = matrix->batch > 0 ? 0 : 1, last = matrix->columns > 0 ? 3 : 2;
        bool operand = key->kind == ONEDNN_PRODUCT && i < 2;
        status = onednn_shape_create(&shapes->of[i], last - first, sizes + first, strides + first,
                                     operand ? key->operands : dnnl_f32);
    }
    return status;
}

/* Alpha, the function and beta C, in this order: what follows a product. */
static dnnl_status_t append_operations(const struct onednn_key *key, dnnl_post_ops_t operations) {
    dnnl_status_t status = dnnl_success;
    if (key->alpha != 1)
        status = onednn_append_eltwise(operations, dnnl_eltwise_linear, key->alpha);
    if (status == dnnl_success && key->algorithm != dnnl_alg_kind_undef)
        status = onednn_append_eltwise(operations, key->algorithm, 0);
    if (status == dnnl_success && key->beta != 0)
        status = onednn_append_sum(operations, key->beta);
    return status;
}

static dnnl_status_t describe_product(dnnl_engine_t engine, const struct onednn_key *key,
                                      const struct shapes *shapes,
                                      dnnl_primitive_desc_t *primitive) {
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t operations = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(&attributes);
    /* Whatever ONEDNN_DEFAULT_FPMATH_MODE says: f32 is f32. */
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_fpmath_mode(attributes, dnnl_fpmath_mode_strict);
    if (status == dnnl_success)
        status = dnnl_post_ops_create(&operations);
    if (status == dnnl_success)
        status = append_operations(key, operations);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(attributes, operations);
    if (status == dnnl_success)
        status = onednn_describe_matmul(primitive, engine, shapes->of[0], shapes->of[1],
                                        shapes->of[3], shapes->of[2], attributes);
    if (operations != NULL)
        (void)dnnl_post_ops_destroy(operations);
    if (attributes != NULL)
        (void)dnnl_primitive_attr_destroy(attributes);
    return status;
}

static dnnl_status_t describe_forward(dnnl_engine_t engine, const struct onednn_key *key,
                                      const struct shapes *shapes,
                                      dnnl_primitive_desc_t *primitive) {
    enum { X, MEAN = 2 };
    onednn_shape shape = shapes->of[X];
    if (key->kind == ONEDNN_LAYERNORM)
        return onednn_describe_layernorm(primitive, engine, shape, shapes->of[MEAN], key->epsilon);
    if (key->kind == ONEDNN_SOFTMAX)
        return onednn_describe_softmax_forward(primitive, engine, key->algorithm, shape);
    const float alpha = key->algorithm == dnnl_eltwise_relu ? 0 : 1; /* relu's slope below 0 */
    return onednn_describe_eltwise_forward(primitive, engine, key->algorithm, shape, alpha);
}

/* A backward primitive is described after its forward one. */
static dnnl_status_t describe_backward(dnnl_engine_t engine, const struct onednn_key *key,
                                       const struct shapes *shapes,
                                       dnnl_primitive_desc_t *primitive) {
    onednn_shape shape = shapes->of[0];
    dnnl_primitive_desc_t forward;
    dnnl_status_t status = describe_forward(engine, key, shapes, &forward);
    if (status != dnnl_success)
        return status;
    const float alpha = key->algorithm == dnnl_eltwise_relu_use_dst_for_bwd ? 0 : 1;
    status =
        key->kind == ONEDNN_SOFTMAX
            ? onednn_describe_softmax_backward(primitive, engine, key->algorithm, shape, forward)
            : onednn_describe_eltwise_backward(primitive, engine, key->algorithm, shape, alpha,
                                               forward);
    (void)dnnl_primitive_desc_destroy(forward);
    return status;
}

/* A row or a column alone, whose elements are not adjacent: version 3.7 takes them as if they
 * were. */
static bool is_strided_vector(const struct onednn_matrix *matrix) {
    return (matrix->rows == 1 && matrix->columns > 1 && matrix->column_stride != 1) ||
           (matrix->columns == 1 && matrix->rows > 1 && matrix->row_stride != 1);
}

/* The library's own name for what runs says "ref" where it is a plain loop. */
static bool is_plain_loop(dnnl_primitive_desc_t description) {
    const char *name = "";
    return dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, (void *)&name) !=
               dnnl_success ||
           strstr(name, "ref") != NULL;
}

static dnnl_status_t primitive_make(dnnl_engine_t engine, const struct onednn_key *key,
                                    const struct shapes *shapes, dnnl_primitive_t *primitive) {
    dnnl_primitive_desc_t description;
    bool product = key->kind == ONEDNN_PRODUCT;
    dnnl_status_t status = product         ? describe_product(engine, key, shapes, &description)
                           : key->backward ? describe_backward(engine, key, shapes, &description)
                                           : describe_forward(engine, key, shapes, &description);
    if (status != dnnl_success)
        return status == dnnl_unimplemented ? dnnl_success : status;
    if (!product || !is_plain_loop(description))
        status = dnnl_primitive_create(primitive, description);
    (void)dnnl_primitive_desc_destroy(description);
    return status;
}

static dnnl_status_t kept_make(dnnl_engine_t engine, const struct onednn_key *key,
                               struct kept *kept) {
    struct shapes shapes = {{NULL}};
    bool misread = false;
    for (int i = 0; i < key->count; i++)
        misread = misread || is_strided_vector(&key->arguments[i]);
    dnnl_status_t status = shapes_describe(key, &shapes);
    if (status == dnnl_success && !misread)
        status = primitive_make(engine, key, &shapes, &kept->primitive);
    for (int i = 0; status == dnnl_success && i < key->count; i++)
        status = dnnl_memory_create(&kept->memory[i], shapes.of[i], engine, DNNL_MEMORY_NONE);
    shapes_release(&shapes);
    kept->key = *key;
    return status;
}

/* --- finding and running ---------------------------------------------------------------------- */

/* The kept primitive of `key`, made in the slot that was used longest ago when there is none. */
static dnnl_status_t kept_find(struct onednn *onednn, const struct onednn_key *key,
                               struct kept **found) {
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

static dnnl_status_t kept_run(const struct onednn *onednn, struct kept *kept,
                              const struct onednn_argument *arguments) {
    dnnl_status_t status = dnnl_success;
    dnnl_exec_arg_t list[ONEDNN_ARGUMENTS_MOST];
    int count = kept->key.count;
    for (int i = 0; status == dnnl_success && i < count && i < ONEDNN_ARGUMENTS_MOST; i++) {
        list[i] = (dnnl_exec_arg_t){arguments[i].name, kept->memory[i]};
        status = dnnl_memory_set_data_handle(kept->memory[i], (void *)arguments[i].data);
    }
    if (status == dnnl_success)
        status = dnnl_primitive_execute(kept->primitive, onednn->stream, count, list);
    if (status == dnnl_success)
        status = dnnl_stream_wait(onednn->stream);
    return status;
}

static enum status run_in(struct onednn *onednn, const struct onednn_key *key,
                          const struct onednn_argument *arguments, struct execution *execution) {
    struct kept *kept;
    dnnl_status_t status = kept_find(onednn, key, &kept);
    if (status != dnnl_success)
        return onednn_fail(execution, "make a primitive", status);
    if (kept->primitive == NULL)
        return message_set(
            execution->message, STATUS_UNSUPPORTED,
            "oneDNN has no fast primitive for this with its kernels for %s; leave out onednn",
            onednn_instruction_set());
    status = kept_run(onednn, kept, arguments);
    return status == dnnl_success ? STATUS_OK : onednn_fail(execution, "run a primitive", status);
}

enum status onednn_run(const struct onednn_key *key, const struct onednn_argument *arguments,
                       struct execution *execution) {
    enum status status = STATUS_OK;
    bool kept = execution->cpu != NULL;
    struct onednn *onednn =
        kept ? onednn_kept(execution, &status) : onednn_open(execution, &status);
    if (onednn == NULL)
        return status;
    status = run_in(onednn, key, arguments, execution);
    if (!kept)
        onednn_release(onednn);
    return status;
}

#endif
