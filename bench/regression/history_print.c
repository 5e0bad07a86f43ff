/* The history as text and as a plot. */
#include "bench/regression/history_print.h"
#include "bench/files/format.h"
#include "bench/report/gnuplot.h"
#include "bench/report/script.h"
#include "bench/report/templates.h"
#include "bench/statistics/steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS_MAX = 64 };

/* --- levels ------------------------------------------------------------------------------------
 */

struct levels {
    struct level list[LEVELS_MAX];
    size_t count;
};

static enum status levels_find(const struct history_series *series, struct levels *levels,
                               struct message *message) {
    double *medians = malloc(series->count * sizeof *medians);
    if (!medians)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu values", series->count);
    for (size_t i = 0; i < series->count; i++)
        medians[i] = series->values[i].median_s;
    enum status status = steps_find(medians, series->count, HISTORY_STEP, HISTORY_SIGNIFICANCE,
                                    levels->list, LEVELS_MAX, &levels->count, message);
    free(medians);
    return status;
}

static void series_name(const struct history_series *series, char *text, size_t size) {
    row_key_describe(&series->key, text, size);
}

/* --- show --------------------------------------------------------------------------------------
 */

static void levels_print(const struct history_series *series, const struct levels *levels,
                         FILE *file) {
    char median[32];
    for (size_t i = 0; i < levels->count; i++) {
        const struct level *level = &levels->list[i];
        const struct history_value *first = &series->values[level->begin];
        format_seconds(level->median, median, sizeof median);
        fprintf(file, "  since %-20s %-20s %9s, %zu run%s", first->commit, first->written, median,
                level->count, level->count == 1 ? "" : "s");
        if (i > 0)
            fprintf(file, "; %s by %+.1f%% (p %.2g)",
                    level->median > levels->list[i - 1].median ? "slower" : "faster",
                    100.0 * (level->median / levels->list[i - 1].median - 1.0), level->p);
        fputc('\n', file);
    }
}

static void values_print(const struct history_series *series, size_t most, FILE *file) {
    size_t begin = series->count > most ? series->count - most : 0;
    char median[32], low[32], high[32];
    if (begin > 0)
        fprintf(file, "  the last %zu of %zu runs (--all shows all)\n", series->count - begin,
                series->count);
    for (size_t i = begin; i < series->count; i++) {
        const struct history_value *value = &series->values[i];
        format_seconds(value->median_s, median, sizeof median);
        format_seconds(value->low_s, low, sizeof low);
        format_seconds(value->high_s, high, sizeof high);
        fprintf(file, "    %-20s %-20s %9s  (%s to %s)\n", value->commit, value->written, median,
                low, high);
    }
}

enum status history_print_series(const struct history_series *series, void *context,
                                 struct message *message) {
    struct history_view *view = context;
    struct levels levels = {.count = 0};
    char name[320];
    if (!history_is_machine(view->machine, series->fingerprint, series->machine))
        return STATUS_OK;
    enum status status = levels_find(series, &levels, message);
    if (status != STATUS_OK)
        return status;
    if (strcmp(view->last, series->fingerprint) != 0)
        fprintf(view->file, "machine %.8s: %s\n", series->fingerprint, series->machine);
    snprintf(view->last, sizeof view->last, "%s", series->fingerprint);
    series_name(series, name, sizeof name);
    fprintf(view->file, "\n%s\n", name);
    levels_print(series, &levels, view->file);
    values_print(series, view->all ? series->count : HISTORY_SHOWN, view->file);
    view->shown++;
    return STATUS_OK;
}

/* --- plot --------------------------------------------------------------------------------------
 */

static enum status series_script(const struct history_series *series, struct history_view *view,
                                 struct message *message) {
    struct levels levels = {.count = 0};
    char name[320], title[360];
    enum status status = levels_find(series, &levels, message);
    if (status != STATUS_OK)
        return status;
    FILE *file = view->file;
    series_name(series, name, sizeof name);
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
    view->shown++;
    return STATUS_OK;
}

enum status history_plot_series(const struct history_series *series, void *context,
                                struct message *message) {
    struct history_view *view = context;
    return history_is_machine(view->machine, series->fingerprint, series->machine)
               ? series_script(series, view, message)
               : STATUS_OK;
}

void history_plot_begin(size_t series, FILE *file) {
    fputs(template_style, file);
    fprintf(file,
            "\nset output 'history.svg'\nset terminal svg size 900,%zu dynamic noenhanced font "
            "'sans-serif,12' background '#ffffff'\nset multiplot layout %zu,1\nset xlabel 'run'\n"
            "set ylabel 'ms'\nset key left bottom\n",
            320 * series, series);
}

enum status history_plot_end(FILE *file, const char *folder, struct message *message) {
    fputs("unset multiplot\nset output\n", file);
    bool failed = ferror(file) != 0;
    failed |= fclose(file) != 0;
    if (failed)
        return message_set(message, STATUS_IO, "cannot write %s/%s: %s", folder,
                           history_script_name, strerror(errno));
    return gnuplot_run(folder, history_script_name, message);
}

const char history_script_name[] = "history.gp";
