/* The tables of the page. */
#include "bench/files/format.h"
#include "bench/report/page/part.h"
#include "common/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool page_has_results(const struct page *page) {
    return page->data->result_count > 0;
}

bool page_has_counters(const struct page *page) {
    return page->data->counters.row_count > 0;
}

bool page_has_parts(const struct page *page) {
    return page->data->part_count > 0;
}

/* --- all results ------------------------------------------------------------------------------ */

static void median_cell(FILE *file, const struct result *row) {
    char text[32], low[32], high[32], mean[32], least[32], title[256];
    format_seconds(row->median_s, text, sizeof text);
    format_seconds(row->low_s, low, sizeof low);
    format_seconds(row->high_s, high, sizeof high);
    format_seconds(row->mean_s, mean, sizeof mean);
    format_seconds(row->min_s, least, sizeof least);
    snprintf(title, sizeof title, "95%% interval %s to %s; mean %s, least %s; %s of %s", low, high,
             mean, least, COUNTED(row->samples, "sample"), COUNTED(row->iterations, "iteration"));
    html_number_cell(file, row->median_s, text, title);
}

/* A number that goes with one over the time. */
static void rate_cell(FILE *file, const struct result *row, double number, const char *unit) {
    char text[64], title[192];
    html_number(number, 3, unit, text, sizeof text);
    html_interval(row, number, 3, unit, title, sizeof title);
    html_number_cell(file, number, text, title);
}

/* Where the ceiling is doubtful, what was reached of it at most. */
static void limit_cell(FILE *file, const struct result *row) {
    char number[64], text[80], interval[192], title[256];
    const bool doubtful = *row->limit_doubtful != '\0';
    html_number(100.0 * row->limit_fraction, 3, "%", number, sizeof number);
    snprintf(text, sizeof text, "%s%s", doubtful ? "\u2264" : "", number);
    html_interval(row, 100.0 * row->limit_fraction, 3, "%", interval, sizeof interval);
    snprintf(title, sizeof title, "%s%s", interval,
             doubtful ? "; the ceiling came out lower for all cores than for one" : "");
    html_number_cell(file, row->limit_fraction, text, title);
}

/* The speedup, and behind it the one that counts the transfers, where there are any. */
static void speedup_cell(FILE *file, const struct result *row) {
    char text[160], transfers[64], title[256];
    html_number(row->speedup, 3, "x", text, sizeof text);
    html_speedup_title(row, title, sizeof title);
    if (result_is_base(row))
        snprintf(text + strlen(text), sizeof text - strlen(text), " base");
    if (row->speedup_with_transfer > 0.0) {
        html_number(row->speedup_with_transfer, 3, "x", transfers, sizeof transfers);
        snprintf(text + strlen(text), sizeof text - strlen(text), " (%s)", transfers);
    }
    html_number_cell(file, row->speedup, text, title);
}

static void verified_cell(FILE *file, const struct result *row) {
    char title[96] = "";
    if (isfinite(row->error))
        snprintf(title, sizeof title, "error %.3g, tolerance %.3g", row->error, row->tolerance);
    fputs("<td title=\"", file);
    html_text(file, title);
    fputs(strcmp(row->status, "failed") == 0 ? "\" class=failed>" : "\">", file);
    html_text(file, *row->verified                         ? row->verified
                    : strcmp(row->status, "measured") == 0 ? "yardstick"
                                                           : "");
    fputs("</td>", file);
}

static void key_cells(FILE *file, const struct row_key *key) {
    const char *const texts[] = {key->operation, key->variant,        key->dtype,
                                 key->shape,     key->implementation, key->device};
    char threads[24];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        html_cell(file, texts[i]);
    snprintf(threads, sizeof threads, "%lld", (long long)key->threads);
    html_number_cell(file, (double)key->threads, threads, "");
    html_cell(file, key->mode);
}

/* Columns from the median to the speedup; a row without times has its reason across them. */
enum { NUMBER_COLUMNS = 6 };

static void number_cells(FILE *file, const struct result *row) {
    char noise[32];
    snprintf(noise, sizeof noise, "%.1f%%", 100.0 * row->noise);
    median_cell(file, row);
    html_number_cell(file, row->noise, noise, row->reason);
    rate_cell(file, row, row->gflops, "");
    rate_cell(file, row, row->gbps, "");
    limit_cell(file, row);
    speedup_cell(file, row);
}

static void result_row(FILE *file, const struct result *row) {
    fputs("<tr>", file);
    key_cells(file, &row->key);
    html_cell(file, row->status);
    if (result_is_measured(row)) {
        number_cells(file, row);
    } else {
        fprintf(file, "<td class=reason colspan=%d>", NUMBER_COLUMNS);
        html_text(file, row->reason);
        fputs("</td>", file);
    }
    verified_cell(file, row);
    fputs("</tr>\n", file);
}

void page_results(const struct page *page) {
    static const struct {
        const char *text;
        bool numeric;
    } heads[] = {{"operation", false}, {"variant", false},        {"dtype", false},
                 {"shape", false},     {"implementation", false}, {"device", false},
                 {"threads", true},    {"mode", false},           {"status", false},
                 {"median", true},     {"noise", true},           {"GFLOP/s", true},
                 {"GB/s", true},       {"limit", true},           {"speedup", true},
                 {"verified", false}};
    FILE *file = page->file;
    fputs(
        "<p class=note>Times are medians of one iteration; the 95% interval of every number comes "
        "up on hover. Noise: the width of the median's interval; why sampling ended comes up on "
        "hover. Limit: how much of what the measured ceilings allow was reached, for data of "
        "that "
        "size; above 100% it stayed in a faster cache than its size suggests. Speedup: ",
        file);
    fputs(page_speedup_note(page), file);
    fputs("; in brackets with transfers.</p>\n"
          "<div class=scroll><table class=\"sortable filterable dense\">\n<thead><tr>",
          file);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        html_head_cell(file, heads[i].text, heads[i].numeric);
    fputs("</tr></thead>\n<tbody>\n", file);
    for (size_t i = 0; i < page->data->result_count; i++)
        result_row(file, &page->data->results[i]);
    fputs("</tbody></table></div>\n", file);
}

/* --- parts of an iteration -------------------------------------------------------------------- */

static bool same_iteration(const struct row_key *a, const struct row_key *b) {
    return row_key_same_case(a, b) && strcmp(a->mode, b->mode) == 0;
}

static void part_cell(const struct page *page, const struct part_row *part) {
    char time[32], text[64], low[32], high[32], title[160];
    if (!part || !(part->median_s >= 0.0)) {
        fputs("<td></td>", page->file);
        return;
    }
    format_seconds(part->median_s, time, sizeof time);
    format_seconds(part->low_s, low, sizeof low);
    format_seconds(part->high_s, high, sizeof high);
    snprintf(text, sizeof text, "%s, %.1f%%", time, 100.0 * part->share);
    snprintf(title, sizeof title, "95%% interval %s to %s; %s", low, high,
             COUNTED(part->samples, "sample"));
    fprintf(page->file, "<td class=\"n bar\" style=\"--w:%.1f%%\" title=\"",
            part->share >= 0.0 && part->share <= 1.0 ? 100.0 * part->share : 0.0);
    html_text(page->file, title);
    fputs("\">", page->file);
    html_text(page->file, text);
    fputs("</td>", page->file);
}

static const struct part_row *part_find(const struct report_data *data, const struct row_key *key,
                                        const struct series_list *series, int column,
                                        int64_t part) {
    for (size_t i = 0; i < data->part_count; i++)
        if (data->parts[i].part == part && same_iteration(&data->parts[i].key, key) &&
            series_find(series, &data->parts[i].key) == column)
            return &data->parts[i];
    return NULL;
}

/* Marks the series that have parts of this case. */
static void columns_find(const struct page *page, const struct row_key *key, bool columns[]) {
    const struct report_data *data = page->data;
    for (size_t i = 0; i < data->part_count; i++) {
        int series = series_find(&page->plots->series, &data->parts[i].key);
        if (series != SERIES_NONE && same_iteration(&data->parts[i].key, key))
            columns[series] = true;
    }
}

/* Whether this is the first row of its case with that part. */
static bool is_first_of_part(const struct report_data *data, size_t row) {
    for (size_t i = 0; i < row; i++)
        if (data->parts[i].part == data->parts[row].part &&
            same_iteration(&data->parts[i].key, &data->parts[row].key))
            return false;
    return true;
}

static void parts_table(const struct page *page, const struct row_key *key) {
    const struct series_list *series = &page->plots->series;
    FILE *file = page->file;
    bool columns[SERIES_MAX] = {false};
    columns_find(page, key, columns);
    fputs("<h3>", file);
    html_text(file, key->variant);
    fputc(' ', file);
    html_text(file, key->shape);
    fputs("</h3>\n<div class=scroll><table>\n<thead><tr>", file);
    html_head_cell(file, "part", false);
    for (int s = 0; s < series->count; s++)
        if (columns[s])
            html_head_cell(file, series->series[s].label, true);
    fputs("</tr></thead>\n<tbody>\n", file);
    for (size_t i = 0; i < page->data->part_count; i++) {
        const struct part_row *part = &page->data->parts[i];
        if (!same_iteration(&part->key, key) || !is_first_of_part(page->data, i))
            continue;
        fputs("<tr>", file);
        html_cell(file, part->name);
        for (int s = 0; s < series->count; s++)
            if (columns[s])
                part_cell(page, part_find(page->data, key, series, s, part->part));
        fputs("</tr>\n", file);
    }
    fputs("</tbody></table></div>\n", file);
}

void page_parts(const struct page *page) {
    const struct report_data *data = page->data;
    fputs("<p class=note>Each part timed on its own, and its share of their sum.</p>\n",
          page->file);
    for (size_t i = 0; i < data->part_count; i++) {
        size_t before = 0;
        while (!same_iteration(&data->parts[before].key, &data->parts[i].key))
            before++;
        if (before == i)
            parts_table(page, &data->parts[i].key);
    }
}

/* --- counters --------------------------------------------------------------------------------- */

static bool is_number(const char *text) {
    char *end;
    strtod(text, &end);
    return end != text && *end == '\0';
}

/* A column is numeric when its first row is. */
void page_counters(const struct page *page) {
    const struct csv_table *table = &page->data->counters;
    FILE *file = page->file;
    fputs("<p class=note>What the kernels did on the emulated GPU, one iteration each: exact, and "
          "the same on every machine. An emulated launch has no time.</p>\n",
          file);
    page_sampled_note(page);
    fputs("<div class=scroll><table class=\"sortable filterable\">\n<thead><tr>", file);
    for (size_t c = 0; c < table->column_count; c++)
        html_head_cell(file, table->names[c], is_number(csv_table_field(table, 0, c)));
    fputs("</tr></thead>\n<tbody>\n", file);
    for (size_t r = 0; r < table->row_count; r++) {
        fputs("<tr>", file);
        for (size_t c = 0; c < table->column_count; c++) {
            const char *text = csv_table_field(table, r, c);
            char sampled[100];
            if (strcmp(table->names[c], "blocks_executed") == 0 &&
                page_sampled_row(page, r, sampled, sizeof sampled))
                html_number_cell(file, strtod(text, NULL), sampled, "");
            else if (is_number(text))
                html_number_cell(file, strtod(text, NULL), text, "");
            else
                html_cell(file, text);
        }
        fputs("</tr>\n", file);
    }
    fputs("</tbody></table></div>\n", file);
}
