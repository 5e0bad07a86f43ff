/* What became of the rows, for people and for programs. */
#include "bench/files/format.h"
#include "bench/regression/ab.h"
#include "bench/statistics/statistics.h"
#include "common/words.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double ab_row_seconds(const struct ab_row *row, enum ab_side side) {
    double sorted[AB_PAIRS_MAX];
    if (row->pairs == 0)
        return NAN;
    memcpy(sorted, row->seconds[side], row->pairs * sizeof *sorted);
    statistics_sort(sorted, row->pairs);
    return statistics_median_of_sorted(sorted, row->pairs);
}

static enum status written(FILE *file, struct message *message) {
    if (fflush(file) == 0 && !ferror(file))
        return STATUS_OK;
    return message_set(message, STATUS_IO, "cannot write the verdicts: %s", strerror(errno));
}

/* What is printed of a row, each as text. */
struct cells {
    char threads[24], baseline[32], changed[32], ratio[32], interval[64], p[32];
    const char *verdict, *reason;
};

static struct cells cells_of(const struct ab_row *row) {
    struct cells cells = {.verdict = verdict_word(row->judgement.verdict),
                          .reason = row->judgement.reason};
    const struct ratio *ratio = &row->judgement.ratio;
    format_seconds(ab_row_seconds(row, AB_BASELINE), cells.baseline, sizeof cells.baseline);
    format_seconds(ab_row_seconds(row, AB_NEW), cells.changed, sizeof cells.changed);
    snprintf(cells.threads, sizeof cells.threads, "%.0ld", row->name.threads);
    snprintf(cells.ratio, sizeof cells.ratio, "%.3f", ratio->ratio);
    snprintf(cells.interval, sizeof cells.interval, "%.3f to %.3f", ratio->low, ratio->high);
    snprintf(cells.p, sizeof cells.p, "%.2g", row->judgement.p);
    return cells;
}

static void summary_print(const struct ab *ab, FILE *file) {
    struct judgement *all = calloc(ab->row_count + 1, sizeof *all);
    size_t counts[VERDICTS];
    char text[128] = "";
    for (size_t i = 0; all && i < ab->row_count; i++)
        all[i] = ab->rows[i].judgement;
    if (all) {
        verdicts_count(all, ab->row_count, counts);
        verdicts_describe(counts, text, sizeof text);
    }
    free(all);
    fprintf(file, "%s; threshold %.3g%%, %s of processes, %.1f s\n", text,
            100.0 * ab->options.threshold, COUNTED(ab->pairs, "pair"), ab->seconds);
}

enum status ab_print_table(const struct ab *ab, FILE *file, struct message *message) {
    fprintf(file, "baseline  %s\nnew       %s\n\n", ab->options.names[AB_BASELINE],
            ab->options.names[AB_NEW]);
    fprintf(file, "  %-46s %-15s %-8s %3s %10s %10s %7s  %-16s %8s  %s\n", "case", "implementation",
            "device", "thr", "baseline", "new", "ratio", "95% interval", "p", "verdict");
    for (size_t i = 0; i < ab->row_count; i++) {
        const struct ab_row *row = &ab->rows[i];
        const struct cells c = cells_of(row);
        fprintf(file, "  %-46s %-15s %-8s %3s %10s %10s %7s  %-16s %8s  %s%s%s\n",
                row->name.bench_case, row->name.implementation, row->name.device, c.threads,
                c.baseline, c.changed, c.ratio, c.interval, c.p, c.verdict, *c.reason ? ": " : "",
                c.reason);
    }
    for (size_t i = 0; i < ab->absence_count; i++)
        fprintf(file, "  %-46s %-15s not compared: %s\n", ab->absences[i].name.bench_case,
                ab->absences[i].name.implementation, ab->absences[i].reason);
    fputc('\n', file);
    summary_print(ab, file);
    return written(file, message);
}

enum status ab_print_csv(const struct ab *ab, FILE *file, struct message *message) {
    fputs("case,implementation,device,threads,mode,pairs,baseline_s,new_s,ratio,low,high,p,verdict,"
          "reason\n",
          file);
    for (size_t i = 0; i < ab->row_count; i++) {
        const struct ab_row *row = &ab->rows[i];
        const struct judgement *judgement = &row->judgement;
        fprintf(file, "%s,%s,%s,%ld,%s,%zu,%.9g,%.9g,%.6g,%.6g,%.6g,%.6g,%s,%s\n",
                row->name.bench_case, row->name.implementation, row->name.device, row->name.threads,
                row->name.mode, row->pairs, ab_row_seconds(row, AB_BASELINE),
                ab_row_seconds(row, AB_NEW), judgement->ratio.ratio, judgement->ratio.low,
                judgement->ratio.high, judgement->p, verdict_word(judgement->verdict),
                judgement->reason);
    }
    return written(file, message);
}

static void name_to_json(const struct ab_name *name, cJSON *object) {
    cJSON_AddStringToObject(object, "case", name->bench_case);
    cJSON_AddStringToObject(object, "implementation", name->implementation);
    cJSON_AddStringToObject(object, "device", name->device);
    cJSON_AddNumberToObject(object, "threads", (double)name->threads);
    cJSON_AddStringToObject(object, "mode", name->mode);
}

static void row_to_json(const struct ab_row *row, cJSON *object) {
    const struct judgement *judgement = &row->judgement;
    name_to_json(&row->name, object);
    cJSON_AddItemToObject(object, "baseline_s",
                          cJSON_CreateDoubleArray(row->seconds[AB_BASELINE], (int)row->pairs));
    cJSON_AddItemToObject(object, "new_s",
                          cJSON_CreateDoubleArray(row->seconds[AB_NEW], (int)row->pairs));
    cJSON_AddNumberToObject(object, "ratio", judgement->ratio.ratio);
    cJSON_AddNumberToObject(object, "low", judgement->ratio.low);
    cJSON_AddNumberToObject(object, "high", judgement->ratio.high);
    cJSON_AddNumberToObject(object, "p", judgement->p);
    cJSON_AddStringToObject(object, "verdict", verdict_word(judgement->verdict));
    cJSON_AddStringToObject(object, "reason", judgement->reason);
}

enum status ab_print_json(const struct ab *ab, FILE *file, struct message *message) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "baseline", ab->options.names[AB_BASELINE]);
    cJSON_AddStringToObject(object, "new", ab->options.names[AB_NEW]);
    cJSON_AddNumberToObject(object, "threshold", ab->options.threshold);
    cJSON_AddNumberToObject(object, "pairs", (double)ab->pairs);
    cJSON *rows = cJSON_AddArrayToObject(object, "rows");
    for (size_t i = 0; i < ab->row_count; i++) {
        cJSON *row = cJSON_CreateObject();
        row_to_json(&ab->rows[i], row);
        cJSON_AddItemToArray(rows, row);
    }
    cJSON *absences = cJSON_AddArrayToObject(object, "not_compared");
    for (size_t i = 0; i < ab->absence_count; i++) {
        cJSON *absence = cJSON_CreateObject();
        name_to_json(&ab->absences[i].name, absence);
        cJSON_AddStringToObject(absence, "reason", ab->absences[i].reason);
        cJSON_AddItemToArray(absences, absence);
    }
    char *text = cJSON_Print(object);
    cJSON_Delete(object);
    if (!text)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the verdicts as JSON");
    fprintf(file, "%s\n", text);
    cJSON_free(text);
    return written(file, message);
}

/* The rows that moved come first and in view; those that did not are folded. */
static void markdown_rows(const struct ab *ab, FILE *file, bool moved) {
    fputs("| case | implementation | threads | baseline | new | ratio | 95% interval | verdict |\n"
          "|---|---|---|---|---|---|---|---|\n",
          file);
    for (size_t i = 0; i < ab->row_count; i++) {
        const struct ab_row *row = &ab->rows[i];
        enum verdict verdict = row->judgement.verdict;
        const struct cells c = cells_of(row);
        if ((verdict == VERDICT_SLOWER || verdict == VERDICT_FASTER) == moved)
            fprintf(file, "| `%s` | %s | %s | %s | %s | %s | %s | %s%s%s%s%s |\n",
                    row->name.bench_case, row->name.implementation, c.threads, c.baseline,
                    c.changed, c.ratio, c.interval, moved ? "**" : "", c.verdict, moved ? "**" : "",
                    *c.reason ? ": " : "", c.reason);
    }
    fputc('\n', file);
}

enum status ab_print_markdown(const struct ab *ab, FILE *file, struct message *message) {
    size_t moved = 0;
    for (size_t i = 0; i < ab->row_count; i++)
        moved += ab->rows[i].judgement.verdict == VERDICT_SLOWER ||
                 ab->rows[i].judgement.verdict == VERDICT_FASTER;
    fprintf(file, "### `lockstep ab`: ");
    summary_print(ab, file);
    fputc('\n', file);
    if (moved > 0)
        markdown_rows(ab, file, true);
    if (moved < ab->row_count) {
        fprintf(file, "<details><summary>%s that did not move</summary>\n\n",
                COUNTED(ab->row_count - moved, "row"));
        markdown_rows(ab, file, false);
        fputs("</details>\n\n", file);
    }
    for (size_t i = 0; i < ab->absence_count; i++)
        fprintf(file, "- `%s`, %s, was not compared: %s\n", ab->absences[i].name.bench_case,
                ab->absences[i].name.implementation, ab->absences[i].reason);
    return written(file, message);
}
