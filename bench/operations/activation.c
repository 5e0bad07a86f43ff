/* activation: elementwise functions, forward and backward, alone (shape N) or with a bias fused
 * (shape ROWSxCOLS). */
#include "bench/operations/libraries.h"
#include "bench/operations/operation.h"
#include "bench/operations/yardstick.h"
#include "common/mlp_model.h"
#include "kernels/kernels.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

OPERATION_PROBLEM(activation)

enum { BUFFER_X, BUFFER_Y, BUFFER_DY, BUFFER_BIAS, BUFFER_DBIAS };

static const struct form {
    enum activation_function function;
    bool backward, bias;
} forms[] = {
    {ACTIVATION_RELU, false, false},      {ACTIVATION_RELU, true, false},
    {ACTIVATION_RELU, false, true},       {ACTIVATION_RELU, true, true},
    {ACTIVATION_SIGMOID, false, false},   {ACTIVATION_SIGMOID, true, false},
    {ACTIVATION_SIGMOID, false, true},    {ACTIVATION_SIGMOID, true, true},
    {ACTIVATION_TANH, false, false},      {ACTIVATION_TANH, true, false},
    {ACTIVATION_TANH, false, true},       {ACTIVATION_TANH, true, true},
    {ACTIVATION_GELU_TANH, false, false}, {ACTIVATION_GELU_TANH, true, false},
    {ACTIVATION_GELU_TANH, false, true},  {ACTIVATION_GELU_TANH, true, true},
    {ACTIVATION_GELU_ERF, false, false},  {ACTIVATION_GELU_ERF, true, false},
    {ACTIVATION_GELU_ERF, false, true},   {ACTIVATION_GELU_ERF, true, true},
    {ACTIVATION_SILU, false, false},      {ACTIVATION_SILU, true, false},
    {ACTIVATION_SILU, false, true},       {ACTIVATION_SILU, true, true},
    {ACTIVATION_IDENTITY, false, true},
};

static const char *const variants[] = {
    "relu.forward",           "relu.backward",
    "relu.forward_bias",      "relu.backward_bias",
    "sigmoid.forward",        "sigmoid.backward",
    "sigmoid.forward_bias",   "sigmoid.backward_bias",
    "tanh.forward",           "tanh.backward",
    "tanh.forward_bias",      "tanh.backward_bias",
    "gelu_tanh.forward",      "gelu_tanh.backward",
    "gelu_tanh.forward_bias", "gelu_tanh.backward_bias",
    "gelu_erf.forward",       "gelu_erf.backward",
    "gelu_erf.forward_bias",  "gelu_erf.backward_bias",
    "silu.forward",           "silu.backward",
    "silu.forward_bias",      "silu.backward_bias",
    "identity.forward_bias",
};
_Static_assert(sizeof forms / sizeof forms[0] == sizeof variants / sizeof variants[0],
               "one name a form");

static const struct form *form_of(const struct bench_case *c) {
    return &forms[c->variant];
}

/* N without bias, ROWSxCOLS with. A matrix is taken as its N elements where the variant has no
 * bias. */
static enum status activation_shape_parse(const char *text, struct bench_case *c,
                                          struct message *message) {
    int64_t sizes[2] = {1, 1};
    int count = 0;
    const char *position = text;
    bool readable = *text != '\0';
    while (readable && count < 2) {
        char *end;
        long long size = strtoll(position, &end, 10);
        readable = end != position && *position >= '0' && *position <= '9' && size >= 1 &&
                   size <= INT32_MAX && (*end == '\0' || *end == 'x');
        sizes[count++] = size;
        if (!readable || *end == '\0')
            break;
        position = end + 1;
        readable = count < 2;
    }
    if (!readable)
        return message_set(message, STATUS_INVALID,
                           "cannot read shape '%s' for activation: it wants N, as in 1048576, or "
                           "ROWSxCOLS for variants with a bias, as in 512x3072, each from 1 to %d",
                           text, INT32_MAX);
    if (form_of(c)->bias) {
        if (count != 2)
            return message_set(message, STATUS_INVALID,
                               "activation/%s adds a bias to every row: give its shape as "
                               "ROWSxCOLS, as in 512x3072, not '%s'",
                               variants[c->variant], text);
        c->sizes[0] = sizes[0];
        c->sizes[1] = sizes[1];
        c->size_count = 2;
    } else {
        c->sizes[0] = sizes[0] * sizes[1];
        c->size_count = 1;
    }
    return STATUS_OK;
}

static int64_t element_count(const struct bench_case *c) {
    return form_of(c)->bias ? c->sizes[0] * c->sizes[1] : c->sizes[0];
}

static void activation_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    const struct form *form = form_of(c);
    int64_t rows = c->sizes[0], columns = c->sizes[1], count = element_count(c);
    struct buffer_spec elements = form->bias ? buffer_matrix("x", BUFFER_INPUT, rows, columns, 0)
                                             : buffer_flat("x", BUFFER_INPUT, count);
    specs[BUFFER_X] = specs[BUFFER_Y] = elements;
    specs[BUFFER_Y].name = "y";
    specs[BUFFER_Y].role = BUFFER_OUTPUT;
    if (form->backward) {
        specs[BUFFER_DY] = elements;
        specs[BUFFER_DY].name = "dy";
    }
    if (form->bias)
        specs[BUFFER_BIAS] = buffer_matrix("bias", BUFFER_INPUT, 1, columns, 0);
    if (form->bias && form->backward)
        specs[BUFFER_DBIAS] = buffer_matrix("dbias", BUFFER_OUTPUT, 1, columns, 0);
}

static void activation_bind(const struct bench_case *c, void *const buffers[],
                            struct launch *launch) {
    const struct form *form = form_of(c);
    *activation_problem_in(launch) = (struct activation_problem){
        .function = form->function,
        .backward = form->backward,
        .rows = form->bias ? c->sizes[0] : 1,
        .columns = form->bias ? c->sizes[1] : c->sizes[0],
        .input = buffers[BUFFER_X],
        .bias = buffers[BUFFER_BIAS],
        .dy = buffers[BUFFER_DY],
        .output = buffers[BUFFER_Y],
        .dbias = buffers[BUFFER_DBIAS],
    };
}

/* Backward from y reads what a forward pass would have kept, not any number: y in the function's
 * range. */
static void activation_prepare(const struct bench_case *c, void *const buffers[]) {
    const struct form *form = form_of(c);
    bool from_y = form->function == ACTIVATION_SIGMOID || form->function == ACTIVATION_TANH ||
                  form->function == ACTIVATION_RELU;
    if (!form->backward || !from_y)
        return;
    struct message ignored;
    struct execution execution = {.threads = 1, .message = &ignored};
    struct activation_problem forward = {.function = form->function,
                                         .rows = 1,
                                         .columns = element_count(c),
                                         .input = buffers[BUFFER_X],
                                         .output = buffers[BUFFER_X]};
    activation_simd(&forward, &execution);
}

OPERATION_LAUNCH(activation)

/* Counted by convention as one operation an element and direction, as frameworks do: the row is
 * about bytes. */
static double activation_flops(const struct bench_case *c) {
    return (double)element_count(c);
}

/* x read and y written; backward reads dy as well. Forward reads the bias; backward writes dbias,
 * and reads the bias only where the derivative is taken from the input. */
static double activation_bytes(const struct bench_case *c) {
    const struct form *form = form_of(c);
    double elements = (double)element_count(c) * (form->backward ? 3.0 : 2.0);
    if (form->bias)
        elements +=
            (double)c->sizes[1] * (form->backward && mlp_keeps_input(form->function) ? 2.0 : 1.0);
    return 4.0 * elements;
}

static void activation_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                              int64_t rows, double *expected, double *tolerance) {
    struct activation_problem problem = *activation_problem_of(view->launch);
    if (form_of(view->bench_case)->bias) {
        oracle_activation(&problem, buffer == BUFFER_DBIAS, first_row, rows, expected, tolerance);
        return;
    }
    int64_t first;
    problem.columns = buffer_flat_range(problem.columns, first_row, rows, &first);
    problem.input += first;
    if (problem.dy)
        problem.dy += first;
    oracle_activation(&problem, 0, 0, 1, expected, tolerance);
}

static enum status yardstick_copy(const struct launch *launch, int64_t iterations,
                                  struct execution *execution) {
    const struct activation_problem *p = activation_problem_of(launch);
    return yardstick_traffic(p->input, NULL, p->output, p->rows * p->columns, iterations,
                             execution);
}

static enum status yardstick_triad(const struct launch *launch, int64_t iterations,
                                   struct execution *execution) {
    const struct activation_problem *p = activation_problem_of(launch);
    return yardstick_traffic(p->input, p->dy, p->output, p->rows * p->columns, iterations,
                             execution);
}

static const char *copy_availability(const struct bench_case *c) {
    return c && form_of(c)->backward ? "is the yardstick of forward variants" : NULL;
}

static const char *triad_availability(const struct bench_case *c) {
    return c && !form_of(c)->backward ? "is the yardstick of backward variants" : NULL;
}

static const char *eltwise_availability(const struct bench_case *c) {
    const char *absence = onednn_availability(c);
    if (absence || !c)
        return absence;
    if (form_of(c)->bias)
        return "oneDNN has no primitive that fuses a bias alone";
    if (c->settings.values == VALUES_SPECIAL && form_of(c)->function == ACTIVATION_RELU)
        return "oneDNN's relu turns NaN into 0";
    if (c->settings.values == VALUES_LARGE && form_of(c)->function == ACTIVATION_GELU_TANH &&
        form_of(c)->backward)
        return "oneDNN's gelu_tanh derivative overflows to NaN for large inputs";
    return onednn_flaw(form_of(c)->function, form_of(c)->backward);
}

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "reference/activation_1_naive.c",
     .kind = KIND_PLAIN,
     .summary = "one element after the other with the C library's functions",
     .one_thread = true,
     .run = RUN(activation, activation_naive)},
    {.name = "cpu-simd",
     .file = "reference/simd/activation.c",
     .summary = "vectorised and threaded",
     .adds = "functions a whole vector at a time, all cores, stores past the caches",
     .run = RUN(activation, activation_simd)},
    {.name = "onednn",
     .file = "reference/onednn.c",
     .kind = KIND_LIBRARY,
     .summary = "oneDNN's eltwise primitive",
     .availability = eltwise_availability,
     .configuration = onednn_configuration,
     .run = RUN(activation, activation_onednn)},
    {.name = "cuda-naive",
     .file = "kernels/elementwise/activation_1_naive.cu",
     .kind = KIND_PLAIN,
     .summary = "one thread an element",
     .device = DEVICE_GPU,
     .run = RUN(activation, activation_cuda_naive)},
    {.name = "cuda-vectorised",
     .file = "kernels/elementwise/activation_2_vectorised.cu",
     .summary = "float4 and a grid-stride loop",
     .adds = "16 bytes an access, and no division an element for the bias",
     .device = DEVICE_GPU,
     .run = RUN(activation, activation_cuda_vectorised)},
    {.name = "copy",
     .file = "reference/simd/transfer.c",
     .kind = KIND_YARDSTICK,
     .summary = "a plain-store copy of as many elements",
     .availability = copy_availability,
     .yardstick = yardstick_copy,
     .flops = activation_flops,
     .bytes = activation_bytes},
    {.name = "triad",
     .file = "reference/simd/transfer.c",
     .kind = KIND_YARDSTICK,
     .summary = "a plain-store STREAM triad over as many elements",
     .availability = triad_availability,
     .yardstick = yardstick_triad,
     .flops = activation_flops,
     .bytes = activation_bytes},
};

static const struct operation_argument arguments[] = {
    ARGUMENT(activation, function), ARGUMENT(activation, backward), ARGUMENT(activation, rows),
    ARGUMENT(activation, columns),  ARGUMENT(activation, input),    ARGUMENT(activation, bias),
    ARGUMENT(activation, dy),       ARGUMENT(activation, output),   ARGUMENT(activation, dbias)};

static const struct preset_line preset_lines[] = {
    {"default", "relu.forward,gelu_tanh.forward", "65536 1048576 16777216"},
    {"default", "relu.backward,gelu_tanh.backward", "1048576 16777216"},
    {"default", "sigmoid.forward", "1048576 16777216"},
    {"default", "tanh.forward,gelu_erf.forward,silu.forward,sigmoid.backward,gelu_erf.backward",
     "1048576"},
    {"default", "relu.forward_bias,relu.backward_bias", "512x3072"},
    {"quick", "relu.forward,gelu_tanh.forward", "4096 65536 1048576 16777216"},
    {"quick", "sigmoid.forward,tanh.forward,relu.backward,gelu_tanh.backward", "1048576"},
    {"quick", "relu.forward_bias,relu.backward_bias", "100x128"},
    {"mnist", "relu.forward_bias,relu.backward_bias", "100x128"},
    {"mnist", "identity.forward_bias", "100x10"},
    {"transformer", "gelu_tanh.forward_bias,gelu_tanh.backward_bias,gelu_erf.forward_bias",
     "512x3072"},
    {"recommender", "relu.forward_bias", "2048x512"},
    {"recommender", "sigmoid.forward", "2048"},
    {"yardsticks",
     "relu.forward,sigmoid.forward,tanh.forward,gelu_tanh.forward,gelu_erf.forward,silu.forward,"
     "relu.backward,sigmoid.backward,tanh.backward,gelu_tanh.backward,gelu_erf.backward",
     "1048576 16777216"},
    {"pytorch", "relu.forward,gelu_tanh.forward", "1048576 16777216"},
    {"pytorch", "gelu_tanh.backward", "16777216"},
    {"emulated",
     "relu.forward,relu.backward,sigmoid.forward,tanh.forward,gelu_tanh.forward,"
     "gelu_erf.forward,silu.forward",
     "65536"},
    {"emulated", "relu.forward_bias,relu.backward_bias,gelu_tanh.backward_bias", "100x128"},
    {"counters",
     "relu.forward,relu.backward,sigmoid.forward,sigmoid.backward,tanh.forward,tanh.backward,"
     "gelu_tanh.forward,gelu_tanh.backward,gelu_erf.forward,gelu_erf.backward,silu.forward,"
     "silu.backward",
     "1003 4096"},
    {"counters",
     "relu.forward_bias,relu.backward_bias,sigmoid.forward_bias,sigmoid.backward_bias,"
     "tanh.forward_bias,tanh.backward_bias,gelu_tanh.forward_bias,gelu_tanh.backward_bias,"
     "gelu_erf.forward_bias,gelu_erf.backward_bias,silu.forward_bias,silu.backward_bias,"
     "identity.forward_bias",
     "13x35 32x64"},
    {"verdicts", "relu.forward,gelu_tanh.forward,tanh.backward", "4096"},
    {0}};

static const char *const awkward_shapes[] = {"1x1",   "1x17",  "3x5",     "17x1",     "7x127",
                                             "33x65", "257x3", "31x1025", "129x1030", NULL};

const struct operation operation_activation = {
    OPERATION_OF(activation),
    .summary = "relu, sigmoid, tanh, gelu (both forms), silu; forward and backward, bias fused",
    .shape_form = "N or ROWSxCOLS",
    OPERATION_ARGUMENTS(activation),
    .preset_lines = preset_lines,
    .awkward_shapes = awkward_shapes,
    OPERATION_SPECIAL_VALUES(values_usual),
    .shape_parse = activation_shape_parse,
    .prepare = activation_prepare,
};
