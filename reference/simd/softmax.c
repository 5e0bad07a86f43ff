/* Softmax and log-softmax, rows split over threads. Shows that a row is read from memory and
 * written to it once: the passes for maximum, exponentials and scaling run in the cache.
 */
#include "reference/simd/cpu.h"
#include "reference/simd/level.h"
#include "reference/simd/parallel.h"
#include "reference/simd/rows.h"

struct work {
    const struct softmax_problem *problem;
    bool stream;
};

/* Sum of a * b, or of a where b is NULL. */
SIMD_INLINE float row_dot(const float *a, const float *b, int64_t count) {
    vector sums[CHAINS];
    for (int64_t k = 0; k < CHAINS; k++)
        sums[k] = vector_set(0);
    int64_t i = 0;
    for (; i + STRIDE <= count; i += STRIDE)
        for (int64_t k = 0; k < CHAINS; k++) {
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

/* One row's formula, through the caches or around them. */
#define DEFINE_FINISH(name, formula)                                                               \
    static void name(struct row row, int64_t count, float *output, bool stream) {                  \
        stream ? row_finish(formula, row, count, output, true)                                     \
               : row_finish(formula, row, count, output, false);                                   \
    }

DEFINE_FINISH(finish_softmax, ROW_SCALE)
DEFINE_FINISH(finish_log_softmax, ROW_LOG_SOFTMAX)
DEFINE_FINISH(finish_gradient, ROW_GRADIENT)
DEFINE_FINISH(finish_log_gradient, ROW_LOG_GRADIENT)

static void forward_row(const float *x, const float *next, int64_t count, float *y, bool stream,
                        float *buffer) {
    bool buffered = stream && count <= ROW_BUFFER;
    float *terms = buffered ? buffer : y;
    float sum = row_exponentials(x, next, count, row_maximum(x, count), terms);
    finish_softmax((struct row){.a = terms, .p = 1 / sum}, count, y, buffered);
}

static void log_forward_row(const float *x, const float *next, int64_t count, float *y,
                            bool stream) {
    float maximum = row_maximum(x, count);
    float log_sum = logf(row_exponentials(x, next, count, maximum, NULL));
    finish_log_softmax((struct row){.a = x, .p = maximum, .q = log_sum}, count, y, stream);
}

static void run_row(const struct work *work, int64_t row, float *buffer) {
    const struct softmax_problem *problem = work->problem;
    int64_t columns = problem->columns;
    const float *input = problem->input + row * columns;
    const float *dy = problem->dy == NULL ? NULL : problem->dy + row * columns;
    const float *next = row + 1 < problem->rows ? input + columns : input;
    float *output = problem->output + row * columns;
    switch (problem->variant) {
    case SOFTMAX_FORWARD:
        forward_row(input, next, columns, output, work->stream, buffer);
        break;
    case SOFTMAX_LOG_FORWARD:
        log_forward_row(input, next, columns, output, work->stream);
        break;
    case SOFTMAX_BACKWARD:
        finish_gradient((struct row){input, dy, row_dot(input, dy, columns), 0}, columns, output,
                        work->stream);
        break;
    case SOFTMAX_LOG_BACKWARD:
        finish_log_gradient((struct row){input, dy, row_dot(dy, NULL, columns), 0}, columns, output,
                            work->stream);
        break;
    }
}

static void rows_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct work *work = context;
    float buffer[ROW_BUFFER] __attribute__((aligned(64)));
    for (int64_t row = first; row < last; row++)
        run_row(work, row, buffer);
    if (work->stream)
        _mm_sfence();
}

enum status SIMD_NAME(softmax_simd)(const struct softmax_problem *problem,
                                    struct execution *execution) {
    int64_t bytes = problem->rows * problem->columns * (int64_t)sizeof(float);
    struct work work = {
        problem, cpu_streams(execution, bytes, problem->output, problem->input, problem->dy)};
    struct team team = parallel_team(2 * bytes, execution->threads);
    parallel_ranges(problem->rows, 1, team, rows_body, &work);
    return STATUS_OK;
}
