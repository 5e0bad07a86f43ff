/* Whether two runs can testify against each other.
 *
 * One run of a row on each side does not say how much the row differs from run to run. A neighbour
 * may have been there all the while. Memory may have been laid out otherwise. Threads may have
 * landed on other processors.
 *
 * The other rows say it. Most rows of a comparison did not change by different amounts. So the
 * spread of most of their ratios is what the machine adds from run to run, and only a row that
 * stands out of it is accused.
 *
 * The implementations of one case were sampled in turn: where the others moved too, the machine
 * moved. Where there are no others, nobody can say what a neighbour did just then. Only runs that
 * agree closely everywhere else speak for such a row.
 */
#include "bench/regression/compare.h"

#include "bench/statistics/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A median that is uncertain by more than this times the threshold is not a witness. */
static const double noise_factor = 2.0;
/* A row must stand out by so many times the spread. */
static const double spread_factor = 4.0;
/* A row that was sampled alone counts in runs that spread by no more than this times the threshold.
 */
static const double alone_factor = 0.2;

double spread_of_most(double *values, size_t count) {
    if (count < SPREAD_LEAST)
        return 0.0;
    statistics_sort(values, count);
    size_t half = count / 2 + 1;
    double shortest = INFINITY;
    for (size_t i = 0; i + half <= count; i++)
        shortest = fmin(shortest, values[i + half - 1] - values[i]);
    return 0.7413 * (1.0 + 5.0 / ((double)count - 1.0)) * shortest;
}

/* --- one group: the rows of one device and number of threads ---------------------------------- */

struct group {
    const struct row_key *key;
    double *logarithms, *noises;
    size_t count;
    double spread, noise; /* the latter is that of the middle row */
};

static bool belongs(const struct group *group, const struct compared_row *row) {
    return strcmp(group->key->device, row->baseline->key.device) == 0 &&
           group->key->threads == row->baseline->key.threads;
}

static double row_noise(const struct compared_row *row) {
    return fmax(row->baseline->noise, row->changed->noise);
}

static void group_fill(struct group *group, const struct timed_row *rows, size_t count) {
    group->count = 0;
    for (size_t i = 0; i < count; i++)
        if (belongs(group, rows[i].row)) {
            group->logarithms[group->count] = log(rows[i].row->judgement.ratio.ratio);
            group->noises[group->count++] = row_noise(rows[i].row);
        }
    group->spread = spread_of_most(group->logarithms, group->count);
    statistics_sort(group->noises, group->count);
    group->noise = group->noises[group->count / 2];
}

/* --- one case --------------------------------------------------------------------------------- */

/* Whether the two rows were sampled in turn, other code at the same time. */
static bool in_turn(const struct compared_row *a, const struct compared_row *b, bool same_threads) {
    const struct row_key *first = &a->baseline->key, *second = &b->baseline->key;
    return row_key_same_case(first, second) && strcmp(first->mode, second->mode) == 0 &&
           strcmp(first->device, second->device) == 0 &&
           strcmp(first->implementation, second->implementation) != 0 &&
           (!same_threads || first->threads == second->threads);
}

/* The middle of the logarithms of the ratios of the row's case, its own implementation apart: of
 * those with as many threads, or if there is none, of all. NAN where nothing else was sampled. */
static double others_change(const struct timed_row *rows, size_t count, size_t row,
                            double *values) {
    size_t found = 0;
    for (int all = 0; all < 2 && found == 0; all++)
        for (size_t i = 0; i < count; i++)
            if (in_turn(rows[row].row, rows[i].row, !all))
                values[found++] = log(rows[i].row->judgement.ratio.ratio);
    statistics_sort(values, found);
    return found ? statistics_median_of_sorted(values, found) : (double)NAN;
}

static void row_doubt(const struct group *group, double threshold, struct judgement *judgement,
                      double noise, double others) {
    char *doubt = judgement->doubt;
    size_t size = sizeof judgement->doubt;
    double change = log(judgement->ratio.ratio);
    if (!(noise <= noise_factor * threshold))
        snprintf(doubt, size, "its median is uncertain by %.0f%%", 100.0 * noise);
    else if (fabs(others) > log1p(threshold) && others * change > 0.0)
        snprintf(doubt, size, "the other implementations of the case moved by %+.0f%% too",
                 100.0 * expm1(others));
    else if (group->noise > noise_factor * threshold)
        snprintf(doubt, size, "unsteady runs: half of such rows are uncertain by over %.0f%%",
                 100.0 * group->noise);
    else if (group->spread > log1p(threshold))
        snprintf(doubt, size, "unlike runs: ratios of such rows spread by %.0f%%",
                 100.0 * expm1(group->spread));
    else if (fabs(change) < spread_factor * group->spread)
        snprintf(doubt, size, "ratios of such rows spread by %.1f%% anyway",
                 100.0 * expm1(group->spread));
    else if (isnan(others) && group->spread > alone_factor * threshold)
        snprintf(doubt, size, "sampled alone, and such rows spread by %.1f%%; see --yardsticks",
                 100.0 * expm1(group->spread));
}

enum status compare_steadiness(const struct timed_row *rows, size_t count, double threshold,
                               struct message *message) {
    double *values = malloc((3 * count + 1) * sizeof *values);
    bool *done = calloc(count + 1, sizeof *done);
    if (!values || !done) {
        free(values);
        free(done);
        return message_set(message, STATUS_NO_MEMORY, "no memory to judge %zu rows", count);
    }
    struct group group = {.logarithms = values, .noises = values + count};
    for (size_t i = 0; i < count; i++) {
        if (done[i])
            continue;
        group.key = &rows[i].row->baseline->key;
        group_fill(&group, rows, count);
        for (size_t j = i; j < count; j++)
            if (!done[j] && belongs(&group, rows[j].row)) {
                row_doubt(&group, threshold, &rows[j].row->judgement, row_noise(rows[j].row),
                          others_change(rows, count, j, values + 2 * count));
                done[j] = true;
            }
    }
    free(values);
    free(done);
    return STATUS_OK;
}
