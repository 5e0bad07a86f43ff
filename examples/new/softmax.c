/* Softmax of your own, on the CPU. Compile it, and ask whether it is right:
 *
 *     cc -O3 -march=native -fPIC -shared $(pkg-config --cflags lockstep) mine.c -lm -o mine.so
 *     lockstep verify softmax --add ./mine.so
 */
#include <lockstep/implementation.h>
#include <math.h>

/* y = exp(x - max) / sum, or its logarithm. A NaN makes the sum NaN, and with it the row. */
static void forward(const float *x, float *y, int64_t columns, bool logarithm) {
    float max = -INFINITY, sum = 0.0f;
    for (int64_t c = 0; c < columns; c++)
        max = fmaxf(max, x[c]);
    for (int64_t c = 0; c < columns; c++)
        sum += expf(x[c] - max);
    for (int64_t c = 0; c < columns; c++)
        y[c] = logarithm ? x[c] - max - logf(sum) : expf(x[c] - max) / sum;
}

/* dx = y (dy - sum dy y), or dy - exp(y) sum dy of the logarithm; y is what forward gave. */
static void backward(const float *y, const float *dy, float *dx, int64_t columns, bool logarithm) {
    float sum = 0.0f;
    for (int64_t c = 0; c < columns; c++)
        sum += logarithm ? dy[c] : dy[c] * y[c];
    for (int64_t c = 0; c < columns; c++)
        dx[c] = logarithm ? dy[c] - expf(y[c]) * sum : y[c] * (dy[c] - sum);
}

static enum status mine(const struct softmax_problem *p, struct execution *execution) {
    (void)execution; /* its threads are set already, for OpenMP too */
    const bool logarithm = p->variant == SOFTMAX_LOG_FORWARD || p->variant == SOFTMAX_LOG_BACKWARD;
    for (int64_t first = 0; first < p->rows * p->columns; first += p->columns)
        if (p->dy)
            backward(p->input + first, p->dy + first, p->output + first, p->columns, logarithm);
        else
            forward(p->input + first, p->output + first, p->columns, logarithm);
    return STATUS_OK;
}

static const struct lockstep_row rows[] = {{.operation = "softmax",
                                            .name = "mine",
                                            .summary = "a pass each for maximum, sum and result",
                                            .one_thread = true,
                                            .run.softmax = mine}};

const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);
