/* The float64 oracle of attention.
 *
 * The float32 evaluation that is allowed for: dot products in any order, the scale on Q, on K or on
 * the score, also for powers of 2 (one product with log2 e more); the maximum of the row or a
 * running one, where each new maximum multiplies the sums so far by one more exponential (Milakov
 * and Gimelshein, arXiv:1805.02867; Dao et al., "FlashAttention", arXiv:2205.14135); the division
 * last, or of each probability; probabilities rounded to the dtype of V.
 *
 * A computed score is within `error` of the score, and each factor of its exponential that is off
 * counts as a score that is off by its logarithm. So a computed weight lies between
 *
 *     exp(s - e) / sum exp(s + e)   and   min(1, exp(s + e) / sum exp(s - e))
 *
 * This holds for errors of any size: two scores of 1e30 may trade places, yet O is a mean of V.
 *
 * A row with a score of NaN or +infinity is NaN throughout, and so is one of -infinity alone; a
 * score of -infinity among finite ones is a probability of 0. A NaN in V makes its column NaN,
 * since 0 NaN is NaN. An infinity in V whose probability may count as 0, and what is not finite in
 * V of a key that the query does not meet, make any value.
 */
#include "reference/oracle/bounds.h"
#include "reference/oracle/oracle.h"

#include "common/narrow.h"

#include <stdlib.h>

/* A key as a query sees it: the scaled score before softmax, the weight after it. */
struct key {
    double value, error;
};

/* Row `row` of O, and how many keys it meets. */
struct query {
    const struct attention_problem *problem;
    int64_t row, head_row; /* head_row: the first row of its head */
    int64_t met;
};

static struct query query_of(const struct attention_problem *problem, int64_t row) {
    int64_t place = row % problem->sequence;
    int64_t met = problem->variant == ATTENTION_CAUSAL ? place + 1 : problem->sequence;
    return (struct query){problem, row, row - place, met};
}

/* Tensor cores truncate sums where a float32 addition rounds, see the oracle of gemm. */
static double unit_of(enum dtype dtype) {
    return dtype == DTYPE_F32 ? UNIT_F32 : 2 * UNIT_F32;
}

/* d products and d - 1 additions; the scale and its own rounding; log2 e and its own. Where a
 * factor is subnormal the whole product may be lost. Inlined once a dtype. A sum beyond the range
 * of float32 has an infinite error. */
static inline __attribute__((always_inline)) struct key key_score(const struct query *query,
                                                                  enum dtype dtype, int64_t key) {
    const struct attention_problem *p = query->problem;
    const double relative = gamma_bound((double)p->dimension + 4, unit_of(dtype));
    const int64_t q_at = query->row * p->q_stride, k_at = (query->head_row + key) * p->k_stride;
    double sum = 0, magnitude = 0, lost = 0, operands = 0;
    for (int64_t l = 0; l < p->dimension; l++) {
        double left = (double)dtype_element(p->q, dtype, q_at + l);
        double right = (double)dtype_element(p->k, dtype, k_at + l);
        double product = left * right;
        sum += product;
        magnitude += fabs(product);
        operands += fabs(left) + fabs(right);
        lost += is_subnormal_or_zero(left) || is_subnormal_or_zero(right) ? fabs(product) : 0;
    }
    if (!isfinite(operands))
        return (struct key){sum, 0};
    const double scale = (double)p->scale;
    const double flushed = FLUSH * (operands + (2 + scale) * (double)p->dimension + 2);
    const double error = scale * (relative * magnitude + lost) + flushed;
    /* Half: log2 e makes it larger. */
    return (struct key){scale * sum, magnitude < OVERFLOW_F32 / 2 ? error : (double)INFINITY};
}

static void keys_score(const struct query *query, struct key *keys) {
    if (query->problem->dtype == DTYPE_BF16)
        for (int64_t k = 0; k < query->met; k++)
            keys[k] = key_score(query, DTYPE_BF16, k);
    else
        for (int64_t k = 0; k < query->met; k++)
            keys[k] = key_score(query, DTYPE_F32, k);
}

/* How often a running maximum is raised, from left to right or from right to left, whichever is
 * more, and by a tree that merges parts. */
static double rescalings(const struct key *keys, int64_t count) {
    double raised[2] = {0, 0};
    for (int side = 0; side < 2; side++) {
        double maximum = -(double)INFINITY;
        for (int64_t i = 0; i < count; i++) {
            double score = keys[side == 0 ? i : count - 1 - i].value;
            raised[side] += score > maximum;
            maximum = fmax(maximum, score);
        }
    }
    return count > 1 ? fmax(raised[0], raised[1]) + ceil(log2((double)count)) : 0;
}

/* Adds what softmax makes of each score to its error: the rounded difference from a maximum that is
 * off as well, the exponential of it, and the exponentials and products of rescaling, whose
 * arguments add up to the difference. Factors of 1 + x with |x| < 0.01 lie between exp(-1.01 x) and
 * exp(1.01 x). */
static void keys_add_softmax(struct key *keys, int64_t count, double maximum,
                             double maximum_error) {
    const double steps = rescalings(keys, count) * (FUNCTION_ERROR + UNIT_F32);
    for (int64_t k = 0; k < count; k++) {
        if (!isfinite(keys[k].value))
            continue;
        double difference = fabs(keys[k].value - maximum) + keys[k].error + maximum_error;
        keys[k].error += 1.01 * (exp_error(difference) + difference * UNIT_F32 + steps);
    }
}

/* What a row of O is. */
enum row_kind { ROW_NUMBERS, ROW_NAN, ROW_ANY };

/* The largest score, and the largest error of one. */
static enum row_kind keys_maximum(const struct key *keys, int64_t count, double *maximum,
                                  double *maximum_error) {
    enum row_kind kind = ROW_NUMBERS;
    *maximum = -(double)INFINITY;
    *maximum_error = 0;
    for (int64_t k = 0; k < count; k++) {
        if (!(keys[k].value < (double)INFINITY))
            return ROW_NAN;
        if (!isfinite(keys[k].error))
            kind = ROW_ANY;
        *maximum = fmax(*maximum, keys[k].value);
        *maximum_error = fmax(*maximum_error, keys[k].error);
    }
    return isfinite(*maximum) ? kind : ROW_NAN;
}

/* From scores to weights. The exponentials of the bounds are taken relative to the largest score
 * that is certain, and to the largest that is possible, so that both sums are at least 1. */
static enum row_kind keys_weigh(struct key *keys, int64_t count) {
    double maximum, maximum_error;
    enum row_kind kind = keys_maximum(keys, count, &maximum, &maximum_error);
    if (kind != ROW_NUMBERS)
        return kind;
    keys_add_softmax(keys, count, maximum, maximum_error);
    double certain = -(double)INFINITY, possible = -(double)INFINITY;
    for (int64_t k = 0; k < count; k++) {
        certain = fmax(certain, keys[k].value - keys[k].error);
        possible = fmax(possible, keys[k].value + keys[k].error);
    }
    double sum = 0, least = 0, most = 0;
    for (int64_t k = 0; k < count; k++) {
        sum += exp(keys[k].value - maximum);
        least += exp(keys[k].value - keys[k].error - certain);
        most += exp(keys[k].value + keys[k].error - possible);
    }
    for (int64_t k = 0; k < count; k++) {
        double weight = exp(keys[k].value - maximum) / sum;
        double above = fmin(1, exp(keys[k].value + keys[k].error - certain) / least);
        double below = exp(keys[k].value - keys[k].error - possible) / most;
        keys[k] = (struct key){weight, fmax(above - weight, weight - below)};
    }
    return ROW_NUMBERS;
}

/* How a weighted sum of V errs beside the weights: a product and n additions above, n additions
 * below, a division or a reciprocal and a product, and a rounded probability. */
static double sum_error(const struct query *query) {
    enum dtype dtype = query->problem->dtype;
    double rounded = dtype == DTYPE_BF16 ? 0x1p-8 : 0;
    return gamma_bound(2 * (double)query->met + 4, unit_of(dtype)) + rounded;
}

/* One key's part of a row of O. Probability and product may each flush to 0. */
static void key_add(const struct query *query, const struct key *key, int64_t k, double *expected,
                    double *tolerance) {
    const struct attention_problem *p = query->problem;
    const double bound = key->error + sum_error(query) * (key->value + key->error) + 2 * FLUSH;
    const bool counts = key->value - key->error > 4 * FLUSH;
    for (int64_t c = 0; c < p->dimension; c++) {
        double v = (double)dtype_element(p->v, p->dtype, (query->head_row + k) * p->v_stride + c);
        if (isfinite(v)) {
            expected[c] += key->value * v;
            tolerance[c] += bound * fabs(v) + 2 * FLUSH;
        } else if (isnan(v) || counts) {
            expected[c] += v;
        } else {
            tolerance[c] = (double)INFINITY;
        }
    }
}

static void unmet_add(const struct query *query, double *tolerance) {
    const struct attention_problem *p = query->problem;
    for (int64_t k = query->met; k < p->sequence; k++)
        for (int64_t c = 0; c < p->dimension; c++)
            if (!isfinite(dtype_element(p->v, p->dtype, (query->head_row + k) * p->v_stride + c)))
                tolerance[c] = (double)INFINITY;
}

/* The bound over sum_error() is at least the sum of w |v|, and a sum before its division at most so
 * many times more as there are keys. Beyond the range of float32 it may be an infinity, or NaN. */
static void element_settle(const struct query *query, double *expected, double *tolerance) {
    const double largest = *tolerance / sum_error(query) * (double)query->met;
    if (isfinite(*expected) && largest >= OVERFLOW_F32)
        *tolerance = (double)INFINITY;
    if (isinf(*tolerance))
        *expected = (double)NAN;
    else
        bound_settle(0, expected, tolerance);
}

static void row_expect(const struct query *query, struct key *keys, double *expected,
                       double *tolerance) {
    const int64_t dimension = query->problem->dimension;
    keys_score(query, keys);
    const enum row_kind kind = keys_weigh(keys, query->met);
    for (int64_t c = 0; c < dimension; c++) {
        expected[c] = kind == ROW_NUMBERS ? 0 : (double)NAN;
        tolerance[c] = kind == ROW_ANY ? (double)INFINITY : 0;
    }
    if (kind != ROW_NUMBERS)
        return;
    for (int64_t k = 0; k < query->met; k++)
        key_add(query, &keys[k], k, expected, tolerance);
    unmet_add(query, tolerance);
    for (int64_t c = 0; c < dimension; c++)
        element_settle(query, &expected[c], &tolerance[c]);
}

/* Without memory no row is right, so that nothing passes unseen. */
void oracle_attention(const struct attention_problem *problem, int64_t first_row, int64_t rows,
                      double *expected, double *tolerance) {
    struct key *keys = malloc((size_t)problem->sequence * sizeof *keys);
    for (int64_t r = 0; r < rows; r++) {
        double *values = expected + r * problem->dimension;
        double *bounds = tolerance + r * problem->dimension;
        struct query query = query_of(problem, first_row + r);
        if (keys != NULL)
            row_expect(&query, keys, values, bounds);
        else
            for (int64_t c = 0; c < problem->dimension; c++) {
                values[c] = (double)NAN;
                bounds[c] = 0;
            }
    }
    free(keys);
}
