/* A comparison as a table on the terminal and as Markdown. */
#include "bench/files/format.h"
#include "bench/regression/compare.h"
#include "common/words.h"

#include <math.h>
#include <string.h>

struct cells {
    char case_name[256], threads[24], baseline[24], changed[24], ratio[24], interval[48], p[16],
        reason[640];
};

static void cells_fill(const struct compared_row *row, struct cells *cells) {
    const struct row_key *key = compared_row_key(row);
    memset(cells, 0, sizeof *cells);
    snprintf(cells->case_name, sizeof cells->case_name, "%s/%s/%s/%s", key->operation, key->variant,
             key->dtype, key->shape);
    if (key->threads > 0)
        snprintf(cells->threads, sizeof cells->threads, "%lld", (long long)key->threads);
    if (row->baseline && row->baseline->median_s > 0.0)
        format_seconds(row->baseline->median_s, cells->baseline, sizeof cells->baseline);
    if (row->changed && row->changed->median_s > 0.0)
        format_seconds(row->changed->median_s, cells->changed, sizeof cells->changed);
    compared_row_reason(row, cells->reason, sizeof cells->reason);
    if (row->pairing != PAIR_TIMED)
        return;
    const struct ratio *ratio = &row->judgement.ratio;
    snprintf(cells->ratio, sizeof cells->ratio, "%.3f", ratio->ratio);
    if (isfinite(ratio->high))
        snprintf(cells->interval, sizeof cells->interval, "%.3f to %.3f", ratio->low, ratio->high);
    snprintf(cells->p, sizeof cells->p, "%.2g", row->judgement.p);
}

static void count_print(const struct count_change *change, const char *prefix, FILE *file) {
    char key[320];
    row_key_describe(&change->key, key, sizeof key);
    fprintf(file, "%s%s, %s, %s: %.15g before, %.15g now%s\n", prefix, key, change->kernel,
            change->counter, change->baseline, change->changed, change->worse ? ", worse" : "");
}

static void kernel_print(const struct kernel_change *change, const char *prefix, FILE *file) {
    char key[320];
    row_key_describe(&change->row->key, key, sizeof key);
    fprintf(file, "%s%s, %s %s x %s: %s\n", prefix, key, change->row->kernel, change->row->grid,
            change->row->block, change->added ? "only in the new" : "only in the baseline");
}

void comparison_print_counts(const struct comparison *comparison, const char *prefix, FILE *file) {
    for (size_t i = 0; i < comparison->kernel_count; i++)
        kernel_print(&comparison->kernels[i], prefix, file);
    for (size_t i = 0; i < comparison->count_count; i++)
        count_print(&comparison->counts[i], prefix, file);
}

static void absence_print(const struct comparison *comparison, const char *prefix, FILE *file) {
    const size_t first = counters_format.column_count - comparison->counters_absent;
    if (comparison->counters_absent == 0)
        return;
    fprintf(file, "%snot compared, as an older version did not count them:", prefix);
    for (size_t c = first; c < counters_format.column_count; c++)
        fprintf(file, "%s %s", c > first ? "," : "", counters_format.columns[c].name);
    fputc('\n', file);
}

void comparison_print_differences(const struct comparison *comparison, const char *prefix,
                                  FILE *file) {
    for (size_t i = 0; i < comparison->difference_count; i++)
        fprintf(file, "%s%s differs: %s in the baseline, %s in the new\n", prefix,
                comparison->differences[i].name, comparison->differences[i].baseline,
                comparison->differences[i].changed);
    if (comparison->is_sampled)
        fprintf(file, "%scounts are not of all blocks: equal ones were sampled (--sample-blocks)\n",
                prefix);
    absence_print(comparison, prefix, file);
}

/* "12 rows timed in both, threshold 5%: 1 slower, …; 2 only in the baseline; " */
static void rows_summary_print(const struct comparison_view *view, FILE *file) {
    const struct comparison *c = view->comparison;
    static const struct {
        enum pairing pairing;
        const char *text;
    } others[] = {{PAIR_BROKE, "failed now"},
                  {PAIR_STATUS, "with another status"},
                  {PAIR_BASELINE_ONLY, "only in the baseline"},
                  {PAIR_NEW_ONLY, "only in the new"},
                  {PAIR_UNTIMED, "without times in either"}};
    char verdicts[96];
    verdicts_describe(c->verdicts, verdicts, sizeof verdicts);
    fprintf(file, "%s timed in both, threshold %g%%: %s", COUNTED(c->pairings[PAIR_TIMED], "row"),
            100.0 * view->rule->verdict.threshold, verdicts);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (c->pairings[others[i].pairing] > 0)
            fprintf(file, "; %zu %s", c->pairings[others[i].pairing], others[i].text);
}

/* "kernels counted in both: 240, counts that differ: 2, worse: 1; kernels of one side only: 1" */
static void counts_summary_print(const struct comparison *c, FILE *file) {
    fprintf(file, "kernels counted in both: %zu, ", c->kernels_compared);
    if (c->count_count > 0)
        fprintf(file, "counts that differ: %zu, worse: %zu", c->count_count, c->counts_worse);
    else
        fputs("all counts equal", file);
    if (c->kernel_count > 0)
        fprintf(file, "; kernels of one side only: %zu", c->kernel_count);
}

static void summary_print(const struct comparison_view *view, FILE *file) {
    const struct comparison *c = view->comparison;
    bool counted = c->kernels_compared + c->kernel_count > 0;
    if (!c->counters_only)
        rows_summary_print(view, file);
    if (counted && !c->counters_only)
        fputs("; ", file);
    if (counted || c->counters_only)
        counts_summary_print(c, file);
    if (c->rows_vanished + c->kernels_vanished > 0)
        fprintf(file, "; vanished since the baseline: rows %zu, kernels %zu", c->rows_vanished,
                c->kernels_vanished);
    if (comparison_proves_nothing(c))
        fputs("; no timed row could be told, so that nothing is proved about times", file);
    if (comparison_is_empty(c))
        fputs("; nothing was compared", file);
    fputc('\n', file);
}

/* --- the terminal ----------------------------------------------------------------------------- */

static void table_row(const struct compared_row *row, const struct row_key *before, FILE *file) {
    struct cells cells;
    const struct row_key *key = compared_row_key(row);
    cells_fill(row, &cells);
    if (!before || !row_key_same_case(before, key))
        fprintf(file, "\n%s\n", cells.case_name);
    fprintf(file, "  %-15s %-8s %3s %-4s %9s %9s  %6s  %-16s %7s  %s%s%s\n", key->implementation,
            key->device, cells.threads, key->mode, cells.baseline, cells.changed, cells.ratio,
            cells.interval, cells.p, compared_row_word(row), *cells.reason ? ": " : "",
            cells.reason);
}

void comparison_print_table(const struct comparison_view *view, FILE *file) {
    const struct comparison *c = view->comparison;
    const struct row_key *before = NULL;
    comparison_print_differences(c, "warning: ", file);
    if (c->row_count > 0)
        fprintf(file, "  %-15s %-8s %3s %-4s %9s %9s  %6s  %-16s %7s  %s\n", "implementation",
                "device", "thr", "mode", "baseline", "new", "ratio", "95% interval", "p",
                "verdict");
    for (size_t i = 0; i < c->row_count; i++) {
        table_row(&c->rows[i], before, file);
        before = compared_row_key(&c->rows[i]);
    }
    if (c->row_count > 0)
        fputc('\n', file);
    if (c->count_count + c->kernel_count > 0)
        fputs("counts of the emulated GPU\n", file);
    comparison_print_counts(c, "  ", file);
    if (c->count_count + c->kernel_count > 0)
        fputc('\n', file);
    summary_print(view, file);
}

/* --- Markdown --------------------------------------------------------------------------------- */

/* A cell's text: what would end the cell or begin an element is escaped. */
static void markdown_text(const char *text, FILE *file) {
    for (const char *c = text; *c; c++) {
        if (strchr("|\\`*_<>[]", *c))
            fputc('\\', file);
        fputc(*c == '\n' ? ' ' : *c, file);
    }
}

static void markdown_row(const struct compared_row *row, FILE *file) {
    struct cells cells;
    const struct row_key *key = compared_row_key(row);
    cells_fill(row, &cells);
    const char *const texts[] = {cells.case_name, key->implementation, key->device,
                                 cells.threads,   key->mode,           cells.baseline,
                                 cells.changed,   cells.ratio,         cells.interval};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fputs("| ", file);
        markdown_text(texts[i], file);
        fputc(' ', file);
    }
    fprintf(file, "| **%s**%s", compared_row_word(row), *cells.reason ? ": " : "");
    markdown_text(cells.reason, file);
    fputs(" |\n", file);
}

/* What a reader of a pull request looks for, before what did not change. */
static bool is_news(const struct compared_row *row) {
    if (row->pairing == PAIR_TIMED)
        return row->judgement.verdict == VERDICT_SLOWER || row->judgement.verdict == VERDICT_FASTER;
    return row->pairing != PAIR_UNTIMED;
}

static void markdown_rows(const struct comparison *comparison, bool news, FILE *file) {
    fputs(
        "| case | implementation | device | threads | mode | baseline | new | ratio | 95% interval "
        "| verdict |\n|---|---|---|--:|---|--:|--:|--:|--:|---|\n",
        file);
    for (size_t i = 0; i < comparison->row_count; i++)
        if (is_news(&comparison->rows[i]) == news)
            markdown_row(&comparison->rows[i], file);
}

void comparison_print_markdown(const struct comparison_view *view, FILE *file) {
    const struct comparison *c = view->comparison;
    size_t news = 0;
    for (size_t i = 0; i < c->row_count; i++)
        news += is_news(&c->rows[i]);
    fputs("### lockstep: ", file);
    summary_print(view, file);
    fputc('\n', file);
    comparison_print_differences(c, "- warning: ", file);
    fputc('\n', file);
    if (news > 0)
        markdown_rows(c, true, file);
    if (c->count_count + c->kernel_count > 0)
        fputs("\nCounts of the emulated GPU:\n\n", file);
    comparison_print_counts(c, "- ", file);
    if (news == c->row_count)
        return;
    fprintf(file, "\n<details><summary>%zu other rows</summary>\n\n", c->row_count - news);
    markdown_rows(c, false, file);
    fputs("\n</details>\n", file);
}
