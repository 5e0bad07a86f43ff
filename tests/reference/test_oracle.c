/* The oracles against what is known without them: published values, identities, finite differences
 * of the forward oracles, small cases by hand.
 */
#include "reference/oracle/oracle.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <float.h>
#include <math.h>
#include <string.h>

static double forward_at(enum activation_function function, float x) {
    double expected, tolerance;
    float output;
    struct activation_problem problem = {
        .function = function, .rows = 1, .columns = 1, .input = &x, .output = &output};
    oracle_activation(&problem, 0, 0, 1, &expected, &tolerance);
    return expected;
}

static double backward_at(enum activation_function function, float kept, float dy) {
    double expected, tolerance;
    float output;
    struct activation_problem problem = {.function = function,
                                         .backward = true,
                                         .rows = 1,
                                         .columns = 1,
                                         .input = &kept,
                                         .dy = &dy,
                                         .output = &output};
    oracle_activation(&problem, 0, 0, 1, &expected, &tolerance);
    return expected;
}

/* Digits from tables: tanh and erf from Abramowitz and Stegun 4.5 and 7.1, the rest from those by
 * hand. */
TEST(activation_known_values) {
    static const struct {
        enum activation_function function;
        float x;
        double y;
    } known[] = {
        {ACTIVATION_IDENTITY, -3.5F, -3.5},
        {ACTIVATION_RELU, -2.0F, 0},
        {ACTIVATION_RELU, 2.5F, 2.5},
        {ACTIVATION_SIGMOID, 0, 0.5},
        {ACTIVATION_SIGMOID, 1, 0.7310585786300049},
        {ACTIVATION_SIGMOID, -1, 0.2689414213699951},
        {ACTIVATION_TANH, 1, 0.7615941559557649},
        {ACTIVATION_TANH, -0.5F, -0.46211715726000976},
        {ACTIVATION_GELU_ERF, 1, 0.8413447460685429},        /* Phi(1) */
        {ACTIVATION_GELU_ERF, -2, -2 * 0.02275013194817921}, /* -2 Phi(-2) */
        {ACTIVATION_GELU_TANH, 1, 0.8411919906082768},
        {ACTIVATION_GELU_TANH, -1, -0.15880800939172324},
        {ACTIVATION_SILU, 1, 0.7310585786300049},
        {ACTIVATION_SILU, -1, -0.2689414213699951},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        check_near(forward_at(known[i].function, known[i].x), known[i].y, 1e-15);
    check_near(forward_at(ACTIVATION_SIGMOID, -100) / 3.720075976020836e-44, 1, 1e-12);
}

TEST(activation_special_values) {
    for (int function = 0; function < ACTIVATION_FUNCTIONS; function++) {
        assert_true(isnan(forward_at((enum activation_function)function, NAN)));
        if (function != ACTIVATION_RELU && function != ACTIVATION_IDENTITY)
            assert_true(isnan(backward_at((enum activation_function)function, NAN, 1)));
    }
    assert_true(forward_at(ACTIVATION_RELU, -INFINITY) == 0);
    assert_true(forward_at(ACTIVATION_SIGMOID, -INFINITY) == 0);
    assert_true(forward_at(ACTIVATION_SIGMOID, INFINITY) == 1);
    assert_true(forward_at(ACTIVATION_TANH, -INFINITY) == -1);
    static const enum activation_function products[] = {ACTIVATION_GELU_TANH, ACTIVATION_GELU_ERF,
                                                        ACTIVATION_SILU};
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        assert_true(isinf(forward_at(products[i], INFINITY)));
        assert_true(isnan(forward_at(products[i], -INFINITY)));
        assert_true(forward_at(products[i], -1e30F) == 0);
        assert_true(backward_at(products[i], 1e30F, 2) == 2);
        assert_true(backward_at(products[i], -1e30F, 2) == 0);
        assert_true(isnan(backward_at(products[i], INFINITY, 1)));
    }
    assert_true(backward_at(ACTIVATION_RELU, 0, NAN) == 0);
    assert_true(backward_at(ACTIVATION_RELU, NAN, 1) == 0);
}

/* (f(x+h) - f(x-h)) / 2h errs by h^2 f''' / 6. */
TEST(activation_finite_differences) {
    const float h = 0x1p-10F;
    for (int f = 0; f < ACTIVATION_FUNCTIONS; f++) {
        enum activation_function function = (enum activation_function)f;
        for (int step = 0; step < 193; step++) {
            const float x = -6.03125F + 0.0625F * (float)step;
            double slope =
                (forward_at(function, x + h) - forward_at(function, x - h)) / (2 * (double)h);
            bool keeps_input = function == ACTIVATION_GELU_TANH ||
                               function == ACTIVATION_GELU_ERF || function == ACTIVATION_SILU;
            float kept = keeps_input ? x : (float)forward_at(function, x);
            check_near(backward_at(function, kept, 3), 3 * slope, 3e-6);
        }
    }
}

TEST(activation_bias_and_its_gradient) {
    const float x[] = {1, -2, 3, -4, 5, -6};
    const float bias[] = {0.5F, 1, 2};
    const float dy[] = {1, 2, 3, 4, 5, 6};
    double expected[6], tolerance[6];
    struct activation_problem problem = {
        .function = ACTIVATION_RELU, .rows = 2, .columns = 3, .input = x, .bias = bias};
    oracle_activation(&problem, 0, 1, 1, expected, tolerance);
    assert_true(expected[0] == 0 && expected[1] == 6 && expected[2] == 0);
    problem.backward = true;
    problem.dy = dy;
    oracle_activation(&problem, 1, 0, 1, expected, tolerance);
    assert_true(expected[0] == 1 && expected[1] == 5 && expected[2] == 3);
}

enum { ROWS = 3, COLUMNS = 5, COUNT = ROWS * COLUMNS };

static void softmax_of(enum softmax_variant variant, const float *input, const float *dy,
                       double *expected) {
    double tolerance[COUNT];
    struct softmax_problem problem = {variant, ROWS, COLUMNS, input, dy, NULL};
    oracle_softmax(&problem, 0, ROWS, expected, tolerance);
}

TEST(softmax_identities) {
    float x[COUNT];
    double y[COUNT], log_y[COUNT];
    fill_inputs(INPUTS_WIDE, 5, x, COUNT);
    softmax_of(SOFTMAX_FORWARD, x, NULL, y);
    softmax_of(SOFTMAX_LOG_FORWARD, x, NULL, log_y);
    for (int r = 0; r < ROWS; r++) {
        double sum = 0;
        for (int c = 0; c < COLUMNS; c++)
            sum += y[r * COLUMNS + c];
        check_near(sum, 1, 1e-14);
    }
    for (int i = 0; i < COUNT; i++)
        check_near(exp(log_y[i]), y[i], 1e-14);
    const float known[COUNT] = {0, 0, 0, 0, 0, 1e4F, 0, 0, 0, 0, -INFINITY, 0, -INFINITY, 0};
    softmax_of(SOFTMAX_FORWARD, known, NULL, y);
    check_near(y[0], 0.2, 1e-15);
    assert_true(y[5] == 1 && y[6] == 0 && y[10] == 0);
    check_near(y[11], 1.0 / 3, 1e-15);
}

/* The sum over j of dy[j] * dy_j / dx_i by differences, for softmax and log-softmax. */
TEST(softmax_finite_differences) {
    const float h = 0x1p-10F;
    float x[COUNT], dy[COUNT], kept[COUNT];
    fill_inputs(INPUTS_UNIFORM, 6, x, COUNT);
    fill_inputs(INPUTS_UNIFORM, 7, dy, COUNT);
    for (int logarithm = 0; logarithm < 2; logarithm++) {
        enum softmax_variant forward = logarithm ? SOFTMAX_LOG_FORWARD : SOFTMAX_FORWARD;
        double y[COUNT], above[COUNT], below[COUNT], dx[COUNT];
        softmax_of(forward, x, NULL, y);
        for (int i = 0; i < COUNT; i++)
            kept[i] = (float)y[i];
        softmax_of(logarithm ? SOFTMAX_LOG_BACKWARD : SOFTMAX_BACKWARD, kept, dy, dx);
        for (int i = 0; i < COUNT; i++) {
            float moved[COUNT];
            memcpy(moved, x, sizeof moved);
            moved[i] = x[i] + h;
            softmax_of(forward, moved, NULL, above);
            double up = (double)moved[i];
            moved[i] = x[i] - h;
            softmax_of(forward, moved, NULL, below);
            double slope = 0;
            for (int j = 0; j < COUNT; j++)
                slope += (double)dy[j] * (above[j] - below[j]) / (up - (double)moved[i]);
            check_near(dx[i], slope, 2e-6);
        }
    }
}

static const int32_t labels[ROWS] = {0, 4, 2};

/* output 0: the mean loss; output 1: its gradient. */
static double cross_entropy_of(const float *x, double *gradient) {
    double loss[ROWS], tolerance[COUNT];
    struct cross_entropy_problem problem = {.variant = LOSS_FORWARD_BACKWARD,
                                            .rows = ROWS,
                                            .columns = COLUMNS,
                                            .logits = x,
                                            .labels = labels};
    oracle_cross_entropy(&problem, 0, 0, ROWS, loss, tolerance);
    if (gradient != NULL)
        oracle_cross_entropy(&problem, 1, 0, ROWS, gradient, tolerance);
    return (loss[0] + loss[1] + loss[2]) / ROWS;
}

static const float targets[COUNT] = {0.5F, -1, 2, 0, 1, 1, 1, -0.25F};

static double mse_of(const float *x, double *gradient) {
    double loss[ROWS], tolerance[COUNT];
    struct mse_problem problem = {.variant = LOSS_FORWARD_BACKWARD,
                                  .rows = ROWS,
                                  .columns = COLUMNS,
                                  .prediction = x,
                                  .target = targets};
    oracle_mse(&problem, 0, 0, ROWS, loss, tolerance);
    if (gradient != NULL)
        oracle_mse(&problem, 1, 0, ROWS, gradient, tolerance);
    return (loss[0] + loss[1] + loss[2]) / ROWS;
}

TEST(loss_known_values) {
    const float equal[COUNT] = {0};
    check_near(cross_entropy_of(equal, NULL), log(5), 1e-14);
    double squares = 0;
    for (int i = 0; i < COUNT; i++)
        squares += (double)targets[i] * (double)targets[i];
    check_near(mse_of(equal, NULL), squares / COUNT, 1e-15);
}

TEST(loss_finite_differences) {
    double (*const losses[])(const float *, double *) = {cross_entropy_of, mse_of};
    const float h = 0x1p-10F;
    float x[COUNT];
    fill_inputs(INPUTS_UNIFORM, 8, x, COUNT);
    for (size_t k = 0; k < sizeof losses / sizeof *losses; k++) {
        double gradient[COUNT];
        losses[k](x, gradient);
        for (int i = 0; i < COUNT; i++) {
            float moved[COUNT];
            memcpy(moved, x, sizeof moved);
            moved[i] = x[i] + h;
            double up = (double)moved[i], above = losses[k](moved, NULL);
            moved[i] = x[i] - h;
            double slope = (above - losses[k](moved, NULL)) / (up - (double)moved[i]);
            check_near(gradient[i], slope, 1e-6);
        }
    }
}

/* [1 2; 3 4] [5 6; 7 8] = [19 22; 43 50], from each way of storing it. */
TEST(gemm_by_hand) {
    const float a[] = {1, 2, 3, 4}, a_transposed[] = {1, 3, 2, 4};
    const float b[] = {5, 6, 7, 8}, b_transposed[] = {5, 7, 6, 8};
    const float before[] = {1, 0, 0, 2};
    for (int variant = GEMM_NN; variant <= GEMM_TN; variant++) {
        struct gemm_problem problem = {.variant = (enum gemm_variant)variant,
                                       .m = 2,
                                       .n = 2,
                                       .k = 2,
                                       .alpha = 2,
                                       .beta = -1,
                                       .a = variant == GEMM_TN ? a_transposed : a,
                                       .b = variant == GEMM_NT ? b_transposed : b,
                                       .lda = 2,
                                       .ldb = 2,
                                       .ldc = 2};
        double expected[4], tolerance[4];
        oracle_gemm(&problem, before, 0, 2, expected, tolerance);
        assert_true(expected[0] == 37 && expected[1] == 44 && expected[2] == 86 &&
                    expected[3] == 98);
        for (int i = 0; i < 4; i++) /* gamma_4 of |2| |A||B| + |C| */
            check_near(tolerance[i], 4 * 0x1p-24 * (expected[i] + 2 * (double)before[i]), 1e-11);
    }
}

/* 1 x 1 products in the 16-bit formats: 1.5 * -2, and the smallest subnormal of binary16. */
TEST(gemm_reads_16_bits) {
    static const struct {
        enum dtype dtype;
        uint16_t a, b;
        double product;
    } known[] = {
        {DTYPE_BF16, 0x3FC0, 0xC000, -3},      {DTYPE_F16, 0x3E00, 0xC000, -3},
        {DTYPE_F16, 0x0001, 0x3C00, 0x1p-24},  {DTYPE_F16, 0x7BFF, 0x3C00, 65504},
        {DTYPE_F16, 0x7C00, 0x3C00, INFINITY}, {DTYPE_BF16, 0xFF80, 0x3F80, -INFINITY},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct gemm_problem problem = {.dtype = known[i].dtype,
                                       .m = 1,
                                       .n = 1,
                                       .k = 1,
                                       .alpha = 1,
                                       .a = &known[i].a,
                                       .b = &known[i].b,
                                       .lda = 1,
                                       .ldb = 1,
                                       .ldc = 1};
        double expected, tolerance;
        oracle_gemm(&problem, NULL, 0, 1, &expected, &tolerance);
        assert_true(expected == known[i].product);
    }
}

/* At the first step both corrections undo the averages: Adam moves by rate * g / (|g| + epsilon).
 */
TEST(adam_first_step) {
    float p = 1, g = -0.25F, m = 0, v = 0;
    struct optimizer_problem problem = {.variant = OPTIMIZER_ADAM,
                                        .count = 1,
                                        .parameters = &p,
                                        .gradients = &g,
                                        .first_moment = &m,
                                        .second_moment = &v,
                                        .learning_rate = 0.125F,
                                        .beta1 = 0.5F,
                                        .beta2 = 0.75F,
                                        .epsilon = 0.25F,
                                        .step = 1};
    double expected, tolerance;
    oracle_optimizer(&problem, 0, 0, 1, &expected, &tolerance);
    check_near(expected, 1 + 0.125 * 0.25 / 0.5, 1e-15);
    oracle_optimizer(&problem, 1, 0, 1, &expected, &tolerance);
    assert_true(expected == -0.125);
    oracle_optimizer(&problem, 2, 0, 1, &expected, &tolerance);
    assert_true(expected == 0.015625);
}

TEST(sgd_by_hand) {
    float p = 1, g = 2, m = 4;
    struct optimizer_problem problem = {.variant = OPTIMIZER_SGD,
                                        .count = 1,
                                        .parameters = &p,
                                        .gradients = &g,
                                        .first_moment = &m,
                                        .learning_rate = 0.25F,
                                        .momentum = 0.5F};
    double expected, tolerance;
    oracle_optimizer(&problem, 0, 0, 1, &expected, &tolerance);
    assert_true(expected == 0.5);
    problem.variant = OPTIMIZER_SGD_MOMENTUM;
    oracle_optimizer(&problem, 1, 0, 1, &expected, &tolerance);
    assert_true(expected == 4);
    oracle_optimizer(&problem, 0, 0, 1, &expected, &tolerance);
    assert_true(expected == 0);
}

TEST(overflow_is_infinity) {
    const float a = FLT_MAX, b = FLT_MAX;
    struct transfer_problem problem = {TRANSFER_TRIAD, 1, &a, &b, 1, NULL};
    double expected, tolerance;
    oracle_transfer(&problem, 0, 1, &expected, &tolerance);
    assert_true(isinf(expected) && expected > 0 && tolerance == 0);
}
