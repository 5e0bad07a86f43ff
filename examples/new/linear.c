/* A dense layer of your own, on the CPU. Compile it, and ask whether it is right:
 *
 *     cc -O3 -march=native -fPIC -shared $(pkg-config --cflags lockstep) mine.c -lm -o mine.so
 *     lockstep verify linear --add ./mine.so
 */
#include <lockstep/implementation.h>

/* y = f(x W^T + bias). ReLU keeps a NaN. */
static enum status mine(const struct linear_problem *p, struct execution *execution) {
    (void)execution; /* its threads are set already, for OpenMP too */
    for (int64_t row = 0; row < p->rows; row++)
        for (int64_t output = 0; output < p->outputs; output++) {
            float sum = 0.0f;
            for (int64_t i = 0; i < p->inputs; i++)
                sum += p->x[row * p->inputs + i] * p->weights[output * p->inputs + i];
            sum += p->bias[output];
            p->y[row * p->outputs + output] = p->relu && sum < 0.0f ? 0.0f : sum;
        }
    return STATUS_OK;
}

static const struct lockstep_row rows[] = {{.operation = "linear",
                                            .name = "mine",
                                            .summary = "one output after the other",
                                            .one_thread = true,
                                            .run.linear = mine}};

const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);
