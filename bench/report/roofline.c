/* Rates over arithmetic intensity, under the measured ceilings. */
#include "bench/report/roofline.h"
#include "common/words.h"

#include <math.h>
#include <string.h>

enum { ROOF_STYLE = 111 }; /* in style.gp: one a level, from the fastest */

static bool belongs(const struct result *row, const struct report_ceilings *ceilings) {
    bool cpu = row_key_is_cpu(&row->key);
    return result_is_measured(row) && strcmp(row->key.device, ceilings->device) == 0 &&
           strcmp(row->key.dtype, "f32") == 0 && /* the peak is that of f32 */
           (!cpu || row->key.threads == ceilings->threads) && row->gflops > 0.0 &&
           row->flops > 0.0 && row->bytes > 0.0 && isfinite(row->gflops) &&
           isfinite(row->flops / row->bytes);
}

/* What a panel shows: the range of intensities and rates. */
struct extent {
    double least_x, most_x, least_y, most_y;
    int dots;
};

static struct extent extent_find(const struct report_data *data,
                                 const struct report_ceilings *ceilings) {
    struct extent extent = {INFINITY, 0.0, INFINITY, 1e-9 * ceilings->flops_per_second, 0};
    for (size_t i = 0; i < data->result_count; i++) {
        const struct result *row = &data->results[i];
        if (!belongs(row, ceilings))
            continue;
        extent.dots++;
        extent.least_x = fmin(extent.least_x, row->flops / row->bytes);
        extent.most_x = fmax(extent.most_x, row->flops / row->bytes);
        extent.least_y = fmin(extent.least_y, row->gflops);
        extent.most_y = fmax(extent.most_y, row->gflops);
    }
    extent.least_x /= 2.0;
    extent.most_x *= 2.0;
    extent.least_y /= 2.0;
    extent.most_y *= 2.0;
    return extent;
}

static void roof_write(const struct script *script, const struct report_ceilings *ceilings,
                       int level, const struct extent *extent, const char *before) {
    double peak = 1e-9 * ceilings->flops_per_second;
    double bandwidth = 1e-9 * ceilings->levels[level].bytes_per_second;
    double ridge = peak / bandwidth;
    fprintf(script->file, "%s# roof: %s, %d threads\n%.9g %.9g\n%.9g %.9g\n%.9g %.9g\n", before,
            report_level_name(ceilings, level), ceilings->threads,
            fmin(extent->least_x, ridge / 2.0), bandwidth * fmin(extent->least_x, ridge / 2.0),
            ridge, peak, fmax(extent->most_x, ridge * 2.0), peak);
}

/* A block a series that has dots in this panel; returns how many. */
static int dots_write(struct script *script, const struct report_ceilings *ceilings) {
    const struct report_data *data = script->data;
    int blocks = 0;
    for (int s = 0; s < script->series.count; s++) {
        bool empty = true;
        for (size_t i = 0; i < data->result_count; i++) {
            const struct result *row = &data->results[i];
            if (!belongs(row, ceilings) || series_find(&script->series, &row->key) != s)
                continue;
            if (empty) {
                fputs("\n\n# ", script->file);
                script_words(script->file, script->series.series[s].label);
                fputs("\n# flops a byte, GFLOP/s\n", script->file);
            }
            empty = false;
            fprintf(script->file, "%.9g %.9g # ", row->flops / row->bytes, row->gflops);
            script_words(script->file, row->key.variant);
            fputc(' ', script->file);
            script_words(script->file, row->key.shape);
            fputc('\n', script->file);
        }
        blocks += !empty;
        if (!empty)
            legend_add_series(script, s);
    }
    return blocks;
}

/* Three digits, and all of them before the point. */
static void rate_append(char *text, size_t size, const char *between, const char *name,
                        double rate) {
    snprintf(text + strlen(text), size - strlen(text), rate < 1000.0 ? "%s%s %.3g" : "%s%s %.0f",
             between, name, rate);
}

/* "2 threads: peak 230 GFLOP/s; L1 221, L2 150, L3 152, memory 36.8 GB/s" */
static void title_write(const struct report_ceilings *c, char *title, size_t size) {
    if (c->threads > 0)
        snprintf(title, size, "%s, %s: ", c->device, COUNTED(c->threads, "thread"));
    else
        snprintf(title, size, "%s: ", c->device);
    for (int l = 0; l < c->level_count; l++)
        rate_append(title, size, l ? ", " : "", report_level_name(c, l),
                    1e-9 * c->levels[l].bytes_per_second);
    rate_append(title, size, " GB/s;", "", 1e-9 * c->flops_per_second);
    snprintf(title + strlen(title), size - strlen(title), " GFLOP/s");
}

/* A roof looks the same in every panel: memory's is the last, however many levels are above it. */
static int roof_style(const struct report_ceilings *first, const struct report_ceilings *ceilings,
                      int level) {
    bool memory = level == ceilings->level_count - 1;
    return ROOF_STYLE + (memory ? first->level_count - 1 : level);
}

static void panel_plot(const struct script *script, const struct report_ceilings *first,
                       const struct report_ceilings *ceilings, const struct extent *extent,
                       int first_block, int blocks) {
    FILE *file = script->file;
    fprintf(file,
            "    set logscale x 2; set logscale y 10\n"
            "    set xrange [%.9g:%.9g]; set yrange [%.9g:%.9g]\n    plot",
            extent->least_x, extent->most_x, extent->least_y, extent->most_y);
    int block = first_block;
    for (int l = 0; l < ceilings->level_count; l++)
        fprintf(file, "%s $data index %d using 1:2 with lines linestyle %d",
                l ? ", \\\n        " : "", block++, roof_style(first, ceilings, l));
    for (int s = 0; s < script->series.count && block < first_block + blocks; s++) {
        bool drawn = false;
        for (size_t i = 0; i < script->data->result_count && !drawn; i++)
            drawn = belongs(&script->data->results[i], ceilings) &&
                    series_find(&script->series, &script->data->results[i].key) == s;
        if (drawn)
            fprintf(file, ", \\\n         $data index %d using 1:2 with points linestyle %d",
                    block++, script->series.series[s].line_style);
    }
    fputc('\n', file);
}

struct roofline {
    const struct report_ceilings *panels[REPORT_CEILINGS_MAX];
    struct extent extents[REPORT_CEILINGS_MAX];
    int blocks[REPORT_CEILINGS_MAX]; /* of the datablock */
    int count;
};

static void data_write(struct script *script, struct roofline *roofline) {
    script_data_begin(script);
    for (int p = 0; p < roofline->count; p++) {
        const struct report_ceilings *ceilings = roofline->panels[p];
        for (int l = 0; l < ceilings->level_count; l++)
            roof_write(script, ceilings, l, &roofline->extents[p], p || l ? "\n\n" : "");
        roofline->blocks[p] = ceilings->level_count + dots_write(script, ceilings);
    }
    script_data_end(script);
    const struct report_ceilings *ceilings = roofline->panels[0];
    for (int l = 0; l < ceilings->level_count; l++) {
        char label[64], style[32];
        snprintf(label, sizeof label, "measured roof, %s", report_level_name(ceilings, l));
        snprintf(style, sizeof style, "linestyle %d", ROOF_STYLE + l);
        legend_add(script, LEGEND_LINE, label, style);
    }
}

void report_roofline_write(struct script *script) {
    const struct report_data *data = script->data;
    struct roofline roofline = {.count = 0};
    for (int c = 0; c < data->ceilings_count; c++) {
        struct extent extent = extent_find(data, &data->ceilings[c]);
        if (extent.dots == 0)
            continue;
        roofline.panels[roofline.count] = &data->ceilings[c];
        roofline.extents[roofline.count++] = extent;
    }
    if (roofline.count == 0 ||
        !figure_new(script, "roofline",
                    "roofline: what the measured ceilings allow, and every case"))
        return;
    data_write(script, &roofline);
    struct panel_grid grid = panel_grid_make(script, roofline.count);
    figure_begin(script, grid.width, grid.height);
    for (int p = 0, block = 0; p < roofline.count; block += roofline.blocks[p++]) {
        char title[200];
        struct panel panel = panel_grid_place(&grid, p);
        title_write(roofline.panels[p], title, sizeof title);
        panel_begin(script, &panel, title, "floating-point operations a byte", "GFLOP/s");
        panel_plot(script, roofline.panels[0], roofline.panels[p], &roofline.extents[p], block,
                   roofline.blocks[p]);
    }
    figure_end(script);
}
