/* Rank tests: whether times grew, judged by their order alone, so that one wild sample counts no
 * more than any other.
 */
#ifndef LOCKSTEP_BENCH_STATISTICS_RANKS_H
#define LOCKSTEP_BENCH_STATISTICS_RANKS_H

#include <stddef.h>

/* Up to so many values a side the probabilities are exact; above, the normal approximation with
 * continuity correction serves. */
enum { RANKS_EXACT_MAX = 24, SIGNED_RANKS_EXACT_MAX = 48 };

/* The probability that values drawn alike in both sets would show `second` above `first` as
 * clearly as these do: the one-sided test of Mann and Whitney ("On a test of whether one of two
 * random variables is stochastically larger than the other", Ann. Math. Stat. 18, 1947). Each
 * value of `second` is divided by `factor` > 0 first: the test of a growth beyond that factor.
 * A tie counts against the claim, so ties make the probability too large, never too small. */
double ranks_mann_whitney(const double *first, size_t first_count, const double *second,
                          size_t second_count, double factor);

/* The probability that differences symmetric about zero would lie above it as clearly as these do:
 * the one-sided signed-rank test of Wilcoxon ("Individual comparisons by ranking methods",
 * Biometrics Bulletin 1, 1945). Zeros count as negative, and among equal magnitudes the negative
 * ones rank highest: both against the claim. `scratch` holds `count` values. */
double ranks_wilcoxon(const double *differences, size_t count, double *scratch);

/* How many of the smallest (and as many of the largest) of the count * (count + 1) / 2 Walsh
 * averages lie outside the 95% interval of their median; SIZE_MAX when even the whole range covers
 * less than 95%, below 6 values (Hollander, Wolfe, Chicken, "Nonparametric statistical methods",
 * section 3.3). */
size_t ranks_walsh_outside(size_t count);

#endif
