/* The mean squared error of your own, on the CPU. Compile it, and ask whether it is right:
 *
 *     cc -O3 -march=native -fPIC -shared $(pkg-config --cflags lockstep) mine.c -lm -o mine.so
 *     lockstep verify mse --add ./mine.so
 */
#include <lockstep/implementation.h>

/* loss = sum (y - t)^2 / columns, dy = 2 (y - t) / (rows columns). The forward variant has no
 * dprediction, the backward variant no loss: what is NULL is not written. */
static enum status mine(const struct mse_problem *p, struct execution *execution) {
    (void)execution; /* its threads are set already, for OpenMP too */
    const float scale = 2.0f / ((float)p->rows * (float)p->columns);
    for (int64_t row = 0; row < p->rows; row++) {
        float sum = 0.0f;
        for (int64_t i = row * p->columns; i < (row + 1) * p->columns; i++) {
            const float difference = p->prediction[i] - p->target[i];
            sum += difference * difference;
            if (p->dprediction)
                p->dprediction[i] = scale * difference;
        }
        if (p->loss)
            p->loss[row] = sum / (float)p->columns;
    }
    return STATUS_OK;
}

static const struct lockstep_row rows[] = {{.operation = "mse",
                                            .name = "mine",
                                            .summary = "one row after the other",
                                            .one_thread = true,
                                            .run.mse = mine}};

const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);
