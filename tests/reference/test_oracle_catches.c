/* The oracles' tolerances catch what is broken on purpose: for each operation a right result
 * passes, and each of a list of faults fails, down to a single element.
 */
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

enum { ROWS = 40, COLUMNS = 70, COUNT = ROWS * COLUMNS };

struct result {
    double expected[COUNT], tolerance[COUNT];
    float actual[COUNT];
    int64_t count;
};

static bool passes(const struct result *result) {
    return first_wrong(result->expected, result->tolerance, result->actual, result->count) < 0;
}

/* Faults that any result can have, each in turn on a right one: an element a little off (`relative`
 * of its value), a NaN, an infinity, the last row or column never written, neighbours exchanged. */
static void catches_common_faults(const struct result *right, float relative) {
    assert_true(passes(right));
    const int64_t at = right->count / 3;
    for (int fault = 0; fault < 6; fault++) {
        struct result broken = *right;
        switch (fault) {
        case 0:
            broken.actual[at] *= 1 + relative;
            break;
        case 1:
            broken.actual[at] = NAN;
            break;
        case 2:
            broken.actual[at] = INFINITY;
            break;
        case 3:
            poison(&broken.actual[broken.count - COLUMNS], COLUMNS);
            break;
        case 4:
            broken.actual[broken.count - 1] = 0;
            break;
        case 5:
            broken.actual[at] = right->actual[at + 1];
            broken.actual[at + 1] = right->actual[at];
            break;
        }
        if (passes(&broken))
            fail_msg("fault %d passes", fault);
    }
}

struct inputs_of {
    float x[COUNT], other[COUNT], bias[COLUMNS];
};

static void fill(struct inputs_of *inputs, uint64_t stream) {
    fill_inputs(INPUTS_UNIFORM, stream, inputs->x, COUNT);
    fill_inputs(INPUTS_UNIFORM, stream + 1, inputs->other, COUNT);
    fill_inputs(INPUTS_UNIFORM, stream + 2, inputs->bias, COLUMNS);
    for (int i = 0; i < COUNT; i++)
        inputs->x[i] *= 3;
}

static struct execution execution_with(struct message *message) {
    return (struct execution){.threads = 1, .message = message};
}

static void run_activation(const struct activation_problem *problem, struct result *result) {
    struct message message;
    struct execution execution = execution_with(&message);
    struct activation_problem mutable = *problem;
    mutable.output = result->actual;
    assert_int_equal(activation_naive(&mutable, &execution), STATUS_OK);
}

TEST(activations) {
    for (int f = ACTIVATION_SIGMOID; f < ACTIVATION_FUNCTIONS; f++)
        for (int backward = 0; backward < 2; backward++) {
            struct inputs_of inputs;
            struct result right = {.count = COUNT}, wrong;
            fill(&inputs, 1);
            struct activation_problem problem = {.function = (enum activation_function)f,
                                                 .backward = backward == 1,
                                                 .rows = ROWS,
                                                 .columns = COLUMNS,
                                                 .input = inputs.x,
                                                 .bias = inputs.bias,
                                                 .dy = backward == 1 ? inputs.other : NULL};
            oracle_activation(&problem, 0, 0, ROWS, right.expected, right.tolerance);
            run_activation(&problem, &right);
            catches_common_faults(&right, 1e-4F);
            wrong = right;
            problem.function = (enum activation_function)(f - 1);
            run_activation(&problem, &wrong);
            assert_false(passes(&wrong));
            problem.function = (enum activation_function)f;
            if (backward == 0) {
                problem.bias = NULL;
                run_activation(&problem, &wrong);
                assert_false(passes(&wrong));
            }
        }
}

/* 0.0447 for 0.044715, 0.798 for sqrt(2/pi), 0.71 for 1/sqrt(2): three digits are too few. */
TEST(gelu_constants) {
    struct inputs_of inputs;
    struct result result = {.count = COUNT};
    fill(&inputs, 4);
    struct activation_problem problem = {
        .function = ACTIVATION_GELU_TANH, .rows = ROWS, .columns = COLUMNS, .input = inputs.x};
    oracle_activation(&problem, 0, 0, ROWS, result.expected, result.tolerance);
    static const double constants[][2] = {
        {0.7978845608, 0.044715}, {0.7978845608, 0.0447}, {0.798, 0.044715}};
    for (size_t k = 0; k < sizeof constants / sizeof *constants; k++) {
        for (int i = 0; i < COUNT; i++) {
            double x = (double)inputs.x[i];
            double t = constants[k][0] * (x + constants[k][1] * x * x * x);
            result.actual[i] = (float)(0.5 * x * (1 + tanh(t)));
        }
        assert_int_equal(passes(&result), k == 0);
    }
    problem.function = ACTIVATION_GELU_ERF;
    oracle_activation(&problem, 0, 0, ROWS, result.expected, result.tolerance);
    static const double roots[] = {0.70710678, 0.707};
    for (size_t k = 0; k < sizeof roots / sizeof *roots; k++) {
        for (int i = 0; i < COUNT; i++) {
            double x = (double)inputs.x[i];
            result.actual[i] = (float)(0.5 * x * (1 + erf(x * roots[k])));
        }
        assert_int_equal(passes(&result), k == 0);
    }
}

static void run_softmax(const struct softmax_problem *problem, struct result *result) {
    struct message message;
    struct execution execution = execution_with(&message);
    struct softmax_problem mutable = *problem;
    mutable.output = result->actual;
    assert_int_equal(softmax_naive(&mutable, &execution), STATUS_OK);
}

TEST(softmaxes) {
    for (int variant = SOFTMAX_FORWARD; variant <= SOFTMAX_LOG_BACKWARD; variant++) {
        struct inputs_of inputs;
        struct result result = {.count = COUNT};
        fill(&inputs, 7);
        struct softmax_problem problem = {
            (enum softmax_variant)variant, ROWS, COLUMNS, inputs.x, inputs.other, NULL};
        oracle_softmax(&problem, 0, ROWS, result.expected, result.tolerance);
        run_softmax(&problem, &result);
        catches_common_faults(&result, 1e-3F);
    }
}

/* The sum without its last column; no maximum taken off, with an outlier. */
TEST(softmax_sum_faults) {
    struct inputs_of inputs;
    struct result result = {.count = COUNT};
    fill(&inputs, 8);
    inputs.x[COLUMNS / 2] = 200;
    struct softmax_problem problem = {SOFTMAX_FORWARD, ROWS, COLUMNS, inputs.x, NULL, NULL};
    oracle_softmax(&problem, 0, ROWS, result.expected, result.tolerance);
    for (int fault = 0; fault < 3; fault++) {
        for (int r = 0; r < ROWS; r++) {
            float sum = 0, shift = fault == 2 || r > 0 ? 0 : 200;
            for (int c = 0; c < COLUMNS - (fault == 1); c++)
                sum += expf(inputs.x[r * COLUMNS + c] - shift);
            for (int c = 0; c < COLUMNS; c++)
                result.actual[r * COLUMNS + c] = expf(inputs.x[r * COLUMNS + c] - shift) / sum;
        }
        assert_int_equal(passes(&result), fault == 0);
    }
}

static void fill_labels(int32_t *labels, int32_t shift) {
    for (int r = 0; r < ROWS; r++)
        labels[r] = (r * 11 + shift) % COLUMNS;
}

static void run_cross_entropy(const struct cross_entropy_problem *problem, float *loss,
                              float *gradient) {
    struct message message;
    struct execution execution = execution_with(&message);
    struct cross_entropy_problem mutable = *problem;
    mutable.loss = loss;
    mutable.dlogits = gradient;
    assert_int_equal(cross_entropy_naive(&mutable, &execution), STATUS_OK);
}

TEST(cross_entropies) {
    struct inputs_of inputs;
    struct result loss = {.count = ROWS}, gradient = {.count = COUNT};
    int32_t labels[ROWS];
    fill(&inputs, 10);
    fill_labels(labels, 0);
    struct cross_entropy_problem problem = {.variant = LOSS_FORWARD_BACKWARD,
                                            .rows = ROWS,
                                            .columns = COLUMNS,
                                            .logits = inputs.x,
                                            .labels = labels};
    oracle_cross_entropy(&problem, 0, 0, ROWS, loss.expected, loss.tolerance);
    oracle_cross_entropy(&problem, 1, 0, ROWS, gradient.expected, gradient.tolerance);
    run_cross_entropy(&problem, loss.actual, gradient.actual);
    assert_true(passes(&loss));
    catches_common_faults(&gradient, 1e-3F);
    struct result undivided = gradient;
    for (int i = 0; i < COUNT; i++)
        undivided.actual[i] *= ROWS;
    assert_false(passes(&undivided));
    loss.actual[ROWS - 1] *= 1 + 1e-4F;
    assert_false(passes(&loss));
    fill_labels(labels, 1);
    run_cross_entropy(&problem, loss.actual, gradient.actual);
    assert_false(passes(&loss));
    assert_false(passes(&gradient));
}

TEST(mean_squared_errors) {
    struct inputs_of inputs;
    struct result result = {.count = COUNT};
    fill(&inputs, 13);
    struct message message;
    struct execution execution = execution_with(&message);
    struct mse_problem problem = {.variant = LOSS_BACKWARD,
                                  .rows = ROWS,
                                  .columns = COLUMNS,
                                  .prediction = inputs.x,
                                  .target = inputs.other,
                                  .dprediction = result.actual};
    oracle_mse(&problem, 1, 0, ROWS, result.expected, result.tolerance);
    assert_int_equal(mse_naive(&problem, &execution), STATUS_OK);
    catches_common_faults(&result, 1e-5F);
    problem.rows = ROWS - 1;
    assert_int_equal(mse_naive(&problem, &execution), STATUS_OK);
    assert_false(passes(&result));
}

TEST(gemms) {
    enum { K = 50 };
    struct inputs_of inputs;
    struct result result = {.count = COUNT};
    fill(&inputs, 16);
    struct message message;
    struct execution execution = execution_with(&message);
    float b[K * COLUMNS];
    fill_inputs(INPUTS_UNIFORM, 19, b, sizeof b / sizeof *b);
    struct gemm_problem problem = {.m = ROWS,
                                   .n = COLUMNS,
                                   .k = K,
                                   .alpha = 1.5F,
                                   .beta = 0.5F,
                                   .a = inputs.x,
                                   .b = b,
                                   .c = result.actual,
                                   .lda = K,
                                   .ldb = COLUMNS,
                                   .ldc = COLUMNS};
    oracle_gemm(&problem, inputs.other, 0, ROWS, result.expected, result.tolerance);
    const struct gemm_problem right = problem;
    for (int fault = 0; fault < 5; fault++) {
        problem = right;
        problem.k -= fault == 1;
        problem.alpha = fault == 2 ? 1 : right.alpha;
        problem.beta = fault == 3 ? 0 : right.beta;
        problem.ldb -= fault == 4;
        memcpy(result.actual, inputs.other, sizeof inputs.other);
        assert_int_equal(gemm_naive(&problem, &execution), STATUS_OK);
        assert_int_equal(passes(&result), fault == 0);
        if (fault == 0)
            catches_common_faults(&result, 1e-2F);
    }
}

TEST(adams) {
    struct inputs_of inputs;
    struct result result = {.count = COUNT};
    static float p[COUNT], m[COUNT], v[COUNT];
    fill(&inputs, 20);
    for (int i = 0; i < COUNT; i++)
        inputs.other[i] *= 1e-4F; /* gradients of training, where epsilon counts */
    struct message message;
    struct execution execution = execution_with(&message);
    struct optimizer_problem problem = {.variant = OPTIMIZER_ADAM,
                                        .count = COUNT,
                                        .parameters = inputs.x,
                                        .gradients = inputs.other,
                                        .first_moment = m,
                                        .second_moment = v,
                                        .learning_rate = 0.001F,
                                        .beta1 = 0.9F,
                                        .beta2 = 0.999F,
                                        .epsilon = 1e-8F,
                                        .step = 3};
    oracle_optimizer(&problem, 0, 0, COUNT, result.expected, result.tolerance);
    const struct optimizer_problem right = problem;
    for (int fault = 0; fault < 6; fault++) {
        problem = right;
        problem.step = fault == 1 ? 2 : fault == 2 ? 1000000 : right.step; /* no correction */
        problem.epsilon = fault == 3 ? 1e-6F : right.epsilon;
        problem.beta2 = fault == 4 ? 0.99F : right.beta2;
        problem.learning_rate = fault == 5 ? 0.00101F : right.learning_rate;
        memset(m, 0, sizeof m);
        memset(v, 0, sizeof v);
        memcpy(p, inputs.x, sizeof p);
        problem.parameters = p;
        assert_int_equal(optimizer_naive(&problem, &execution), STATUS_OK);
        memcpy(result.actual, p, sizeof p);
        assert_int_equal(passes(&result), fault == 0);
        if (fault == 0)
            catches_common_faults(&result, 1e-5F);
    }
}

TEST(sums_of_columns) {
    struct inputs_of inputs;
    struct result result = {.count = COLUMNS};
    fill(&inputs, 23);
    struct message message;
    struct execution execution = execution_with(&message);
    struct column_sums_problem problem = {ROWS, COLUMNS, inputs.x, result.actual};
    oracle_column_sums(&problem, result.expected, result.tolerance);
    assert_int_equal(column_sums_naive(&problem, &execution), STATUS_OK);
    assert_true(passes(&result));
    problem.rows--;
    assert_int_equal(column_sums_naive(&problem, &execution), STATUS_OK);
    assert_false(passes(&result));
}
