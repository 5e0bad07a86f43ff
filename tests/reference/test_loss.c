/* Cross-entropy and mean squared error, every implementation against its oracle. */
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include "common/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Both losses have a loss a row and a gradient of the logits or of the prediction. */
struct fixture {
    bool mse;
    enum loss_variant variant;
    int64_t rows, columns;
    const struct simd_kernels *kernels; /* NULL: the naive ones */
    const char *kernels_name;
    float *x, *target, *loss, *gradient;
    int32_t *labels;
    double *expected[2], *tolerance[2];
};

static struct mse_problem mse_of(const struct fixture *fixture, const float *x) {
    return (struct mse_problem){
        .variant = fixture->variant,
        .rows = fixture->rows,
        .columns = fixture->columns,
        .prediction = x,
        .target = fixture->target,
        .loss = fixture->variant == LOSS_BACKWARD ? NULL : fixture->loss,
        .dprediction = fixture->variant == LOSS_FORWARD ? NULL : fixture->gradient,
    };
}

static struct cross_entropy_problem cross_entropy_of(const struct fixture *fixture,
                                                     const float *x) {
    return (struct cross_entropy_problem){
        .variant = fixture->variant,
        .rows = fixture->rows,
        .columns = fixture->columns,
        .logits = x,
        .labels = fixture->labels,
        .loss = fixture->variant == LOSS_BACKWARD ? NULL : fixture->loss,
        .dlogits = fixture->variant == LOSS_FORWARD ? NULL : fixture->gradient,
    };
}

static void run_kernel(const struct fixture *fixture, const float *x, struct execution *execution) {
    const struct simd_kernels *kernels = fixture->kernels;
    enum status status;
    if (fixture->mse) {
        struct mse_problem problem = mse_of(fixture, x);
        status = (kernels ? kernels->mse_simd : mse_naive)(&problem, execution);
    } else {
        struct cross_entropy_problem problem = cross_entropy_of(fixture, x);
        status = (kernels ? kernels->cross_entropy_simd : cross_entropy_naive)(&problem, execution);
    }
    assert_int_equal(status, STATUS_OK);
}

static void check(const struct fixture *fixture, const char *what) {
    int64_t count = fixture->rows * fixture->columns;
    if (fixture->variant != LOSS_BACKWARD)
        check_all(what, fixture->expected[0], fixture->tolerance[0], fixture->loss, fixture->rows);
    if (fixture->variant != LOSS_FORWARD)
        check_all(what, fixture->expected[1], fixture->tolerance[1], fixture->gradient, count);
    guarded_check(fixture->loss, fixture->rows, what);
    guarded_check(fixture->gradient, count, what);
}

static void run_once(struct execution *execution, const char *name, void *context) {
    struct fixture *fixture = context;
    int64_t count = fixture->rows * fixture->columns;
    for (int variant = LOSS_FORWARD; variant <= LOSS_FORWARD_BACKWARD; variant++) {
        fixture->variant = (enum loss_variant)variant;
        char what[256];
        int written =
            snprintf(what, sizeof what, "%s %s variant %d %lldx%lld, %s", fixture->kernels_name,
                     fixture->mse ? "mse" : "cross-entropy", variant, (long long)fixture->rows,
                     (long long)fixture->columns, name);
        assert_in_range(written, 1, sizeof what - 1);
        poison(fixture->loss, fixture->rows);
        poison(fixture->gradient, count);
        run_kernel(fixture, fixture->x, execution);
        check(fixture, what);
        memcpy(fixture->gradient, fixture->x, (size_t)count * sizeof(float));
        run_kernel(fixture, fixture->gradient, execution);
        check(fixture, what);
    }
}

static void evaluate_oracles(struct fixture *fixture) {
    for (int output = 0; output < 2; output++) {
        if (fixture->mse) {
            struct mse_problem problem = mse_of(fixture, fixture->x);
            oracle_mse(&problem, output, 0, fixture->rows, fixture->expected[output],
                       fixture->tolerance[output]);
        } else {
            struct cross_entropy_problem problem = cross_entropy_of(fixture, fixture->x);
            oracle_cross_entropy(&problem, output, 0, fixture->rows, fixture->expected[output],
                                 fixture->tolerance[output]);
        }
    }
}

static void place_special_rows(struct fixture *fixture) {
    for (int64_t r = 0; r < fixture->rows; r++) {
        float *row = fixture->x + r * fixture->columns;
        static const float special[] = {NAN, INFINITY, -INFINITY, 1e4F, 3e38F, -1e30F, 1e-42F};
        row[(r * 3) % fixture->columns] = special[(size_t)r % (sizeof special / sizeof *special)];
    }
}

static void run_problem(bool mse, int64_t rows, int64_t columns, enum inputs kind) {
    int64_t count = rows * columns;
    struct fixture fixture = {.kernels_name = "naive",
                              .mse = mse,
                              .rows = rows,
                              .columns = columns,
                              .x = guarded_new(count, 0),
                              .target = guarded_new(count, 0),
                              .loss = guarded_new(rows, 0),
                              .gradient = guarded_new(count, 1),
                              .labels = calloc((size_t)rows, sizeof(int32_t))};
    assert_non_null(fixture.labels);
    for (int output = 0; output < 2; output++) {
        fixture.expected[output] = calloc((size_t)count, sizeof(double));
        fixture.tolerance[output] = calloc((size_t)count, sizeof(double));
        assert_true(fixture.expected[output] && fixture.tolerance[output]);
    }
    fill_inputs(kind == INPUTS_SPECIAL ? INPUTS_UNIFORM : kind, 1, fixture.x, count);
    fill_inputs(INPUTS_UNIFORM, 2, fixture.target, count);
    if (kind == INPUTS_SPECIAL)
        place_special_rows(&fixture);
    for (int64_t r = 0; r < rows; r++)
        fixture.labels[r] = (int32_t)random_below(7, 7, (uint64_t)r, (uint32_t)columns);
    fixture.labels[rows - 1] = (int32_t)columns - 1;
    evaluate_oracles(&fixture);
    each_setting(2, run_once, &fixture);
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best();
         set++) {
        fixture.kernels = simd_kernels_of(set);
        fixture.kernels_name = instruction_set_name(set);
        each_setting(settings_count, run_once, &fixture);
    }
    guarded_free(fixture.x, 0);
    guarded_free(fixture.target, 0);
    guarded_free(fixture.loss, 0);
    guarded_free(fixture.gradient, 1);
    free(fixture.labels);
    for (int output = 0; output < 2; output++) {
        free(fixture.expected[output]);
        free(fixture.tolerance[output]);
    }
}

static void every_shape(bool mse) {
    static const int64_t shapes[][2] = {{1, 1},   {3, 1},    {100, 2},  {100, 10},
                                        {7, 17},  {49, 32},  {49, 33},  {33, 65},
                                        {5, 999}, {1500, 3}, {2, 66001}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int kind = 0; kind < INPUTS_KINDS; kind++)
            run_problem(mse, shapes[i][0], shapes[i][1], (enum inputs)kind);
}

TEST(cross_entropy) {
    every_shape(false);
}

TEST(mean_squared_error) {
    every_shape(true);
}
