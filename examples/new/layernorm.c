/* Layer normalisation of your own, on the CPU. Compile it, and ask whether it is right:
 *
 *     cc -O3 -march=native -fPIC -shared $(pkg-config --cflags lockstep) mine.c -lm -o mine.so
 *     lockstep verify layernorm --add ./mine.so
 */
#include <lockstep/implementation.h>
#include <math.h>

/* y = (x - mean) rstd gamma + beta. The rms variants have neither mean nor beta: NULL. */
static void forward(const struct layernorm_problem *p, int64_t row) {
    const float *x = p->x + row * p->columns;
    float mean = 0.0f, squares = 0.0f;
    for (int64_t c = 0; p->mean && c < p->columns; c++)
        mean += x[c] / (float)p->columns;
    for (int64_t c = 0; c < p->columns; c++)
        squares += (x[c] - mean) * (x[c] - mean);
    const float rstd = 1.0f / sqrtf(squares / (float)p->columns + p->epsilon);
    for (int64_t c = 0; c < p->columns; c++)
        p->output[row * p->columns + c] =
            (x[c] - mean) * rstd * p->gamma[c] + (p->beta ? p->beta[c] : 0.0f);
    if (p->mean)
        p->mean[row] = mean;
    p->rstd[row] = rstd;
}

/* dx = rstd (g - mean of g - h mean of g h), with h = (x - mean) rstd and g = dy gamma; dgamma and
 * dbeta are the sums of columns of dy h and of dy. */
static void backward(const struct layernorm_problem *p, int64_t row) {
    const float *x = p->x + row * p->columns, *dy = p->dy + row * p->columns;
    const float mean = p->mean ? p->mean[row] : 0.0f, rstd = p->rstd[row];
    float g_sum = 0.0f, gh_sum = 0.0f;
    for (int64_t c = 0; c < p->columns; c++) {
        g_sum += p->mean ? dy[c] * p->gamma[c] : 0.0f;
        gh_sum += dy[c] * p->gamma[c] * ((x[c] - mean) * rstd);
    }
    for (int64_t c = 0; c < p->columns; c++) {
        const float h = (x[c] - mean) * rstd;
        p->output[row * p->columns + c] = rstd * (dy[c] * p->gamma[c] - g_sum / (float)p->columns -
                                                  h * (gh_sum / (float)p->columns));
        p->dgamma[c] += dy[c] * h;
        if (p->dbeta)
            p->dbeta[c] += dy[c];
    }
}

static enum status mine(const struct layernorm_problem *p, struct execution *execution) {
    (void)execution; /* its threads are set already, for OpenMP too */
    for (int64_t c = 0; p->dy && c < p->columns; c++) {
        p->dgamma[c] = 0.0f;
        if (p->dbeta)
            p->dbeta[c] = 0.0f;
    }
    for (int64_t row = 0; row < p->rows; row++)
        if (p->dy)
            backward(p, row);
        else
            forward(p, row);
    return STATUS_OK;
}

static const struct lockstep_row rows[] = {{.operation = "layernorm",
                                            .name = "mine",
                                            .summary = "one row after the other",
                                            .one_thread = true,
                                            .run.layernorm = mine}};

const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);
