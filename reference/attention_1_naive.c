/* Attention, a query at a time: a dot product for each key, softmax over them, and the mean of V
 * that these probabilities weigh. Shows the row of scores that fused code never writes as a whole.
 */
#include "reference/naive.h"
#include "reference/naive_rows.h"

#include "common/narrow.h"

#include <stdlib.h>

/* Where a query's row is, and how many keys it meets. */
struct query {
    int64_t row, head_row, met;
};

static struct query query_of(const struct attention_problem *problem, int64_t row) {
    int64_t place = row % problem->sequence;
    int64_t met = problem->variant == ATTENTION_CAUSAL ? place + 1 : problem->sequence;
    return (struct query){row, row - place, met};
}

/* Inlined once a dtype, so that the innermost loops ask nothing. */
static inline __attribute__((always_inline)) void
query_answer(const struct attention_problem *problem, enum dtype dtype, struct query query,
             float *scores) {
    const int64_t dimension = problem->dimension;
    float *o = problem->o + query.row * problem->o_stride;
    float maximum = -INFINITY;
    for (int64_t k = 0; k < query.met; k++) {
        float sum = 0;
        for (int64_t l = 0; l < dimension; l++)
            sum += dtype_element(problem->q, dtype, query.row * problem->q_stride + l) *
                   dtype_element(problem->k, dtype, (query.head_row + k) * problem->k_stride + l);
        scores[k] = problem->scale * sum;
        if (scores[k] > maximum)
            maximum = scores[k];
    }
    float sum = exponential_sum(scores, query.met, maximum);
    for (int64_t c = 0; c < dimension; c++)
        o[c] = 0;
    for (int64_t k = 0; k < query.met; k++) {
        float probability = expf(scores[k] - maximum) / sum;
        for (int64_t c = 0; c < dimension; c++)
            o[c] += probability *
                    dtype_element(problem->v, dtype, (query.head_row + k) * problem->v_stride + c);
    }
}

enum status attention_naive(const struct attention_problem *problem, struct execution *execution) {
    float *scores = malloc((size_t)problem->sequence * sizeof *scores);
    if (scores == NULL)
        return message_set(execution->message, STATUS_NO_MEMORY,
                           "cannot allocate a row of %lld scores; free some memory",
                           (long long)problem->sequence);
    for (int64_t row = 0; row < problem->batch * problem->heads * problem->sequence; row++) {
        if (problem->dtype == DTYPE_BF16)
            query_answer(problem, DTYPE_BF16, query_of(problem, row), scores);
        else
            query_answer(problem, DTYPE_F32, query_of(problem, row), scores);
    }
    free(scores);
    return STATUS_OK;
}
