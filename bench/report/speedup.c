/* Curves of speedups over sizes; see bench/report/speedup.h. */
#include "bench/report/speedup.h"

#include "bench/files/crossover.h"

#include <math.h>
#include <string.h>

static const char transfers_style[] = "linewidth 1.4 dashtype (3, 4)";

static bool is_drawn(const struct rate_point *point) {
    return strncmp(point->row->key.device, "gpu", 3) == 0 && point->row->speedup > 0.0 &&
           isfinite(point->row->speedup);
}

/* The panel's first point with a speedup, or NULL. */
static const struct rate_point *panel_first(const struct rates *rates, int panel) {
    for (size_t i = 0; i < rates->curve_count; i++)
        if (rates->points[i].panel == panel && is_drawn(&rates->points[i]))
            return &rates->points[i];
    return NULL;
}

/* Whether point i begins the curve of its series in its panel. */
static bool begins_curve(const struct rates *rates, size_t i) {
    const struct rate_point *point = &rates->points[i];
    if (!is_drawn(point))
        return false;
    for (size_t before = i; before > 0; before--) {
        const struct rate_point *other = &rates->points[before - 1];
        if (other->panel != point->panel || other->series != point->series)
            return true;
        if (is_drawn(other))
            return false;
    }
    return true;
}

/* What 1x is, a line of the legend each; cases may differ in it. Runs of earlier versions do not
 * say. */
static void bases_name(struct script *script, const struct rates *rates) {
    bool any = false;
    for (size_t i = 0; i < rates->curve_count; i++) {
        const struct result *row = rates->points[i].row;
        char label[SPEEDUP_BASE_SIZE + 8];
        if (!is_drawn(&rates->points[i]) || !*row->speedup_base)
            continue;
        snprintf(label, sizeof label, "1x: %s", row->speedup_base);
        legend_add(script, LEGEND_LINE, label, "linestyle 101");
        any = true;
    }
    if (!any)
        legend_add(script, LEGEND_LINE, "1x: the fastest CPU implementation", "linestyle 101");
}

/* One block a curve: size, speedup, speedup with transfers. */
static void data_write(struct script *script, const struct rates *rates) {
    script_data_begin(script);
    bool first = true;
    for (size_t i = 0; i < rates->curve_count; i++) {
        const struct rate_point *point = &rates->points[i];
        if (!is_drawn(point))
            continue;
        if (begins_curve(rates, i)) {
            fputs(first ? "# " : "\n\n# ", script->file);
            script_words(script->file, point->row->key.variant);
            fputs(", ", script->file);
            script_words(script->file, script->series.series[point->series].label);
            fputs("\n# size, speedup, speedup with transfers\n", script->file);
            legend_add_series(script, point->series);
            first = false;
        }
        fprintf(script->file, "%.9g %.9g %.9g\n", point->x, point->row->speedup,
                point->row->speedup_with_transfer);
    }
    script_data_end(script);
    legend_add(script, LEGEND_LINE, "with transfers there and back",
               "linecolor rgb '#444444' dashtype (3, 4)");
    bases_name(script, rates);
}

static void ranges_write(const struct script *script, const struct rates *rates, int panel,
                         double width) {
    double low = INFINITY, high = 0.0, least = 1.0, most = 1.0;
    for (size_t i = 0; i < rates->curve_count; i++) {
        const struct rate_point *point = &rates->points[i];
        if (point->panel != panel || !is_drawn(point))
            continue;
        low = fmin(low, point->x);
        high = fmax(high, point->x);
        least = fmin(fmin(least, point->row->speedup), point->row->speedup_with_transfer);
        most = fmax(most, point->row->speedup);
    }
    FILE *file = script->file;
    fprintf(file, "    set logscale x 2; set xrange [%.9g:%.9g]\n", low / 1.25, high * 1.25);
    script_tics_log2(file, low / 1.25, high * 1.25, (int)(width / 60.0), rates->bytes_on_x);
    fprintf(file, "    set logscale y 10; set format y '%%gx'; set yrange [%.9g:%.9g]\n",
            least / 1.5, most * 1.5);
}

/* An upright line at the size from which the GPU wins, where that size is on the axis. */
static void mark_write(const struct script *script, const struct rates *rates, int panel,
                       const struct result *won, const char *style) {
    for (size_t i = 0; won && i < rates->curve_count; i++) {
        const struct rate_point *point = &rates->points[i];
        if (point->panel != panel || strcmp(point->row->key.shape, won->key.shape) != 0)
            continue;
        fprintf(script->file,
                "    set arrow from first %.9g, graph 0 to first %.9g, graph 1 nohead back %s\n",
                point->x, point->x, style);
        return;
    }
}

static void panel_write(const struct script *script, const struct rates *rates, int panel) {
    FILE *file = script->file;
    fputs("    plot 1 with lines linestyle 101", file);
    int block = 0;
    for (size_t i = 0; i < rates->curve_count; i++) {
        const struct rate_point *point = &rates->points[i];
        if (!begins_curve(rates, i))
            continue;
        int style = script->series.series[point->series].line_style;
        if (point->panel == panel)
            fprintf(file,
                    ", \\\n         $data index %d using 1:2 with linespoints linestyle %d, \\\n"
                    "         $data index %d using 1:3 with linespoints linestyle %d %s",
                    block, style, block, style, transfers_style);
        block++;
    }
    fputc('\n', file);
}

void report_speedup_write(struct script *script, const struct rates *rates) {
    char name[64], title[160];
    int panels[PANELS_MAX], count = 0;
    for (int p = 0; p < rates->panel_count; p++)
        if (panel_first(rates, p))
            panels[count++] = p;
    figure_name(rates->key, "-speedup", name, sizeof name);
    snprintf(title, sizeof title, "%s %s, %s: GPU against the fastest CPU implementation",
             rates->key->operation, rates->key->dtype, rates->key->mode);
    if (count == 0 || !figure_new(script, name, title))
        return;
    data_write(script, rates);
    struct panel_grid grid = panel_grid_make(script, count);
    figure_begin(script, grid.width, grid.height);
    for (int i = 0; i < count; i++) {
        const struct result *line = panel_first(rates, panels[i])->row;
        const struct crossover crossover =
            crossover_find(script->data->results, script->data->result_count, line);
        char words[400], heading[500];
        crossover_describe(&crossover, line, words, sizeof words);
        snprintf(heading, sizeof heading, "%s: %s", rates->panels[panels[i]], words);
        struct panel panel = panel_grid_place(&grid, i);
        panel_begin(script, &panel, heading,
                    rates->bytes_on_x ? "bytes moved at least" : "N of NxNxN", "speedup");
        ranges_write(script, rates, panels[i], panel.right - panel.left);
        mark_write(script, rates, panels[i], crossover.bare, "linecolor rgb '#bbbbbb'");
        mark_write(script, rates, panels[i], crossover.whole,
                   "linecolor rgb '#bbbbbb' dashtype (3, 4)");
        panel_write(script, rates, panels[i]);
    }
    figure_end(script);
}
