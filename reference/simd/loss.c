/* Losses with their gradients in one pass over each row: softmax with cross-entropy, and mean
 * squared error. Shows what fusing saves: the probabilities are never written and read back between
 * loss and gradient.
 */
#include "reference/simd/cpu.h"
#include "reference/simd/level.h"
#include "reference/simd/parallel.h"
#include "reference/simd/rows.h"

struct cross_entropy_work {
    const struct cross_entropy_problem *problem;
    bool stream;
};

/* The gradient (p - [c = label]) / rows = (term - [c = label] sum) / (sum * rows): the label's term
 * is reduced before all are scaled, so that streamed output is written once. */
static void cross_entropy_row(const struct cross_entropy_work *work, int64_t row, float *buffer) {
    const struct cross_entropy_problem *problem = work->problem;
    int64_t columns = problem->columns;
    const float *x = problem->logits + row * columns;
    const float *next = row + 1 < problem->rows ? x + columns : x;
    int32_t label = problem->labels[row];
    float maximum = row_maximum(x, columns);
    float label_difference = x[label] - maximum;
    bool gradient = problem->variant != LOSS_FORWARD;
    float *dx = gradient ? problem->dlogits + row * columns : NULL;
    bool buffered = gradient && work->stream && columns <= ROW_BUFFER;
    float *terms = buffered ? buffer : dx;
    float sum = row_exponentials(x, next, columns, maximum, terms);
    if (problem->variant != LOSS_BACKWARD)
        problem->loss[row] = logf(sum) - label_difference;
    if (!gradient)
        return;
    terms[label] -= sum;
    const struct row scaled = {.a = terms, .p = 1 / (sum * (float)problem->rows)};
    if (buffered)
        row_finish(ROW_SCALE, scaled, columns, dx, true);
    else
        row_finish(ROW_SCALE, scaled, columns, dx, false);
}

/* Rows so short that finding a maximum and adding up across lanes is most of the work: as many at
 * once as a vector has lanes, a lane each. */
enum { NARROW = 32 };

/* terms[c] becomes the exponentials of column c; returns their sums. */
SIMD_INLINE vector lanes_exponentials(int64_t columns, vector maximum, float terms[NARROW][WIDTH]) {
    vector sum = vector_set(0);
    for (int64_t c = 0; c < columns; c++) {
        vector term = vector_exp_negative(vector_load(terms[c]) - maximum);
        vector_store(terms[c], term);
        sum += term;
    }
    return sum;
}

/* Rows [row, row + WIDTH). */
static void cross_entropy_lanes(const struct cross_entropy_problem *problem, int64_t row) {
    const int64_t columns = problem->columns;
    const int32_t *labels = problem->labels + row;
    float terms[NARROW][WIDTH] __attribute__((aligned(64)));
    float differences[WIDTH], sums[WIDTH];
    for (int64_t l = 0; l < WIDTH; l++)
        for (int64_t c = 0; c < columns; c++)
            terms[c][l] = problem->logits[(row + l) * columns + c];
    vector maximum = vector_set(-INFINITY);
    for (int64_t c = 0; c < columns; c++)
        maximum = vector_maximum(maximum, vector_load(terms[c]));
    vector_store(differences, maximum);
    for (int64_t l = 0; l < WIDTH; l++)
        differences[l] = problem->logits[(row + l) * columns + labels[l]] - differences[l];
    vector sum = lanes_exponentials(columns, maximum, terms);
    vector_store(sums, sum);
    if (problem->variant != LOSS_BACKWARD)
        for (int64_t l = 0; l < WIDTH; l++)
            problem->loss[row + l] = logf(sums[l]) - differences[l];
    if (problem->variant == LOSS_FORWARD)
        return;
    for (int64_t l = 0; l < WIDTH; l++)
        terms[labels[l]][l] -= sums[l];
    const vector scale = 1 / (sum * (float)problem->rows);
    for (int64_t c = 0; c < columns; c++)
        vector_store(terms[c], vector_load(terms[c]) * scale);
    for (int64_t l = 0; l < WIDTH; l++)
        for (int64_t c = 0; c < columns; c++)
            problem->dlogits[(row + l) * columns + c] = terms[c][l];
}

static void cross_entropy_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct cross_entropy_work *work = context;
    float buffer[ROW_BUFFER] __attribute__((aligned(64)));
    int64_t row = first;
    if (work->problem->columns <= NARROW && !work->stream)
        for (; row + WIDTH <= last; row += WIDTH)
            cross_entropy_lanes(work->problem, row);
    for (; row < last; row++)
        cross_entropy_row(work, row, buffer);
    if (work->stream)
        _mm_sfence();
}

enum status SIMD_NAME(cross_entropy_simd)(const struct cross_entropy_problem *problem,
                                          struct execution *execution) {
    int64_t bytes = problem->rows * problem->columns * (int64_t)sizeof(float);
    struct cross_entropy_work work = {
        problem, problem->variant != LOSS_FORWARD &&
                     cpu_streams(execution, bytes, problem->dlogits, problem->logits, NULL)};
    struct team team = parallel_team(2 * bytes, execution->threads);
    parallel_ranges(problem->rows, 1, team, cross_entropy_body, &work);
    return STATUS_OK;
}

struct mse_work {
    const struct mse_problem *problem;
    bool stream;
};

struct pair {
    const float *y, *t;
};

/* Elements [i, i + count), count < WIDTH: returns the differences. */
SIMD_INLINE vector mse_few(struct pair row, int64_t i, int64_t count, float scale,
                           float *gradient) {
    vector difference =
        vector_load_first(row.y + i, count, 0) - vector_load_first(row.t + i, count, 0);
    if (gradient != NULL)
        vector_store_first(gradient + i, difference * scale, count);
    return difference;
}

/* Sum of squared differences; the gradient, difference * scale, goes to `gradient` unless it is
 * NULL, around the caches where `stream`. */
SIMD_INLINE float mse_row(struct pair row, int64_t count, float scale, float *gradient,
                          bool stream) {
    vector sums[2] = {vector_set(0), vector_set(0)};
    int64_t i = stream ? vector_misalignment(gradient, count) : 0;
    if (i > 0) {
        vector difference = mse_few(row, 0, i, scale, gradient);
        sums[1] = difference * difference;
    }
    for (; i + WIDTH <= count; i += WIDTH) {
        vector difference = vector_load(row.y + i) - vector_load(row.t + i);
        sums[0] = vector_fma(difference, difference, sums[0]);
        if (stream)
            vector_stream(gradient + i, difference * scale);
        else if (gradient != NULL)
            vector_store(gradient + i, difference * scale);
    }
    if (i < count) {
        vector difference = mse_few(row, i, count - i, scale, gradient);
        sums[1] = vector_fma(difference, difference, sums[1]);
    }
    return vector_sum(sums[0] + sums[1]);
}

static void mse_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct mse_work *work = context;
    const struct mse_problem *problem = work->problem;
    int64_t columns = problem->columns;
    float scale = 2 / ((float)problem->rows * (float)columns);
    for (int64_t row = first; row < last; row++) {
        const struct pair pair = {problem->prediction + row * columns,
                                  problem->target + row * columns};
        float *gradient =
            problem->variant == LOSS_FORWARD ? NULL : problem->dprediction + row * columns;
        float sum = work->stream       ? mse_row(pair, columns, scale, gradient, true)
                    : gradient != NULL ? mse_row(pair, columns, scale, gradient, false)
                                       : mse_row(pair, columns, scale, NULL, false);
        if (problem->variant != LOSS_BACKWARD)
            problem->loss[row] = sum / (float)columns;
    }
    if (work->stream)
        _mm_sfence();
}

enum status SIMD_NAME(mse_simd)(const struct mse_problem *problem, struct execution *execution) {
    int64_t bytes = problem->rows * problem->columns * (int64_t)sizeof(float);
    struct mse_work work = {problem, problem->variant != LOSS_FORWARD &&
                                         cpu_streams(execution, bytes, problem->dprediction,
                                                     problem->prediction, problem->target)};
    struct team team = parallel_team(3 * bytes, execution->threads);
    parallel_ranges(problem->rows, 1, team, mse_body, &work);
    return STATUS_OK;
}
