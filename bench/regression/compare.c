/* Matching the rows of two runs and judging them. */
#include "bench/regression/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- one row ---------------------------------------------------------------------------------- */

const char *compared_row_word(const struct compared_row *row) {
    static const char *const words[PAIRINGS] = {
        [PAIR_STATUS] = "changed",           [PAIR_BROKE] = "failed now",
        [PAIR_UNTIMED] = "not timed",        [PAIR_BASELINE_ONLY] = "only in the baseline",
        [PAIR_NEW_ONLY] = "only in the new",
    };
    return row->pairing == PAIR_TIMED ? verdict_word(row->judgement.verdict) : words[row->pairing];
}

const struct row_key *compared_row_key(const struct compared_row *row) {
    return row->baseline ? &row->baseline->key : &row->changed->key;
}

void compared_row_reason(const struct compared_row *row, char *text, size_t size) {
    text[0] = '\0';
    if (row->pairing == PAIR_TIMED)
        snprintf(text, size, "%s", row->judgement.reason);
    else if (row->pairing == PAIR_STATUS || row->pairing == PAIR_BROKE)
        snprintf(text, size, "%s before, now %s%s%s", row->baseline->status, row->changed->status,
                 *row->changed->reason ? ": " : "", row->changed->reason);
}

static bool has_status(const struct result *row, const char *status) {
    return strcmp(row->status, status) == 0;
}

static enum pairing pairing_of(const struct result *baseline, const struct result *changed) {
    if (!baseline)
        return PAIR_NEW_ONLY;
    if (!changed)
        return PAIR_BASELINE_ONLY;
    if (strcmp(baseline->status, changed->status) != 0)
        return has_status(changed, "failed") ? PAIR_BROKE : PAIR_STATUS;
    return has_status(baseline, "measured") ? PAIR_TIMED : PAIR_UNTIMED;
}

/* Whether the baseline says more of the row than the new run does. */
static bool has_vanished(const struct compared_row *row) {
    if (!row->baseline ||
        !(has_status(row->baseline, "measured") || has_status(row->baseline, "emulated")))
        return false;
    return !row->changed || has_status(row->changed, "skipped");
}

/* --- matching --------------------------------------------------------------------------------- */

struct place {
    const struct result *row;
    bool taken;
};

static int by_key(const void *left, const void *right) {
    const struct place *a = left, *b = right;
    return row_key_compare(&a->row->key, &b->row->key);
}

static void row_add(struct comparison *comparison, const struct result *baseline,
                    const struct result *changed) {
    comparison->rows[comparison->row_count++] = (struct compared_row){
        .baseline = baseline, .changed = changed, .pairing = pairing_of(baseline, changed)};
}

static enum status rows_match(const struct run_files *baseline, const struct run_files *changed,
                              struct comparison *comparison, struct message *message) {
    size_t most = baseline->result_count + changed->result_count + 1;
    struct place *places = malloc(most * sizeof *places);
    comparison->rows = calloc(most, sizeof *comparison->rows);
    if (!places || !comparison->rows) {
        free(places);
        return message_set(message, STATUS_NO_MEMORY, "no memory to compare %zu rows", most);
    }
    for (size_t i = 0; i < changed->result_count; i++)
        places[i] = (struct place){&changed->results[i], false};
    qsort(places, changed->result_count, sizeof *places, by_key);
    for (size_t i = 0; i < baseline->result_count; i++) {
        const struct place wanted = {&baseline->results[i], false};
        struct place *found =
            bsearch(&wanted, places, changed->result_count, sizeof *places, by_key);
        row_add(comparison, wanted.row, found ? found->row : NULL);
        if (found)
            found->taken = true;
    }
    for (size_t i = 0; i < changed->result_count; i++)
        if (!places[i].taken)
            row_add(comparison, NULL, places[i].row);
    free(places);
    return STATUS_OK;
}

/* --- judging ---------------------------------------------------------------------------------- */

/* Without samples there is no test, and the only interval is the one that both rows' own allow
 * together: enough for "same", for nothing else. */
static struct ratio ratio_of_rows(const struct result *baseline, const struct result *changed) {
    return (struct ratio){.ratio = changed->median_s / baseline->median_s,
                          .low = changed->low_s / baseline->high_s,
                          .high = changed->high_s / baseline->low_s,
                          .fast = changed->min_s / baseline->min_s,
                          .p_slower = 1.0,
                          .p_faster = 1.0};
}

struct judging {
    const struct run_files *baseline, *changed;
    const struct verdict_rule *rule;
    struct timed_row *timed;
    struct judgement *judgements;
    size_t count;
};

static enum status row_ratio(const struct judging *judging, size_t i, struct message *message) {
    struct compared_row *row = judging->timed[i].row;
    if (!row->baseline || !row->changed)
        return STATUS_OK; /* no timed row */
    struct times before = run_files_times(judging->baseline, &row->baseline->key);
    struct times after = run_files_times(judging->changed, &row->changed->key);
    struct ratio *ratio = &row->judgement.ratio;
    if (before.count > 0 && after.count > 0)
        return ratio_of_samples(before, after, judging->rule->threshold, i, ratio, message);
    *ratio = ratio_of_rows(row->baseline, row->changed);
    return STATUS_OK;
}

static enum status judging_do(const struct judging *judging, struct message *message) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < judging->count && status == STATUS_OK; i++)
        status = row_ratio(judging, i, message);
    if (status == STATUS_OK)
        status =
            compare_steadiness(judging->timed, judging->count, judging->rule->threshold, message);
    for (size_t i = 0; i < judging->count && status == STATUS_OK; i++)
        judging->judgements[i] = judging->timed[i].row->judgement;
    if (status == STATUS_OK)
        status = verdicts_judge(judging->rule, judging->judgements, judging->count, message);
    for (size_t i = 0; i < judging->count && status == STATUS_OK; i++)
        judging->timed[i].row->judgement = judging->judgements[i];
    return status;
}

static enum status rows_judge(const struct run_files *baseline, const struct run_files *changed,
                              const struct verdict_rule *rule, struct comparison *comparison,
                              struct message *message) {
    struct judging judging = {.baseline = baseline, .changed = changed, .rule = rule};
    judging.timed = calloc(comparison->row_count + 1, sizeof *judging.timed);
    judging.judgements = calloc(comparison->row_count + 1, sizeof *judging.judgements);
    if (!judging.timed || !judging.judgements) {
        free(judging.timed);
        free(judging.judgements);
        return message_set(message, STATUS_NO_MEMORY, "no memory to judge %zu rows",
                           comparison->row_count);
    }
    for (size_t i = 0; i < comparison->row_count; i++)
        if (comparison->rows[i].pairing == PAIR_TIMED)
            judging.timed[judging.count++].row = &comparison->rows[i];
    enum status status = judging_do(&judging, message);
    if (status == STATUS_OK)
        verdicts_count(judging.judgements, judging.count, comparison->verdicts);
    free(judging.timed);
    free(judging.judgements);
    return status;
}

/* --- the whole -------------------------------------------------------------------------------- */

enum status compare_runs(const struct run_files *baseline, const struct run_files *changed,
                         const struct compare_rule *rule, struct comparison *comparison,
                         struct message *message) {
    *comparison = (struct comparison){0};
    comparison->counters_only = baseline->counters_only || changed->counters_only;
    enum status status = STATUS_OK;
    if (!comparison->counters_only)
        status = rows_match(baseline, changed, comparison, message);
    if (status == STATUS_OK)
        status = rows_judge(baseline, changed, &rule->verdict, comparison, message);
    if (status == STATUS_OK)
        status = compare_counters(baseline, changed, rule->counters_threshold, comparison, message);
    if (status != STATUS_OK) {
        comparison_release(comparison);
        return status;
    }
    for (size_t i = 0; i < comparison->row_count; i++) {
        comparison->pairings[comparison->rows[i].pairing]++;
        comparison->rows_vanished += has_vanished(&comparison->rows[i]);
    }
    if (!comparison->counters_only)
        compare_environments(baseline, changed, comparison);
    return STATUS_OK;
}

void comparison_release(struct comparison *comparison) {
    free(comparison->rows);
    free(comparison->counts);
    free(comparison->kernels);
    *comparison = (struct comparison){0};
}

bool comparison_is_empty(const struct comparison *comparison) {
    return comparison->pairings[PAIR_TIMED] + comparison->pairings[PAIR_BROKE] +
               comparison->counted ==
           0;
}

bool comparison_proves_nothing(const struct comparison *comparison) {
    size_t timed = comparison->pairings[PAIR_TIMED];
    return timed > 0 && comparison->verdicts[VERDICT_CANNOT_TELL] == timed;
}

enum status comparison_status(const struct comparison *comparison, const struct compare_rule *rule,
                              struct message *message) {
    size_t worse = comparison->counts_worse, exact = rule->exact;
    size_t fail = rule->missing == MISSING_FAIL;
    const struct {
        size_t count;
        const char *one, *more;
    } parts[] = {
        {comparison->verdicts[VERDICT_SLOWER], "row is slower", "rows are slower"},
        {comparison->pairings[PAIR_BROKE], "row fails now", "rows fail now"},
        {exact ? 0 : worse, "count is worse", "counts are worse"},
        {exact * comparison->count_count, "count differs", "counts differ"},
        {exact * comparison->kernel_count, "kernel is of one side only",
         "kernels are of one side only"},
        {fail * comparison->rows_vanished, "row of the baseline is missing",
         "rows of the baseline are missing"},
        {fail * comparison->kernels_vanished, "kernel of the baseline is not counted",
         "kernels of the baseline are not counted"},
    };
    char text[512] = "";
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t used = strlen(text);
        if (parts[i].count > 0)
            snprintf(text + used, sizeof text - used, "%s%zu %s", used ? ", " : "", parts[i].count,
                     parts[i].count == 1 ? parts[i].one : parts[i].more);
    }
    if (*text)
        return message_set(message, STATUS_WRONG, "%s", text);
    if (rule->missing == MISSING_WARN || !comparison_is_empty(comparison))
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "nothing was compared: the runs have no row in common that both timed or "
                       "counted; --missing warn takes that for no failure");
}
