/* Activations, vectorised and threaded: bias and function in one pass forward; function's slope and
 * bias gradient in one pass backward. Shows how one loop body serves every function (the switch is
 * on a constant, so the compiler removes it) and when to write around the caches.
 */
#include "reference/simd/cpu.h"
#include "reference/simd/level.h"
#include "reference/simd/math.h"
#include "reference/simd/parallel.h"

#include <stdlib.h>

SIMD_INLINE vector function_value(enum activation_function function, vector z) {
    switch (function) {
    case ACTIVATION_RELU:
        return vector_maximum(vector_set(0), z);
    case ACTIVATION_SIGMOID:
        return vector_logistic(vector_set(1.0F), z);
    case ACTIVATION_TANH:
        return vector_tanh(z);
    case ACTIVATION_GELU_TANH:
        return vector_gelu(GELU_TANH, z);
    case ACTIVATION_GELU_ERF:
        return vector_gelu(GELU_ERF, z);
    case ACTIVATION_SILU:
        return vector_logistic(z, z);
    case ACTIVATION_IDENTITY:
    case ACTIVATION_FUNCTIONS:
        break;
    }
    return z;
}

/* s (1 + z (1 - s)). */
SIMD_INLINE vector silu_slope(vector z) {
    struct logistic logistic = vector_logistic_pair(z);
    return logistic.s * vector_fma(z, logistic.rest, vector_set(1.0F));
}

/* `kept` is y for identity, relu, sigmoid and tanh, else z. */
SIMD_INLINE vector function_gradient(enum activation_function function, vector kept, vector dy) {
    switch (function) {
    case ACTIVATION_RELU:
        return vector_if_positive(kept, dy, vector_set(0));
    case ACTIVATION_SIGMOID:
        return dy * (kept * (1.0F - kept));
    case ACTIVATION_TANH:
        return dy * (1.0F - kept * kept);
    case ACTIVATION_GELU_TANH:
        return dy * vector_gelu_slope(GELU_TANH, kept);
    case ACTIVATION_GELU_ERF:
        return dy * vector_gelu_slope(GELU_ERF, kept);
    case ACTIVATION_SILU:
        return dy * silu_slope(kept);
    case ACTIVATION_IDENTITY:
    case ACTIVATION_FUNCTIONS:
        break;
    }
    return dy;
}

static bool keeps_input(enum activation_function function) {
    return function == ACTIVATION_GELU_TANH || function == ACTIVATION_GELU_ERF ||
           function == ACTIVATION_SILU;
}

/* A run of elements within one row. bias, dy and sums are NULL where there are none; `sums`
 * collects the outputs a column. */
struct span {
    const float *input;
    const float *bias;
    const float *dy;
    float *output;
    float *sums;
};

/* What one call of the loop body is specialised for; all constants where span_run() is inlined. */
struct form {
    enum activation_function function;
    bool backward, bias, sums, stream;
};

SIMD_INLINE vector span_element(struct form form, vector input, vector bias, vector dy) {
    vector z = form.bias ? input + bias : input;
    return form.backward ? function_gradient(form.function, z, dy)
                         : function_value(form.function, z);
}

/* Vectors whose formulas run side by side: a formula is a chain of some 50 cycles of which a new
 * one may begin every 7, more than the processor looks ahead. AVX-512 has the registers for six. */
enum { TOGETHER = WIDTH == 16 ? 6 : 2, TOGETHER_ELEMENTS = TOGETHER * WIDTH };

/* Elements [i, i + vectors * WIDTH). */
SIMD_INLINE void span_vectors(struct form form, const struct span *span, int64_t i, int vectors) {
    vector none = vector_set(0);
    vector output[TOGETHER];
    for (int k = 0; k < vectors; k++) {
        int64_t at = i + (int64_t)k * WIDTH;
        output[k] = span_element(form, vector_load(span->input + at),
                                 form.bias ? vector_load(span->bias + at) : none,
                                 form.backward ? vector_load(span->dy + at) : none);
    }
    for (int k = 0; k < vectors; k++) {
        int64_t at = i + (int64_t)k * WIDTH;
        if (form.sums)
            vector_store(span->sums + at, vector_load(span->sums + at) + output[k]);
        if (form.stream)
            vector_stream(span->output + at, output[k]);
        else
            vector_store(span->output + at, output[k]);
    }
}

/* Elements [i, i + count), count < WIDTH. */
SIMD_INLINE void span_rest(struct form form, const struct span *span, int64_t i, int64_t count) {
    vector none = vector_set(0);
    vector output = span_element(form, vector_load_first(span->input + i, count, 0),
                                 form.bias ? vector_load_first(span->bias + i, count, 0) : none,
                                 form.backward ? vector_load_first(span->dy + i, count, 0) : none);
    if (form.sums)
        vector_store_first(span->sums + i, vector_load_first(span->sums + i, count, 0) + output,
                           count);
    vector_store_first(span->output + i, output, count);
}

/* Where outputs are streamed, inputs come from memory, and one core is faster when it asks for them
 * 24 lines ahead of its loads than when it leaves that to the processor alone. */
enum { PREFETCH_ELEMENTS = 384 };

/* What span_vectors() will load when it comes to `i`. */
SIMD_INLINE void span_prefetch(struct form form, const struct span *span, int64_t i) {
    for (int k = 0; k < TOGETHER; k++) {
        vector_prefetch(span->input + i + (int64_t)k * WIDTH);
        if (form.backward)
            vector_prefetch(span->dy + i + (int64_t)k * WIDTH);
    }
}

SIMD_INLINE void span_run(struct form form, const struct span *where, int64_t count) {
    const struct span copy = *where; /* its pointers in registers: a store might alias `where` */
    const struct span *span = &copy;
    int64_t i = form.stream ? vector_misalignment(span->output, count) : 0;
    if (i > 0)
        span_rest(form, span, 0, i);
    for (; i + TOGETHER_ELEMENTS <= count; i += TOGETHER_ELEMENTS) {
        if (form.stream && i + PREFETCH_ELEMENTS + TOGETHER_ELEMENTS <= count)
            span_prefetch(form, span, i + PREFETCH_ELEMENTS);
        span_vectors(form, span, i, TOGETHER);
    }
    for (; i + WIDTH <= count; i += WIDTH)
        span_vectors(form, span, i, 1);
    if (i < count)
        span_rest(form, span, i, count - i);
}

/* One function's loops, compiled apart. */
#define DEFINE_SPANS(name, which)                                                                  \
    static void name##_spans(bool backward, bool stream, const struct span *span, int64_t count) { \
        bool bias = span->bias != NULL;                                                            \
        if (backward && span->sums != NULL)                                                        \
            bias     ? span_run((struct form){which, true, true, true, false}, span, count)        \
            : stream ? span_run((struct form){which, true, false, true, true}, span, count)        \
                     : span_run((struct form){which, true, false, true, false}, span, count);      \
        else if (backward && bias)                                                                 \
            span_run((struct form){which, true, true, false, false}, span, count);                 \
        else if (backward)                                                                         \
            stream ? span_run((struct form){which, true, false, false, true}, span, count)         \
                   : span_run((struct form){which, true, false, false, false}, span, count);       \
        else if (bias)                                                                             \
            stream ? span_run((struct form){which, false, true, false, true}, span, count)         \
                   : span_run((struct form){which, false, true, false, false}, span, count);       \
        else                                                                                       \
            stream ? span_run((struct form){which, false, false, false, true}, span, count)        \
                   : span_run((struct form){which, false, false, false, false}, span, count);      \
    }

DEFINE_SPANS(identity, ACTIVATION_IDENTITY)
DEFINE_SPANS(relu, ACTIVATION_RELU)
DEFINE_SPANS(sigmoid, ACTIVATION_SIGMOID)
DEFINE_SPANS(tanh, ACTIVATION_TANH)
DEFINE_SPANS(gelu_tanh, ACTIVATION_GELU_TANH)
DEFINE_SPANS(gelu_erf, ACTIVATION_GELU_ERF)
DEFINE_SPANS(silu, ACTIVATION_SILU)

typedef void span_function(bool backward, bool stream, const struct span *span, int64_t count);

static span_function *const spans[ACTIVATION_FUNCTIONS] = {
    [ACTIVATION_IDENTITY] = identity_spans,   [ACTIVATION_RELU] = relu_spans,
    [ACTIVATION_SIGMOID] = sigmoid_spans,     [ACTIVATION_TANH] = tanh_spans,
    [ACTIVATION_GELU_TANH] = gelu_tanh_spans, [ACTIVATION_GELU_ERF] = gelu_erf_spans,
    [ACTIVATION_SILU] = silu_spans,
};

struct work {
    const struct activation_problem *problem;
    const float *bias; /* NULL where the function does not read it */
    bool stream;
    float *sums; /* a row of `columns` a part, or NULL */
};

/* Columns [first, last) of one row; `sums` are those columns' own, or NULL. */
static void row_run(const struct work *work, int64_t row, int64_t first, int64_t last,
                    float *sums) {
    const struct activation_problem *problem = work->problem;
    int64_t i = row * problem->columns + first;
    struct span span = {
        .input = problem->input + i,
        .bias = work->bias == NULL ? NULL : work->bias + first,
        .dy = problem->dy == NULL ? NULL : problem->dy + i,
        .output = problem->output + i,
    };
    span.sums = sums;
    spans[problem->function](problem->backward, work->stream, &span, last - first);
}

/* Any range of the elements in row-major order. */
static void elements_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct work *work = context;
    int64_t columns = work->problem->columns;
    while (first < last) {
        int64_t row = first / columns;
        int64_t end = (row + 1) * columns < last ? (row + 1) * columns : last;
        row_run(work, row, first - row * columns, end - row * columns, NULL);
        first = end;
    }
    if (work->stream)
        _mm_sfence();
}

/* Rows [first, last) with their column sums in the part's own row. In a cache, columns are taken in
 * stretches whose sums stay in the first level. From memory, whole rows arrive faster. */
static void rows_body(const void *context, int part, int64_t first, int64_t last) {
    enum { STRETCH = 1024 };
    const struct work *work = context;
    int64_t columns = work->problem->columns, stretch = work->stream ? columns : STRETCH;
    float *sums = work->sums + part * columns;
    memset(sums, 0, (size_t)columns * sizeof *sums);
    for (int64_t c = 0; c < columns; c += stretch) {
        int64_t end = c + stretch < columns ? c + stretch : columns;
        for (int64_t row = first; row < last; row++)
            row_run(work, row, c, end, sums + c);
    }
    if (work->stream)
        _mm_sfence();
}

/* Columns [first, last) of all rows: nothing to add up between the parts. */
static void columns_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct work *work = context;
    float *dbias = work->problem->dbias;
    memset(dbias + first, 0, (size_t)(last - first) * sizeof *dbias);
    for (int64_t row = 0; row < work->problem->rows; row++)
        row_run(work, row, first, last, dbias + first);
    if (work->stream)
        _mm_sfence();
}

/* Backward with bias: split by rows with partial sums that are added in order, where each thread
 * gets enough of them, else by columns where each gets enough of these. Parts of one row lie side
 * by side: what one thread has written is fetched ahead by the other, which can double the time. */
static enum status backward_with_dbias(struct work *work, struct team team,
                                       struct execution *execution) {
    enum { COLUMNS_A_THREAD = 256, ROWS_A_THREAD = 64, LINE = 16 };
    const struct activation_problem *problem = work->problem;
    int64_t columns = problem->columns;
    bool enough_rows = problem->rows >= (int64_t)team.parts * ROWS_A_THREAD;
    bool enough_columns = columns >= (int64_t)team.parts * COLUMNS_A_THREAD;
    if (team.parts == 1 || (enough_columns && !enough_rows)) {
        parallel_ranges(columns, LINE, team, columns_body, work);
        return STATUS_OK;
    }
    if (team.parts > problem->rows)
        team.parts = (int)problem->rows;
    size_t bytes = (size_t)team.parts * (size_t)columns * sizeof(float);
    work->sums = malloc(bytes);
    if (work->sums == NULL)
        return message_set(execution->message, STATUS_NO_MEMORY,
                           "cannot allocate %zu bytes for the partial sums of %d threads; use "
                           "fewer threads",
                           bytes, team.parts);
    parallel_ranges(problem->rows, 1, team, rows_body, work);
    memcpy(problem->dbias, work->sums, (size_t)columns * sizeof(float));
    for (int part = 1; part < team.parts; part++)
        for (int64_t c = 0; c < columns; c++)
            problem->dbias[c] += work->sums[part * columns + c];
    free(work->sums);
    return STATUS_OK;
}

enum status SIMD_NAME(activation_simd)(const struct activation_problem *problem,
                                       struct execution *execution) {
    enum { LINE = 16 };
    int64_t count = problem->rows * problem->columns;
    int64_t bytes = count * (int64_t)sizeof(float);
    struct team team = parallel_team((problem->backward ? 3 : 2) * bytes, execution->threads);
    struct work work = {.problem = problem};
    if (!problem->backward || keeps_input(problem->function))
        work.bias = problem->bias;
    work.stream = cpu_streams(execution, bytes, problem->output, problem->input, problem->dy);
    if (problem->dbias != NULL)
        return backward_with_dbias(&work, team, execution);
    struct activation_problem flat = *problem;
    if (work.bias == NULL) {
        flat.rows = 1;
        flat.columns = count;
        work.problem = &flat;
    }
    parallel_ranges(count, LINE, team, elements_body, &work);
    return STATUS_OK;
}
