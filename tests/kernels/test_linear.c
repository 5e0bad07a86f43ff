/* linear on the emulated GPU and on the CPU against the oracle: shapes for each tile and for a
 * split of k, with and without ReLU, operands that are aligned or not, special values. */
#include "kernels/kernels.h"
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "tests/support/staging.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

/* Rows, outputs, inputs; the last ones have few tiles and a long k. */
static const int64_t shapes[][3] = {{1, 1, 1},    {33, 65, 17},   {100, 10, 128},  {128, 128, 64},
                                    {7, 300, 12}, {257, 130, 20}, {100, 128, 784}, {5, 6, 3001}};

struct fixture {
    int64_t x_count, weights_count, y_count;
    float *x, *weights, *bias, *y;
    double *expected, *tolerance;
};

static float *inputs_new(enum inputs kind, uint64_t stream, int64_t count) {
    float *values = malloc((size_t)count * sizeof(float));
    assert_non_null(values);
    fill_inputs(kind, stream, values, count);
    return values;
}

static struct linear_problem fixture_open(struct fixture *f, const int64_t shape[3],
                                          enum inputs kind, bool relu) {
    f->x_count = shape[0] * shape[2];
    f->weights_count = shape[1] * shape[2];
    f->y_count = shape[0] * shape[1];
    f->x = inputs_new(kind, 1, f->x_count);
    f->weights = inputs_new(INPUTS_UNIFORM, 2, f->weights_count);
    f->bias = inputs_new(INPUTS_UNIFORM, 3, shape[1]);
    f->y = malloc((size_t)f->y_count * sizeof(float));
    f->expected = calloc((size_t)f->y_count, sizeof(double));
    f->tolerance = calloc((size_t)f->y_count, sizeof(double));
    assert_true(f->y != NULL && f->expected != NULL && f->tolerance != NULL);
    const struct linear_problem host = {.rows = shape[0],
                                        .outputs = shape[1],
                                        .inputs = shape[2],
                                        .x = f->x,
                                        .weights = f->weights,
                                        .bias = f->bias,
                                        .relu = relu,
                                        .y = f->y};
    oracle_linear(&host, 0, host.rows, f->expected, f->tolerance);
    return host;
}

static void fixture_close(struct fixture *f) {
    free(f->x);
    free(f->weights);
    free(f->bias);
    free(f->y);
    free(f->expected);
    free(f->tolerance);
}

static const struct {
    const char *name;
    linear_kernel *kernel;
} rungs[] = {{"linear cuda-unfused", linear_cuda_unfused}, {"linear cuda-best", linear_cuda_best}};

static void run_staged(struct staging *staging, size_t rung, const int64_t shape[3],
                       enum inputs kind, int offset) {
    for (int relu = 0; relu < 2; relu++) {
        struct fixture f;
        struct linear_problem problem = fixture_open(&f, shape, kind, relu == 1);
        char what[160];
        snprintf(what, sizeof what, "%s relu %d %lldx%lldx%lld offset %d", rungs[rung].name, relu,
                 (long long)shape[0], (long long)shape[1], (long long)shape[2], offset);
        poison(f.y, f.y_count);
        problem.x = staging_input(staging, f.x, f.x_count, offset);
        problem.weights = staging_input(staging, f.weights, f.weights_count, offset);
        problem.bias = staging_input(staging, f.bias, shape[1], 1);
        problem.y = staging_output(staging, f.y, f.y_count, offset);
        if (rungs[rung].kernel(&problem, &staging->execution) != STATUS_OK)
            fail_msg("%s: %s", what, staging->message.text);
        staging_finish(staging, what);
        check_all(what, f.expected, f.tolerance, f.y, f.y_count);
        fixture_close(&f);
    }
}

TEST(linear_is_right_on_the_emulated_gpu) {
    struct staging *staging = staging_open_emulated();
    if (staging == NULL) {
        skip();
        return;
    }
    for (size_t rung = 0; rung < sizeof rungs / sizeof rungs[0]; rung++) {
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
            run_staged(staging, rung, shapes[i], INPUTS_UNIFORM, i % 3 == 1);
        run_staged(staging, rung, (const int64_t[]){37, 36, 8}, INPUTS_SPECIAL, 0);
    }
    staging_close(staging);
}

TEST(linear_is_right_on_the_cpu) {
    linear_kernel *const kernels[] = {linear_naive, linear_openblas, linear_onednn};
    size_t count = sizeof kernels / sizeof kernels[0] - (onednn_absent() ? 1 : 0);
    struct message message;
    struct execution execution = {.threads = 1, .message = &message};
    for (size_t i = 0; i < 2 * sizeof shapes / sizeof shapes[0]; i++) {
        struct fixture f;
        struct linear_problem problem = fixture_open(&f, shapes[i / 2], INPUTS_UNIFORM, i % 2);
        for (size_t k = 0; k < count; k++) {
            poison(f.y, f.y_count);
            assert_int_equal(kernels[k](&problem, &execution), STATUS_OK);
            check_all("linear on the CPU", f.expected, f.tolerance, f.y, f.y_count);
        }
        fixture_close(&f);
    }
}
