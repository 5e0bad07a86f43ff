/* The elementwise rungs (activation, optimizer, transfer) and column_sums on the emulated GPU
 * against the oracles: counts round 4 and round a block, misaligned buffers, bias of any width,
 * special values, in place. */
#include "kernels/kernels.h"
#include "reference/oracle/oracle.h"
#include "tests/support/staging.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFERS = 4, MOST = 10000 };

struct fixture {
    struct staging *staging;
    float *before[BUFFERS], *after[BUFFERS];
    double *expected, *tolerance;
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    if (fixture == NULL)
        return 1;
    fixture->staging = staging_open_emulated();
    fixture->expected = calloc(MOST, sizeof(double));
    fixture->tolerance = calloc(MOST, sizeof(double));
    for (int i = 0; i < BUFFERS; i++) {
        fixture->before[i] = calloc(MOST, sizeof(float));
        fixture->after[i] = calloc(MOST, sizeof(float));
        if (fixture->before[i] == NULL || fixture->after[i] == NULL)
            return 1;
    }
    return fixture->expected == NULL || fixture->tolerance == NULL;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    staging_close(fixture->staging);
    for (int i = 0; i < BUFFERS; i++) {
        free(fixture->before[i]);
        free(fixture->after[i]);
    }
    free(fixture->expected);
    free(fixture->tolerance);
    free(fixture);
    return 0;
}

/* How far past 16-byte alignment the buffers lie: together, and each elsewhere. */
static const int offsets[][BUFFERS] = {{0, 0, 0, 0}, {3, 3, 3, 3}, {0, 1, 2, 0}};

enum { OFFSETS = sizeof offsets / sizeof offsets[0] };

static void finish(struct fixture *fixture, enum status status, const char *what) {
    if (status != STATUS_OK)
        fail_msg("%s: %s", what, fixture->staging->message.text);
    staging_finish(fixture->staging, what);
}

/* --- activation ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    activation_kernel *kernel;
} activation_rungs[] = {{"cuda-naive", activation_cuda_naive},
                        {"cuda-vectorised", activation_cuda_vectorised}};

enum { ACTIVATION_RUNGS = sizeof activation_rungs / sizeof activation_rungs[0] };

static void activation_check(struct fixture *fixture, const struct activation_problem *host,
                             const char *what) {
    oracle_activation(host, 0, 0, host->rows, fixture->expected, fixture->tolerance);
    check_all(what, fixture->expected, fixture->tolerance, fixture->after[0],
              host->rows * host->columns);
    if (host->dbias == NULL)
        return;
    oracle_activation(host, 1, 0, 1, fixture->expected, fixture->tolerance);
    check_all(what, fixture->expected, fixture->tolerance, fixture->after[1], host->columns);
}

static void activation_run(struct fixture *fixture, int rung, const struct activation_problem *host,
                           const int *offset, bool in_place) {
    struct staging *staging = fixture->staging;
    const int64_t count = host->rows * host->columns;
    struct activation_problem problem = *host;
    char what[160];
    snprintf(what, sizeof what, "activation %s function %d %s %lldx%lld%s offsets %d %d %d%s",
             activation_rungs[rung].name, (int)host->function,
             host->backward ? "backward" : "forward", (long long)host->rows,
             (long long)host->columns, host->bias ? " with bias" : "", offset[0], offset[1],
             offset[2], in_place ? " in place" : "");
    poison(fixture->after[0], count);
    poison(fixture->after[1], host->columns);
    if (in_place)
        memcpy(fixture->after[0], host->input, (size_t)count * sizeof(float));
    problem.output = staging_output(staging, fixture->after[0], count, offset[0]);
    problem.input =
        in_place ? problem.output : staging_input(staging, host->input, count, offset[1]);
    problem.dy = staging_input(staging, host->dy, count, offset[2]);
    problem.bias = staging_input(staging, host->bias, host->columns, offset[3]);
    if (host->dbias != NULL)
        problem.dbias = staging_output(staging, fixture->after[1], host->columns, offset[3]);
    finish(fixture, activation_rungs[rung].kernel(&problem, &staging->execution), what);
    activation_check(fixture, host, what);
}

/* sigmoid's and tanh's backward read y, which is in their range. */
static void activation_inputs(struct fixture *fixture, const struct activation_problem *host,
                              enum inputs kind) {
    const int64_t count = host->rows * host->columns;
    fill_inputs(kind, 1, fixture->before[0], count);
    fill_inputs(INPUTS_UNIFORM, 2, fixture->before[1], host->columns);
    /* relu selects; elsewhere an infinite dy meets slopes that underflow, and 0 times it is NaN. */
    fill_inputs(host->function == ACTIVATION_RELU ? kind : INPUTS_UNIFORM, 3, fixture->before[2],
                count);
    bool bounded = host->backward &&
                   (host->function == ACTIVATION_SIGMOID || host->function == ACTIVATION_TANH);
    for (int64_t i = 0; bounded && i < count; i++)
        if (fabsf(fixture->before[0][i]) > 1.0F)
            fixture->before[0][i] = copysignf(1.0F, fixture->before[0][i]);
}

static void activation_shape(struct fixture *fixture, const int64_t shape[2], enum inputs kind) {
    for (int function = 0; function < ACTIVATION_FUNCTIONS; function++) {
        for (int form = 0; form < 4; form++) {
            bool backward = form & 1, biased = form & 2;
            struct activation_problem host = {.function = (enum activation_function)function,
                                              .backward = backward,
                                              .rows = shape[0],
                                              .columns = shape[1],
                                              .input = fixture->before[0],
                                              .bias = biased ? fixture->before[1] : NULL,
                                              .dy = backward ? fixture->before[2] : NULL,
                                              .dbias =
                                                  biased && backward ? fixture->after[1] : NULL};
            activation_inputs(fixture, &host, kind);
            for (int rung = 0; rung < ACTIVATION_RUNGS; rung++) {
                const int *offset = offsets[(form + function) % OFFSETS];
                activation_run(fixture, rung, &host, offset, false);
                activation_run(fixture, rung, &host, offset, true);
            }
        }
    }
}

TEST_BETWEEN(activations_are_right_on_the_emulated_gpu, set_up, tear_down) {
    static const int64_t shapes[][2] = {{1, 1}, {5, 3}, {7, 31}, {4, 64}, {1, 1027}, {9, 130}};
    struct fixture *fixture = *state;
    if (fixture->staging == NULL)
        skip();
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        activation_shape(fixture, shapes[i], i % 2 ? INPUTS_UNIFORM : INPUTS_WIDE);
    activation_shape(fixture, (const int64_t[]){3, 333}, INPUTS_SPECIAL);
}

/* Enough that each thread of the resident blocks strides several times, with the column of the bias
 * going round. */
TEST_BETWEEN(long_strides_keep_the_column, set_up, tear_down) {
    struct fixture *fixture = *state;
    if (fixture->staging == NULL)
        skip();
    const int64_t rows = 401, columns = 7001;
    const size_t bytes = (size_t)(rows * columns) * sizeof(float);
    float *x = malloc(bytes), *y = malloc(bytes);
    double *expected = malloc(2 * bytes), *tolerance = malloc(2 * bytes);
    assert_true(x != NULL && y != NULL && expected != NULL && tolerance != NULL);
    fill_inputs(INPUTS_UNIFORM, 1, x, rows * columns);
    fill_inputs(INPUTS_UNIFORM, 2, fixture->before[1], columns);
    const struct activation_problem host = {.function = ACTIVATION_RELU,
                                            .rows = rows,
                                            .columns = columns,
                                            .input = x,
                                            .bias = fixture->before[1]};
    struct activation_problem problem = host;
    struct staging *staging = fixture->staging;
    problem.input = staging_input(staging, x, rows * columns, 0);
    problem.bias = staging_input(staging, host.bias, columns, 0);
    problem.output = staging_output(staging, y, rows * columns, 0);
    finish(fixture, activation_cuda_vectorised(&problem, &staging->execution), "long strides");
    oracle_activation(&host, 0, 0, rows, expected, tolerance);
    check_all("long strides", expected, tolerance, y, rows * columns);
    free(x);
    free(y);
    free(expected);
    free(tolerance);
}

/* --- optimizer ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    optimizer_kernel *kernel;
} optimizer_rungs[] = {{"cuda-naive", optimizer_cuda_naive},
                       {"cuda-vectorised", optimizer_cuda_vectorised}};

static void optimizer_run(struct fixture *fixture, size_t rung,
                          const struct optimizer_problem *host, const int *offset) {
    struct staging *staging = fixture->staging;
    const int outputs = (int)host->variant + 1; /* parameters, first moment, second moment */
    struct optimizer_problem problem = *host;
    float *staged[3] = {NULL, NULL, NULL};
    char what[160];
    snprintf(what, sizeof what, "optimizer %s variant %d count %lld step %lld offsets %d %d %d",
             optimizer_rungs[rung].name, (int)host->variant, (long long)host->count,
             (long long)host->step, offset[0], offset[1], offset[2]);
    for (int i = 0; i < outputs; i++) {
        memcpy(fixture->after[i], fixture->before[i], (size_t)host->count * sizeof(float));
        staged[i] = staging_output(staging, fixture->after[i], host->count, offset[i]);
    }
    problem.parameters = staged[0];
    problem.first_moment = staged[1];
    problem.second_moment = staged[2];
    problem.gradients = staging_input(staging, host->gradients, host->count, offset[3]);
    finish(fixture, optimizer_rungs[rung].kernel(&problem, &staging->execution), what);
    for (int i = 0; i < outputs; i++) {
        oracle_optimizer(host, i, 0, host->count, fixture->expected, fixture->tolerance);
        check_all(what, fixture->expected, fixture->tolerance, fixture->after[i], host->count);
    }
}

static void optimizer_count(struct fixture *fixture, int64_t count, int64_t step) {
    for (int i = 0; i < BUFFERS; i++)
        fill_inputs(INPUTS_UNIFORM, 10 + (uint64_t)i, fixture->before[i], count);
    for (int64_t i = 0; i < count; i++) /* the second moment is a mean of squares */
        fixture->before[2][i] = fabsf(fixture->before[2][i]);
    for (int variant = OPTIMIZER_SGD; variant <= OPTIMIZER_ADAM; variant++) {
        const struct optimizer_problem host = {
            .variant = (enum optimizer_variant)variant,
            .count = count,
            .parameters = fixture->before[0],
            .gradients = fixture->before[3],
            .first_moment = variant >= OPTIMIZER_SGD_MOMENTUM ? fixture->before[1] : NULL,
            .second_moment = variant == OPTIMIZER_ADAM ? fixture->before[2] : NULL,
            .learning_rate = 0.001F,
            .momentum = 0.9F,
            .beta1 = 0.9F,
            .beta2 = 0.999F,
            .epsilon = 1e-8F,
            .step = step};
        for (size_t rung = 0; rung < sizeof optimizer_rungs / sizeof optimizer_rungs[0]; rung++)
            for (int o = 0; o < OFFSETS; o++)
                optimizer_run(fixture, rung, &host, offsets[o]);
    }
}

TEST_BETWEEN(optimizers_are_right_on_the_emulated_gpu, set_up, tear_down) {
    struct fixture *fixture = *state;
    if (fixture->staging == NULL)
        skip();
    optimizer_count(fixture, 1, 1);
    optimizer_count(fixture, 259, 2);
    optimizer_count(fixture, 1026, 1000);
}

/* --- transfer and column_sums --------------------------------------------------------------- */

static const struct {
    const char *name;
    transfer_kernel *kernel;
} transfer_rungs[] = {{"cuda-naive", transfer_cuda_naive},
                      {"cuda-vectorised", transfer_cuda_vectorised}};

static void transfer_run(struct fixture *fixture, size_t rung, const struct transfer_problem *host,
                         const int *offset) {
    struct staging *staging = fixture->staging;
    struct transfer_problem problem = *host;
    char what[160];
    snprintf(what, sizeof what, "transfer %s variant %d count %lld offsets %d %d %d",
             transfer_rungs[rung].name, (int)host->variant, (long long)host->count, offset[0],
             offset[1], offset[2]);
    poison(fixture->after[0], host->count);
    problem.a = staging_input(staging, host->a, host->count, offset[0]);
    problem.b = staging_input(staging, host->b, host->count, offset[1]);
    problem.out = staging_output(staging, fixture->after[0], host->count, offset[2]);
    finish(fixture, transfer_rungs[rung].kernel(&problem, &staging->execution), what);
    oracle_transfer(host, 0, host->count, fixture->expected, fixture->tolerance);
    check_all(what, fixture->expected, fixture->tolerance, fixture->after[0], host->count);
}

TEST_BETWEEN(transfers_are_right_on_the_emulated_gpu, set_up, tear_down) {
    static const int64_t counts[] = {1, 3, 4, 255, 1029, 9999};
    struct fixture *fixture = *state;
    if (fixture->staging == NULL)
        skip();
    fill_inputs(INPUTS_SPECIAL, 1, fixture->before[0], MOST);
    fill_inputs(INPUTS_UNIFORM, 2, fixture->before[1], MOST);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (int variant = TRANSFER_COPY; variant <= TRANSFER_TRIAD; variant++) {
            const struct transfer_problem host = {
                .variant = (enum transfer_variant)variant,
                .count = counts[i],
                .a = fixture->before[0],
                .b = variant == TRANSFER_TRIAD ? fixture->before[1] : NULL,
                .scale = 3.0F};
            for (size_t rung = 0; rung < sizeof transfer_rungs / sizeof transfer_rungs[0]; rung++)
                for (int o = 0; o < OFFSETS; o++)
                    transfer_run(fixture, rung, &host, offsets[o]);
        }
    }
}

TEST_BETWEEN(column_sums_are_right_on_the_emulated_gpu, set_up, tear_down) {
    static const int64_t shapes[][2] = {{1, 1}, {1, 33}, {15, 32}, {16, 31}, {100, 10}, {301, 33}};
    column_sums_kernel *const rungs[] = {column_sums_cuda_naive, column_sums_cuda_tiled};
    struct fixture *fixture = *state;
    if (fixture->staging == NULL)
        skip();
    fill_inputs(INPUTS_UNIFORM, 1, fixture->before[0], MOST);
    fixture->before[0][0] = INFINITY;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        for (int rung = 0; rung < 2; rung++) {
            const struct column_sums_problem host = {shapes[i][0], shapes[i][1], fixture->before[0],
                                                     NULL};
            struct column_sums_problem problem = host;
            char what[160];
            snprintf(what, sizeof what, "column_sums rung %d %lldx%lld", rung + 1,
                     (long long)host.rows, (long long)host.columns);
            poison(fixture->after[0], host.columns);
            problem.x = staging_input(fixture->staging, host.x, host.rows * host.columns, 1);
            problem.sums = staging_output(fixture->staging, fixture->after[0], host.columns, 1);
            finish(fixture, rungs[rung](&problem, &fixture->staging->execution), what);
            oracle_column_sums(&host, fixture->expected, fixture->tolerance);
            check_all(what, fixture->expected, fixture->tolerance, fixture->after[0], host.columns);
        }
    }
}
