/* Time, efficiency and exposed communication over ranks. */
#include "bench/report/scaling.h"
#include "bench/operations/operations.h"
#include "bench/report/drawing/gnuplot.h"
#include "bench/report/drawing/script.h"
#include "bench/report/drawing/templates.h"
#include "common/files.h"
#include "common/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CASES_SHOWN = 6 };
static const char script_name[] = "scaling.gp";
static const struct figure scaling_figure = {
    "scaling", "time, efficiency and exposed communication over ranks"};

/* A row of one run. Each stands twice: among those of its shape, which ranks share, and among those
 * of the shape that each of its ranks has. */
struct point {
    struct row_key key; /* its device without the number of ranks */
    bool weak;          /* the key's shape is one rank's */
    int ranks;
    double seconds;
    double exposed; /* share of the time in which data moved between ranks alone; NaN: unknown */
};

/* Rows that differ in ranks alone: points[begin … end). */
struct line {
    size_t begin, end;
    int panel; /* of its case */
    int style; /* gnuplot's: lines of other cases with the same label have the same */
};

struct scaling {
    struct point *points;
    size_t point_count;
    struct line *lines;
    int line_count, panel_count;
    int most;     /* ranks */
    bool exposed; /* known of some point */
};

/* --- points ----------------------------------------------------------------------------------- */

static bool same_row(const struct row_key *a, const struct row_key *b) {
    return row_key_same_case(a, b) && strcmp(a->mode, b->mode) == 0 &&
           strcmp(a->implementation, b->implementation) == 0 && strcmp(a->device, b->device) == 0 &&
           a->threads == b->threads;
}

/* Of an iteration's parts those in which a rank only sends or waits. */
static double exposed_share(const struct report_data *data, const struct row_key *key) {
    const struct operation *operation = operation_find(key->operation);
    double exposed = NAN;
    for (size_t i = 0; operation && operation->parts && i < data->part_count; i++) {
        const struct part_row *part = &data->parts[i];
        if (!same_row(&part->key, key))
            continue;
        exposed = isnan(exposed) ? 0.0 : exposed;
        for (int k = 0; k < operation->parts->kind_count; k++) {
            const struct part_kind *kind = &operation->parts->kinds[k];
            if (kind->between_ranks &&
                strncmp(part->name, kind->starts[0], strlen(kind->starts[0])) == 0)
                exposed += part->share;
        }
    }
    return exposed;
}

/* Puts the shape that one of the ranks has in the place of that of all; false where the operation's
 * shapes do not grow with ranks, or these do not divide it. */
static bool shape_of_one(struct row_key *key, int ranks) {
    const struct operation *operation = operation_find(key->operation);
    struct bench_case all = {.operation = operation};
    struct message message;
    if (!operation || !operation->scale ||
        case_shape_parse(key->shape, &all, &message) != STATUS_OK)
        return false;
    for (int i = 0; i < all.size_count; i++) {
        struct bench_case one = all, scaled;
        if (all.sizes[i] % ranks != 0)
            continue;
        one.sizes[i] /= ranks;
        scaled = one;
        operation->scale(&scaled, ranks);
        if (memcmp(scaled.sizes, all.sizes, sizeof all.sizes) == 0) {
            case_shape(&one, key->shape, sizeof key->shape);
            return true;
        }
    }
    return false;
}

/* "4xcpu" is "cpu" of 4 ranks. */
static struct point point_of(const struct report_data *data, const struct result *row) {
    struct point point = {.key = row->key,
                          .ranks = 1,
                          .seconds = row->median_s,
                          .exposed = exposed_share(data, &row->key)};
    const size_t digits = strspn(row->key.device, "0123456789");
    if (digits > 0 && row->key.device[digits] == 'x') {
        point.ranks = (int)strtol(row->key.device, NULL, 10);
        snprintf(point.key.device, sizeof point.key.device, "%s", row->key.device + digits + 1);
    }
    return point;
}

static enum status points_add(struct scaling *scaling, const struct report_data *data,
                              struct message *message) {
    const size_t most = scaling->point_count + 2 * data->result_count + 1;
    struct point *larger = realloc(scaling->points, most * sizeof *larger);
    if (!larger)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu rows", most);
    scaling->points = larger;
    for (size_t i = 0; i < data->result_count; i++) {
        if (strcmp(data->results[i].status, "measured") != 0 || !(data->results[i].median_s > 0.0))
            continue;
        struct point point = point_of(data, &data->results[i]);
        scaling->points[scaling->point_count++] = point;
        point.weak = shape_of_one(&point.key, point.ranks);
        if (point.weak)
            scaling->points[scaling->point_count++] = point;
    }
    return STATUS_OK;
}

/* The case first, then the row, then ranks. */
static int key_compare(const struct row_key *a, const struct row_key *b) {
    const struct {
        const char *a, *b;
    } texts[] = {{a->operation, b->operation}, {a->variant, b->variant},
                 {a->dtype, b->dtype},         {a->shape, b->shape},
                 {a->mode, b->mode},           {a->implementation, b->implementation},
                 {a->device, b->device}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const int order = strcmp(texts[i].a, texts[i].b);
        if (order != 0)
            return order;
    }
    return (a->threads > b->threads) - (a->threads < b->threads);
}

/* Points of one line are equal. */
static int line_compare(const struct point *one, const struct point *other) {
    return one->weak != other->weak ? one->weak - other->weak : key_compare(&one->key, &other->key);
}

static int point_compare(const void *a, const void *b) {
    const struct point *one = a, *other = b;
    const int order = line_compare(one, other);
    return order ? order : (one->ranks > other->ranks) - (one->ranks < other->ranks);
}

static bool is_case_of(const struct scaling *scaling, const struct line *line,
                       const struct point *point) {
    const struct point *first = &scaling->points[line->begin];
    const struct row_key *key = &first->key;
    return first->weak == point->weak && row_key_same_case(key, &point->key) &&
           strcmp(key->mode, point->key.mode) == 0;
}

static void line_label(const struct row_key *key, char *text, size_t size) {
    snprintf(text, size, "%s, %s, %s each", key->implementation, key->device,
             COUNTED(key->threads, "thread"));
}

static int style_of(const struct scaling *scaling, const struct point *point) {
    enum { STYLES = 24 };
    char label[128], other[128];
    int most = 0;
    line_label(&point->key, label, sizeof label);
    for (int l = 0; l < scaling->line_count; l++) {
        line_label(&scaling->points[scaling->lines[l].begin].key, other, sizeof other);
        if (strcmp(label, other) == 0)
            return scaling->lines[l].style;
        most = scaling->lines[l].style > most ? scaling->lines[l].style : most;
    }
    return 1 + most % STYLES;
}

/* Rows of one number of ranks make no line. */
static void lines_find(struct scaling *scaling) {
    size_t end;
    for (size_t begin = 0; begin < scaling->point_count; begin = end) {
        const struct point *first = &scaling->points[begin];
        for (end = begin + 1;
             end < scaling->point_count && line_compare(first, &scaling->points[end]) == 0;)
            end++;
        const struct point *last = &scaling->points[end - 1];
        const int before = scaling->line_count - 1;
        if (last->ranks == first->ranks)
            continue;
        if (before < 0 || !is_case_of(scaling, &scaling->lines[before], first))
            scaling->panel_count++;
        if (scaling->panel_count > CASES_SHOWN)
            break;
        const int style = style_of(scaling, first);
        scaling->lines[scaling->line_count++] =
            (struct line){begin, end, scaling->panel_count - 1, style};
        for (size_t i = begin; i < end; i++)
            scaling->exposed |= !isnan(scaling->points[i].exposed);
        scaling->most = last->ranks > scaling->most ? last->ranks : scaling->most;
    }
    if (scaling->panel_count > CASES_SHOWN)
        scaling->panel_count = CASES_SHOWN;
}

/* --- the figure ------------------------------------------------------------------------------- */

static void data_write(struct script *script, const struct scaling *scaling) {
    script_data_begin(script);
    fputs("# ranks, milliseconds of an iteration, efficiency in percent, ideal milliseconds,\n"
          "# exposed communication in percent\n",
          script->file);
    for (int l = 0; l < scaling->line_count; l++) {
        const struct point *first = &scaling->points[scaling->lines[l].begin];
        if (l > 0)
            fputs("\n\n", script->file);
        for (size_t i = scaling->lines[l].begin; i < scaling->lines[l].end; i++) {
            const struct point *point = &scaling->points[i];
            const double shared = point->weak ? 1.0 : (double)first->ranks / (double)point->ranks;
            const double ideal = first->seconds * shared;
            fprintf(script->file, "%d %.9g %.9g %.9g %.9g\n", point->ranks, 1e3 * point->seconds,
                    100.0 * ideal / point->seconds, 1e3 * ideal, 100.0 * point->exposed);
        }
    }
    script_data_end(script);
}

/* What the panels of a case show, side by side: their column of the data. */
static const struct shown {
    const char *label, *range;
    int column;
} shown[] = {{"ms an iteration", "    set logscale y\n", 2},
             {"efficiency, %", "    set yrange [0:*]\n", 3},
             {"exposed communication, %", "    set yrange [0:100]\n", 5}};
enum { SHOWN_TIME, SHOWN_EFFICIENCY, SHOWN_EXPOSED, SHOWN_COUNT };

static void panel_write(struct script *script, const struct scaling *scaling, int panel, int what) {
    const char *between = "    plot";
    fprintf(script->file, "    set logscale x 2; set xrange [0.9:%d*1.1]\n", scaling->most);
    script_tics_log2(script->file, 1.0, scaling->most, 10, false);
    fputs(shown[what].range, script->file);
    for (int l = 0; l < scaling->line_count; l++) {
        if (scaling->lines[l].panel != panel)
            continue;
        fprintf(script->file, "%s $data index %d using 1:%d with linespoints linestyle %d", between,
                l, shown[what].column, scaling->lines[l].style);
        between = ", \\\n        ";
        if (what == SHOWN_TIME)
            fprintf(script->file, "%s $data index %d using 1:4 with lines linestyle 103", between,
                    l);
    }
    if (what == SHOWN_EFFICIENCY)
        fprintf(script->file, "%s 100 with lines linestyle 103", between);
    fputc('\n', script->file);
}

static void case_write(struct script *script, const struct scaling *scaling,
                       const struct panel_grid *grid, int panel, const struct point *first) {
    const int count = scaling->exposed ? SHOWN_COUNT : SHOWN_EXPOSED;
    char title[400];
    snprintf(title, sizeof title, "%s/%s %s%s", first->key.operation, first->key.variant,
             first->key.shape, first->weak ? " a rank" : "");
    for (int what = 0; what < count; what++) {
        struct panel place = panel_grid_place(grid, count * panel + what);
        panel_begin(script, &place, title, "ranks", shown[what].label);
        panel_write(script, scaling, panel, what);
    }
}

static void figure_write(struct script *script, const struct scaling *scaling) {
    char label[128], style[24];
    if (!figure_new(script, scaling_figure.name, scaling_figure.title))
        return;
    data_write(script, scaling);
    for (int l = 0; l < scaling->line_count; l++) {
        line_label(&scaling->points[scaling->lines[l].begin].key, label, sizeof label);
        snprintf(style, sizeof style, "linestyle %d", scaling->lines[l].style);
        legend_add(script, LEGEND_LINE_POINT, label, style);
    }
    legend_add(script, LEGEND_LINE, "ideal", "linestyle 103");
    struct panel_grid grid =
        panel_grid_make(script, (scaling->exposed ? SHOWN_COUNT : 2) * scaling->panel_count);
    figure_begin(script, grid.width, grid.height);
    for (int l = 0, panel = -1; l < scaling->line_count; l++)
        if (scaling->lines[l].panel > panel) {
            panel = scaling->lines[l].panel;
            case_write(script, scaling, &grid, panel, &scaling->points[scaling->lines[l].begin]);
        }
    figure_end(script);
}

/* --- files ------------------------------------------------------------------------------------ */

static enum status script_save(const struct scaling *scaling, const struct report_data *data,
                               struct message *message) {
    char path[2300], *text = NULL;
    size_t size;
    struct script script = {.data = data};
    snprintf(path, sizeof path, "%s/%s", data->folder, script_name);
    script.file = open_memstream(&text, &size);
    if (!script.file)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %s", script_name);
    fputs(template_style, script.file);
    figure_write(&script, scaling);
    enum status status = fclose(script.file) == 0 ? file_replace(path, text, size, message)
                                                  : message_set(message, STATUS_NO_MEMORY,
                                                                "no memory for %s", script_name);
    free(text);
    return status;
}

static enum status points_read(struct scaling *scaling, const char *const *folders, int count,
                               struct report_data *first, struct message *message) {
    enum status status = points_add(scaling, first, message);
    for (int i = 1; i < count && status == STATUS_OK; i++) {
        struct report_data data;
        status = report_data_load(folders[i], &data, message);
        if (status != STATUS_OK)
            return status;
        status = points_add(scaling, &data, message);
        report_data_release(&data);
    }
    return status;
}

static enum status nothing_to_draw(struct message *message) {
    return message_set(message, STATUS_INVALID,
                       "no row was measured on two numbers of ranks: give runs of the same case, "
                       "as of `mpirun -n 1` and `mpirun -n 2`");
}

static enum status scaling_draw(struct scaling *scaling, const struct report_data *first,
                                struct message *message) {
    if (!scaling->points || scaling->point_count == 0)
        return nothing_to_draw(message);
    qsort(scaling->points, scaling->point_count, sizeof *scaling->points, point_compare);
    scaling->lines = calloc(scaling->point_count, sizeof *scaling->lines);
    if (!scaling->lines)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu rows",
                           scaling->point_count);
    lines_find(scaling);
    if (scaling->line_count == 0)
        return nothing_to_draw(message);
    enum status status = script_save(scaling, first, message);
    return status == STATUS_OK ? gnuplot_run(first->folder, script_name, message) : status;
}

enum status report_scaling_draw(const char *const *folders, int count, FILE *log,
                                struct message *message) {
    struct scaling scaling = {0};
    struct report_data first;
    enum status status = report_data_load(folders[0], &first, message);
    if (status != STATUS_OK)
        return status;
    status = points_read(&scaling, folders, count, &first, message);
    if (status == STATUS_OK)
        status = scaling_draw(&scaling, &first, message);
    report_data_release(&first);
    free(scaling.points);
    free(scaling.lines);
    if (status == STATUS_OK)
        fprintf(log, "plot (svg, png): %s/scaling\n", folders[0]);
    return status;
}

void report_scaling_add(struct script *plots) {
    char path[2300];
    snprintf(path, sizeof path, "%s/%s.svg", plots->data->folder, scaling_figure.name);
    if (plots->figure_count < FIGURES_MAX && access(path, F_OK) == 0)
        plots->figures[plots->figure_count++] = scaling_figure;
}
