/* Column sums, the gradient of a bias. Shows three shapes of one reduction: wide matrices are split
 * by columns, tall ones by rows with partial sums, and narrow ones are read as one contiguous run.
 */
#include "reference/simd/level.h"
#include "reference/simd/parallel.h"

#include <stdlib.h>

/* Adds `rows` rows of `count` columns, `stride` apart, to sums[0, count). Eight rows a pass: the
 * sums are loaded and stored once for eight additions. */
static void add_rows(const float *x, int64_t stride, int64_t rows, int64_t count, float *sums) {
    enum { PASS = 8 };
    for (int64_t r = 0; r < rows; r += PASS) {
        int64_t pass = rows - r < PASS ? rows - r : PASS;
        const float *first = x + r * stride;
        int64_t c = 0;
        for (; pass == PASS && c + WIDTH <= count; c += WIDTH) {
            vector partial[PASS / 2];
            for (int64_t k = 0; k < PASS / 2; k++)
                partial[k] = vector_load(first + 2 * k * stride + c) +
                             vector_load(first + (2 * k + 1) * stride + c);
            vector total = (partial[0] + partial[1]) + (partial[2] + partial[3]);
            vector_store(sums + c, vector_load(sums + c) + total);
        }
        for (; c < count; c += WIDTH) {
            int64_t left = count - c < WIDTH ? count - c : WIDTH;
            vector total = vector_load_first(sums + c, left, 0);
            for (int64_t k = 0; k < pass; k++)
                total += vector_load_first(first + k * stride + c, left, 0);
            vector_store_first(sums + c, total, left);
        }
    }
}

/* Up to NARROW columns: WIDTH rows are `columns` whole vectors, and lane l of vector v belongs to
 * column (v * WIDTH + l) % columns in every such group. */
enum { NARROW = 32 };

static void add_narrow_rows(const float *x, int64_t columns, int64_t rows, float *sums) {
    float lanes[NARROW * WIDTH] = {0};
    int64_t groups = rows / WIDTH;
    for (int64_t group = 0; group < groups; group++)
        for (int64_t v = 0; v < columns; v++)
            vector_store(lanes + v * WIDTH, vector_load(lanes + v * WIDTH) +
                                                vector_load(x + (group * columns + v) * WIDTH));
    for (int64_t i = 0; i < columns * WIDTH; i++)
        sums[i % columns] += lanes[i];
    for (int64_t i = groups * WIDTH * columns; i < rows * columns; i++)
        sums[i % columns] += x[i];
}

struct work {
    const struct column_sums_problem *problem;
    float *partial; /* a row of `columns` a part */
};

static void columns_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct work *work = context;
    const struct column_sums_problem *problem = work->problem;
    memset(problem->sums + first, 0, (size_t)(last - first) * sizeof(float));
    add_rows(problem->x + first, problem->columns, problem->rows, last - first,
             problem->sums + first);
}

static void rows_body(const void *context, int part, int64_t first, int64_t last) {
    const struct work *work = context;
    int64_t columns = work->problem->columns;
    const float *x = work->problem->x + first * columns;
    float *sums = work->partial + part * columns;
    memset(sums, 0, (size_t)columns * sizeof *sums);
    if (columns <= NARROW)
        add_narrow_rows(x, columns, last - first, sums);
    else
        add_rows(x, columns, last - first, columns, sums);
}

enum status SIMD_NAME(column_sums_simd)(const struct column_sums_problem *problem,
                                        struct execution *execution) {
    enum { COLUMNS_A_THREAD = 256, LINE = 16 };
    int64_t columns = problem->columns;
    struct team team =
        parallel_team(problem->rows * columns * (int64_t)sizeof(float), execution->threads);
    struct work work = {.problem = problem};
    if (columns >= (int64_t)team.parts * COLUMNS_A_THREAD) {
        parallel_ranges(columns, LINE, team, columns_body, &work);
        return STATUS_OK;
    }
    if (team.parts > problem->rows)
        team.parts = (int)problem->rows;
    size_t bytes = (size_t)team.parts * (size_t)columns * sizeof(float);
    work.partial = team.parts == 1 ? problem->sums : malloc(bytes);
    if (work.partial == NULL)
        return message_set(execution->message, STATUS_NO_MEMORY,
                           "cannot allocate %zu bytes for the partial sums of %d threads; use "
                           "fewer threads",
                           bytes, team.parts);
    parallel_ranges(problem->rows, 1, team, rows_body, &work);
    if (team.parts == 1)
        return STATUS_OK;
    memcpy(problem->sums, work.partial, (size_t)columns * sizeof(float));
    add_rows(work.partial + columns, columns, team.parts - 1, columns, problem->sums);
    free(work.partial);
    return STATUS_OK;
}
