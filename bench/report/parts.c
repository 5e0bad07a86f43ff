/* Stacked bars of the parts of an iteration. */
#include "bench/report/parts.h"
#include "bench/files/format.h"
#include "bench/operations/operations.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BAR_HEIGHT = 24, STEP_EXTRA = 90, KINDS_MAX = PART_KINDS_MAX + 1 };

/* What lies beside each other, in pixels: labels of bars, times, shares. */
enum { LABELS_MARGIN = 20, TIMES_WIDTH = 430, SHARES_GAP = 40, SHARES_WIDTH = 336, RIGHT = 24 };

/* A bar so many times longer than the shortest would leave nothing to see of it: it is named with
 * its time, and drawn as shares alone. */
static const double drawn_up_to = 5.0;

/* The operation's kinds of part, in the order in which they are stacked, then all others. */
struct kinds {
    struct part_kind list[KINDS_MAX];
    int count;
};

static struct kinds kinds_of(const struct row_key *key) {
    static const struct part_kind other = {.label = "other", .style = "part_other"};
    const struct operation *operation = operation_find(key->operation);
    struct kinds kinds = {.count = 0};
    for (int i = 0; operation && operation->parts && i < operation->parts->kind_count; i++)
        kinds.list[kinds.count++] = operation->parts->kinds[i];
    kinds.list[kinds.count++] = other;
    return kinds;
}

static bool begins_as(const char *name, const char *start) {
    return start && strncmp(name, start, strlen(start)) == 0;
}

static int kind_of(const struct kinds *kinds, const char *name) {
    int kind = 0;
    while (kind < kinds->count - 1 && !begins_as(name, kinds->list[kind].starts[0]) &&
           !begins_as(name, kinds->list[kind].starts[1]))
        kind++;
    return kind;
}

struct bar {
    int series;
    double seconds[KINDS_MAX], total;
};

/* One shape's bars. */
struct step {
    const struct row_key *key;
    const struct kinds *kinds; /* the figure's */
    struct bar bars[SERIES_MAX];
    int bar_count;
    double fastest, longest; /* of the bars; of those drawn as time */
};

struct figure_steps {
    struct kinds kinds;
    struct step *steps;
    size_t count;
};

static bool same_figure(const struct row_key *a, const struct row_key *b) {
    return strcmp(a->operation, b->operation) == 0 && strcmp(a->variant, b->variant) == 0 &&
           strcmp(a->dtype, b->dtype) == 0 && strcmp(a->mode, b->mode) == 0;
}

/* --- collecting ------------------------------------------------------------------------------- */

static struct step *step_of(struct figure_steps *figure, const struct row_key *key) {
    for (size_t i = 0; i < figure->count; i++)
        if (row_key_same_case(figure->steps[i].key, key))
            return &figure->steps[i];
    struct step *step = &figure->steps[figure->count++];
    step->key = key;
    step->kinds = &figure->kinds;
    return step;
}

static struct bar *bar_of(struct step *step, int series) {
    for (int i = 0; i < step->bar_count; i++)
        if (step->bars[i].series == series)
            return &step->bars[i];
    struct bar *bar = &step->bars[step->bar_count++];
    bar->series = series;
    return bar;
}

static void part_add(const struct script *script, struct figure_steps *figure,
                     const struct part_row *part) {
    int series = series_find(&script->series, &part->key);
    if (series == SERIES_NONE || !(part->median_s > 0.0) || !isfinite(part->median_s))
        return;
    struct bar *bar = bar_of(step_of(figure, &part->key), series);
    bar->seconds[kind_of(&figure->kinds, part->name)] += part->median_s;
    bar->total += part->median_s;
}

static void step_finish(struct step *step) {
    step->fastest = INFINITY;
    for (int i = 0; i < step->bar_count; i++)
        step->fastest = fmin(step->fastest, step->bars[i].total);
    for (int i = 0; i < step->bar_count; i++)
        if (step->bars[i].total <= drawn_up_to * step->fastest)
            step->longest = fmax(step->longest, step->bars[i].total);
}

/* --- writing ---------------------------------------------------------------------------------- */

static const char *time_unit(double seconds, double *scale) {
    *scale = seconds < 1e-3 ? 1e6 : seconds < 1.0 ? 1e3 : 1.0;
    return seconds < 1e-3 ? "us" : seconds < 1.0 ? "ms" : "s";
}

/* Lines "bar, time from, to, share from, to" of one kind; false when no bar has it. */
static bool kind_write(const struct script *script, const struct step *step, int kind,
                       const char *before) {
    bool empty = true;
    double scale;
    time_unit(step->longest, &scale);
    for (int i = 0; i < step->bar_count; i++) {
        const struct bar *bar = &step->bars[i];
        double from = 0.0, length = bar->seconds[kind];
        if (length == 0.0)
            continue;
        for (int below = 0; below < kind; below++)
            from += bar->seconds[below];
        bool drawn = bar->total <= drawn_up_to * step->fastest;
        if (empty) {
            fprintf(script->file, "%s# ", before);
            script_words(script->file, step->key->shape);
            fprintf(script->file, ": %s\n# bar, time from, to, share from, to\n",
                    step->kinds->list[kind].label);
        }
        empty = false;
        fprintf(script->file, "%d %.9g %.9g %.9g %.9g\n", i, drawn ? scale * from : NAN,
                drawn ? scale * (from + length) : NAN, 100.0 * from / bar->total,
                100.0 * (from + length) / bar->total);
    }
    return !empty;
}

static void data_write(struct script *script, const struct figure_steps *figure) {
    bool used[KINDS_MAX] = {false};
    const char *before = "";
    script_data_begin(script);
    for (size_t s = 0; s < figure->count; s++)
        for (int kind = 0; kind < figure->kinds.count; kind++)
            if (kind_write(script, &figure->steps[s], kind, before)) {
                before = "\n\n";
                used[kind] = true;
            }
    script_data_end(script);
    for (int kind = 0; kind < figure->kinds.count; kind++) {
        char style[64];
        snprintf(style, sizeof style, "@%s", figure->kinds.list[kind].style);
        if (used[kind])
            legend_add(script, LEGEND_BOX, figure->kinds.list[kind].label, style);
    }
}

static void bars_plot(const struct script *script, const struct step *step, int first_block,
                      int first_column) {
    FILE *file = script->file;
    const char *between = "    plot";
    for (int kind = 0, block = first_block; kind < step->kinds->count; kind++) {
        bool used = false;
        for (int i = 0; i < step->bar_count; i++)
            used |= step->bars[i].seconds[kind] > 0.0;
        if (!used)
            continue;
        fprintf(file, "%s $data index %d using %d:1:%d:%d:($1-0.34):($1+0.34) with boxxyerror @%s",
                between, block++, first_column, first_column, first_column + 1,
                step->kinds->list[kind].style);
        between = ", \\\n        ";
    }
    fputc('\n', file);
}

static void total_labels_write(const struct script *script, const struct step *step, double scale) {
    for (int i = 0; i < step->bar_count; i++) {
        const struct bar *bar = &step->bars[i];
        char time[32], label[96];
        bool drawn = bar->total <= drawn_up_to * step->fastest;
        format_seconds(bar->total, time, sizeof time);
        if (drawn)
            snprintf(label, sizeof label, "%s", time);
        else
            snprintf(label, sizeof label, "%s: %.0f times the fastest, not drawn", time,
                     bar->total / step->fastest);
        fputs("    set label ", script->file);
        script_text(script->file, label);
        fprintf(script->file, " at %.9g,%d left offset 0.6,0\n", drawn ? scale * bar->total : 0.0,
                i);
    }
}

static void bar_tics_write(const struct script *script, const struct step *step) {
    fputs("    set ytics scale 0 (", script->file);
    for (int i = 0; i < step->bar_count; i++) {
        fputs(i ? ", " : "", script->file);
        script_text(script->file, script->series.series[step->bars[i].series].label);
        fprintf(script->file, " %d", i);
    }
    fprintf(script->file, ")\n");
}

/* The room that the labels of all bars take. */
static double labels_width(const struct script *script, const struct figure_steps *figure) {
    double width = 0.0;
    for (size_t s = 0; s < figure->count; s++)
        for (int i = 0; i < figure->steps[s].bar_count; i++) {
            const int series = figure->steps[s].bars[i].series;
            width = fmax(width, script_text_width(script->series.series[series].label));
        }
    return width + LABELS_MARGIN;
}

/* Both panels of a shape, from `top` down and from `left` on. */
static void step_write(const struct script *script, const struct step *step, double left,
                       double top, int first_block) {
    FILE *file = script->file;
    double scale;
    char label[64];
    struct panel panel = {.left = left,
                          .right = left + TIMES_WIDTH,
                          .top = top + 26.0,
                          .bottom = top + 26.0 + BAR_HEIGHT * step->bar_count};
    snprintf(label, sizeof label, "time, %s", time_unit(step->longest, &scale));
    panel_begin(script, &panel, step->key->shape, label, "");
    fprintf(file, "    set xrange [0:%.9g]; set yrange [%.1f:-0.5]; unset grid; set grid xtics\n",
            1.2 * scale * step->longest, step->bar_count - 0.5);
    bar_tics_write(script, step);
    total_labels_write(script, step, scale);
    bars_plot(script, step, first_block, 2);
    panel.left = panel.right + SHARES_GAP;
    panel.right = panel.left + SHARES_WIDTH;
    panel_begin(script, &panel, "", "share of the time, %", "");
    fprintf(file, "    set xrange [0:100]; set yrange [%.1f:-0.5]; unset grid; unset ytics\n",
            step->bar_count - 0.5);
    bars_plot(script, step, first_block, 4);
}

static int block_count(const struct step *step) {
    int blocks = 0;
    for (int kind = 0; kind < step->kinds->count; kind++)
        for (int i = 0; i < step->bar_count; i++)
            if (step->bars[i].seconds[kind] > 0.0) {
                blocks++;
                break;
            }
    return blocks;
}

static void figure_write(struct script *script, const struct figure_steps *figure) {
    const struct row_key *key = figure->steps[0].key;
    char name[64], title[160];
    char suffix[64];
    snprintf(suffix, sizeof suffix, "-%s-parts", key->variant);
    figure_name(key, suffix, name, sizeof name);
    snprintf(title, sizeof title, "%s %s %s, %s: time of an iteration by part", key->operation,
             key->variant, key->dtype, key->mode);
    if (!figure_new(script, name, title))
        return;
    data_write(script, figure);
    const double left = labels_width(script, figure);
    const double width = left + TIMES_WIDTH + SHARES_GAP + SHARES_WIDTH + RIGHT;
    double height = FIGURE_HEAD + legend_height(script, width), top = FIGURE_HEAD;
    for (size_t s = 0; s < figure->count; s++)
        height += STEP_EXTRA + BAR_HEIGHT * figure->steps[s].bar_count;
    figure_begin(script, width, height);
    for (size_t s = 0, block = 0; s < figure->count; s++) {
        step_write(script, &figure->steps[s], left, top, (int)block);
        block += (size_t)block_count(&figure->steps[s]);
        top += STEP_EXTRA + BAR_HEIGHT * figure->steps[s].bar_count;
    }
    figure_end(script);
}

enum status report_parts_write(struct script *script, struct message *message) {
    const struct report_data *data = script->data;
    for (size_t i = 0; i < data->part_count; i++) {
        const struct row_key *key = &data->parts[i].key;
        size_t before = 0;
        while (!same_figure(&data->parts[before].key, key))
            before++;
        if (before < i)
            continue;
        struct figure_steps figure = {.kinds = kinds_of(key),
                                      .steps = calloc(data->part_count, sizeof *figure.steps)};
        if (!figure.steps)
            return message_set(message, STATUS_NO_MEMORY, "no memory to plot the parts of %s",
                               key->operation);
        for (size_t p = i; p < data->part_count; p++)
            if (same_figure(&data->parts[p].key, key))
                part_add(script, &figure, &data->parts[p]);
        for (size_t s = 0; s < figure.count; s++)
            step_finish(&figure.steps[s]);
        if (figure.count > 0)
            figure_write(script, &figure);
        free(figure.steps);
    }
    return STATUS_OK;
}
