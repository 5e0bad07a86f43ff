/* Exact distributions of rank statistics, and their normal approximations. */
#include "bench/statistics/ranks.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static double normal_above(double z) {
    return 0.5 * erfc(z / sqrt(2.0));
}

/* --- Mann and Whitney ------------------------------------------------------------------------- */

/* Of all orders of n and m values, the share in which at least `wins` of the n * m pairs are won.
 * The coefficients of the Gaussian binomial (n + m choose n) count the orders with 0, 1, … wins.
 * They are integers below 2^53 as long as n, m <= RANKS_EXACT_MAX, so doubles hold them exactly. */
static double exact_above(size_t n, size_t m, size_t wins) {
    enum { SIZE = RANKS_EXACT_MAX * RANKS_EXACT_MAX + 1 };
    double orders[SIZE] = {1.0};
    size_t pairs = n * m;
    for (size_t i = 1; i <= n; i++) {
        for (size_t w = pairs; w >= m + i; w--)
            orders[w] -= orders[w - m - i];
        for (size_t w = i; w <= pairs; w++)
            orders[w] += orders[w - i];
    }
    double above = 0.0, all = 0.0;
    for (size_t w = 0; w <= pairs; w++) {
        all += orders[w];
        above += w >= wins ? orders[w] : 0.0;
    }
    return above / all;
}

double ranks_mann_whitney(const double *first, size_t first_count, const double *second,
                          size_t second_count, double factor) {
    size_t wins = 0;
    for (size_t i = 0; i < first_count; i++)
        for (size_t j = 0; j < second_count; j++)
            wins += second[j] / factor > first[i];
    if (first_count <= RANKS_EXACT_MAX && second_count <= RANKS_EXACT_MAX)
        return exact_above(first_count, second_count, wins);
    double n = (double)first_count, m = (double)second_count;
    double deviation = sqrt(n * m * (n + m + 1.0) / 12.0);
    return normal_above(((double)wins - 0.5 - 0.5 * n * m) / deviation);
}

/* --- Wilcoxon --------------------------------------------------------------------------------- */

/* By magnitude; of equal ones the negative comes last. */
static int by_magnitude(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    if (fabs(a) != fabs(b))
        return fabs(a) > fabs(b) ? 1 : -1;
    return (a < b) - (a > b);
}

/* Of the 2^n subsets of the ranks 1 … n, the share whose sum is at least `sum`. */
static double subsets_above(size_t n, size_t sum) {
    enum { SIZE = SIGNED_RANKS_EXACT_MAX * (SIGNED_RANKS_EXACT_MAX + 1) / 2 + 1 };
    double subsets[SIZE] = {1.0};
    size_t most = n * (n + 1) / 2;
    for (size_t rank = 1; rank <= n; rank++)
        for (size_t s = most; s >= rank; s--)
            subsets[s] += subsets[s - rank];
    double above = 0.0;
    for (size_t s = sum; s <= most; s++)
        above += subsets[s];
    return above / ldexp(1.0, (int)n);
}

double ranks_wilcoxon(const double *differences, size_t count, double *scratch) {
    memcpy(scratch, differences, count * sizeof *scratch);
    qsort(scratch, count, sizeof *scratch, by_magnitude);
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += scratch[i] > 0.0 ? i + 1 : 0;
    if (count <= SIGNED_RANKS_EXACT_MAX)
        return subsets_above(count, sum);
    double n = (double)count;
    double deviation = sqrt(n * (n + 1.0) * (2.0 * n + 1.0) / 24.0);
    return normal_above(((double)sum - 0.5 - 0.25 * n * (n + 1.0)) / deviation);
}

size_t ranks_walsh_outside(size_t count) {
    size_t pairs = count * (count + 1) / 2;
    if (count > SIGNED_RANKS_EXACT_MAX) {
        double n = (double)count, middle = 0.25 * n * (n + 1.0);
        return (size_t)(middle - 1.959964 * sqrt(n * (n + 1.0) * (2.0 * n + 1.0) / 24.0));
    }
    if (count == 0 || subsets_above(count, pairs) > 0.025)
        return SIZE_MAX;
    size_t outside = 0;
    while (subsets_above(count, pairs - outside - 1) <= 0.025)
        outside++;
    return outside;
}
