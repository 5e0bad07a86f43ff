/* The gnuplot script of a report: data and commands for every figure, in one file that a user can
 * change and run again.
 *
 * A figure is drawn once a file kind (SVG, PNG): a grid of panels with a head above and one legend
 * below. All places are given in pixels. So no label is cut and no legend lies over data, whatever
 * the data is.
 */
#ifndef LOCKSTEP_BENCH_REPORT_DRAWING_SCRIPT_H
#define LOCKSTEP_BENCH_REPORT_DRAWING_SCRIPT_H

#include "bench/report/drawing/data.h"
#include "bench/report/drawing/series.h"

#include <stdio.h>

enum { FIGURES_MAX = 128, LEGEND_MAX = SERIES_MAX + 2 * REPORT_CEILINGS_MAX };

struct figure {
    char name[64];   /* of its files, without .svg and .png */
    char title[240]; /* "gemm f32, hot: GFLOP/s over size of square matrices" */
};

enum legend_kind { LEGEND_LINE_POINT, LEGEND_LINE, LEGEND_BOX };

struct legend_entry {
    enum legend_kind kind;
    char label[128];
    char style[64]; /* gnuplot's words: "linestyle 3" */
};

struct script {
    FILE *file;
    const struct report_data *data;
    struct series_list series;
    struct figure figures[FIGURES_MAX];
    int figure_count;
    /* of the figure that is being written */
    double width, height;
    struct legend_entry legend[LEGEND_MAX];
    int legend_count;
};

/* A rectangle of the figure, in pixels from its top left corner: where the axes of a panel lie. */
struct panel {
    double left, right, top, bottom;
};

enum { FIGURE_HEAD = 62 };

/* Text out of a file, made harmless for gnuplot. Control characters, quotes, backquotes and
 * backslashes become '?': they could end a string, a line or a datablock, or stand for something
 * else. An apostrophe becomes ’, which ends no string.
 * script_text puts it in single quotes; script_words is for comments. */
void script_text(FILE *file, const char *text);
void script_words(FILE *file, const char *text);

/* The pixels that the text takes at most in a figure's letters. */
double script_text_width(const char *text);

/* The name of a figure of this operation, dtype and mode: "gemm", "gemm-shapes",
 * "gemm-shapes-bf16-cold", with `suffix` being "-shapes". f32 and hot are not said. */
void figure_name(const struct row_key *key, const char *suffix, char *name, size_t size);

/* A figure comes in this order: figure_new, data, legend entries, figure_begin, panels, figure_end.
 * False when the report has FIGURES_MAX figures already; nothing is written then. */
bool figure_new(struct script *script, const char *name, const char *title);
/* Opens the figure's datablock, $data; the caller writes rows, then script_data_end. */
void script_data_begin(struct script *script);
void script_data_end(struct script *script);

/* Entries with a label that is there already are left out. */
void legend_add(struct script *script, enum legend_kind kind, const char *label, const char *style);
void legend_add_series(struct script *script, int series);
/* The height that the legend takes in a figure of that width. */
double legend_height(const struct script *script, double width);

void figure_begin(struct script *script, double width, double height);
void figure_end(struct script *script);

/* Sets the margins and a panel's title and axis labels, all other settings to those of style.gp.
 * The caller adds `set` commands of its own and `plot`. */
void panel_begin(const struct script *script, const struct panel *panel, const char *title,
                 const char *x_label, const char *y_label);

/* Panels of equal size, row by row; the more, the smaller. */
struct panel_grid {
    int columns;
    double cell_width, cell_height;
    double width, height; /* of the figure with head and legend */
};
struct panel_grid panel_grid_make(const struct script *script, int panels);
struct panel panel_grid_place(const struct panel_grid *grid, int index);

/* "set xtics (…)" for a base-2 logarithmic axis: powers of two, at most `most` of them, as sizes in
 * bytes ("64 KiB") or plain numbers. */
void script_tics_log2(FILE *file, double low, double high, int most, bool bytes);

#endif
