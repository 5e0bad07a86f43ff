/* Verdicts over all rows of a comparison. */
#include "bench/statistics/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *verdict_word(enum verdict verdict) {
    static const char *const words[VERDICTS] = {"slower", "faster", "same", "cannot tell"};
    return words[verdict];
}

struct verdict_rule verdict_rule_default(void) {
    return (struct verdict_rule){.threshold = 0.05, .level = 0.05};
}

/* --- Holm ------------------------------------------------------------------------------------- */

struct ranked {
    double p;
    size_t row;
};

static int by_probability(const void *left, const void *right) {
    const struct ranked *a = left, *b = right;
    if (a->p != b->p)
        return a->p > b->p ? 1 : -1;
    return (a->row > b->row) - (a->row < b->row);
}

enum status verdict_holm(double *p, size_t count, struct message *message) {
    struct ranked *ranked = malloc((count ? count : 1) * sizeof *ranked);
    if (!ranked)
        return message_set(message, STATUS_NO_MEMORY, "no memory to judge %zu rows", count);
    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){p[i], i};
    qsort(ranked, count, sizeof *ranked, by_probability);
    double least = 0.0;
    for (size_t i = 0; i < count; i++) {
        least = fmin(1.0, fmax(least, (double)(count - i) * ranked[i].p));
        p[ranked[i].row] = least;
    }
    free(ranked);
    return STATUS_OK;
}

/* --- verdicts --------------------------------------------------------------------------------- */

/* Why one cannot tell. */
static void reason_give(const struct verdict_rule *rule, struct judgement *row) {
    const struct ratio *ratio = &row->ratio;
    double most = 1.0 + rule->threshold;
    bool middle = ratio->low > most || ratio->high < 1.0 / most;
    bool fast = ratio->fast > most || ratio->fast < 1.0 / most;
    if (isinf(ratio->high))
        snprintf(row->reason, sizeof row->reason, "too few samples: %zu", ratio->blocks);
    else if (*row->doubt)
        snprintf(row->reason, sizeof row->reason, "%s", row->doubt);
    else if (middle && !fast)
        snprintf(row->reason, sizeof row->reason,
                 "the median moved but the fastest samples did not");
    else
        snprintf(row->reason, sizeof row->reason,
                 middle ? "too unsteady for the number of rows" : "too noisy");
}

static void row_judge(const struct verdict_rule *rule, struct judgement *row) {
    const struct ratio *ratio = &row->ratio;
    double most = 1.0 + rule->threshold;
    bool sure = row->p <= rule->level && !*row->doubt;
    row->reason[0] = '\0';
    if (sure && ratio->ratio > most && ratio->p_slower < ratio->p_faster)
        row->verdict = VERDICT_SLOWER;
    else if (sure && ratio->ratio < 1.0 / most && ratio->p_faster < ratio->p_slower)
        row->verdict = VERDICT_FASTER;
    else if (ratio->low >= 1.0 / most && ratio->high <= most)
        row->verdict = VERDICT_SAME;
    else {
        row->verdict = VERDICT_CANNOT_TELL;
        reason_give(rule, row);
    }
}

enum status verdicts_judge(const struct verdict_rule *rule, struct judgement *rows, size_t count,
                           struct message *message) {
    double *p = malloc((count ? count : 1) * sizeof *p);
    if (!p)
        return message_set(message, STATUS_NO_MEMORY, "no memory to judge %zu rows", count);
    for (size_t i = 0; i < count; i++)
        p[i] = fmin(1.0, 2.0 * fmin(rows[i].ratio.p_slower, rows[i].ratio.p_faster));
    enum status status = verdict_holm(p, count, message);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        rows[i].p = p[i];
        row_judge(rule, &rows[i]);
    }
    free(p);
    return status;
}

void verdicts_count(const struct judgement *rows, size_t count, size_t counts[VERDICTS]) {
    memset(counts, 0, VERDICTS * sizeof counts[0]);
    for (size_t i = 0; i < count; i++)
        counts[rows[i].verdict]++;
}

void verdicts_describe(const size_t counts[VERDICTS], char *text, size_t size) {
    size_t used = 0;
    for (int v = 0; v < VERDICTS && used < size; v++)
        used += (size_t)snprintf(text + used, size - used, "%s%zu %s", v ? ", " : "", counts[v],
                                 verdict_word((enum verdict)v));
}

bool verdict_read_threshold(const char *text, double *threshold) {
    char *end;
    *threshold = strtod(text, &end);
    bool percent = end != text && *end == '%';
    if (percent)
        *threshold /= 100.0;
    return end != text && end[percent] == '\0' && *threshold >= 0.0 && *threshold < 10.0;
}
