/* Rank tests, ratios with their intervals, Holm's correction, and verdicts. */
#include "bench/statistics/ranks.h"
#include "bench/statistics/verdict.h"
#include "common/random.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_close(double actual, double expected) {
    if (!(fabs(actual - expected) <= 1e-12 * fabs(expected)))
        fail_msg("%.17g instead of %.17g", actual, expected);
}

/* --- ranks ------------------------------------------------------------------------------------ */

/* The share of all ways to choose which 4 of the values 1 … 9 are the first set, in which the
 * second wins at least `wins` pairs: by counting them. */
static double share_of_orders(int wins) {
    int all = 0, above = 0;
    for (unsigned chosen = 0; chosen < 1u << 9; chosen++) {
        if (__builtin_popcount(chosen) != 4)
            continue;
        int won = 0;
        for (int i = 0; i < 9; i++)
            for (int j = 0; j < 9; j++)
                won += (chosen >> i & 1) && !(chosen >> j & 1) && j > i;
        all++;
        above += won >= wins;
    }
    return (double)above / all;
}

TEST(mann_whitney_counts_all_orders) {
    for (unsigned chosen = 0; chosen < 1u << 9; chosen++) {
        if (__builtin_popcount(chosen) != 4)
            continue;
        double first[9], second[9];
        size_t n = 0, m = 0;
        int wins = 0;
        for (int i = 0; i < 9; i++)
            if (chosen >> i & 1)
                first[n++] = i + 1.0;
            else {
                second[m++] = i + 1.0;
                wins += (int)n;
            }
        check_close(ranks_mann_whitney(first, n, second, m, 1.0), share_of_orders(wins));
    }
}

/* Ten values all below ten others: one order of 20 choose 10. */
TEST(mann_whitney_of_separate_sets) {
    double first[10], second[10];
    for (int i = 0; i < 10; i++) {
        first[i] = 1.0 + 0.001 * i;
        second[i] = 1.1 + 0.001 * i;
    }
    check_close(ranks_mann_whitney(first, 10, second, 10, 1.0), 1.0 / 184756.0);
    check_close(ranks_mann_whitney(first, 10, second, 10, 1.05), 1.0 / 184756.0);
    check_close(ranks_mann_whitney(first, 10, second, 10, 1.2), 1.0);
    check_close(ranks_mann_whitney(second, 10, first, 10, 1.0), 1.0);
}

TEST(ties_prove_nothing) {
    const double same[] = {2.0, 2.0, 2.0, 2.0, 2.0};
    check_close(ranks_mann_whitney(same, 5, same, 5, 1.0), 1.0);
    const double zeros[] = {0.0, 0.0, 0.0, 0.0, 0.0};
    double scratch[5];
    check_close(ranks_wilcoxon(zeros, 5, scratch), 1.0);
}

/* Where exact counting ends and the approximation begins, both say nearly the same. */
TEST(large_sets_are_judged_alike) {
    enum { MOST = 50 };
    double first[MOST], second[MOST], scratch[MOST], p[2], q[2];
    for (int i = 0; i < MOST; i++) {
        first[i] = random_uniform(1, 0, (uint64_t)i, 0.0f, 1.0f);
        second[i] = random_uniform(1, 1, (uint64_t)i, 0.25f, 1.25f);
    }
    for (size_t i = 0; i < 2; i++) {
        double differences[MOST];
        p[i] = ranks_mann_whitney(first, RANKS_EXACT_MAX + i, second, RANKS_EXACT_MAX, 1.0);
        for (size_t k = 0; k < MOST; k++)
            differences[k] = second[k] - first[k];
        q[i] = ranks_wilcoxon(differences, SIGNED_RANKS_EXACT_MAX + i, scratch);
    }
    assert_true(p[1] < 0.05 && fabs(p[0] - p[1]) < 0.02);
    assert_true(q[1] < 0.05 && fabs(q[0] - q[1]) < 0.02);
}

/* Against all 2^8 signs of eight magnitudes. */
TEST(wilcoxon_counts_all_signs) {
    static const double magnitudes[] = {0.3, 1.7, 0.9, 2.2, 0.1, 1.1, 3.0, 0.5};
    int sums[256];
    double p[256];
    for (int signs = 0; signs < 256; signs++) {
        double differences[8], scratch[8];
        sums[signs] = 0;
        for (int i = 0; i < 8; i++) {
            differences[i] = signs >> i & 1 ? magnitudes[i] : -magnitudes[i];
            for (int j = 0; j < 8; j++)
                sums[signs] += (signs >> i & 1) && magnitudes[j] <= magnitudes[i];
        }
        p[signs] = ranks_wilcoxon(differences, 8, scratch);
    }
    for (int signs = 0; signs < 256; signs++) {
        int above = 0;
        for (int other = 0; other < 256; other++)
            above += sums[other] >= sums[signs];
        check_close(p[signs], above / 256.0);
    }
}

/* As tables of the signed-rank test print them: the largest sum with a probability of at most 2.5%
 * below it is 0, 2, 3, 5, 8, 52, 137 for 6, 7, 8, 9, 10, 20, 30 values. */
TEST(walsh_averages_left_out) {
    static const struct {
        size_t count, outside;
    } table[] = {{6, 0}, {7, 2}, {8, 3}, {9, 5}, {10, 8}, {20, 52}, {30, 137}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(ranks_walsh_outside(table[i].count), table[i].outside);
    for (size_t count = 0; count < 6; count++)
        assert_true(ranks_walsh_outside(count) == SIZE_MAX);
}

/* --- ratios ----------------------------------------------------------------------------------- */

enum { SAMPLES = 100 };

/* Times about `level` that spread over `spread` of it, from a sequence of their own. */
static void times_draw(double *seconds, double level, double spread, uint64_t stream) {
    for (uint64_t i = 0; i < SAMPLES; i++)
        seconds[i] = level * (1.0 + (double)random_uniform(7, stream, i, 0.0f, (float)spread));
}

static struct ratio ratio_take(const double *before, const double *after, double threshold) {
    struct ratio ratio;
    struct message message;
    assert_int_equal(ratio_of_samples((struct times){before, SAMPLES},
                                      (struct times){after, SAMPLES}, threshold, 3, &ratio,
                                      &message),
                     STATUS_OK);
    return ratio;
}

static struct judgement judge_alone(struct ratio ratio) {
    struct judgement judgement = {.ratio = ratio};
    struct message message;
    const struct verdict_rule rule = verdict_rule_default();
    assert_int_equal(verdicts_judge(&rule, &judgement, 1, &message), STATUS_OK);
    return judgement;
}

static void check_verdict(struct ratio ratio, enum verdict verdict, const char *reason) {
    struct judgement judgement = judge_alone(ratio);
    if (judgement.verdict != verdict || strcmp(judgement.reason, reason) != 0)
        fail_msg("%s (%s) instead of %s (%s): ratio %g, %g to %g, p %g",
                 verdict_word(judgement.verdict), judgement.reason, verdict_word(verdict), reason,
                 ratio.ratio, ratio.low, ratio.high, judgement.p);
}

TEST(a_shift_is_found) {
    double before[SAMPLES], slow[SAMPLES], same[SAMPLES];
    times_draw(before, 1e-3, 0.04, 0);
    times_draw(slow, 1.1e-3, 0.04, 1);
    times_draw(same, 1.01e-3, 0.04, 2);
    struct ratio ratio = ratio_take(before, slow, 0.05);
    assert_true(ratio.low > 1.07 && ratio.low < ratio.ratio && ratio.ratio < ratio.high &&
                ratio.high < 1.13);
    check_verdict(ratio, VERDICT_SLOWER, "");
    check_verdict(ratio_take(slow, before, 0.05), VERDICT_FASTER, "");
    check_verdict(ratio_take(before, same, 0.05), VERDICT_SAME, "");
    check_verdict(ratio_take(before, before, 0.05), VERDICT_SAME, "");
    assert_true(ratio_take(before, slow, 0.2).p_slower > 0.99); /* 10% does not matter there */
}

/* A neighbour that comes for 60 of 100 samples and goes again doubles the median. */
TEST(a_visit_is_no_slowdown) {
    double before[SAMPLES], after[SAMPLES];
    times_draw(before, 1e-3, 0.04, 0);
    times_draw(after, 1e-3, 0.04, 1);
    for (int i = 20; i < 80; i++)
        after[i] *= 2.0;
    struct ratio ratio = ratio_take(before, after, 0.05);
    assert_true(ratio.ratio > 1.9 && ratio.low < 1.05 && ratio.high > 1.9);
    check_verdict(ratio, VERDICT_CANNOT_TELL, "too noisy");
}

/* A neighbour that stays, and lets one sample in five through: every block's median doubles. */
TEST(the_fastest_must_agree) {
    double before[SAMPLES], after[SAMPLES];
    times_draw(before, 1e-3, 0.04, 0);
    times_draw(after, 1e-3, 0.04, 1);
    for (int i = 0; i < SAMPLES; i++)
        after[i] *= i % 5 ? 2.0 : 1.0;
    struct ratio ratio = ratio_take(before, after, 0.05);
    assert_true(ratio.low > 1.8 && ratio.fast < 1.05);
    check_verdict(ratio, VERDICT_CANNOT_TELL, "the median moved but the fastest samples did not");
}

/* The same samples, in and out of order: only in order does a slow half show as one that came
 * later. */
TEST(order_in_time_counts) {
    double before[SAMPLES], mixed[SAMPLES], parted[SAMPLES];
    times_draw(before, 1e-3, 0.01, 0);
    for (int i = 0; i < SAMPLES; i++) {
        mixed[i] = before[i] * (i % 2 ? 1.2 : 1.0);
        parted[i] = before[i] * (i < SAMPLES / 2 ? 1.2 : 1.0);
    }
    struct ratio together = ratio_take(before, mixed, 0.0);
    struct ratio apart = ratio_take(before, parted, 0.0);
    assert_true(together.p_slower > 0.05); /* the fastest of each block stayed */
    assert_true(apart.high - apart.low >= 0.19);
}

TEST(few_samples_prove_nothing) {
    const double before[] = {1.0, 1.01, 1.02}, after[] = {2.0, 2.01, 2.02};
    struct message message;
    struct ratio ratio;
    assert_int_equal(ratio_of_samples((struct times){before, 1}, (struct times){after, 3}, 0.05, 0,
                                      &ratio, &message),
                     STATUS_OK);
    assert_true(ratio.low == 0.0 && isinf(ratio.high));
    check_verdict(ratio, VERDICT_CANNOT_TELL, "too few samples: 1");
    assert_int_equal(ratio_of_samples((struct times){before, 3}, (struct times){after, 3}, 0.05, 0,
                                      &ratio, &message),
                     STATUS_OK);
    check_close(ratio.p_slower, 1.0 / 20.0);
    assert_int_equal(judge_alone(ratio).verdict, VERDICT_CANNOT_TELL);
}

TEST(the_interval_is_the_same_every_time) {
    double before[SAMPLES], after[SAMPLES];
    times_draw(before, 1e-3, 0.2, 0);
    times_draw(after, 1e-3, 0.2, 1);
    struct ratio first = ratio_take(before, after, 0.05), second = ratio_take(before, after, 0.05);
    assert_memory_equal(&first, &second, sizeof first);
}

/* Of 400 intervals for a ratio that is 1, few leave it out: 95% hold it, give or take three
 * standard deviations of a binomial count. */
TEST(intervals_hold_the_ratio) {
    int outside = 0;
    for (uint64_t trial = 0; trial < 400; trial++) {
        double before[SAMPLES], after[SAMPLES];
        times_draw(before, 1e-3, 0.3, 100 + 2 * trial);
        times_draw(after, 1e-3, 0.3, 101 + 2 * trial);
        struct ratio ratio = ratio_take(before, after, 0.05);
        outside += ratio.low > 1.0 || ratio.high < 1.0;
    }
    assert_in_range(outside, 1, 33);
}

TEST(pairs) {
    double ratios[12];
    struct ratio ratio;
    struct message message;
    for (int i = 0; i < 12; i++)
        ratios[i] = 1.1 * (1.0 + 0.002 * (i - 5.5));
    assert_int_equal(ratio_of_pairs(ratios, 12, 0.05, &ratio, &message), STATUS_OK);
    assert_true(fabs(ratio.ratio - 1.1) < 1e-3 && ratio.low > 1.09 && ratio.high < 1.11);
    check_close(ratio.p_slower, 1.0 / 4096.0);
    check_close(ratio.p_faster, 1.0);
    check_verdict(ratio, VERDICT_SLOWER, "");
    assert_int_equal(ratio_of_pairs(ratios, 5, 0.05, &ratio, &message), STATUS_OK);
    assert_true(ratio.low == 0.0 && isinf(ratio.high) && ratio.blocks == 5);
    check_verdict(ratio, VERDICT_CANNOT_TELL, "too few samples: 5");
    for (int i = 0; i < 12; i++)
        ratios[i] = 1.0 / ratios[i];
    assert_int_equal(ratio_of_pairs(ratios, 12, 0.05, &ratio, &message), STATUS_OK);
    check_verdict(ratio, VERDICT_FASTER, "");
}

/* --- verdicts --------------------------------------------------------------------------------- */

TEST(holm) {
    double p[] = {0.01, 0.04, 0.03, 0.005};
    static const double corrected[] = {0.03, 0.06, 0.06, 0.02};
    struct message message;
    assert_int_equal(verdict_holm(p, 4, &message), STATUS_OK);
    for (int i = 0; i < 4; i++)
        check_close(p[i], corrected[i]);
    double large[] = {0.9, 0.6};
    assert_int_equal(verdict_holm(large, 2, &message), STATUS_OK);
    assert_true(large[0] == 1.0 && large[1] == 1.0);
    assert_int_equal(verdict_holm(NULL, 0, &message), STATUS_OK);
}

/* What one row proves alone it does not prove among a thousand. */
TEST(many_rows_ask_for_more) {
    enum { ROWS = 1000 };
    struct judgement *rows = calloc(ROWS, sizeof *rows);
    assert_non_null(rows);
    const struct ratio slow = {1.1, 1.08, 1.12, 1.1, 1e-3, 1.0, 10};
    const struct ratio same = {1.0, 0.99, 1.01, 1.0, 1.0, 1.0, 10};
    check_verdict(slow, VERDICT_SLOWER, "");
    for (int i = 0; i < ROWS; i++)
        rows[i].ratio = i == 17 ? slow : same;
    const struct verdict_rule rule = verdict_rule_default();
    struct message message;
    assert_int_equal(verdicts_judge(&rule, rows, ROWS, &message), STATUS_OK);
    assert_int_equal(rows[17].verdict, VERDICT_CANNOT_TELL);
    assert_string_equal(rows[17].reason, "too unsteady for the number of rows");
    rows[17].ratio.p_slower = 1e-6;
    assert_int_equal(verdicts_judge(&rule, rows, ROWS, &message), STATUS_OK);
    size_t counts[VERDICTS];
    char text[96];
    verdicts_count(rows, ROWS, counts);
    verdicts_describe(counts, text, sizeof text);
    assert_string_equal(text, "1 slower, 0 faster, 999 same, 0 cannot tell");
    free(rows);
}

/* One comparison of ten rows of one build with itself, or with one row slowed by `slowdown`: each
 * sample drifts from the one before it, as on a machine with neighbours. */
static void comparison_draw(uint64_t trial, double slowdown, struct judgement rows[10]) {
    for (uint64_t row = 0; row < 10; row++) {
        double sides[2][SAMPLES];
        for (uint64_t s = 0; s < 2; s++) {
            double drift = 0.0;
            for (uint64_t i = 0; i < SAMPLES; i++) {
                uint64_t stream = (trial * 10 + row) * 4 + 2 * s;
                drift = 0.9 * drift + (double)random_uniform(9, stream, i, -0.01f, 0.01f);
                double burst = (double)random_uniform(9, stream + 1, i, 0.0f, 1.0f);
                sides[s][i] = 1e-3 * exp(drift) * (1.0 + pow(burst, 8.0)) *
                              (s == 1 && row == 4 ? 1.0 + slowdown : 1.0);
            }
        }
        rows[row] = (struct judgement){.ratio = ratio_take(sides[0], sides[1], 0.05)};
    }
    const struct verdict_rule rule = verdict_rule_default();
    struct message message;
    assert_int_equal(verdicts_judge(&rule, rows, 10, &message), STATUS_OK);
}

TEST(alarms_in_drift) {
    enum { TRIALS = 100 };
    int alarms = 0, found = 0, blamed = 0;
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        struct judgement rows[10];
        size_t counts[VERDICTS];
        comparison_draw(trial, 0.0, rows);
        verdicts_count(rows, 10, counts);
        alarms += counts[VERDICT_SLOWER] + counts[VERDICT_FASTER] > 0;
        comparison_draw(trial, 0.15, rows);
        verdicts_count(rows, 10, counts);
        found += rows[4].verdict == VERDICT_SLOWER;
        blamed += counts[VERDICT_FASTER] > 0 ||
                  counts[VERDICT_SLOWER] > (size_t)(rows[4].verdict == VERDICT_SLOWER);
    }
    assert_in_range(alarms, 0, 1);
    assert_in_range(blamed, 0, 1);
    assert_in_range(found, 95, TRIALS);
}

/* What else is known may forbid a claim; it does not forbid "same". */
TEST(doubts) {
    const struct verdict_rule rule = verdict_rule_default();
    struct message message;
    struct judgement rows[] = {{.ratio = {1.2, 1.19, 1.21, 1.2, 1e-6, 1.0, 10}},
                               {.ratio = {1.2, 1.19, 1.21, 1.2, 1e-6, 1.0, 10}, .doubt = "rain"},
                               {.ratio = {1.0, 0.99, 1.01, 1.0, 1.0, 1.0, 10}, .doubt = "rain"}};
    assert_int_equal(verdicts_judge(&rule, rows, 3, &message), STATUS_OK);
    assert_int_equal(rows[0].verdict, VERDICT_SLOWER);
    assert_int_equal(rows[1].verdict, VERDICT_CANNOT_TELL);
    assert_string_equal(rows[1].reason, "rain");
    assert_int_equal(rows[2].verdict, VERDICT_SAME);
}

TEST(thresholds_are_read) {
    double threshold;
    assert_true(verdict_read_threshold("5%", &threshold) && fabs(threshold - 0.05) < 1e-15);
    assert_true(verdict_read_threshold("0.1", &threshold) && threshold == 0.1);
    assert_true(verdict_read_threshold("0", &threshold) && threshold == 0.0);
    static const char *const wrong[] = {"", "%", "five", "-1%", "5%%", "5 %", "nan", "1e9"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(verdict_read_threshold(wrong[i], &threshold));
}
