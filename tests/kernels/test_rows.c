/* The rungs that work row by row (softmax, cross_entropy, mse) on the emulated GPU against the
 * oracles: rows shorter and longer than a warp and a block, few and many of them, outliers, special
 * values, in place. */
#include "common/random.h"
#include "kernels/kernels.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "tests/support/staging.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t shapes[][2] = {
    {1, 1},   {3, 2},  {7, 31},  {5, 32},  {9, 33},   {6, 10},   {2, 1000},  {3, 257},  {130, 129},
    {300, 3}, {4, 64}, {3, 252}, {2, 512}, {2, 1024}, {3, 4097}, {1, 12001}, {1, 45003}};

enum { SHAPES = sizeof shapes / sizeof shapes[0], MOST = 45003 };

/* From here on for the vectorised rungs alone, which hold the row in shared memory, and at last not
 * all of it. */
enum { LONG = 10000 };

/* Rows of the second kind have what a softmax must survive. */
enum rows { ROWS_UNIFORM, ROWS_AWKWARD, ROWS_KINDS };

struct fixture {
    struct staging *staging;
    int64_t rows, columns;
    float x[MOST], dy[MOST], y[MOST], loss[MOST];
    int32_t labels[MOST];
    double expected[MOST], tolerance[MOST];
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL)
        return 1;
    fixture->staging = staging_open_emulated();
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    staging_close(fixture->staging);
    free(fixture);
    return 0;
}

static void place_awkward(float *row, int64_t columns, int64_t kind) {
    static const float outliers[] = {100.0F, 1e4F, 3e38F, -3e38F, -INFINITY, NAN, INFINITY};
    enum { OUTLIERS = sizeof outliers / sizeof outliers[0] };
    if (kind < OUTLIERS)
        row[columns / 2] = outliers[kind];
    for (int64_t c = 0; c < columns && kind >= OUTLIERS; c++) {
        static const float constants[] = {-INFINITY, 88.0F, 1e-40F};
        row[c] = constants[kind - OUTLIERS];
    }
}

static void fill(struct fixture *fixture, const int64_t shape[2], enum rows kind) {
    enum { AWKWARD_KINDS = 10 };
    fixture->rows = shape[0];
    fixture->columns = shape[1];
    int64_t count = shape[0] * shape[1];
    fill_inputs(INPUTS_UNIFORM, 1, fixture->x, count);
    fill_inputs(INPUTS_UNIFORM, 2, fixture->dy, count);
    for (int64_t r = 0; r < shape[0]; r++) {
        fixture->labels[r] = (int32_t)random_below(7, 1, (uint64_t)r, (uint32_t)fixture->columns);
        if (kind == ROWS_AWKWARD)
            place_awkward(fixture->x + r * shape[1], shape[1], r % AWKWARD_KINDS);
    }
}

typedef void shape_body(struct fixture *fixture);

static void each_shape(struct fixture *fixture, shape_body *body) {
    if (fixture->staging == NULL)
        skip();
    for (int i = 0; i < SHAPES; i++) {
        for (int kind = ROWS_UNIFORM; kind < ROWS_KINDS; kind++) {
            fill(fixture, shapes[i], (enum rows)kind);
            body(fixture);
        }
    }
}

/* --- softmax -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    softmax_kernel *kernel;
} softmax_rungs[] = {{"softmax cuda-naive", softmax_cuda_naive},
                     {"softmax cuda-tiled", softmax_cuda_tiled},
                     {"softmax cuda-warp", softmax_cuda_warp},
                     {"softmax cuda-vectorised", softmax_cuda_vectorised}};

static void softmax_run(struct fixture *fixture, softmax_kernel *kernel, const char *name,
                        const struct softmax_problem *host, bool in_place) {
    struct staging *staging = fixture->staging;
    const int64_t count = host->rows * host->columns;
    struct softmax_problem problem = *host;
    char what[160];
    snprintf(what, sizeof what, "%s variant %d %lldx%lld%s", name, (int)host->variant,
             (long long)host->rows, (long long)host->columns, in_place ? " in place" : "");
    poison(fixture->y, count);
    if (in_place)
        memcpy(fixture->y, host->input, (size_t)count * sizeof(float));
    problem.output = staging_output(staging, fixture->y, count, 1);
    problem.input = in_place ? problem.output : staging_input(staging, host->input, count, 3);
    problem.dy = staging_input(staging, host->dy, count, 2);
    if (kernel(&problem, &staging->execution) != STATUS_OK)
        fail_msg("%s: %s", what, staging->message.text);
    staging_finish(staging, what);
    check_all(what, fixture->expected, fixture->tolerance, fixture->y, count);
}

static void softmax_shape(struct fixture *fixture) {
    const enum softmax_variant variants[] = {SOFTMAX_FORWARD, SOFTMAX_BACKWARD, SOFTMAX_LOG_FORWARD,
                                             SOFTMAX_LOG_BACKWARD};
    struct execution cpu = {.threads = 1, .message = &fixture->staging->message};
    for (int i = 0; i < 4; i++) {
        bool backward = i % 2 == 1;
        struct softmax_problem host = {variants[i],
                                       fixture->rows,
                                       fixture->columns,
                                       fixture->x,
                                       backward ? fixture->dy : NULL,
                                       fixture->loss};
        if (backward) { /* from what forward wrote, which is kept in `loss` */
            struct softmax_problem forward = host;
            forward.variant = variants[i - 1];
            assert_int_equal(softmax_naive(&forward, &cpu), STATUS_OK);
            host.input = fixture->loss;
        }
        oracle_softmax(&host, 0, host.rows, fixture->expected, fixture->tolerance);
        const size_t rungs = sizeof softmax_rungs / sizeof softmax_rungs[0];
        for (size_t r = fixture->columns < LONG ? 0 : rungs - 1; r < rungs; r++)
            for (int in_place = 0; in_place < 2; in_place++)
                softmax_run(fixture, softmax_rungs[r].kernel, softmax_rungs[r].name, &host,
                            in_place);
    }
}

TEST_BETWEEN(softmax_is_right_on_the_emulated_gpu, set_up, tear_down) {
    each_shape(*state, softmax_shape);
}

/* --- cross_entropy and mse ------------------------------------------------------------------ */

static const struct {
    const char *name;
    cross_entropy_kernel *cross_entropy;
    mse_kernel *mse;
} loss_rungs[] = {{"cross_entropy cuda-naive", cross_entropy_cuda_naive, NULL},
                  {"cross_entropy cuda-tiled", cross_entropy_cuda_tiled, NULL},
                  {"cross_entropy cuda-warp", cross_entropy_cuda_warp, NULL},
                  {"cross_entropy cuda-vectorised", cross_entropy_cuda_vectorised, NULL},
                  {"mse cuda-naive", NULL, mse_cuda_naive},
                  {"mse cuda-tiled", NULL, mse_cuda_tiled}};

enum { LOSS_RUNGS = sizeof loss_rungs / sizeof loss_rungs[0] };

static enum status loss_call(const struct fixture *fixture, int rung, enum loss_variant variant,
                             const float *x, float *loss, float *gradient) {
    struct staging *staging = fixture->staging;
    if (loss_rungs[rung].mse != NULL) {
        const float *target =
            staging_input(staging, fixture->dy, fixture->rows * fixture->columns, 2);
        struct mse_problem problem = {variant, fixture->rows, fixture->columns, x, target,
                                      NULL,    NULL};
        problem.loss = loss;
        problem.dprediction = gradient;
        return loss_rungs[rung].mse(&problem, &staging->execution);
    }
    const int32_t *labels = staging_input(staging, fixture->labels, fixture->rows, 0);
    struct cross_entropy_problem problem = {variant, fixture->rows, fixture->columns, x, labels,
                                            NULL,    NULL};
    problem.loss = loss;
    problem.dlogits = gradient;
    return loss_rungs[rung].cross_entropy(&problem, &staging->execution);
}

static void loss_expect(struct fixture *fixture, int rung, int output, const char *what) {
    const int64_t rows = fixture->rows, columns = fixture->columns;
    if (loss_rungs[rung].mse != NULL) {
        const struct mse_problem host = {LOSS_FORWARD_BACKWARD, rows, columns, fixture->x,
                                         fixture->dy,           NULL, NULL};
        oracle_mse(&host, output, 0, rows, fixture->expected, fixture->tolerance);
    } else {
        const struct cross_entropy_problem host = {LOSS_FORWARD_BACKWARD, rows, columns, fixture->x,
                                                   fixture->labels,       NULL, NULL};
        oracle_cross_entropy(&host, output, 0, rows, fixture->expected, fixture->tolerance);
    }
    check_all(what, fixture->expected, fixture->tolerance, output == 0 ? fixture->loss : fixture->y,
              output == 0 ? rows : rows * columns);
}

static void loss_run(struct fixture *fixture, int rung, enum loss_variant variant, bool in_place) {
    struct staging *staging = fixture->staging;
    const int64_t count = fixture->rows * fixture->columns;
    char what[160];
    snprintf(what, sizeof what, "%s variant %d %lldx%lld%s", loss_rungs[rung].name, (int)variant,
             (long long)fixture->rows, (long long)fixture->columns, in_place ? " in place" : "");
    poison(fixture->y, count);
    poison(fixture->loss, fixture->rows);
    if (in_place)
        memcpy(fixture->y, fixture->x, (size_t)count * sizeof(float));
    float *loss = NULL, *gradient = NULL;
    if (variant != LOSS_BACKWARD)
        loss = staging_output(staging, fixture->loss, fixture->rows, 1);
    if (variant != LOSS_FORWARD)
        gradient = staging_output(staging, fixture->y, count, 3);
    const float *x = in_place ? gradient : staging_input(staging, fixture->x, count, 1);
    if (loss_call(fixture, rung, variant, x, loss, gradient) != STATUS_OK)
        fail_msg("%s: %s", what, staging->message.text);
    staging_finish(staging, what);
    if (loss != NULL)
        loss_expect(fixture, rung, 0, what);
    if (gradient != NULL)
        loss_expect(fixture, rung, 1, what);
}

static void loss_shape(struct fixture *fixture) {
    for (int rung = 0; rung < LOSS_RUNGS; rung++) {
        if (fixture->columns >= LONG &&
            loss_rungs[rung].cross_entropy != cross_entropy_cuda_vectorised)
            continue;
        loss_run(fixture, rung, LOSS_FORWARD, false);
        loss_run(fixture, rung, LOSS_BACKWARD, false);
        loss_run(fixture, rung, LOSS_FORWARD_BACKWARD, false);
        loss_run(fixture, rung, LOSS_FORWARD_BACKWARD, true);
    }
}

TEST_BETWEEN(losses_are_right_on_the_emulated_gpu, set_up, tear_down) {
    each_shape(*state, loss_shape);
}
