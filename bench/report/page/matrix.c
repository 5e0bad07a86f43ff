/* Cases down, implementations across: speedups and the ladder of kernels. */
#include "bench/files/crossover.h"
#include "bench/files/format.h"
#include "bench/operations/operations.h"
#include "bench/report/drawing/work.h"
#include "bench/report/page/part.h"

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
    const struct result *best; /* of the least amount, yardsticks apart; never NULL */
};

/* Tables of one kind. */
struct matrix {
    const struct page *page;
    const struct series_list *series; /* the columns */
    const char *heading;              /* behind the operation's name */
    /* What rows are compared by, the less the better; NaN: the row has no place in the table. */
    double (*amount)(const struct page *page, const struct result *row);
    void (*write_cell)(const struct matrix *matrix, const struct line *line,
                       const struct result *row);
};

static bool same_line(const struct row_key *a, const struct row_key *b) {
    return row_key_same_case(a, b) && strcmp(a->mode, b->mode) == 0;
}

static double time_of(const struct page *page, const struct result *row) {
    (void)page;
    return result_is_measured(row) && strcmp(row->verified, "yes") == 0 ? row->median_s : NAN;
}

/* Where no implementation ran on the CPU there is nothing to be faster than. */
static double time_with_speedup(const struct page *page, const struct result *row) {
    return row->speedup > 0.0 ? time_of(page, row) : NAN;
}

static double work_of(const struct page *page, const struct result *row) {
    struct work work;
    return report_work_find(page->data, row, &work) ? work_total(&work) : NAN;
}

/* The line that starts with result `first`; false when an earlier result starts it, or nothing in
 * it has an amount. */
static bool line_fill(const struct matrix *matrix, size_t first, struct line *line) {
    const struct report_data *data = matrix->page->data;
    double least = INFINITY;
    *line = (struct line){.key = &data->results[first].key};
    for (size_t i = 0; i < data->result_count; i++) {
        const struct result *row = &data->results[i];
        if (!same_line(&row->key, line->key))
            continue;
        if (i < first)
            return false;
        double amount = matrix->amount(matrix->page, row);
        int series = isnan(amount) ? SERIES_NONE : series_find(matrix->series, &row->key);
        if (series == SERIES_NONE)
            continue;
        line->cells[series] = row;
        if (amount < least) {
            line->best = row;
            least = amount;
        }
    }
    return line->best != NULL;
}

/* The series that an operation's table has, in the order of the operation's own table. */
struct columns {
    int series[SERIES_MAX];
    int count;
};

/* The place of the series in the operation's table; names that are not in it come last. */
static int place_of(const struct matrix *matrix, const struct operation *operation, int series) {
    const char *name = matrix->series->series[series].key->implementation;
    int place = operation ? operation_implementation_find(operation, name) : -1;
    return place < 0 ? SERIES_MAX : place;
}

/* Puts the series where it belongs, unless it is there; those of one place stay as they came. */
static void column_add(const struct matrix *matrix, const struct operation *operation, int series,
                       struct columns *columns) {
    for (int i = 0; i < columns->count; i++)
        if (columns->series[i] == series)
            return;
    int place = place_of(matrix, operation, series), at = columns->count++;
    for (; at > 0 && place_of(matrix, operation, columns->series[at - 1]) > place; at--)
        columns->series[at] = columns->series[at - 1];
    columns->series[at] = series;
}

static void columns_find(const struct matrix *matrix, const char *operation,
                         struct columns *columns) {
    const struct report_data *data = matrix->page->data;
    columns->count = 0;
    for (size_t i = 0; i < data->result_count; i++) {
        const struct result *row = &data->results[i];
        int series = series_find(matrix->series, &row->key);
        if (series != SERIES_NONE && strcmp(row->key.operation, operation) == 0 &&
            !isnan(matrix->amount(matrix->page, row)))
            column_add(matrix, operation_find(operation), series, columns);
    }
}

static void line_write(const struct matrix *matrix, const struct line *line,
                       const struct columns *columns) {
    char name[256];
    FILE *file = matrix->page->file;
    bool f32 = strcmp(line->key->dtype, "f32") == 0, hot = strcmp(line->key->mode, "hot") == 0;
    snprintf(name, sizeof name, "%s%s%s%s%s", line->key->variant, f32 ? "" : " ",
             f32 ? "" : line->key->dtype, hot ? "" : " ", hot ? "" : line->key->mode);
    fputs("<tr>", file);
    html_cell(file, name);
    html_cell(file, line->key->shape);
    for (int i = 0; i < columns->count; i++) {
        const struct result *row = line->cells[columns->series[i]];
        if (row)
            matrix->write_cell(matrix, line, row);
        else
            fputs("<td class=n></td>", file);
    }
    fputs("</tr>\n", file);
}

static void operation_matrix(const struct matrix *matrix, const char *operation) {
    const struct report_data *data = matrix->page->data;
    FILE *file = matrix->page->file;
    struct columns columns;
    columns_find(matrix, operation, &columns);
    if (columns.count == 0)
        return;
    fputs("<div class=matrix>\n<h3>", file);
    html_text(file, operation);
    fprintf(file, "%s</h3>\n<div class=scroll><table class=sortable>\n<thead><tr>",
            matrix->heading);
    html_head_cell(file, "variant", false);
    html_head_cell(file, "shape", false);
    for (int i = 0; i < columns.count; i++)
        html_head_cell(file, matrix->series->series[columns.series[i]].label, true);
    fputs("</tr></thead>\n<tbody>\n", file);
    for (size_t i = 0; i < data->result_count; i++) {
        struct line line;
        if (strcmp(data->results[i].key.operation, operation) == 0 && line_fill(matrix, i, &line))
            line_write(matrix, &line, &columns);
    }
    fputs("</tbody></table></div>\n</div>\n", file);
}

static void matrices_write(const struct matrix *matrix) {
    const struct report_data *data = matrix->page->data;
    fputs("<div class=filterable>\n", matrix->page->file);
    for (size_t i = 0; i < data->result_count; i++) {
        size_t before = 0;
        while (strcmp(data->results[before].key.operation, data->results[i].key.operation) != 0)
            before++;
        if (before == i)
            operation_matrix(matrix, data->results[i].key.operation);
    }
    fputs("</div>\n", matrix->page->file);
}

static void speedup_cell(const struct matrix *matrix, const struct line *line,
                         const struct result *row) {
    char text[64], title[256];
    FILE *file = matrix->page->file;
    html_speedup_title(row, title, sizeof title);
    fprintf(file, "<td class=\"n%s\" data-v=%.6g title=\"", row == line->best ? " best" : "",
            row->speedup);
    html_text(file, title);
    html_number(row->speedup, 3, "x", text, sizeof text);
    fprintf(file, "\">%s%s", text, result_is_base(row) ? " <small>base</small>" : "");
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
    fprintf(page->file,
            "<p class=note>A speedup is %s: 1x is that one, more is faster. Bold: the fastest of "
            "all.</p>\n",
            page_speedup_note(page));
    crossovers_write(page);
    matrices_write(&(struct matrix){.page = page,
                                    .series = &page->plots->series,
                                    .heading = "",
                                    .amount = time_with_speedup,
                                    .write_cell = speedup_cell});
}

/* A bar of so many per cent, with what it comes from on hover. */
static void percent_cell(const struct matrix *matrix, const struct line *line,
                         const struct result *row, const char *title) {
    char text[64];
    double percent =
        100.0 * matrix->amount(matrix->page, line->best) / matrix->amount(matrix->page, row);
    html_number(percent, 2, "%", text, sizeof text);
    html_bar_cell(matrix->page->file, percent, row == line->best, text, title);
}

static void time_cell(const struct matrix *matrix, const struct line *line,
                      const struct result *row) {
    char time[32], title[256], interval[192];
    double percent = 100.0 * line->best->median_s / row->median_s;
    format_seconds(row->median_s, time, sizeof time);
    html_interval(row, percent, 3, "%", interval, sizeof interval);
    snprintf(title, sizeof title, "%s; %s", time, interval);
    percent_cell(matrix, line, row, title);
}

static void work_cell(const struct matrix *matrix, const struct line *line,
                      const struct result *row) {
    char total[32], instructions[32], sectors[32], wavefronts[32], title[256];
    struct work work;
    (void)report_work_find(matrix->page->data, row, &work);
    work_format(work_total(&work), total, sizeof total);
    work_format(work.instructions, instructions, sizeof instructions);
    work_format(work.sectors, sectors, sizeof sectors);
    work_format(work.wavefronts, wavefronts, sizeof wavefronts);
    snprintf(title, sizeof title, "%s: %s warp instructions, %s sectors, %s wavefronts", total,
             instructions, sectors, wavefronts);
    percent_cell(matrix, line, row, title);
}

static bool has_work(const struct page *page) {
    for (size_t i = 0; i < page->data->result_count; i++)
        if (!isnan(work_of(page, &page->data->results[i])))
            return true;
    return false;
}

bool page_has_ladder(const struct page *page) {
    return page_has_measured(page) || has_work(page);
}

void page_ladder(const struct page *page) {
    if (page_has_measured(page)) {
        fputs("<p class=note>How much of the fastest implementation's rate each reaches, case by "
              "case.</p>\n",
              page->file);
        matrices_write(&(struct matrix){.page = page,
                                        .series = &page->plots->series,
                                        .heading = "",
                                        .amount = time_of,
                                        .write_cell = time_cell});
    }
    if (!has_work(page))
        return;
    struct series_list emulated;
    series_list_fill_emulated(page->data, &emulated);
    fputs(
        "<p class=note>On the emulated GPU there is no time. What is compared is counted work: "
        "warp instructions + sectors of global memory + wavefronts of shared memory of one "
        "iteration, 100% being the implementation with the least. It does not know what overlaps, "
        "waits or fills the GPU: a kernel that shares the work among more blocks "
        "counts more of it.</p>\n",
        page->file);
    matrices_write(&(struct matrix){.page = page,
                                    .series = &emulated,
                                    .heading = ": % of the least counted work, emulated GPU",
                                    .amount = work_of,
                                    .write_cell = work_cell});
}
