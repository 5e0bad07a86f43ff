/* Every softmax implementation against its oracle: four variants, awkward rows, outliers,
 * infinities, in place. */
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

static const char *const names[] = {"forward", "backward", "log forward", "log backward"};

enum { OUTPUT_OFFSET = 3 };

/* What a row of inputs is made to be. */
enum rows { ROWS_UNIFORM, ROWS_WIDE, ROWS_OUTLIER, ROWS_SPECIAL, ROWS_ARBITRARY };

struct fixture {
    struct softmax_problem problem;
    softmax_kernel *kernel;
    const char *kernel_name;
    double *expected, *tolerance;
    float *input, *dy, *output;
};

static bool is_backward(enum softmax_variant variant) {
    return variant == SOFTMAX_BACKWARD || variant == SOFTMAX_LOG_BACKWARD;
}

/* Row r of a matrix of outliers has one: growing until it overflows any exponential that forgot the
 * maximum. */
static void place_outliers(float *input, int64_t rows, int64_t columns) {
    static const float outliers[] = {100.0F, 1e4F, 3e38F, -3e38F, -INFINITY};
    for (int64_t r = 0; r < rows; r++)
        input[r * columns + (r * 7) % columns] =
            outliers[(size_t)r % (sizeof outliers / sizeof *outliers)];
}

/* Whole rows of NaN, of -inf, a +inf, equal numbers, subnormals. */
static void place_special_rows(float *input, int64_t rows, int64_t columns) {
    for (int64_t r = 0; r < rows; r++) {
        float *row = input + r * columns;
        if (r % 6 == 0)
            row[columns - 1] = NAN;
        if (r % 6 == 1)
            row[columns / 2] = INFINITY;
        for (int64_t c = 0; c < columns; c++) {
            if (r % 6 == 2)
                row[c] = -INFINITY;
            if (r % 6 == 3)
                row[c] = 88.0F;
            if (r % 6 == 4)
                row[c] = 1e-40F;
        }
    }
}

static void fill(struct fixture *fixture, enum rows kind) {
    struct softmax_problem *problem = &fixture->problem;
    int64_t count = problem->rows * problem->columns;
    fill_inputs(kind == ROWS_WIDE ? INPUTS_WIDE : INPUTS_UNIFORM, 1, fixture->input, count);
    fill_inputs(INPUTS_UNIFORM, 2, fixture->dy, count);
    if (kind == ROWS_OUTLIER)
        place_outliers(fixture->input, problem->rows, problem->columns);
    if (kind == ROWS_SPECIAL)
        place_special_rows(fixture->input, problem->rows, problem->columns);
    for (int64_t i = 0; kind == ROWS_ARBITRARY && i < count; i++)
        fixture->input[i] *= 90; /* exp of it reaches from subnormal to infinite */
    if (!is_backward(problem->variant) || kind == ROWS_ARBITRARY)
        return;
    /* Backward reads what forward wrote. */
    struct message message;
    struct execution execution = {.threads = 1, .message = &message};
    struct softmax_problem forward = *problem;
    forward.variant = problem->variant == SOFTMAX_BACKWARD ? SOFTMAX_FORWARD : SOFTMAX_LOG_FORWARD;
    forward.output = fixture->input;
    assert_int_equal(softmax_naive(&forward, &execution), STATUS_OK);
}

static void run_once(struct execution *execution, const char *name, void *context) {
    struct fixture *fixture = context;
    const struct softmax_problem *problem = &fixture->problem;
    int64_t count = problem->rows * problem->columns;
    char what[256];
    int written = snprintf(what, sizeof what, "%s softmax %s %lldx%lld, %s", fixture->kernel_name,
                           names[problem->variant], (long long)problem->rows,
                           (long long)problem->columns, name);
    assert_in_range(written, 1, sizeof what - 1);
    poison(fixture->output, count);
    assert_int_equal(fixture->kernel(problem, execution), STATUS_OK);
    check_all(what, fixture->expected, fixture->tolerance, fixture->output, count);
    guarded_check(fixture->output, count, what);

    struct softmax_problem in_place = *problem;
    const float *source = is_backward(problem->variant) ? problem->dy : problem->input;
    memcpy(fixture->output, source, (size_t)count * sizeof(float));
    *(is_backward(problem->variant) ? &in_place.dy : &in_place.input) = fixture->output;
    assert_int_equal(fixture->kernel(&in_place, execution), STATUS_OK);
    check_all(what, fixture->expected, fixture->tolerance, fixture->output, count);
    guarded_check(fixture->output, count, what);
}

static void run_problem(enum softmax_variant variant, int64_t rows, int64_t columns,
                        enum rows kind) {
    int64_t count = rows * columns;
    struct fixture fixture = {.input = guarded_new(count, 0),
                              .dy = guarded_new(count, 0),
                              .output = guarded_new(count, OUTPUT_OFFSET),
                              .expected = calloc((size_t)count, sizeof(double)),
                              .tolerance = calloc((size_t)count, sizeof(double))};
    assert_true(fixture.expected && fixture.tolerance);
    fixture.problem =
        (struct softmax_problem){variant, rows, columns, fixture.input, NULL, fixture.output};
    fill(&fixture, kind);
    fixture.problem.dy = is_backward(variant) ? fixture.dy : NULL;
    oracle_softmax(&fixture.problem, 0, rows, fixture.expected, fixture.tolerance);
    fixture.kernel = softmax_naive;
    fixture.kernel_name = "naive";
    each_setting(2, run_once, &fixture);
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best();
         set++) {
        fixture.kernel = simd_kernels_of(set)->softmax_simd;
        fixture.kernel_name = instruction_set_name(set);
        each_setting(settings_count, run_once, &fixture);
    }
    /* oneDNN 2.6 loses NaN in a row, and does not take log-softmax forward (onednn.c says why). */
    if (onednn_version() != NULL && kind != ROWS_SPECIAL && variant != SOFTMAX_LOG_FORWARD) {
        fixture.kernel = softmax_onednn;
        fixture.kernel_name = "onednn";
        each_setting(settings_count, run_once, &fixture);
    }
    guarded_free(fixture.input, 0);
    guarded_free(fixture.dy, 0);
    guarded_free(fixture.output, OUTPUT_OFFSET);
    free(fixture.expected);
    free(fixture.tolerance);
}

static void every_variant(int64_t rows, int64_t columns, enum rows kind) {
    for (int variant = SOFTMAX_FORWARD; variant <= SOFTMAX_LOG_BACKWARD; variant++)
        run_problem((enum softmax_variant)variant, rows, columns, kind);
}

TEST(awkward_shapes) {
    static const int64_t shapes[][2] = {{1, 1},    {5, 1},   {1, 2},     {9, 10},   {7, 17},
                                        {4, 65},   {64, 10}, {3, 127},   {1001, 3}, {33, 1000},
                                        {5, 1025}, {1, 129}, {2, 50257}, {1, 70001}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        every_variant(shapes[i][0], shapes[i][1], ROWS_UNIFORM);
        every_variant(shapes[i][0], shapes[i][1], ROWS_WIDE);
    }
}

TEST(outliers) {
    every_variant(10, 23, ROWS_OUTLIER);
    every_variant(10, 1000, ROWS_OUTLIER);
}

TEST(special_rows) {
    every_variant(12, 5, ROWS_SPECIAL);
    every_variant(24, 333, ROWS_SPECIAL);
}

/* Backward on a y that no forward pass gave, as a check with random inputs does. */
TEST(any_output) {
    every_variant(9, 77, ROWS_ARBITRARY);
}

TEST(peer_refuses_with_a_reason) {
    float x = 0, y = 0;
    struct message message = {""};
    struct execution execution = {.threads = 1, .message = &message};
    struct softmax_problem problem = {SOFTMAX_LOG_FORWARD, 1, 1, &x, NULL, &y};
    assert_int_equal(softmax_onednn(&problem, &execution), STATUS_UNSUPPORTED);
    assert_non_null(strstr(message.text, "oneDNN"));
}

/* So loops lie alike among lines from one link to the next, and take the same time. */
TEST(functions_begin_with_a_line_of_cache) {
    enum { LINE = 64 };
    assert_int_equal((uintptr_t)softmax_naive % LINE, 0);
    assert_int_equal((uintptr_t)layernorm_naive % LINE, 0);
    assert_int_equal((uintptr_t)cross_entropy_naive % LINE, 0);
}
