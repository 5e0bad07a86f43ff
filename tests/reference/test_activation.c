/* Every activation implementation against its oracle: functions, directions, bias, shapes, special
 * values, threads, flush-to-zero, in place.
 */
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    struct activation_problem problem;
    activation_kernel *kernel;
    const char *kernel_name;
    double *expected, *tolerance, *expected_sums, *tolerance_sums;
    float *input, *bias, *dy, *output, *dbias;
};

enum { OUTPUT_OFFSET = 1 };

static const char *const names[ACTIVATION_FUNCTIONS] = {"identity",  "relu",     "sigmoid", "tanh",
                                                        "gelu-tanh", "gelu-erf", "silu"};

static void setup(struct fixture *fixture, enum inputs kind) {
    struct activation_problem *problem = &fixture->problem;
    int64_t count = problem->rows * problem->columns;
    fixture->input = guarded_new(count, 0);
    fixture->dy = guarded_new(count, 0);
    fixture->bias = guarded_new(problem->columns, 0);
    fixture->output = guarded_new(count, OUTPUT_OFFSET);
    fixture->dbias = guarded_new(problem->columns, 0);
    fixture->expected = calloc((size_t)count, sizeof(double));
    fixture->tolerance = calloc((size_t)count, sizeof(double));
    fixture->expected_sums = calloc((size_t)problem->columns, sizeof(double));
    fixture->tolerance_sums = calloc((size_t)problem->columns, sizeof(double));
    assert_true(fixture->expected && fixture->tolerance && fixture->expected_sums &&
                fixture->tolerance_sums);
    fill_inputs(kind, 1, fixture->input, count);
    fill_inputs(INPUTS_UNIFORM, 2, fixture->dy, count);
    fill_inputs(INPUTS_UNIFORM, 3, fixture->bias, problem->columns);
}

static void teardown(struct fixture *fixture) {
    guarded_free(fixture->input, 0);
    guarded_free(fixture->dy, 0);
    guarded_free(fixture->bias, 0);
    guarded_free(fixture->output, OUTPUT_OFFSET);
    guarded_free(fixture->dbias, 0);
    free(fixture->expected);
    free(fixture->tolerance);
    free(fixture->expected_sums);
    free(fixture->tolerance_sums);
}

/* sigmoid's and tanh's backward read y, which is in their range; the oracle's other inputs may be
 * anything. */
static void bound_outputs(const struct fixture *fixture) {
    const struct activation_problem *problem = &fixture->problem;
    if (!problem->backward ||
        (problem->function != ACTIVATION_SIGMOID && problem->function != ACTIVATION_TANH))
        return;
    for (int64_t i = 0; i < problem->rows * problem->columns; i++)
        if (fabsf(fixture->input[i]) > 1)
            fixture->input[i] = copysignf(1, fixture->input[i]);
}

static void run_once(struct execution *execution, const char *name, void *context) {
    struct fixture *fixture = context;
    const struct activation_problem *problem = &fixture->problem;
    int64_t count = problem->rows * problem->columns;
    char what[256];
    int written = snprintf(what, sizeof what, "%s %s %s %lldx%lld%s, %s", fixture->kernel_name,
                           names[problem->function], problem->backward ? "backward" : "forward",
                           (long long)problem->rows, (long long)problem->columns,
                           problem->bias ? " with bias" : "", name);
    assert_in_range(written, 1, sizeof what - 1);
    poison(fixture->output, count);
    poison(fixture->dbias, problem->columns);
    assert_int_equal(fixture->kernel(problem, execution), STATUS_OK);
    check_all(what, fixture->expected, fixture->tolerance, fixture->output, count);
    guarded_check(fixture->output, count, what);
    if (problem->dbias != NULL) {
        check_all(what, fixture->expected_sums, fixture->tolerance_sums, fixture->dbias,
                  problem->columns);
        guarded_check(fixture->dbias, problem->columns, what);
    }

    struct activation_problem in_place = *problem;
    memcpy(fixture->output, fixture->input, (size_t)count * sizeof(float));
    in_place.input = fixture->output;
    assert_int_equal(fixture->kernel(&in_place, execution), STATUS_OK);
    check_all(what, fixture->expected, fixture->tolerance, fixture->output, count);
    guarded_check(fixture->output, count, what);
}

static void run_kernels(struct fixture *fixture, enum inputs kind) {
    fixture->kernel = activation_naive;
    fixture->kernel_name = "naive";
    each_setting(2, run_once, fixture);
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best();
         set++) {
        fixture->kernel = simd_kernels_of(set)->activation_simd;
        fixture->kernel_name = instruction_set_name(set);
        each_setting(settings_count, run_once, fixture);
    }
    /* oneDNN 2.6 turns NaN into 0 in relu, and adds no bias. */
    if (onednn_version() != NULL && kind != INPUTS_SPECIAL && fixture->problem.bias == NULL &&
        onednn_flaw(fixture->problem.function, fixture->problem.backward) == NULL) {
        fixture->kernel = activation_onednn;
        fixture->kernel_name = "onednn";
        each_setting(settings_count, run_once, fixture);
    }
}

static void run_problem(enum activation_function function, bool backward, bool bias,
                        const int64_t shape[2], enum inputs kind) {
    struct fixture fixture = {
        .problem = {function, backward, shape[0], shape[1], NULL, NULL, NULL, NULL, NULL}};
    setup(&fixture, kind);
    bound_outputs(&fixture);
    fixture.problem.input = fixture.input;
    fixture.problem.bias = bias ? fixture.bias : NULL;
    fixture.problem.dy = backward ? fixture.dy : NULL;
    fixture.problem.output = fixture.output;
    fixture.problem.dbias = backward && bias ? fixture.dbias : NULL;
    oracle_activation(&fixture.problem, 0, 0, shape[0], fixture.expected, fixture.tolerance);
    if (fixture.problem.dbias != NULL)
        oracle_activation(&fixture.problem, 1, 0, 1, fixture.expected_sums, fixture.tolerance_sums);
    run_kernels(&fixture, kind);
    teardown(&fixture);
}

static void every_function(const int64_t shape[2], enum inputs kind) {
    for (int function = 0; function < ACTIVATION_FUNCTIONS; function++)
        for (int form = 0; form < 4; form++)
            run_problem((enum activation_function)function, form & 1, form & 2, shape, kind);
}

TEST(awkward_shapes) {
    static const int64_t shapes[][2] = {{1, 1},    {1, 17},  {5, 3},     {7, 31},   {64, 10},
                                        {13, 129}, {2, 600}, {1000, 33}, {1, 40001}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int kind = INPUTS_UNIFORM; kind <= INPUTS_WIDE; kind++)
            every_function(shapes[i], (enum inputs)kind);
}

/* Enough rows for each thread, and more columns than are summed at once. */
TEST(sums_by_rows) {
    static const int64_t shape[] = {193, 1030};
    run_problem(ACTIVATION_RELU, true, true, shape, INPUTS_UNIFORM);
    run_problem(ACTIVATION_SILU, true, true, shape, INPUTS_UNIFORM);
}

TEST(special_values) {
    static const int64_t shapes[][2] = {{1, 1009}, {37, 67}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        every_function(shapes[i], INPUTS_SPECIAL);
}
