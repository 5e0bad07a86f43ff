/* The updates of sgd and Adam as plain loops. Shows that a compiler's own vectorisation is nearly
 * enough where the work is memory traffic alone.
 */
#include "reference/naive.h"

#include <math.h>

static void adam(const struct optimizer_problem *problem) {
    double step = (double)problem->step;
    double correction1 = 1 - pow((double)problem->beta1, step);
    double correction2 = 1 - pow((double)problem->beta2, step);
    float rate = (float)((double)problem->learning_rate / correction1);
    float root_correction = (float)sqrt(correction2);
    float *m = problem->first_moment;
    float *v = problem->second_moment;
    for (int64_t i = 0; i < problem->count; i++) {
        float g = problem->gradients[i];
        m[i] = problem->beta1 * m[i] + (1 - problem->beta1) * g;
        v[i] = problem->beta2 * v[i] + (1 - problem->beta2) * g * g;
        problem->parameters[i] -=
            rate * (m[i] / (sqrtf(v[i]) / root_correction + problem->epsilon));
    }
}

enum status optimizer_naive(const struct optimizer_problem *problem, struct execution *execution) {
    (void)execution;
    switch (problem->variant) {
    case OPTIMIZER_SGD:
        for (int64_t i = 0; i < problem->count; i++)
            problem->parameters[i] -= problem->learning_rate * problem->gradients[i];
        break;
    case OPTIMIZER_SGD_MOMENTUM:
        for (int64_t i = 0; i < problem->count; i++) {
            float *m = &problem->first_moment[i];
            *m = problem->momentum * *m + problem->gradients[i];
            problem->parameters[i] -= problem->learning_rate * *m;
        }
        break;
    case OPTIMIZER_ADAM:
        adam(problem);
        break;
    }
    return STATUS_OK;
}
