/* Layer normalisation, rows split over threads. Shows that a row is read from memory once, however
 * many passes its sums take, and that sums over rows are kept a thread and added in one order.
 */
#include "reference/simd/cpu.h"
#include "reference/simd/level.h"
#include "reference/simd/parallel.h"

#include <math.h>
#include <stdlib.h>

/* Independent accumulators, which hide an addition's latency. */
enum { CHAINS = 4, STRIDE = CHAINS * WIDTH };

struct work {
    const struct layernorm_problem *problem;
    bool stream;
    float *partial; /* backward: a row of `columns` for dgamma, and one for dbeta, a part */
};

/* A row and its numbers; the mean of rms is 0. */
struct row {
    const float *x, *dy, *gamma, *beta; /* beta may be NULL */
    int64_t columns;
    float mean, rstd;
    float g, gh;       /* backward: the means of g and of g h */
    const float *next; /* forward: the row that comes after, or x */
};

static struct row row_of(const struct layernorm_problem *problem, int64_t r) {
    int64_t first = r * problem->columns;
    return (struct row){.x = problem->x + first,
                        .gamma = problem->gamma,
                        .beta = problem->beta,
                        .columns = problem->columns};
}

/* --- forward ---------------------------------------------------------------------------------- */

/* When the next row is fetched: while squares are added up, which have this row in the first level
 * of cache and wait for nothing. Where results go around the caches, while they do: memory reads
 * and writes at once. */
SIMD_INLINE void next_fetch(const struct row *row, int64_t i) {
    enum { READ, FIRST_LEVEL = 3 };
    __builtin_prefetch(row->next + i, READ, FIRST_LEVEL);
}

/* Sum of x, or of (x - mean)^2. */
SIMD_INLINE float row_sum(const struct row *row, bool squared, bool fetch) {
    vector sums[CHAINS];
    for (int64_t k = 0; k < CHAINS; k++)
        sums[k] = vector_set(0);
    int64_t i = 0;
    for (; i + STRIDE <= row->columns; i += STRIDE)
        for (int64_t k = 0; k < CHAINS; k++) {
            if (fetch)
                next_fetch(row, i + k * WIDTH);
            vector x = vector_load(row->x + i + k * WIDTH) - row->mean;
            sums[k] = squared ? vector_fma(x, x, sums[k]) : sums[k] + x;
        }
    for (; i < row->columns; i += WIDTH) {
        int64_t left = row->columns - i < WIDTH ? row->columns - i : WIDTH;
        vector x = vector_load_first(row->x + i, left, row->mean) - row->mean;
        sums[0] = squared ? vector_fma(x, x, sums[0]) : sums[0] + x;
    }
    return vector_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

/* y of up to WIDTH elements from i on. */
SIMD_INLINE vector row_normalised(const struct row *row, int64_t i, int64_t count) {
    bool whole = count == WIDTH;
    vector x = whole ? vector_load(row->x + i) : vector_load_first(row->x + i, count, 0);
    vector gamma =
        whole ? vector_load(row->gamma + i) : vector_load_first(row->gamma + i, count, 0);
    vector normal = (x - row->mean) * row->rstd;
    if (row->beta == NULL)
        return normal * gamma;
    vector beta = whole ? vector_load(row->beta + i) : vector_load_first(row->beta + i, count, 0);
    return vector_fma(normal, gamma, beta);
}

/* Around the caches where `stream`, which wants an aligned output. */
SIMD_INLINE void row_write(const struct row *row, float *y, bool stream) {
    int64_t i = stream ? vector_misalignment(y, row->columns) : 0;
    if (i > 0)
        vector_store_first(y, row_normalised(row, 0, i), i);
    for (; i + WIDTH <= row->columns; i += WIDTH) {
        if (stream)
            next_fetch(row, i);
        vector result = row_normalised(row, i, WIDTH);
        stream ? vector_stream(y + i, result) : vector_store(y + i, result);
    }
    if (i < row->columns)
        vector_store_first(y + i, row_normalised(row, i, row->columns - i), row->columns - i);
}

SIMD_INLINE void forward_row(const struct layernorm_problem *problem, int64_t r, int64_t next,
                             bool stream) {
    struct row row = row_of(problem, r);
    row.next = problem->x + next * problem->columns;
    float columns = (float)problem->columns;
    float *y = problem->output + r * problem->columns;
    if (problem->mean != NULL)
        problem->mean[r] = row.mean = row_sum(&row, false, false) / columns;
    float squares = row_sum(&row, true, !stream);
    problem->rstd[r] = row.rstd = 1 / sqrtf(squares / columns + problem->epsilon);
    row_write(&row, y, stream);
}

static void forward_rows(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct work *work = context;
    for (int64_t r = first; r < last; r++) {
        int64_t next = r + 1 < last ? r + 1 : r;
        work->stream ? forward_row(work->problem, r, next, true)
                     : forward_row(work->problem, r, next, false);
    }
    if (work->stream)
        _mm_sfence();
}

/* --- backward --------------------------------------------------------------------------------- */

/* g and h of up to WIDTH elements from i on; 0 beyond them. */
struct gradient {
    vector dy, g, h;
};
SIMD_INLINE struct gradient row_gradient(const struct row *row, int64_t i, int64_t count) {
    bool whole = count == WIDTH;
    vector x = whole ? vector_load(row->x + i) : vector_load_first(row->x + i, count, row->mean);
    vector dy = whole ? vector_load(row->dy + i) : vector_load_first(row->dy + i, count, 0);
    vector gamma =
        whole ? vector_load(row->gamma + i) : vector_load_first(row->gamma + i, count, 0);
    return (struct gradient){dy, dy * gamma, (x - row->mean) * row->rstd};
}

/* The means of g h and, unless it is rms, of g. */
SIMD_INLINE void row_sums(struct row *row, bool rms) {
    enum { PAIRS = 2 };
    vector g[PAIRS] = {vector_set(0), vector_set(0)}, gh[PAIRS] = {vector_set(0), vector_set(0)};
    for (int64_t i = 0, k = 0; i < row->columns; i += WIDTH, k = 1 - k) {
        int64_t left = row->columns - i < WIDTH ? row->columns - i : WIDTH;
        struct gradient e = row_gradient(row, i, left);
        g[k] += e.g;
        gh[k] = vector_fma(e.g, e.h, gh[k]);
    }
    row->g = rms ? 0 : vector_sum(g[0] + g[1]) / (float)row->columns;
    row->gh = vector_sum(gh[0] + gh[1]) / (float)row->columns;
}

/* dx of the row, which is added to dgamma and dbeta; dbeta may be NULL. */
SIMD_INLINE void row_differentiate(const struct row *row, float *dx, float *dgamma, float *dbeta) {
    for (int64_t i = 0; i < row->columns; i += WIDTH) {
        int64_t left = row->columns - i < WIDTH ? row->columns - i : WIDTH;
        struct gradient e = row_gradient(row, i, left);
        vector inside = vector_fma(e.h, vector_set(-row->gh), e.g - row->g);
        vector_store_first(dx + i, inside * row->rstd, left);
        vector sum = vector_fma(e.dy, e.h, vector_load_first(dgamma + i, left, 0));
        vector_store_first(dgamma + i, sum, left);
        if (dbeta != NULL)
            vector_store_first(dbeta + i, vector_load_first(dbeta + i, left, 0) + e.dy, left);
    }
}

static void backward_rows(const void *context, int part, int64_t first, int64_t last) {
    const struct work *work = context;
    const struct layernorm_problem *problem = work->problem;
    int64_t columns = problem->columns;
    bool rms = problem->mean == NULL;
    float *dgamma = work->partial + (int64_t)2 * part * columns;
    float *dbeta = rms ? NULL : dgamma + columns;
    memset(dgamma, 0, 2 * (size_t)columns * sizeof *dgamma);
    for (int64_t r = first; r < last; r++) {
        struct row row = row_of(problem, r);
        row.dy = problem->dy + r * columns;
        row.mean = rms ? 0 : problem->mean[r];
        row.rstd = problem->rstd[r];
        row_sums(&row, rms);
        row_differentiate(&row, problem->output + r * columns, dgamma, dbeta);
    }
}

/* sums = the parts' sums, 2 * columns apart, in the order of the parts. */
static void add_parts(const float *partial, int parts, int64_t columns, float *sums) {
    memcpy(sums, partial, (size_t)columns * sizeof *sums);
    for (int part = 1; part < parts; part++)
        for (int64_t c = 0; c < columns; c++)
            sums[c] += partial[(int64_t)2 * part * columns + c];
}

static enum status backward(struct work *work, struct team team, struct execution *execution) {
    const struct layernorm_problem *problem = work->problem;
    if (team.parts > problem->rows)
        team.parts = (int)problem->rows;
    size_t bytes = 2 * (size_t)team.parts * (size_t)problem->columns * sizeof(float);
    work->partial = malloc(bytes);
    if (work->partial == NULL)
        return message_set(execution->message, STATUS_NO_MEMORY,
                           "cannot allocate %zu bytes for the partial sums of %d threads; use "
                           "fewer threads",
                           bytes, team.parts);
    parallel_ranges(problem->rows, 1, team, backward_rows, work);
    add_parts(work->partial, team.parts, problem->columns, problem->dgamma);
    if (problem->dbeta != NULL)
        add_parts(work->partial + problem->columns, team.parts, problem->columns, problem->dbeta);
    free(work->partial);
    return STATUS_OK;
}

enum status SIMD_NAME(layernorm_simd)(const struct layernorm_problem *problem,
                                      struct execution *execution) {
    int64_t bytes = problem->rows * problem->columns * (int64_t)sizeof(float);
    struct work work = {.problem = problem};
    struct team team = parallel_team(2 * bytes, execution->threads);
    if (problem->dy != NULL)
        return backward(&work, team, execution);
    work.stream = cpu_streams(execution, bytes, problem->output, problem->x, NULL);
    parallel_ranges(problem->rows, 1, team, forward_rows, &work);
    return STATUS_OK;
}
