/* Two runs side by side: `lockstep compare`.
 *
 * Rows belong together when operation, variant, dtype, shape, implementation, device, threads and
 * mode are equal. Rows that were measured in both get a verdict (bench/statistics/verdict.h); a row
 * that was measured or emulated and is not any more is a regression when it failed. Counts are
 * compared to the last digit. Where one side is counts alone (a recorded counters.csv), so is the
 * comparison.
 */
#ifndef LOCKSTEP_BENCH_REGRESSION_COMPARE_H
#define LOCKSTEP_BENCH_REGRESSION_COMPARE_H

#include "bench/files/run_files.h"
#include "bench/statistics/verdict.h"

#include <stdbool.h>
#include <stdio.h>

enum pairing {
    PAIR_TIMED,         /* measured in both: it has a verdict */
    PAIR_STATUS,        /* the status changed */
    PAIR_BROKE,         /* …to failed */
    PAIR_BASELINE_ONLY, /* only the baseline has the row */
    PAIR_NEW_ONLY,
    PAIR_UNTIMED, /* the same status in both, without times */
    PAIRINGS
};

struct compared_row {
    const struct result *baseline, *changed; /* NULL where a side has no such row */
    enum pairing pairing;
    struct judgement judgement; /* of PAIR_TIMED */
};

/* One count that differs, of a kernel that both runs have, or of all kernels of an implementation
 * together where their kernels differ. */
struct count_change {
    struct row_key key;
    char kernel[220]; /* name, grid and block, or "all kernels" */
    const char *counter;
    double baseline, changed;
    bool worse; /* by more than the threshold; occupancy is worse when it falls */
};

/* A kernel that only one run has. Where the runs have rows of results, and only one of them has the
 * kernel's row, that row says so and the kernel is not listed. */
struct kernel_change {
    const struct counters_row *row;
    bool added;
};

enum { DIFFERENCES_MAX = 32 };

/* A setting that the two runs do not share. */
struct setting_difference {
    char name[64], baseline[160], changed[160];
};

struct comparison {
    struct compared_row *rows; /* baseline's order, then what is new */
    struct count_change *counts;
    struct kernel_change *kernels;
    size_t row_count, count_count, kernel_count, kernels_compared;
    struct setting_difference differences[DIFFERENCES_MAX];
    size_t difference_count;
    size_t verdicts[VERDICTS], pairings[PAIRINGS], counts_worse;
    /* Cases and implementations whose counts both runs have, and what has vanished: rows that the
     * baseline measured or emulated and the new run did not, and kernels that it counted in rows
     * that the new run did not count. */
    size_t counted, rows_vanished, kernels_vanished;
    /* Columns of counters.csv at its end that one run's version did not count yet: not compared. */
    size_t counters_absent;
    bool is_sampled;    /* counts of either side are of sampled blocks, scaled to all */
    bool counters_only; /* on either side, so nothing else was compared */
};

/* What is to be done about rows that have vanished. Unless it was said, less than the baseline has
 * is a warning, and a comparison of nothing is refused. */
enum compare_missing { MISSING_UNSAID, MISSING_WARN, MISSING_FAIL };

struct compare_rule {
    struct verdict_rule verdict;
    enum compare_missing missing;
    double counters_threshold; /* how much more a count may be, relative: 0 */
    bool exact;                /* fewer counts, and kernels of one side alone, are refused too */
};

/* Both runs must outlive the comparison. The caller releases it after STATUS_OK alone. */
enum status compare_runs(const struct run_files *baseline, const struct run_files *changed,
                         const struct compare_rule *rule, struct comparison *comparison,
                         struct message *message);
void comparison_release(struct comparison *comparison);

/* STATUS_WRONG with a sentence when a row is slower or broke, or a count is worse (or, where counts
 * must be exact, another), or when a row has vanished and none may. STATUS_INVALID when nothing was
 * compared. */
enum status comparison_status(const struct comparison *comparison, const struct compare_rule *rule,
                              struct message *message);

/* Whether no row and no count of both runs were compared. */
bool comparison_is_empty(const struct comparison *comparison);
/* Whether rows were timed in both runs, and not one has a verdict: then it proves nothing. */
bool comparison_proves_nothing(const struct comparison *comparison);

/* What became of the row in one or two words: a verdict, "failed now", "only in the baseline" … */
const char *compared_row_word(const struct compared_row *row);
const struct row_key *compared_row_key(const struct compared_row *row);
/* Why one cannot tell, or what the status was and is; empty where there is nothing to say. */
void compared_row_reason(const struct compared_row *row, char *text, size_t size);

/* --- parts of compare_runs, each in a file of its own ----------------------------------------- */

/* Fills the doubt of each row's judgement, whose ratio is known. A row is not called slower or
 * faster when one of these holds:
 *
 * - Its own median is uncertain by more than twice the threshold.
 * - That is so for half of the rows of its device and threads.
 * - The other implementations of its case moved beyond the threshold in the same direction.
 * - The ratios of most rows of its device and threads spread by more than the threshold.
 * - Its own ratio is within four times that spread.
 * - No other implementation was sampled beside it, and that spread is more than a fifth of the
 *   threshold. */
struct timed_row {
    struct compared_row *row; /* measured in both runs */
};
enum status compare_steadiness(const struct timed_row *rows, size_t count, double threshold,
                               struct message *message);

/* The standard deviation of most of the values, whatever the others are. It is the length of the
 * shortest interval that holds half of them, scaled as for normal values and for few of them. It is
 * 0 below SPREAD_LEAST values. They are sorted. (Rousseeuw and Leroy, "A robust scale estimator
 * based on the shortest half", Statistica Neerlandica 42, 1988; "Robust regression and outlier
 * detection", section 5.4.) */
enum { SPREAD_LEAST = 5 };
double spread_of_most(double *values, size_t count);

enum status compare_counters(const struct run_files *baseline, const struct run_files *changed,
                             double threshold, struct comparison *comparison,
                             struct message *message);
void compare_environments(const struct run_files *baseline, const struct run_files *changed,
                          struct comparison *comparison);

/* --- showing it ------------------------------------------------------------------------------- */

struct comparison_view {
    const struct comparison *comparison;
    const struct compare_rule *rule;
    const char *baseline, *changed; /* as the user named them */
};

/* Errors of `file` are sticky: the caller looks at them at the end. */
void comparison_print_table(const struct comparison_view *view, FILE *file);
void comparison_print_markdown(const struct comparison_view *view, FILE *file);
void comparison_print_csv(const struct comparison_view *view, FILE *file);
/* What the runs do not share, and what of them was not compared. */
void comparison_print_differences(const struct comparison *comparison, const char *prefix,
                                  FILE *file);
/* The counts and kernels that differ, a line each; CSV has rows of times alone. */
void comparison_print_counts(const struct comparison *comparison, const char *prefix, FILE *file);
enum status comparison_print_json(const struct comparison_view *view, FILE *file,
                                  struct message *message);

#endif
