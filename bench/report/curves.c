/* Curves of rates over sizes. */
#include "bench/report/curves.h"

#include <math.h>
#include <string.h>

/* From `from` on, the points of one series in one panel. */
static size_t run_length(const struct rates *rates, size_t from) {
    const struct rate_point *first = &rates->points[from];
    size_t end = from;
    while (end < rates->curve_count && rates->points[end].panel == first->panel &&
           rates->points[end].series == first->series)
        end++;
    return end - from;
}

/* A bandwidth ceiling over working sets: level by level, each up to its own size. */
static void steps_write(const struct script *script, const struct rates *rates,
                        const struct report_ceilings *ceilings) {
    double from = 1.0;
    for (int l = 0; l < ceilings->level_count; l++) {
        bool last = l == ceilings->level_count - 1;
        double to = last ? 1e15 : ceilings->levels[l].working_set;
        double rate = rates_ceiling(rates, ceilings, to);
        fprintf(script->file, "%.9g %.9g\n%.9g %.9g\n", from, rate, to, rate);
        from = to;
    }
}

/* One block a curve, then one a ceiling. */
static void data_write(struct script *script, const struct rates *rates) {
    script_data_begin(script);
    for (size_t i = 0; i < rates->curve_count;) {
        const struct rate_point *first = &rates->points[i];
        fputs(i ? "\n\n# " : "# ", script->file);
        script_words(script->file, first->row->key.variant);
        fputs(", ", script->file);
        script_words(script->file, script->series.series[first->series].label);
        fprintf(script->file, "\n# %s, %s, interval\n", rates->bytes_on_x ? "bytes" : "N",
                rates_unit(rates));
        for (size_t end = i + run_length(rates, i); i < end; i++)
            fprintf(script->file, "%.9g %.9g %.9g %.9g\n", rates->points[i].x,
                    rates->points[i].rate, rates->points[i].low, rates->points[i].high);
    }
    for (int c = 0; c < rates_ceiling_count(script, rates); c++) {
        fprintf(script->file, "\n\n# ceiling of %d threads\n",
                rates_ceilings(script, rates)[c].threads);
        steps_write(script, rates, &rates_ceilings(script, rates)[c]);
    }
    script_data_end(script);
}

static void legend_fill(struct script *script, const struct rates *rates) {
    for (int s = 0; s < script->series.count; s++)
        for (size_t i = 0; i < rates->curve_count; i++)
            if (rates->points[i].series == s) {
                legend_add_series(script, s);
                break;
            }
    for (int c = 0; c < rates_ceiling_count(script, rates); c++)
        rates_ceiling_legend(script, rates, c, false);
}

static void ranges_write(const struct script *script, const struct rates *rates, int panel,
                         double width) {
    double low = INFINITY, high = 0.0, least = INFINITY, most = 0.0;
    for (size_t i = 0; i < rates->curve_count; i++) {
        const struct rate_point *point = &rates->points[i];
        if (point->panel != panel)
            continue;
        low = fmin(low, point->x);
        high = fmax(high, point->x);
        least = fmin(least, point->low);
        most = fmax(most, point->high);
        for (int c = 0; c < rates_ceiling_count(script, rates); c++)
            most = fmax(most, rates_ceiling(rates, &rates_ceilings(script, rates)[c], point->x));
    }
    FILE *file = script->file;
    fprintf(file, "    set logscale x 2; set xrange [%.9g:%.9g]\n", low / 1.25, high * 1.25);
    script_tics_log2(file, low / 1.25, high * 1.25, (int)(width / 60.0), rates->bytes_on_x);
    if (rates->logarithmic)
        fprintf(file, "    set logscale y 10; set yrange [%.9g:%.9g]\n", least / 1.5, most * 1.5);
    else
        fprintf(file, "    set yrange [0:%.9g]\n", most * 1.06);
}

static void panel_write(const struct script *script, const struct rates *rates, int panel,
                        double width) {
    FILE *file = script->file;
    int block = 0, blocks = 0;
    ranges_write(script, rates, panel, width);
    for (size_t i = 0; i < rates->curve_count; i += run_length(rates, i))
        blocks++;
    fputs("    plot", file);
    for (int c = 0; c < rates_ceiling_count(script, rates); c++)
        fprintf(file, "%s $data index %d using 1:2 with lines linestyle %d",
                c ? ", \\\n        " : "", blocks + c, 101 + c);
    const char *between = rates_ceiling_count(script, rates) ? ", \\\n        " : "";
    for (size_t i = 0; i < rates->curve_count; i += run_length(rates, i), block++) {
        const struct rate_point *point = &rates->points[i];
        if (point->panel != panel)
            continue;
        int style = script->series.series[point->series].line_style;
        fprintf(file,
                "%s $data index %d using 1:2 with lines linestyle %d, \\\n"
                "         $data index %d using 1:2:3:4 with yerrorbars linestyle %d dashtype 1",
                between, block, style, block, style);
        between = ", \\\n        ";
    }
    fputc('\n', file);
}

void report_curves_write(struct script *script, const struct rates *rates) {
    char name[64], title[160];
    if (rates->panel_count == 0)
        return;
    figure_name(rates->key, "", name, sizeof name);
    snprintf(title, sizeof title, "%s %s, %s: %s over %s", rates->key->operation, rates->key->dtype,
             rates->key->mode, rates_unit(rates),
             rates->bytes_on_x ? "size" : "size of square matrices");
    if (!figure_new(script, name, title))
        return;
    data_write(script, rates);
    legend_fill(script, rates);
    struct panel_grid grid = panel_grid_make(script, rates->panel_count);
    figure_begin(script, grid.width, grid.height);
    for (int p = 0; p < rates->panel_count; p++) {
        struct panel panel = panel_grid_place(&grid, p);
        panel_begin(script, &panel, rates->panels[p],
                    rates->bytes_on_x ? "bytes moved at least" : "N of NxNxN", rates_unit(rates));
        panel_write(script, rates, p, panel.right - panel.left);
    }
    figure_end(script);
}
