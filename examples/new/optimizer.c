/* An update of parameters of your own, on the CPU. Compile it, and ask whether it is right:
 *
 *     cc -O3 -march=native -fPIC -shared $(pkg-config --cflags lockstep) mine.c -lm -o mine.so
 *     lockstep verify optimizer --add ./mine.so
 */
#include <lockstep/implementation.h>
#include <math.h>

static void adam(const struct optimizer_problem *p) {
    const double step = (double)p->step;
    const float rate = (float)((double)p->learning_rate / (1.0 - pow((double)p->beta1, step)));
    const float correction = (float)sqrt(1.0 - pow((double)p->beta2, step));
    for (int64_t i = 0; i < p->count; i++) {
        const float g = p->gradients[i];
        const float m = p->beta1 * p->first_moment[i] + (1.0f - p->beta1) * g;
        const float v = p->beta2 * p->second_moment[i] + (1.0f - p->beta2) * g * g;
        p->first_moment[i] = m;
        p->second_moment[i] = v;
        p->parameters[i] -= rate * (m / (sqrtf(v) / correction + p->epsilon));
    }
}

static enum status mine(const struct optimizer_problem *p, struct execution *execution) {
    (void)execution; /* its threads are set already, for OpenMP too */
    for (int64_t i = 0; p->variant != OPTIMIZER_ADAM && i < p->count; i++) {
        float change = p->gradients[i];
        if (p->variant == OPTIMIZER_SGD_MOMENTUM)
            change = p->first_moment[i] = p->momentum * p->first_moment[i] + change;
        p->parameters[i] -= p->learning_rate * change;
    }
    if (p->variant == OPTIMIZER_ADAM)
        adam(p);
    return STATUS_OK;
}

static const struct lockstep_row rows[] = {{.operation = "optimizer",
                                            .name = "mine",
                                            .summary = "one parameter after the other",
                                            .one_thread = true,
                                            .run.optimizer = mine}};

const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);
