/* Float64 steps with bounds, one after the other; see tests/support/bounded_training.h. */
#include "tests/support/bounded_training.h"

#include "reference/oracle/bounded_functions.h"
#include "reference/oracle/bounds.h"
#include "reference/oracle/mlp.h"

#include <math.h>
#include <stdlib.h>

/* A buffer in the parameter layout. */
struct numbers {
    double *values;
    float *errors;
};

struct bounded_training {
    struct mlp_model model;
    int64_t count, steps;
    struct numbers parameters, first, second;
    double *gradients, *gradient_errors;
    double loss, loss_error;
};

/* --- the update ------------------------------------------------------------------------------- */

static struct bounded number_at(const struct numbers *numbers, int64_t i) {
    return (struct bounded){numbers->values[i], (double)numbers->errors[i]};
}

static void number_store(struct numbers *numbers, int64_t i, struct bounded number) {
    numbers->values[i] = number.value;
    numbers->errors[i] = bounded_error(number.error);
}

static double magnitude(struct bounded number) {
    return fabs(number.value) + number.error;
}

/* share * a + other * b with at most `roundings` on any of both; a coefficient that float32 rounds
 * counts as one. */
static struct bounded mix(double share, struct bounded a, double other, struct bounded b,
                          int roundings) {
    return (struct bounded){share * a.value + other * b.value,
                            share * a.error + other * b.error +
                                gamma_bound(roundings, UNIT_F32) *
                                    (share * magnitude(a) + other * magnitude(b)) +
                                4.0 * FLUSH};
}

static struct bounded square(struct bounded g) {
    return (struct bounded){g.value * g.value, (2.0 * fabs(g.value) + g.error) * g.error};
}

/* The largest |m| / sqrt(v) that gradients can make: m is a sum of (1 - beta1) beta1^j g and v one
 * of (1 - beta2) beta2^j g^2, so by Cauchy and Schwarz the quotient is at most
 * (1 - beta1) / sqrt(1 - beta2) * sqrt(sum_j (beta1^2 / beta2)^j). */
static double largest_quotient(const struct mlp_model *model, int64_t steps) {
    double beta1 = (double)model->beta1, beta2 = (double)model->beta2, sum = 0.0, term = 1.0;
    for (int64_t j = 0; j < steps; j++, term *= beta1 * beta1 / beta2)
        sum += term;
    return (1.0 - beta1) * sqrt(sum / (1.0 - beta2));
}

/* rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon); seven roundings in the
 * denominator and six around it, as oracle_optimizer counts them. */
static struct bounded adam_update(const struct mlp_model *model, int64_t step, struct bounded m,
                                  struct bounded v) {
    double rate = (double)model->learning_rate / (1.0 - pow((double)model->beta1, (double)step));
    double correction = sqrt(1.0 - pow((double)model->beta2, (double)step));
    double epsilon = (double)model->epsilon;
    double middle = sqrt(v.value) / correction + epsilon;
    double least = sqrt(fmax(v.value - v.error, 0.0)) / correction + epsilon;
    least *= 1.0 - gamma_bound(7, UNIT_F32);
    double value = rate * m.value / middle;
    double error = rate * (magnitude(m) / least - fabs(m.value) / middle);
    error = fmax(error, rate * m.error / least);
    error += gamma_bound(13, UNIT_F32) * (fabs(value) + error) + 2.0 * FLUSH * (1.0 + rate / least);
    double most = rate * correction * largest_quotient(model, step) * (1.0 + 64.0 * UNIT_F32);
    return (struct bounded){value, fmin(error, fabs(value) + most)};
}

/* What is taken from parameter i, with its moments updated. */
static struct bounded update_of(struct bounded_training *training, int64_t i) {
    const struct mlp_model *model = &training->model;
    struct bounded g = {training->gradients[i], training->gradient_errors[i]};
    double rate = (double)model->learning_rate;
    if (model->optimizer == OPTIMIZER_ADAM) {
        double beta1 = (double)model->beta1, beta2 = (double)model->beta2;
        struct bounded m = mix(beta1, number_at(&training->first, i), 1.0 - beta1, g, 4);
        struct bounded v = mix(beta2, number_at(&training->second, i), 1.0 - beta2, square(g), 5);
        number_store(&training->first, i, m);
        number_store(&training->second, i, v);
        return adam_update(model, training->steps, m, v);
    }
    if (model->optimizer == OPTIMIZER_SGD_MOMENTUM) {
        g = mix((double)model->momentum, number_at(&training->first, i), 1.0, g, 2);
        number_store(&training->first, i, g);
    }
    return (struct bounded){rate * g.value,
                            rate * g.error + UNIT_F32 * rate * magnitude(g) + 2.0 * FLUSH};
}

static void parameters_update(struct bounded_training *training) {
    for (int64_t i = 0; i < training->count; i++) {
        struct bounded update = update_of(training, i);
        struct bounded p = number_at(&training->parameters, i);
        p.value -= update.value;
        p.error += update.error;
        p.error += UNIT_F32 * magnitude(p) + 2.0 * FLUSH;
        number_store(&training->parameters, i, p);
    }
}

/* --- a step ----------------------------------------------------------------------------------- */

enum status bounded_training_step(struct bounded_training *training, const float *x,
                                  const int32_t *labels, const float *target,
                                  struct message *message) {
    const int64_t batch = training->model.batch;
    const struct oracle_mlp_input input = {.model = &training->model,
                                           .parameter_values = training->parameters.values,
                                           .parameter_errors = training->parameters.errors,
                                           .x = x,
                                           .labels = labels,
                                           .target = target};
    struct oracle_mlp *oracle = NULL;
    enum status status = oracle_mlp_train_step(&input, &oracle, message);
    if (status == STATUS_OK)
        status = oracle_mlp_gradients(oracle, 0, training->count, training->gradients,
                                      training->gradient_errors, message);
    training->loss = training->loss_error = 0.0;
    for (int64_t i = 0; i < batch && status == STATUS_OK; i++) {
        double expected, tolerance;
        oracle_mlp_loss(oracle, i, 1, &expected, &tolerance);
        training->loss += expected / (double)batch;
        training->loss_error += tolerance / (double)batch;
    }
    oracle_mlp_close(oracle);
    if (status != STATUS_OK)
        return status;
    training->steps++;
    parameters_update(training);
    return STATUS_OK;
}

/* --- opening, asking, closing ----------------------------------------------------------------- */

static bool numbers_open(struct numbers *numbers, int64_t count) {
    numbers->values = calloc((size_t)count, sizeof *numbers->values);
    numbers->errors = calloc((size_t)count, sizeof *numbers->errors);
    return numbers->values && numbers->errors;
}

static void numbers_close(struct numbers *numbers) {
    free(numbers->values);
    free(numbers->errors);
}

enum status bounded_training_open(const struct mlp_model *model, const float *parameters,
                                  struct bounded_training **training, struct message *message) {
    struct bounded_training *opened = calloc(1, sizeof *opened);
    *training = opened;
    bool complete = opened != NULL;
    if (complete) {
        opened->model = *model;
        opened->count = mlp_parameter_count(model);
        const size_t count = (size_t)opened->count;
        opened->gradients = calloc(count, sizeof *opened->gradients);
        opened->gradient_errors = calloc(count, sizeof *opened->gradient_errors);
        complete = opened->gradients && opened->gradient_errors &&
                   numbers_open(&opened->parameters, opened->count) &&
                   numbers_open(&opened->first, opened->count) &&
                   numbers_open(&opened->second, opened->count);
    }
    if (!complete) {
        bounded_training_close(opened);
        *training = NULL;
        return message_set(message, STATUS_NO_MEMORY, "no memory to follow a training in float64");
    }
    for (int64_t i = 0; i < opened->count; i++)
        opened->parameters.values[i] = (double)parameters[i];
    return STATUS_OK;
}

void bounded_training_close(struct bounded_training *training) {
    if (!training)
        return;
    numbers_close(&training->parameters);
    numbers_close(&training->first);
    numbers_close(&training->second);
    free(training->gradients);
    free(training->gradient_errors);
    free(training);
}

void bounded_training_loss(const struct bounded_training *training, double *expected,
                           double *tolerance) {
    *expected = training->loss;
    *tolerance = training->loss_error;
}

void bounded_training_parameters(const struct bounded_training *training, int64_t first,
                                 int64_t count, double *expected, double *tolerance) {
    for (int64_t i = 0; i < count; i++) {
        expected[i] = training->parameters.values[first + i];
        tolerance[i] = (double)training->parameters.errors[first + i];
    }
}
