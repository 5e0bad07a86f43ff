/* Dots of predicted times, a row a GPU. */
#include "bench/report/predicted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIGURE_WIDTH = 860, ROW_HEIGHT = 26, GPUS_MAX = 64, SHOWN_MAX = 12 };

/* One case: its implementations and GPUs in the order of the file. */
struct predicted {
    const struct csv_table *table;
    size_t first; /* a row of the case */
    const char *implementations[SHOWN_MAX], *gpus[GPUS_MAX];
    int implementation_count, gpu_count;
    double least, most; /* of all intervals, in milliseconds */
};

static bool same_case(const struct csv_table *table, size_t a, size_t b) {
    static const char *const names[] = {"operation", "variant", "dtype", "shape"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(csv_table_text(table, a, names[i]), csv_table_text(table, b, names[i])) != 0)
            return false;
    return true;
}

static void name_add(const char **names, int *count, int most, const char *name) {
    for (int i = 0; i < *count; i++)
        if (strcmp(names[i], name) == 0)
            return;
    if (*count < most)
        names[(*count)++] = name;
}

static void case_fill(const struct csv_table *table, size_t first, struct predicted *predicted) {
    *predicted = (struct predicted){.table = table, .first = first, .least = INFINITY};
    for (size_t row = first; row < table->row_count; row++) {
        if (!same_case(table, row, first))
            continue;
        name_add(predicted->implementations, &predicted->implementation_count, SHOWN_MAX,
                 csv_table_text(table, row, "implementation"));
        name_add(predicted->gpus, &predicted->gpu_count, GPUS_MAX,
                 csv_table_text(table, row, "gpu"));
    }
}

/* The kernels of an implementation on a GPU together. */
static bool times_find(const struct predicted *predicted, int implementation, int gpu,
                       double times[3]) {
    static const char *const names[] = {"predicted_s", "predicted_low_s", "predicted_high_s"};
    const struct csv_table *table = predicted->table;
    bool found = false;
    times[0] = times[1] = times[2] = 0;
    for (size_t row = predicted->first; row < table->row_count; row++) {
        if (!same_case(table, row, predicted->first) ||
            strcmp(csv_table_text(table, row, "implementation"),
                   predicted->implementations[implementation]) != 0 ||
            strcmp(csv_table_text(table, row, "gpu"), predicted->gpus[gpu]) != 0)
            continue;
        for (int k = 0; k < 3; k++)
            times[k] += 1e3 * strtod(csv_table_text(table, row, names[k]), NULL);
        found = true;
    }
    return found;
}

/* A block an implementation: time, row, and the ends of its interval. */
static void data_write(struct script *script, struct predicted *predicted) {
    script_data_begin(script);
    for (int i = 0; i < predicted->implementation_count; i++) {
        char style[64];
        fprintf(script->file, "%s# predicted ms, row, low, high\n", i ? "\n\n" : "");
        for (int gpu = 0; gpu < predicted->gpu_count; gpu++) {
            double times[3];
            if (!times_find(predicted, i, gpu, times))
                continue;
            fprintf(script->file, "%.6g %d %.6g %.6g\n", times[0], gpu, times[1], times[2]);
            predicted->least = fmin(predicted->least, times[1]);
            predicted->most = fmax(predicted->most, times[2]);
        }
        snprintf(style, sizeof style, "linestyle %d", 2 * i + 1);
        legend_add(script, LEGEND_LINE_POINT, predicted->implementations[i], style);
    }
    script_data_end(script);
}

static void axes_write(const struct script *script, const struct predicted *predicted) {
    FILE *file = script->file;
    fputs("    set ytics (", file);
    for (int gpu = 0; gpu < predicted->gpu_count; gpu++) {
        fputs(gpu ? ", " : "", file);
        script_text(file, predicted->gpus[gpu]);
        fprintf(file, " %d", gpu);
    }
    fprintf(file, ")\n    set yrange [%.1f:-0.5]\n", predicted->gpu_count - 0.5);
    fprintf(file, "    set logscale x 10; set xrange [%.6g:%.6g]\n", predicted->least / 1.3,
            predicted->most * 1.3);
}

static void dots_plot(const struct script *script, const struct predicted *predicted) {
    fputs("    plot", script->file);
    for (int i = 0; i < predicted->implementation_count; i++)
        fprintf(script->file, "%s $data index %d using 1:2:3:4 with xerrorbars linestyle %d",
                i ? ", \\\n        " : "", i, 2 * i + 1);
    fputc('\n', script->file);
}

static void figure_write(struct script *script, struct predicted *predicted) {
    const struct csv_table *table = predicted->table;
    char title[240];
    snprintf(title, sizeof title, "predicted, not measured: %s %s %s %s on other GPUs",
             csv_table_text(table, predicted->first, "operation"),
             csv_table_text(table, predicted->first, "variant"),
             csv_table_text(table, predicted->first, "dtype"),
             csv_table_text(table, predicted->first, "shape"));
    if (!figure_new(script, "predicted", title))
        return;
    data_write(script, predicted);
    const struct panel panel = {.left = 140.0,
                                .right = FIGURE_WIDTH - 24.0,
                                .top = FIGURE_HEAD,
                                .bottom = FIGURE_HEAD + ROW_HEIGHT * predicted->gpu_count + 6.0};
    figure_begin(script, FIGURE_WIDTH, panel.bottom + 58.0 + legend_height(script, FIGURE_WIDTH));
    panel_begin(script, &panel, "", "predicted ms, with the interval of 80% of published times",
                "");
    axes_write(script, predicted);
    dots_plot(script, predicted);
    figure_end(script);
}

void report_predicted_write(struct script *script) {
    const struct csv_table *table = &script->data->predictions;
    struct predicted chosen = {.implementation_count = 0};
    for (size_t row = 0; row < table->row_count; row++) {
        struct predicted predicted;
        if (row > 0 && same_case(table, row, row - 1))
            continue;
        case_fill(table, row, &predicted);
        if (predicted.implementation_count > chosen.implementation_count)
            chosen = predicted;
    }
    if (chosen.implementation_count > 0)
        figure_write(script, &chosen);
}
