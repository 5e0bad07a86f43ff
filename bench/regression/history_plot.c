/* Writing the plot's script and having it drawn. */
#include "bench/regression/history_plot.h"
#include "bench/files/folder.h"
#include "bench/regression/history_levels.h"
#include "bench/report/drawing/gnuplot.h"
#include "bench/report/drawing/script.h"
#include "bench/report/drawing/templates.h"
#include "common/files.h"

#include <stdlib.h>

static const char script_name[] = "history.gp";
enum { PANELS_MAX = 40, PANEL_HEIGHT = 320 };

struct plot {
    FILE *file;
    const char *machine;
    size_t panels;
};

static enum status series_script(const struct history_series *series, struct plot *plot,
                                 struct message *message) {
    struct history_levels levels = {.count = 0};
    char name[320], title[360];
    enum status status = history_levels_find(series, &levels, message);
    if (status != STATUS_OK)
        return status;
    FILE *file = plot->file;
    row_key_describe(&series->key, name, sizeof name);
    snprintf(title, sizeof title, "%s, machine %.8s", name, series->fingerprint);
    fprintf(file, "$values << END\n");
    for (size_t i = 0; i < series->count; i++)
        fprintf(file, "%zu %.9g %.9g %.9g\n", i + 1, 1e3 * series->values[i].median_s,
                1e3 * series->values[i].low_s, 1e3 * series->values[i].high_s);
    fprintf(file, "END\n$levels << END\n");
    for (size_t i = 0; i < levels.count; i++)
        fprintf(file, "%zu %.9g\n%zu %.9g\n\n\n", levels.list[i].begin + 1,
                1e3 * levels.list[i].median, levels.list[i].begin + levels.list[i].count,
                1e3 * levels.list[i].median);
    fprintf(file, "END\nunset label\n");
    for (size_t i = 1; i < levels.count; i++) {
        fprintf(file, "set label ");
        script_text(file, series->values[levels.list[i].begin].commit);
        fprintf(file, " at %zu, graph 0.97 rotate by 90 right font ',9'\n",
                levels.list[i].begin + 1);
    }
    fprintf(file, "set title ");
    script_text(file, title);
    fprintf(file,
            "\nset yrange [0:*]\nplot $values using 1:2:3:4 with yerrorbars linestyle 1 title "
            "'median with its 95%% interval', $levels using 1:2 with lines linewidth 2 "
            "linecolor rgb '#c2410c' title 'level'\n");
    return STATUS_OK;
}

static enum status series_count(const struct history_series *series, void *context,
                                struct message *message) {
    struct plot *plot = context;
    (void)message;
    plot->panels += history_is_machine(plot->machine, series->fingerprint, series->machine);
    return STATUS_OK;
}

static enum status series_write(const struct history_series *series, void *context,
                                struct message *message) {
    struct plot *plot = context;
    return history_is_machine(plot->machine, series->fingerprint, series->machine)
               ? series_script(series, plot, message)
               : STATUS_OK;
}

/* The script as text, to be freed. */
static enum status script_write(struct history *history, const char *pattern, struct plot *plot,
                                char **text, size_t *size, struct message *message) {
    *text = NULL;
    plot->file = open_memstream(text, size);
    if (!plot->file)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %s", script_name);
    fputs(template_style, plot->file);
    fprintf(plot->file,
            "\nset output 'history.svg'\nset terminal svg size 900,%zu dynamic noenhanced font "
            "'sans-serif,12' background '#ffffff'\nset multiplot layout %zu,1\nset xlabel 'run'\n"
            "set ylabel 'ms'\nset key left bottom\n",
            PANEL_HEIGHT * plot->panels, plot->panels);
    enum status status = history_each_series(history, pattern, series_write, plot, message);
    fputs("unset multiplot\nset output\n", plot->file);
    bool failed = ferror(plot->file) != 0;
    failed |= fclose(plot->file) != 0;
    if (status == STATUS_OK && failed)
        status = message_set(message, STATUS_NO_MEMORY, "no memory for %s", script_name);
    return status;
}

enum status history_plot(struct history *history, const char *pattern, const char *machine,
                         const char *folder, size_t *panels, struct message *message) {
    struct plot plot = {.machine = machine};
    char path[2300], *text = NULL;
    size_t size = 0;
    enum status status = history_each_series(history, pattern, series_count, &plot, message);
    *panels = plot.panels;
    if (status != STATUS_OK || plot.panels == 0)
        return status;
    if (plot.panels > PANELS_MAX)
        return message_set(message, STATUS_INVALID,
                           "%zu rows match, and a plot has room for %d: name fewer cases",
                           plot.panels, PANELS_MAX);
    snprintf(path, sizeof path, "%s/%s", folder, script_name);
    status = folder_make(folder, message);
    if (status == STATUS_OK)
        status = script_write(history, pattern, &plot, &text, &size, message);
    if (status == STATUS_OK)
        status = file_replace(path, text, size, message);
    free(text);
    return status == STATUS_OK ? gnuplot_run(folder, script_name, message) : status;
}
