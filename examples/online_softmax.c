/* A row of the CPU in a shared library: softmax that finds maximum and sum in one pass.
 *
 *     cc -O3 -fPIC -shared $(pkg-config --cflags lockstep) online_softmax.c -lm -o online_softmax.so
 *     lockstep verify softmax --add ./online_softmax.so
 *     lockstep run softmax --shape 4096x1000 --add ./online_softmax.so
 */
#include <lockstep/implementation.h>
#include <math.h>

static const struct lockstep_calls *calls;

/* The sum so far is taken to each new maximum (Milakov and Gimelshein, "Online normalizer
 * calculation for softmax", arXiv:1805.02867). */
static void row_forward(const float *x, int64_t columns, float *y) {
    float maximum = x[0], sum = 1.0f;
    for (int64_t c = 1; c < columns; c++) {
        if (x[c] > maximum) {
            sum *= expf(maximum - x[c]);
            maximum = x[c];
        }
        sum += expf(x[c] - maximum);
    }
    for (int64_t c = 0; c < columns; c++)
        y[c] = expf(x[c] - maximum) / sum;
}

static enum status online_softmax(const struct softmax_problem *problem,
                                  struct execution *execution) {
    if (problem->variant != SOFTMAX_FORWARD)
        return calls->refuse(execution, STATUS_UNSUPPORTED, "online_softmax computes forward only");
    for (int64_t r = 0; r < problem->rows; r++)
        row_forward(problem->input + r * problem->columns, problem->columns,
                    problem->output + r * problem->columns);
    return STATUS_OK;
}

static const struct lockstep_row rows[] = {{.operation = "softmax",
                                            .name = "online-softmax",
                                            .summary = "maximum and sum in one pass",
                                            .one_thread = true,
                                            .run.softmax = online_softmax}};

const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY_CALLING(rows, &calls);
