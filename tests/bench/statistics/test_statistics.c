/* Medians, intervals and noise. */
#include "bench/statistics/statistics.h"
#include "tests/support/test.h"

#include <string.h>

enum { COUNT_MAX = 100 };

/* The largest rank r with P(B <= r) <= 1/40 for B binomial (count, 1/2), in integers: row `count`
 * of Pascal's triangle, whose sum 2^count stays below 2^127 with a factor of 40. */
static size_t exact_rank(size_t count) {
    unsigned __int128 row[COUNT_MAX + 1] = {1};
    for (size_t n = 1; n <= count; n++)
        for (size_t k = n; k > 0; k--)
            row[k] += row[k - 1];
    unsigned __int128 all = (unsigned __int128)1 << count, below = 0;
    size_t ranks = 0; /* how many ranks keep to 2.5% a side */
    while (ranks <= count && 40 * (below + row[ranks]) <= all)
        below += row[ranks++];
    return ranks > 0 ? ranks - 1 : 0;
}

TEST(ranks_are_the_binomial_ones) {
    for (size_t count = 1; count <= COUNT_MAX; count++)
        assert_int_equal(statistics_interval_rank(count), exact_rank(count));
}

/* As textbooks' tables print them, counted from 1: 10 values 2nd to 9th, 20 6th to 15th, 25 8th to
 * 18th, 100 40th to 61st. */
TEST(ranks_of_the_tables) {
    static const struct {
        size_t count, rank;
    } table[] = {{5, 0}, {6, 0}, {8, 0}, {9, 1}, {10, 1}, {20, 5}, {25, 7}, {50, 17}, {100, 39}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(statistics_interval_rank(table[i].count), table[i].rank);
}

/* Where 2^-count underflows, the normal approximation n/2 - 0.98 sqrt(n) holds to one rank. */
TEST(ranks_of_large_counts) {
    static const struct {
        size_t count, least, most;
    } table[] = {{1000, 467, 469}, {2000, 955, 957}, {10000, 4900, 4902}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_in_range(statistics_interval_rank(table[i].count), table[i].least, table[i].most);
}

static struct statistics statistics_of(const double *values, size_t count) {
    double before[COUNT_MAX], scratch[COUNT_MAX];
    memcpy(before, values, count * sizeof *values);
    struct statistics statistics;
    statistics_compute(values, count, scratch, &statistics);
    assert_memory_equal(values, before, count * sizeof *values);
    assert_int_equal(statistics.count, count);
    return statistics;
}

TEST(one_value_is_everything) {
    const double value[] = {3.5};
    struct statistics s = statistics_of(value, 1);
    assert_true(s.median == 3.5 && s.low == 3.5 && s.high == 3.5);
    assert_true(s.mean == 3.5 && s.min == 3.5 && s.max == 3.5 && s.noise == 0.0);
}

TEST(an_even_count_takes_the_middle_of_two) {
    const double values[] = {8.0, 1.0, 2.0, 5.0};
    struct statistics s = statistics_of(values, 4);
    assert_true(s.median == 3.5);
    assert_true(s.mean == 4.0 && s.min == 1.0 && s.max == 8.0);
    assert_true(s.low == 1.0 && s.high == 8.0); /* the whole range below 6 values */
    assert_true(s.noise == 2.0);
}

TEST(an_odd_count_takes_the_middle) {
    const double values[] = {9.0, 1.0, 7.0, 3.0, 100.0};
    struct statistics s = statistics_of(values, 5);
    assert_true(s.median == 7.0 && s.mean == 24.0);
    assert_true(s.low == 1.0 && s.high == 100.0);
}

/* Of ten values the interval goes from the second to the ninth, whatever their order. */
TEST(the_interval_of_ten) {
    double values[] = {30.0, 10.0, 90.0, 50.0, 20.0, 80.0, 100.0, 40.0, 70.0, 60.0};
    for (int rotation = 0; rotation < 10; rotation++) {
        struct statistics s = statistics_of(values, 10);
        assert_true(s.median == 55.0 && s.mean == 55.0);
        assert_true(s.low == 20.0 && s.high == 90.0);
        assert_true(s.noise == 70.0 / 55.0);
        double first = values[0];
        memmove(values, values + 1, 9 * sizeof *values);
        values[9] = first;
    }
}

/* One wild value moves the mean and not the median: why both are kept. */
TEST(an_outlier_moves_the_mean_alone) {
    double values[20];
    for (int i = 0; i < 20; i++)
        values[i] = 1.0;
    values[13] = 1000.0;
    struct statistics s = statistics_of(values, 20);
    assert_true(s.median == 1.0 && s.low == 1.0 && s.high == 1.0 && s.noise == 0.0);
    assert_true(s.max == 1000.0 && s.mean == 1019.0 / 20.0);
}
