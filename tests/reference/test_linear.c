/* cpu-simd's layers, for each instruction set of this CPU: bit by bit what the product and then the
 * activation give, however the tiles fall, with a row of NaN. */
#include "reference/linear.h"
#include "reference/simd/simd.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <math.h>

/* Few rows, few columns, narrow tiles, whole tiles, more k than a block has. */
static const int64_t shapes[][3] = {
    {1, 1, 1},      {3, 40, 70},    {60, 5, 200},    {13, 17, 9},
    {100, 10, 128}, {29, 64, 1100}, {100, 128, 784}, {300, 33, 513},
};

static float *numbers_new(int64_t count, uint64_t stream) {
    float *numbers = guarded_new(count, 0);
    fill_inputs(INPUTS_UNIFORM, stream, numbers, count);
    return numbers;
}

static void check_layer(const struct simd_kernels *kernels, const char *name,
                        const struct linear_problem *problem, float *expected) {
    const int64_t count = problem->rows * problem->outputs;
    const struct linear_problem in_turn = {.rows = problem->rows,
                                           .outputs = problem->outputs,
                                           .inputs = problem->inputs,
                                           .x = problem->x,
                                           .weights = problem->weights,
                                           .bias = problem->bias,
                                           .relu = problem->relu,
                                           .y = expected};
    struct message message;
    for (int threads = 1; threads <= 3; threads++) {
        struct execution execution = {.threads = threads, .message = &message};
        poison(problem->y, count);
        assert_int_equal(
            linear_in_turn(&in_turn, kernels->gemm_simd, kernels->activation_simd, &execution),
            STATUS_OK);
        assert_int_equal(kernels->linear_simd(problem, &execution), STATUS_OK);
        for (int64_t i = 0; i < count; i++)
            if (isnan(expected[i]) ? !isnan(problem->y[i]) : problem->y[i] != expected[i])
                fail_msg("%s, %d threads, %lldx%lldx%lld, relu %d: y[%lld] is %a, in turn %a", name,
                         threads, (long long)problem->rows, (long long)problem->outputs,
                         (long long)problem->inputs, problem->relu, (long long)i,
                         (double)problem->y[i], (double)expected[i]);
        guarded_check(problem->y, count, name);
    }
}

TEST(a_layer_is_its_product_and_its_activation) {
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const int64_t rows = shapes[s][0], outputs = shapes[s][1], inputs = shapes[s][2];
        float *x = numbers_new(rows * inputs, 1), *weights = numbers_new(outputs * inputs, 2);
        float *bias = numbers_new(outputs, 3), *y = guarded_new(rows * outputs, 0);
        float *expected = guarded_new(rows * outputs, 0);
        x[rows / 2 * inputs] = NAN;
        for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best();
             set++)
            for (int relu = 0; relu < 2; relu++)
                check_layer(
                    simd_kernels_of(set), instruction_set_name(set),
                    &(struct linear_problem){rows, outputs, inputs, x, weights, bias, relu != 0, y},
                    expected);
        float *const buffers[] = {x, weights, bias, y, expected};
        for (size_t b = 0; b < sizeof buffers / sizeof buffers[0]; b++)
            guarded_free(buffers[b], 0);
    }
}
