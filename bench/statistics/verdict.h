/* What became of a row: faster, slower, same, or cannot tell.
 *
 *   slower        the time grew by more than the threshold, and the chance that this is an accident
 *                 is at most the level; the chance is corrected for the number of rows looked at
 *   faster        the same with the sides exchanged
 *   same          the whole 95% interval of the ratio lies within the threshold
 *   cannot tell   anything else, with the reason
 *
 * A ratio of 1.08 in noise is therefore "cannot tell" and never "slower", and a steady ratio of
 * 1.03 is "same" at a threshold of 5%.
 */
#ifndef LOCKSTEP_BENCH_STATISTICS_VERDICT_H
#define LOCKSTEP_BENCH_STATISTICS_VERDICT_H

#include "bench/statistics/ratio.h"

#include <stdbool.h>

enum verdict { VERDICT_SLOWER, VERDICT_FASTER, VERDICT_SAME, VERDICT_CANNOT_TELL, VERDICTS };

/* "slower", "faster", "same", "cannot tell". */
const char *verdict_word(enum verdict verdict);

struct verdict_rule {
    double threshold; /* the relative change that does not matter: 0.05 */
    double level;     /* the chance of any false alarm in the whole comparison: 0.05 */
};
struct verdict_rule verdict_rule_default(void);

struct judgement {
    struct ratio ratio; /* in: taken with the rule's threshold */
    double p;           /* out: two-sided, corrected for all rows */
    enum verdict verdict;
    char doubt[128]; /* in: why it is neither slower nor faster; empty for no doubt */
    char reason[96]; /* out: why one cannot tell; empty for the other verdicts */
};

/* Judges all rows of a comparison together. The correction is Holm's ("A simple sequentially
 * rejective multiple test procedure", Scand. J. Stat. 6, 1979): it holds the level for the whole
 * family, however the rows depend on each other. */
enum status verdicts_judge(const struct verdict_rule *rule, struct judgement *rows, size_t count,
                           struct message *message);

/* `p` corrected in place by Holm's procedure: a row is significant when its value is at most the
 * level. */
enum status verdict_holm(double *p, size_t count, struct message *message);

/* How many rows got each verdict; then "2 slower, 1 faster, 40 same, 7 cannot tell". */
void verdicts_count(const struct judgement *rows, size_t count, size_t counts[VERDICTS]);
void verdicts_describe(const size_t counts[VERDICTS], char *text, size_t size);

/* "5%" or "0.05" into 0.05; false when `text` is not a share from 0 to below 10. */
bool verdict_read_threshold(const char *text, double *threshold);

#endif
