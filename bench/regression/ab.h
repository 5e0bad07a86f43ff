/* Two builds side by side: pairs of fresh processes, sampled in turn, until every row is decided.
 *
 * A pair is one process of each build, both new, so each pair has its own layout of memory. Within
 * a pair the rows are sampled in turn (A B B A B A A B), some milliseconds at a time. A neighbour
 * on the machine then meets both alike. A pair gives one ratio a row: of the fastest samples, which
 * code alone decides (Chen and Revels, "Robust benchmarking in noisy environments",
 * arXiv:1608.04295). Where all rows have one thread, both processes of a pair are kept on one
 * processor. The next pair has the next one, for processors have neighbours of their own.
 *
 * After a fixed number of pairs each, at most five times, the rows are judged
 * (bench/statistics/verdict.h). Those that are decided are sampled no further. Looking more than
 * once gives more than one chance of a false alarm. So each look may spend a part of the level (Lan
 * and DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70, 1983). The parts
 * are simply added, by Bonferroni's inequality: nothing is assumed of how the looks depend on each
 * other. The last look has the largest part, because no later one could decide what noise left
 * open.
 */
#ifndef LOCKSTEP_BENCH_REGRESSION_AB_H
#define LOCKSTEP_BENCH_REGRESSION_AB_H

#include "bench/statistics/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { AB_PAIRS_MAX = 48, AB_PAIRS_MIN = 6, AB_SIDES = 2 };
enum ab_side { AB_BASELINE, AB_NEW };

/* What is compared: two builds, or one build with one of two kernels. */
struct ab_options {
    const char *names[AB_SIDES];        /* for people; NULL: the binary */
    const char *binaries[AB_SIDES];     /* what is started … */
    const char *const *words[AB_SIDES]; /* … to measure this: run's options, as given */
    int word_counts[AB_SIDES];
    double threshold; /* the relative change that does not matter */
    size_t pairs_max; /* AB_PAIRS_MIN … AB_PAIRS_MAX */
    bool (*stop)(void *);
    void *stop_argument;
};

/* What names a row to a person. */
struct ab_name {
    char bench_case[256], implementation[32], device[16], mode[8];
    long threads;
};

/* A row that both builds have. */
struct ab_row {
    struct ab_name name;
    size_t case_number[AB_SIDES]; /* in the build's own order */
    long row_number[AB_SIDES];
    size_t pairs;
    double seconds[AB_SIDES][AB_PAIRS_MAX]; /* of an iteration: the fastest of each process */
    bool decided;
    struct judgement judgement;
};

/* A row that is not compared. */
struct ab_absence {
    struct ab_name name;
    char reason[500];
};

struct ab {
    struct ab_options options;
    struct ab_row *rows;
    struct ab_absence *absences;
    size_t row_count, absence_count;
    size_t pairs; /* taken */
    double seconds;
};

/* Verifies both builds and finds the rows that both have.
 *
 * STATUS_WRONG: a result is wrong, and the message says which.
 * STATUS_INVALID: not a build that can be compared, or nothing in common.
 * STATUS_FAILED: a process crashed. */
enum status ab_open(struct ab *ab, const struct ab_options *options, struct message *message);
/* Samples and judges until all is decided or the pairs are used up. */
enum status ab_play(struct ab *ab, struct message *message);
void ab_close(struct ab *ab);

/* The median over the pairs of one side's fastest samples. */
double ab_row_seconds(const struct ab_row *row, enum ab_side side);

/* The rows as a table for people, and for programs. Each returns STATUS_OK or STATUS_IO. */
enum status ab_print_table(const struct ab *ab, FILE *file, struct message *message);
enum status ab_print_csv(const struct ab *ab, FILE *file, struct message *message);
enum status ab_print_json(const struct ab *ab, FILE *file, struct message *message);
enum status ab_print_markdown(const struct ab *ab, FILE *file, struct message *message);

#endif
