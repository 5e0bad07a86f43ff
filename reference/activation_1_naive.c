/* Activation functions and their derivatives as the papers write them, with the scalar math
 * library. Shows what vectorised code is compared to: one call of expf, tanhf or erff an element.
 */
#include "reference/naive.h"

#include <math.h>
#include <stddef.h>

static const float sqrt_2_over_pi = 0.797884561F;
static const float sqrt_1_over_2 = 0.707106781F;
static const float inverse_sqrt_2_pi = 0.398942280F;
static const float gelu_cubic = 0.044715F;

static float sigmoid(float z) {
    return 1 / (1 + expf(-z));
}

static float gelu_inner(float z) {
    return sqrt_2_over_pi * (z + gelu_cubic * z * z * z);
}

static float function_value(enum activation_function function, float z) {
    switch (function) {
    case ACTIVATION_RELU:
        return z < 0 ? 0 : z; /* NaN is not below 0 */
    case ACTIVATION_SIGMOID:
        return sigmoid(z);
    case ACTIVATION_TANH:
        return tanhf(z);
    case ACTIVATION_GELU_TANH:
        return 0.5F * z * (1 + tanhf(gelu_inner(z)));
    case ACTIVATION_GELU_ERF:
        return 0.5F * z * (1 + erff(z * sqrt_1_over_2));
    case ACTIVATION_SILU:
        return z * sigmoid(z);
    case ACTIVATION_IDENTITY:
    case ACTIVATION_FUNCTIONS:
        break;
    }
    return z;
}

/* Beyond |z| = 100 tanh's slope is exactly 0; z^2 is kept finite so that 0 * z^2 stays 0. */
static float gelu_tanh_slope(float z) {
    float tangent = tanhf(gelu_inner(z));
    float square = z * z < 1e4F ? z * z : 1e4F;
    float inner_slope = sqrt_2_over_pi * (1 + 3 * gelu_cubic * square);
    return 0.5F * (1 + tangent) + 0.5F * z * (1 - tangent * tangent) * inner_slope;
}

static float gelu_erf_slope(float z) {
    float density = inverse_sqrt_2_pi * expf(-0.5F * z * z);
    return 0.5F * (1 + erff(z * sqrt_1_over_2)) + z * density;
}

/* `kept` is y for identity, relu, sigmoid and tanh, else z. */
static float function_gradient(enum activation_function function, float kept, float dy) {
    switch (function) {
    case ACTIVATION_RELU:
        return kept > 0 ? dy : 0;
    case ACTIVATION_SIGMOID:
        return dy * (kept * (1 - kept));
    case ACTIVATION_TANH:
        return dy * (1 - kept * kept);
    case ACTIVATION_GELU_TANH:
        return dy * gelu_tanh_slope(kept);
    case ACTIVATION_GELU_ERF:
        return dy * gelu_erf_slope(kept);
    case ACTIVATION_SILU: {
        float s = sigmoid(kept);
        return dy * (s * (1 + kept * (1 - s)));
    }
    case ACTIVATION_IDENTITY:
    case ACTIVATION_FUNCTIONS:
        break;
    }
    return dy;
}

static void forward(const struct activation_problem *problem) {
    for (int64_t r = 0; r < problem->rows; r++)
        for (int64_t c = 0; c < problem->columns; c++) {
            int64_t i = r * problem->columns + c;
            float bias = problem->bias != NULL ? problem->bias[c] : 0;
            problem->output[i] = function_value(problem->function, problem->input[i] + bias);
        }
}

static void backward(const struct activation_problem *problem) {
    bool keeps_input = problem->function == ACTIVATION_GELU_TANH ||
                       problem->function == ACTIVATION_GELU_ERF ||
                       problem->function == ACTIVATION_SILU;
    if (problem->dbias != NULL)
        for (int64_t c = 0; c < problem->columns; c++)
            problem->dbias[c] = 0;
    for (int64_t r = 0; r < problem->rows; r++)
        for (int64_t c = 0; c < problem->columns; c++) {
            int64_t i = r * problem->columns + c;
            float bias = keeps_input && problem->bias != NULL ? problem->bias[c] : 0;
            float dx =
                function_gradient(problem->function, problem->input[i] + bias, problem->dy[i]);
            problem->output[i] = dx;
            if (problem->dbias != NULL)
                problem->dbias[c] += dx;
        }
}

enum status activation_naive(const struct activation_problem *problem,
                             struct execution *execution) {
    (void)execution;
    if (problem->backward)
        backward(problem);
    else
        forward(problem);
    return STATUS_OK;
}
