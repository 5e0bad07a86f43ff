/* Softmax and log-softmax, rows split over threads. Shows that a row is read from memory and
 * written to it once: the passes for maximum, exponentials and scaling run in the cache.
 */
#include "reference/cpu.h"
#include "reference/parallel.h"
#include "reference/simd_level.h"
#include "reference/simd_rows.h"

struct work {
    const struct softmax_problem *problem;
    bool stream;
};

static void forward_row(const float *x, int64_t count, float *y, bool stream, float *buffer) {
    float *terms = stream && count <= ROW_BUFFER ? buffer : y;
    float sum = row_exponentials(x, count, row_maximum(x, count), terms);
    if (terms == buffer)
        row_scale(terms, count, 1 / sum, y, true);
    else
        row_scale(terms, count, 1 / sum, y, false);
}

static void log_forward_row(const float *x, int64_t count, float *y) {
    float maximum = row_maximum(x, count);
    float log_sum = logf(row_exponentials(x, count, maximum, NULL));
    int64_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH)
        vector_store(y + i, (vector_load(x + i) - maximum) - log_sum);
    if (i < count)
        vector_store_first(y + i, (vector_load_first(x + i, count - i, 0) - maximum) - log_sum,
                           count - i);
}

/* Sum of a * b, or of a where b is NULL. */
SIMD_INLINE float row_dot(const float *a, const float *b, int64_t count) {
    vector sums[CHAINS];
    for (int k = 0; k < CHAINS; k++)
        sums[k] = vector_set(0);
    int64_t i = 0;
    for (; i + CHAINS * WIDTH <= count; i += CHAINS * WIDTH)
        for (int k = 0; k < CHAINS; k++) {
            vector factor = b == NULL ? vector_set(1.0F) : vector_load(b + i + k * WIDTH);
            sums[k] = vector_fma(vector_load(a + i + k * WIDTH), factor, sums[k]);
        }
    for (; i < count; i += WIDTH) {
        int64_t left = count - i < WIDTH ? count - i : WIDTH;
        vector factor = b == NULL ? vector_set(1.0F) : vector_load_first(b + i, left, 0);
        sums[0] = vector_fma(vector_load_first(a + i, left, 0), factor, sums[0]);
    }
    return vector_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

static void backward_row(const float *y, const float *dy, int64_t count, float *dx) {
    float dot = row_dot(y, dy, count);
    int64_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH)
        vector_store(dx + i, vector_load(y + i) * (vector_load(dy + i) - dot));
    if (i < count)
        vector_store_first(dx + i,
                           vector_load_first(y + i, count - i, 0) *
                               (vector_load_first(dy + i, count - i, 0) - dot),
                           count - i);
}

static void log_backward_row(const float *y, const float *dy, int64_t count, float *dx) {
    float sum = row_dot(dy, NULL, count);
    int64_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH)
        vector_store(dx + i, vector_load(dy + i) - vector_exp(vector_load(y + i)) * sum);
    if (i < count)
        vector_store_first(dx + i,
                           vector_load_first(dy + i, count - i, 0) -
                               vector_exp(vector_load_first(y + i, count - i, 0)) * sum,
                           count - i);
}

static void rows_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct work *work = context;
    const struct softmax_problem *problem = work->problem;
    int64_t columns = problem->columns;
    float buffer[ROW_BUFFER] __attribute__((aligned(64)));
    for (int64_t row = first; row < last; row++) {
        const float *input = problem->input + row * columns;
        float *output = problem->output + row * columns;
        switch (problem->variant) {
        case SOFTMAX_FORWARD:
            forward_row(input, columns, output, work->stream, buffer);
            break;
        case SOFTMAX_LOG_FORWARD:
            log_forward_row(input, columns, output);
            break;
        case SOFTMAX_BACKWARD:
            backward_row(input, problem->dy + row * columns, columns, output);
            break;
        case SOFTMAX_LOG_BACKWARD:
            log_backward_row(input, problem->dy + row * columns, columns, output);
            break;
        }
    }
    if (work->stream)
        _mm_sfence();
}

enum status SIMD_NAME(softmax)(const struct softmax_problem *problem, struct execution *execution) {
    int64_t bytes = problem->rows * problem->columns * (int64_t)sizeof(float);
    bool in_place = problem->output == problem->input || problem->output == problem->dy;
    struct work work = {problem, !in_place && cpu_streams(execution, bytes)};
    struct team team = parallel_team(2 * bytes, execution->threads);
    parallel_ranges(problem->rows, 1, team, rows_body, &work);
    return STATUS_OK;
}
