/* Levels that got worse since a revision. */
#include "bench/regression/history_check.h"
#include "bench/files/format.h"
#include "bench/regression/history_levels.h"

#include <string.h>

/* As few runs as Pettitt's test can give a step of 1% in. */
enum { RUNS_LEAST = 16 };

/* Whether one is the beginning of the other: commits are recorded in twelve digits, and git gives
 * forty. What was changed and not committed has a mark behind them. */
static bool is_revision(const char *commit, const char *wanted) {
    size_t recorded = strcspn(commit, "-"), given = strlen(wanted);
    return recorded > 0 && given > 0 &&
           strncmp(commit, wanted, recorded < given ? recorded : given) == 0;
}

/* The last run of the revision; false where there is none. */
static bool run_find(const struct history_series *series, const char *since, size_t *run) {
    for (size_t i = series->count; i-- > 0;)
        if (is_revision(series->values[i].commit, since)) {
            *run = i;
            return true;
        }
    return false;
}

static const struct level *level_of(const struct history_levels *levels, size_t run) {
    size_t i = levels->count - 1;
    while (i > 0 && levels->list[i].begin > run)
        i--;
    return &levels->list[i];
}

static void slower_print(const struct history_check *check, const struct history_series *series,
                         const struct level *before, const struct level *now) {
    const struct history_value *first = &series->values[now->begin];
    char name[320], medians[2][32];
    row_key_describe(&series->key, name, sizeof name);
    format_seconds(before->median, medians[0], sizeof medians[0]);
    format_seconds(now->median, medians[1], sizeof medians[1]);
    fprintf(check->file, "machine %.8s  %s: %s, now %s, slower by %.1f%% since %s, %s (p %.2g)\n",
            series->fingerprint, name, medians[0], medians[1],
            100.0 * (now->median / before->median - 1.0), first->commit, first->written, now->p);
}

enum status history_check_series(const struct history_series *series, void *context,
                                 struct message *message) {
    struct history_check *check = context;
    struct history_levels levels = {.count = 0};
    size_t run = 0;
    if (!history_is_machine(check->machine, series->fingerprint, series->machine))
        return STATUS_OK;
    if (!run_find(series, check->since, &run)) {
        check->unknown++;
        return STATUS_OK;
    }
    enum status status = history_levels_find(series, &levels, message);
    if (status != STATUS_OK || levels.count == 0)
        return status;
    check->looked++;
    check->few += series->count < RUNS_LEAST;
    const struct level *before = level_of(&levels, run), *now = &levels.list[levels.count - 1];
    if (now->begin <= run || !(now->median > before->median * (1.0 + history_step)))
        return STATUS_OK;
    check->slower++;
    slower_print(check, series, before, now);
    return STATUS_OK;
}

enum status history_check_end(const struct history_check *check, struct message *message) {
    if (check->looked == 0)
        return message_set(message, STATUS_INVALID,
                           "no run of revision '%s' is on record for these cases; `lockstep "
                           "history list` shows the runs",
                           check->since);
    fprintf(check->file, "series with runs of %s: %zu, slower since: %zu", check->since,
            check->looked, check->slower);
    if (check->unknown > 0)
        fprintf(check->file, "; without: %zu", check->unknown);
    if (check->few > 0)
        fprintf(check->file, "; of fewer than %d runs, in which no step is found: %zu", RUNS_LEAST,
                check->few);
    fputc('\n', check->file);
    if (check->slower == 0)
        return STATUS_OK;
    return message_set(message, STATUS_WRONG, "%zu of %zu series %s slower since %s", check->slower,
                       check->looked, check->slower == 1 ? "is" : "are", check->since);
}
