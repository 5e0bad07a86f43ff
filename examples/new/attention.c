/* Attention of your own, on the CPU. Compile it, and ask whether it is right:
 *
 *     cc -O3 -march=native -fPIC -shared $(pkg-config --cflags lockstep) mine.c -lm -o mine.so
 *     lockstep verify attention --add ./mine.so
 */
#include <float.h>
#include <lockstep/implementation.h>
#include <math.h>

/* Where a score raises the maximum, what was summed is scaled down to it. The maximum starts at the
 * least float, so that -infinity less it is no NaN. The query is scaled, not the score: a compiler
 * may fuse a product into the difference below, and a large score would differ from itself. Other
 * dtypes than f32 are 16 bits an element: `dtypes` below claims f32 alone. */
static void answer(const struct attention_problem *p, int64_t row) {
    const int64_t head = row - row % p->sequence;
    const int64_t met = p->variant == ATTENTION_CAUSAL ? row % p->sequence + 1 : p->sequence;
    const float *q = (const float *)p->q + row * p->q_stride;
    float *o = p->o + row * p->o_stride;
    for (int64_t c = 0; c < p->dimension; c++)
        o[c] = 0.0f;
    float maximum = -FLT_MAX, sum = 0.0f;
    for (int64_t key = 0; key < met; key++) {
        const float *k = (const float *)p->k + (head + key) * p->k_stride;
        const float *v = (const float *)p->v + (head + key) * p->v_stride;
        float score = 0.0f;
        for (int64_t l = 0; l < p->dimension; l++)
            score += p->scale * q[l] * k[l];
        const float before = maximum;
        maximum = fmaxf(maximum, score);
        const float factor = expf(before - maximum), weight = expf(score - maximum);
        sum = sum * factor + weight;
        for (int64_t c = 0; c < p->dimension; c++)
            o[c] = o[c] * factor + weight * v[c];
    }
    for (int64_t c = 0; c < p->dimension; c++)
        o[c] /= sum;
}

static enum status mine(const struct attention_problem *p, struct execution *execution) {
    (void)execution; /* its threads are set already, for OpenMP too */
    for (int64_t row = 0; row < p->batch * p->heads * p->sequence; row++)
        answer(p, row);
    return STATUS_OK;
}

static const struct lockstep_row rows[] = {{.operation = "attention",
                                            .name = "mine",
                                            .summary = "one query after the other",
                                            .one_thread = true,
                                            .run.attention = mine}};

const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);
