/* The float64 oracles: what every implementation is checked against.
 *
 * Each oracle takes the problem with its host inputs, the output's index and a range of that
 * output's rows. The inputs are pristine, as they were before the call; the problem's output
 * pointers are not read. For each element, row by row without padding, it gives
 *   expected[i]    the float64 result
 *   tolerance[i]   the largest |computed - expected| of a correct f32 implementation: derived,
 *                  never tuned; the reason stands beside each formula
 *
 * Where an input is NaN or infinite, expected is what IEEE arithmetic of the formula gives. The
 * comparison treats NaN as equal to NaN and an infinity as equal to the same infinity. A tolerance
 * may be infinite only where the problem itself is singular: an overflow on the way to a finite
 * result lets any number pass but no NaN. So inputs should not add an infinity to what overflows.
 *
 * Evaluate and compare without denormals-are-zero, which would read a subnormal as zero before it
 * is compared. The functions use no BLAS and no vector library, are thread-safe, and start no
 * threads: the caller splits rows.
 */
#ifndef LOCKSTEP_REFERENCE_ORACLE_ORACLE_H
#define LOCKSTEP_REFERENCE_ORACLE_ORACLE_H

#include "common/problem.h"

/* output 0: c. `c_before` is C before the call, with ldc; it is read only when beta != 0. The bound
 * is the componentwise one of Higham, "Accuracy and stability of numerical algorithms", section
 * 3.5, for the dtype's unit roundoff. */
void oracle_gemm(const struct gemm_problem *problem, const float *c_before, int64_t first_row,
                 int64_t rows, double *expected, double *tolerance);

/* output 0: y. */
void oracle_linear(const struct linear_problem *problem, int64_t first_row, int64_t rows,
                   double *expected, double *tolerance);

/* output 0: output; output 1: dbias (one row). */
void oracle_activation(const struct activation_problem *problem, int output, int64_t first_row,
                       int64_t rows, double *expected, double *tolerance);

/* output 0: output. */
void oracle_softmax(const struct softmax_problem *problem, int64_t first_row, int64_t rows,
                    double *expected, double *tolerance);

/* What a layer normalisation writes. */
enum layernorm_output {
    LAYERNORM_MEAN,   /* rows x 1 */
    LAYERNORM_RSTD,   /* rows x 1 */
    LAYERNORM_OUTPUT, /* y or dx */
    LAYERNORM_DGAMMA, /* one row */
    LAYERNORM_DBETA   /* one row */
};
void oracle_layernorm(const struct layernorm_problem *problem, enum layernorm_output output,
                      int64_t first_row, int64_t rows, double *expected, double *tolerance);

/* output 0: o, [batch * heads * sequence, dimension]. NaN with an infinite tolerance: any value,
 * NaN included, where infinities meet probabilities that may be 0, or sums overflow. */
void oracle_attention(const struct attention_problem *problem, int64_t first_row, int64_t rows,
                      double *expected, double *tolerance);

/* output 0: loss (rows x 1); output 1: dlogits. */
void oracle_cross_entropy(const struct cross_entropy_problem *problem, int output,
                          int64_t first_row, int64_t rows, double *expected, double *tolerance);

/* output 0: loss (rows x 1); output 1: dprediction. */
void oracle_mse(const struct mse_problem *problem, int output, int64_t first_row, int64_t rows,
                double *expected, double *tolerance);

/* output 0: sums (one row). */
void oracle_column_sums(const struct column_sums_problem *problem, double *expected,
                        double *tolerance);

/* output 0: parameters; output 1: first_moment; output 2: second_moment. Elements
 * [first, first + count); the problem's pointers hold the values before the update. */
void oracle_optimizer(const struct optimizer_problem *problem, int output, int64_t first,
                      int64_t count, double *expected, double *tolerance);

/* output 0: out. Elements [first, first + count). */
void oracle_transfer(const struct transfer_problem *problem, int64_t first, int64_t count,
                     double *expected, double *tolerance);

/* A sum over ranks, rank after rank: the values of each are added to `expected` and to the
 * magnitude of the sum, both 0 at first. Then the magnitude becomes the tolerance, of a sum in any
 * order whose every step is rounded to the dtype. */
void oracle_allreduce_add(const float *values, int64_t count, double *expected, double *magnitude);
void oracle_allreduce_settle(enum dtype dtype, int ranks, int64_t count, double *expected,
                             double *tolerance);

#endif
