/* A line of dots for each case that has no place in a curve. */
#include "bench/report/dots.h"

#include <math.h>
#include <string.h>

enum { ROW_HEIGHT = 20, FIGURE_WIDTH = 860 };

/* The points from `from` on belong to one case. */
static size_t case_length(const struct rates *rates, size_t from) {
    size_t end = from;
    while (end < rates->count &&
           row_key_same_case(&rates->points[end].row->key, &rates->points[from].row->key))
        end++;
    return end - from;
}

static int case_count(const struct rates *rates) {
    int count = 0;
    for (size_t i = rates->curve_count; i < rates->count; i += case_length(rates, i))
        count++;
    return count;
}

/* A block of dots for each series; *blocks counts those that are not empty. */
static void series_write(struct script *script, const struct rates *rates, int series,
                         int *blocks) {
    bool empty = true;
    int row = 0;
    for (size_t i = rates->curve_count; i < rates->count; row++)
        for (size_t end = i + case_length(rates, i); i < end; i++) {
            const struct rate_point *point = &rates->points[i];
            if (point->series != series)
                continue;
            if (empty) {
                fputs(*blocks ? "\n\n# " : "# ", script->file);
                script_words(script->file, script->series.series[series].label);
                fprintf(script->file, "\n# %s, line, interval\n", rates_unit(rates));
            }
            empty = false;
            fprintf(script->file, "%.9g %d %.9g %.9g\n", point->rate, row, point->low, point->high);
        }
    if (empty)
        return;
    ++*blocks;
    legend_add_series(script, series);
}

/* A short upright line in every row, where the ceiling is. */
static void ceiling_write(struct script *script, const struct rates *rates, int index) {
    int row = 0;
    fprintf(script->file, "\n\n# ceiling: place, line from, to\n");
    for (size_t i = rates->curve_count; i < rates->count; i += case_length(rates, i), row++)
        fprintf(script->file, "%.9g %.2f 0 0.76\n",
                rates_ceiling(rates, &rates_ceilings(script, rates)[index],
                              rates->points[i].row->bytes),
                row - 0.38);
    rates_ceiling_legend(script, rates, index, true);
}

static void case_tics_write(const struct script *script, const struct rates *rates) {
    FILE *file = script->file;
    int row = 0;
    fputs("    set ytics (", file);
    for (size_t i = rates->curve_count; i < rates->count; i += case_length(rates, i), row++) {
        const struct row_key *key = &rates->points[i].row->key;
        char label[200];
        snprintf(label, sizeof label, "%s %s", key->variant, key->shape);
        fputs(row ? ", " : "", file);
        script_text(file, label);
        fprintf(file, " %d", row);
    }
    fprintf(file, ")\n    set yrange [%.1f:-0.5]\n", row - 0.5);
}

static double label_width(const struct rates *rates) {
    size_t longest = 0;
    for (size_t i = rates->curve_count; i < rates->count; i++) {
        const struct row_key *key = &rates->points[i].row->key;
        size_t length = strlen(key->variant) + 1 + strlen(key->shape);
        longest = length > longest ? length : longest;
    }
    return fmin(7.6 * (double)longest + 20.0, 0.5 * FIGURE_WIDTH);
}

static void range_write(const struct script *script, const struct rates *rates) {
    double least = INFINITY, most = 0.0;
    for (size_t i = rates->curve_count; i < rates->count; i++) {
        const struct rate_point *point = &rates->points[i];
        least = fmin(least, point->low);
        most = fmax(most, point->high);
        for (int c = 0; c < rates_ceiling_count(script, rates); c++)
            most = fmax(most,
                        rates_ceiling(rates, &rates_ceilings(script, rates)[c], point->row->bytes));
    }
    if (rates->logarithmic)
        fprintf(script->file, "    set logscale x 10; set xrange [%.9g:%.9g]\n", least / 1.5,
                most * 1.5);
    else
        fprintf(script->file, "    set xrange [0:%.9g]\n", most * 1.04);
}

static void dots_plot(const struct script *script, const struct rates *rates, const bool drawn[],
                      int blocks) {
    FILE *file = script->file;
    const char *between = "";
    fputs("    plot", file);
    for (int c = 0; c < rates_ceiling_count(script, rates); c++) {
        fprintf(file, "%s $data index %d using 1:2:3:4 with vectors nohead linestyle %d %s",
                between, blocks + c, 101 + c, "dashtype 1 linewidth 2");
        between = ", \\\n        ";
    }
    for (int s = 0, block = 0; s < script->series.count; s++) {
        if (!drawn[s])
            continue;
        fprintf(file, "%s $data index %d using 1:2:3:4 with xerrorbars linestyle %d dashtype 1",
                between, block++, script->series.series[s].line_style);
        between = ", \\\n        ";
    }
    fputc('\n', file);
}

void report_dots_write(struct script *script, const struct rates *rates) {
    char name[64], title[160];
    int rows = case_count(rates), blocks = 0;
    if (rows == 0)
        return;
    figure_name(rates->key, "-shapes", name, sizeof name);
    snprintf(title, sizeof title, "%s %s, %s: %s %s", rates->key->operation, rates->key->dtype,
             rates->key->mode, rates_unit(rates),
             rates->panel_count ? "of the cases that have no curve" : "case by case");
    if (!figure_new(script, name, title))
        return;
    bool drawn[SERIES_MAX] = {false};
    script_data_begin(script);
    for (int s = 0; s < script->series.count; s++) {
        int before = blocks;
        series_write(script, rates, s, &blocks);
        drawn[s] = blocks > before;
    }
    for (int c = 0; c < rates_ceiling_count(script, rates); c++)
        ceiling_write(script, rates, c);
    script_data_end(script);
    const struct panel panel = {.left = label_width(rates),
                                .right = FIGURE_WIDTH - 24.0,
                                .top = FIGURE_HEAD,
                                .bottom = FIGURE_HEAD + ROW_HEIGHT * rows + 6.0};
    figure_begin(script, FIGURE_WIDTH, panel.bottom + 58.0 + legend_height(script, FIGURE_WIDTH));
    panel_begin(script, &panel, "", rates_unit(rates), "");
    range_write(script, rates);
    case_tics_write(script, rates);
    dots_plot(script, rates, drawn, blocks);
    figure_end(script);
}
