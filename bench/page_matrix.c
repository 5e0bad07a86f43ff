/* Cases down, implementations across: speedups and the ladder of kernels. */
#include "bench/crossover.h"
#include "bench/page_part.h"
#include "bench/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool page_has_measured(const struct page *page) {
    return page->plots->series.count > 0;
}

/* One case's rows, a column a series; NULL where the series has none. */
struct line {
    const struct row_key *key;
    const struct result *cells[SERIES_MAX];
    const struct result *best; /* the fastest, yardsticks apart; never NULL */
};

typedef void cell_writer(const struct page *page, const struct line *line,
                         const struct result *row);

static bool same_line(const struct row_key *a, const struct row_key *b) {
    return row_key_same_case(a, b) && strcmp(a->mode, b->mode) == 0;
}

static bool counts(const struct result *row) {
    return result_is_measured(row) && strcmp(row->verified, "yes") == 0;
}

/* The line that starts with result `first`; false when an earlier result starts it, or nothing in
 * it was measured. */
static bool line_fill(const struct page *page, size_t first, struct line *line) {
    const struct report_data *data = page->data;
    *line = (struct line){.key = &data->results[first].key};
    for (size_t i = 0; i < data->result_count; i++) {
        const struct result *row = &data->results[i];
        if (!same_line(&row->key, line->key))
            continue;
        if (i < first)
            return false;
        int series = counts(row) ? series_find(&page->plots->series, &row->key) : SERIES_NONE;
        if (series == SERIES_NONE)
            continue;
        line->cells[series] = row;
        if (!line->best || row->median_s < line->best->median_s)
            line->best = row;
    }
    return line->best != NULL;
}

static void columns_find(const struct page *page, const char *operation, bool columns[]) {
    for (size_t i = 0; i < page->data->result_count; i++) {
        const struct result *row = &page->data->results[i];
        int series = series_find(&page->plots->series, &row->key);
        if (series != SERIES_NONE && counts(row) && strcmp(row->key.operation, operation) == 0)
            columns[series] = true;
    }
}

static void line_write(const struct page *page, const struct line *line, const bool columns[],
                       cell_writer *write_cell) {
    char name[256];
    bool f32 = strcmp(line->key->dtype, "f32") == 0, hot = strcmp(line->key->mode, "hot") == 0;
    snprintf(name, sizeof name, "%s%s%s%s%s", line->key->variant, f32 ? "" : " ",
             f32 ? "" : line->key->dtype, hot ? "" : " ", hot ? "" : line->key->mode);
    fputs("<tr>", page->file);
    html_cell(page->file, name);
    html_cell(page->file, line->key->shape);
    for (int s = 0; s < page->plots->series.count; s++) {
        if (columns[s] && line->cells[s])
            write_cell(page, line, line->cells[s]);
        else if (columns[s])
            fputs("<td class=n></td>", page->file);
    }
    fputs("</tr>\n", page->file);
}

static void operation_matrix(const struct page *page, const char *operation,
                             cell_writer *write_cell) {
    FILE *file = page->file;
    bool columns[SERIES_MAX] = {false}, any = false;
    columns_find(page, operation, columns);
    for (int s = 0; s < page->plots->series.count; s++)
        any |= columns[s];
    if (!any)
        return;
    fputs("<div class=matrix>\n<h3>", file);
    html_text(file, operation);
    fputs("</h3>\n<div class=scroll><table class=sortable>\n<thead><tr>", file);
    html_head_cell(file, "variant", false);
    html_head_cell(file, "shape", false);
    for (int s = 0; s < page->plots->series.count; s++)
        if (columns[s])
            html_head_cell(file, page->plots->series.series[s].label, true);
    fputs("</tr></thead>\n<tbody>\n", file);
    for (size_t i = 0; i < page->data->result_count; i++) {
        struct line line;
        if (strcmp(page->data->results[i].key.operation, operation) == 0 &&
            line_fill(page, i, &line))
            line_write(page, &line, columns, write_cell);
    }
    fputs("</tbody></table></div>\n</div>\n", file);
}

static void matrices_write(const struct page *page, cell_writer *write_cell) {
    const struct report_data *data = page->data;
    fputs("<div class=filterable>\n", page->file);
    for (size_t i = 0; i < data->result_count; i++) {
        size_t before = 0;
        while (strcmp(data->results[before].key.operation, data->results[i].key.operation) != 0)
            before++;
        if (before == i)
            operation_matrix(page, data->results[i].key.operation, write_cell);
    }
    fputs("</div>\n", page->file);
}

static void speedup_cell(const struct page *page, const struct line *line,
                         const struct result *row) {
    char text[64], title[192];
    FILE *file = page->file;
    if (!(row->speedup > 0.0)) {
        fputs("<td class=n></td>", file);
        return;
    }
    html_interval(row, row->speedup, 3, "x", title, sizeof title);
    fprintf(file, "<td class=\"n%s\" data-v=%.9g title=\"", row == line->best ? " best" : "",
            row->speedup);
    html_text(file, title);
    html_number(row->speedup, 3, "x", text, sizeof text);
    fprintf(file, "\">%s", text);
    if (row->speedup_with_transfer > 0.0) {
        html_number(row->speedup_with_transfer, 3, "x", text, sizeof text);
        fprintf(file, "<br><small>%s with transfers</small>", text);
    }
    fputs("</td>", file);
}

/* From which size on the GPU wins, a line a variant; nothing without a GPU. */
static void crossovers_write(const struct page *page) {
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return;
    crossover_print(memory, page->data->results, page->data->result_count);
    if (fclose(memory) == 0 && size > 0) {
        fputs("<pre class=crossover>", page->file);
        html_text(page->file, text + strspn(text, "\n"));
        fputs("</pre>\n", page->file);
    }
    free(text);
}

void page_speedups(const struct page *page) {
    fputs(
        "<p class=note>Against the fastest CPU implementation of the same case in this run, on all "
        "cores: 1x is that one, more is faster. Bold: the fastest of all.</p>\n",
        page->file);
    crossovers_write(page);
    matrices_write(page, speedup_cell);
}

static void ladder_cell(const struct page *page, const struct line *line,
                        const struct result *row) {
    char text[64], time[32], title[256], interval[192];
    double percent = 100.0 * line->best->median_s / row->median_s;
    table_format_seconds(row->median_s, time, sizeof time);
    html_interval(row, percent, 3, "%", interval, sizeof interval);
    html_number(percent, 2, "%", text, sizeof text);
    snprintf(title, sizeof title, "%s; %s", time, interval);
    fprintf(page->file, "<td class=\"n bar%s\" style=\"--w:%.1f%%\" data-v=%.9g title=\"",
            row == line->best ? " best" : "", percent, percent);
    html_text(page->file, title);
    fputs("\">", page->file);
    html_text(page->file, text);
    fputs("</td>", page->file);
}

void page_ladder(const struct page *page) {
    fputs("<p class=note>How much of the fastest implementation's rate each reaches, case by "
          "case.</p>\n",
          page->file);
    matrices_write(page, ladder_cell);
}
