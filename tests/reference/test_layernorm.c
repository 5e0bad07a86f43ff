/* Every layer normalisation on the CPU against its oracle, and the oracle against what is known:
 * the moments of its own output, and slopes by differences. */
#include "reference/libraries.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"
#include "tests/support/layernorm.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct attempt {
    struct layernorm_fixture fixture;
    layernorm_kernel *kernel;
    const char *name;
};

static void run_once(struct execution *execution, const char *setting, void *context) {
    struct attempt *attempt = context;
    char name[128];
    assert_in_range(snprintf(name, sizeof name, "%s, %s", attempt->name, setting), 1, 127);
    layernorm_poison(&attempt->fixture);
    assert_int_equal(attempt->kernel(&attempt->fixture.problem, execution), STATUS_OK);
    layernorm_check(&attempt->fixture, name);
}

static void run_problem(enum layernorm_variant variant, int64_t rows, int64_t columns,
                        enum layernorm_rows kind) {
    struct attempt attempt = {.kernel = layernorm_naive, .name = "naive"};
    layernorm_open(&attempt.fixture, variant, rows, columns, kind);
    each_setting(1, run_once, &attempt);
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best();
         set++) {
        attempt.kernel = simd_kernels_of(set)->layernorm_simd;
        attempt.name = instruction_set_name(set);
        each_setting(settings_count, run_once, &attempt);
    }
    if (!onednn_absent() && variant == LAYERNORM_FORWARD && kind != LAYERNORM_SPECIAL) {
        attempt.kernel = layernorm_onednn;
        attempt.name = "onednn";
        each_setting(settings_count, run_once, &attempt);
    }
    layernorm_close(&attempt.fixture);
}

TEST(every_implementation_is_right) {
    static const int64_t shapes[][2] = {{1, 1},    {5, 1},    {1, 2},    {16, 7},   {7, 16},
                                        {4, 65},   {64, 10},  {3, 127},  {1001, 3}, {33, 768},
                                        {5, 1025}, {2, 8192}, {1, 70001}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int variant = LAYERNORM_FORWARD; variant <= LAYERNORM_RMS_BACKWARD; variant++)
            for (int kind = 0; kind < LAYERNORM_ROWS_KINDS; kind++)
                run_problem((enum layernorm_variant)variant, shapes[i][0], shapes[i][1],
                            (enum layernorm_rows)kind);
}

/* --- the oracle ------------------------------------------------------------------------------- */

enum { ROWS = 3, COLUMNS = 5, COUNT = ROWS * COLUMNS };

static struct layernorm_problem problem_of(bool rms, const float *x, const float *gamma,
                                           const float *beta) {
    return (struct layernorm_problem){.variant = rms ? LAYERNORM_RMS_FORWARD : LAYERNORM_FORWARD,
                                      .rows = ROWS,
                                      .columns = COLUMNS,
                                      .epsilon = 1e-5F,
                                      .x = x,
                                      .gamma = gamma,
                                      .beta = rms ? NULL : beta};
}

TEST(outputs_have_mean_0_and_mean_square_1) {
    static const float ones[COLUMNS] = {1, 1, 1, 1, 1}, zeros[COLUMNS] = {0};
    float x[COUNT];
    double y[COUNT], tolerance[COUNT];
    fill_inputs(INPUTS_WIDE, 5, x, COUNT);
    for (int rms = 0; rms < 2; rms++) {
        struct layernorm_problem problem = problem_of(rms, x, ones, zeros);
        oracle_layernorm(&problem, LAYERNORM_OUTPUT, 0, ROWS, y, tolerance);
        for (int r = 0; r < ROWS; r++) {
            double sum = 0, squares = 0;
            for (int c = 0; c < COLUMNS; c++) {
                sum += y[r * COLUMNS + c];
                squares += y[r * COLUMNS + c] * y[r * COLUMNS + c];
            }
            if (!rms)
                check_near(sum, 0, 1e-13);
            check_near(squares / COLUMNS, 1, 1e-5); /* epsilon makes it a little less */
        }
    }
}

/* The sum over j of dy[j] * dy_j / d(what), where `what` is one number of x, gamma or beta. */
static double slope_at(bool rms, float *what, const struct layernorm_problem *forward,
                       const float *dy) {
    const float step = 0x1p-10F, before = *what;
    double above[COUNT], below[COUNT], tolerance[COUNT], slope = 0;
    struct layernorm_problem problem = problem_of(rms, forward->x, forward->gamma, forward->beta);
    *what = before + step;
    double up = (double)*what;
    oracle_layernorm(&problem, LAYERNORM_OUTPUT, 0, ROWS, above, tolerance);
    *what = before - step;
    oracle_layernorm(&problem, LAYERNORM_OUTPUT, 0, ROWS, below, tolerance);
    for (int j = 0; j < COUNT; j++)
        slope += (double)dy[j] * (above[j] - below[j]) / (up - (double)*what);
    *what = before;
    return slope;
}

TEST(gradients_are_slopes) {
    float x[COUNT], dy[COUNT], gamma[COLUMNS], beta[COLUMNS], mean[ROWS], rstd[ROWS];
    fill_inputs(INPUTS_UNIFORM, 6, x, COUNT);
    fill_inputs(INPUTS_UNIFORM, 7, dy, COUNT);
    fill_inputs(INPUTS_UNIFORM, 8, gamma, COLUMNS);
    fill_inputs(INPUTS_UNIFORM, 9, beta, COLUMNS);
    for (int rms = 0; rms < 2; rms++) {
        struct layernorm_problem problem = problem_of(rms, x, gamma, beta);
        double value[COUNT], tolerance[COUNT];
        oracle_layernorm(&problem, LAYERNORM_MEAN, 0, ROWS, value, tolerance);
        for (int r = 0; r < ROWS; r++)
            mean[r] = (float)value[r];
        oracle_layernorm(&problem, LAYERNORM_RSTD, 0, ROWS, value, tolerance);
        for (int r = 0; r < ROWS; r++)
            rstd[r] = (float)value[r];
        struct layernorm_problem backward = problem;
        backward.variant = rms ? LAYERNORM_RMS_BACKWARD : LAYERNORM_BACKWARD;
        backward.dy = dy;
        backward.mean = rms ? NULL : mean;
        backward.rstd = rstd;
        oracle_layernorm(&backward, LAYERNORM_OUTPUT, 0, ROWS, value, tolerance);
        for (int i = 0; i < COUNT; i++)
            check_near(value[i], slope_at(rms, &x[i], &problem, dy), 2e-5);
        oracle_layernorm(&backward, LAYERNORM_DGAMMA, 0, 1, value, tolerance);
        for (int c = 0; c < COLUMNS; c++)
            check_near(value[c], slope_at(rms, &gamma[c], &problem, dy), 2e-5);
        if (rms)
            continue;
        oracle_layernorm(&backward, LAYERNORM_DBETA, 0, 1, value, tolerance);
        for (int c = 0; c < COLUMNS; c++)
            check_near(value[c], slope_at(rms, &beta[c], &problem, dy), 2e-5);
    }
}
