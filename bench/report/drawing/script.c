/* Writing a gnuplot script. */
#include "bench/report/drawing/script.h"

#include <math.h>
#include <string.h>

void script_words(FILE *file, const char *text) {
    for (const char *c = text; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        bool strange = byte < ' ' || byte == 0x7f || strchr("\"`\\", *c);
        if (*c == '\'')
            fputs("’", file);
        else
            fputc(strange ? '?' : *c, file);
    }
}

void script_text(FILE *file, const char *text) {
    fputc('\'', file);
    script_words(file, text);
    fputc('\'', file);
}

double script_text_width(const char *text) {
    /* A character is reckoned wider than any terminal draws it on average. */
    static const double character_width = 7.2;
    return character_width * (double)strlen(text);
}

/* --- figures ---------------------------------------------------------------------------------- */

static void name_append(char *name, size_t size, const char *part) {
    size_t used = strlen(name);
    snprintf(name + used, size - used, "%s", part);
}

void figure_name(const struct row_key *key, const char *suffix, char *name, size_t size) {
    snprintf(name, size, "%s", key->operation);
    name_append(name, size, suffix);
    if (strcmp(key->dtype, "f32") != 0) {
        name_append(name, size, "-");
        name_append(name, size, key->dtype);
    }
    if (strcmp(key->mode, "hot") != 0) {
        name_append(name, size, "-");
        name_append(name, size, key->mode);
    }
}

/* File names are made of what operations and dtypes are made of; anything else becomes '_'. */
static void name_clean(char *name) {
    for (char *c = name; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", *c))
            *c = '_';
}

bool figure_new(struct script *script, const char *name, const char *title) {
    if (script->figure_count == FIGURES_MAX)
        return false;
    struct figure *figure = &script->figures[script->figure_count++];
    snprintf(figure->name, sizeof figure->name, "%s", name);
    name_clean(figure->name);
    snprintf(figure->title, sizeof figure->title, "%s", title);
    script->legend_count = 0;
    fprintf(script->file, "\n# --- %s ", figure->name);
    for (size_t i = strlen(figure->name); i < 90; i++)
        fputc('-', script->file);
    fputc('\n', script->file);
    return true;
}

void script_data_begin(struct script *script) {
    fputs("$data << EOD\n", script->file);
}

void script_data_end(struct script *script) {
    fputs("EOD\n", script->file);
}

static const struct figure *figure_newest(const struct script *script) {
    return &script->figures[script->figure_count - 1];
}

/* A panel without axes, for the head and the legend; the caller adds a plot command. */
static void strip_begin(const struct script *script, double top, double bottom) {
    const struct panel strip = {.right = script->width, .top = top, .bottom = bottom};
    panel_begin(script, &strip, "", "", "");
    fputs("    unset border; unset xtics; unset ytics; unset grid\n"
          "    set xrange [0:1]; set yrange [0:1]\n",
          script->file);
}

static void head_label(const struct script *script, const char *text, double y, const char *style) {
    fputs("    set label ", script->file);
    script_text(script->file, text);
    fprintf(script->file, " at screen %.5f, screen %.5f left %s\n", 14.0 / script->width,
            1.0 - y / script->height, style);
}

/* --- legend ----------------------------------------------------------------------------------- */

void legend_add(struct script *script, enum legend_kind kind, const char *label,
                const char *style) {
    for (int i = 0; i < script->legend_count; i++)
        if (strcmp(script->legend[i].label, label) == 0)
            return;
    if (script->legend_count == LEGEND_MAX)
        return;
    struct legend_entry *entry = &script->legend[script->legend_count++];
    entry->kind = kind;
    snprintf(entry->label, sizeof entry->label, "%s", label);
    snprintf(entry->style, sizeof entry->style, "%s", style);
}

void legend_add_series(struct script *script, int series) {
    const struct series *drawn = &script->series.series[series];
    char label[sizeof drawn->label], style[48];
    snprintf(label, sizeof label, "%s", drawn->label);
    snprintf(style, sizeof style, "linestyle %d", drawn->line_style);
    legend_add(script, LEGEND_LINE_POINT, label, style);
}

/* In pixels. */
enum { LEGEND_ROW = 20, LEGEND_SAMPLE = 34, LEGEND_MARGIN = 20 };

static double legend_column_width(const struct script *script) {
    double longest = 0.0;
    for (int i = 0; i < script->legend_count; i++)
        longest = fmax(longest, script_text_width(script->legend[i].label));
    return longest + LEGEND_SAMPLE + 2 * LEGEND_MARGIN;
}

static double legend_left(const struct script *script, int column) {
    return LEGEND_MARGIN + column * legend_column_width(script);
}

static int legend_columns(const struct script *script, double width) {
    int columns = (int)((width - LEGEND_MARGIN) / legend_column_width(script));
    columns = columns < script->legend_count ? columns : script->legend_count;
    return columns > 1 ? columns : 1;
}

static int legend_rows(const struct script *script, double width) {
    int columns = legend_columns(script, width);
    return (script->legend_count + columns - 1) / columns;
}

double legend_height(const struct script *script, double width) {
    return 12.0 + LEGEND_ROW * legend_rows(script, width);
}

static void sample_write(FILE *file, const struct legend_entry *entry, int block) {
    switch (entry->kind) {
    case LEGEND_LINE_POINT:
        fprintf(file, " $legend index %d using 1:2 with lines %s, ", block, entry->style);
        fprintf(file, "$legend index %d using 1:2 every ::1::1 with points %s", block,
                entry->style);
        break;
    case LEGEND_LINE:
        fprintf(file, " $legend index %d using 1:2 with lines %s", block, entry->style);
        break;
    case LEGEND_BOX:
        fprintf(file,
                " $legend index %d using 1:2:($1-%d):($1+%d):($2-6):($2+6) every ::1::1 "
                "with boxxyerror %s",
                block, LEGEND_SAMPLE / 2, LEGEND_SAMPLE / 2, entry->style);
        break;
    }
}

/* Not gnuplot's own key: its terminals do not agree on what fits. Entries run down the columns;
 * each has three points of $legend, in pixels of the strip. */
static void legend_data(const struct script *script) {
    int rows = legend_rows(script, script->width);
    fputs("$legend << EOD\n", script->file);
    for (int i = 0; i < script->legend_count; i++) {
        double left = legend_left(script, i / rows);
        int y = LEGEND_ROW / 2 + i % rows * LEGEND_ROW;
        fputs(i ? "\n\n" : "", script->file);
        for (int step = 0; step < 3; step++)
            fprintf(script->file, "%.0f %d\n", left + 0.5 * LEGEND_SAMPLE * step, y);
    }
    fputs("EOD\n", script->file);
}

static void legend_write(const struct script *script) {
    FILE *file = script->file;
    double height = legend_height(script, script->width);
    int rows = legend_rows(script, script->width);
    strip_begin(script, script->height - height, script->height);
    fprintf(file, "    set xrange [0:%.0f]; set yrange [%.0f:0]\n", script->width, height);
    for (int i = 0; i < script->legend_count; i++) {
        double left = legend_left(script, i / rows);
        fputs("    set label ", file);
        script_text(file, script->legend[i].label);
        fprintf(file, " at %.0f,%d left\n", left + LEGEND_SAMPLE + 8.0,
                LEGEND_ROW / 2 + i % rows * LEGEND_ROW);
    }
    fputs("    plot", file);
    for (int i = 0; i < script->legend_count; i++) {
        fputs(i ? ", \\\n        " : "", file);
        sample_write(file, &script->legend[i], i);
    }
    fputc('\n', file);
}

/* --- opening and closing ---------------------------------------------------------------------- */

void figure_begin(struct script *script, double width, double height) {
    const struct figure *figure = figure_newest(script);
    char described[400];
    script->width = width;
    script->height = height;
    report_data_describe(script->data, described, sizeof described);
    legend_data(script);
    fprintf(script->file, "do for [kind in kinds] {\n    eval terminal(kind, %.0f, %.0f)\n", width,
            height);
    fputs("    set output ", script->file);
    script_text(script->file, figure->name);
    fputs(".'.'.kind\n    set multiplot\n", script->file);
    strip_begin(script, 0.0, FIGURE_HEAD);
    head_label(script, figure->title, 20.0, "font title_font(kind)");
    head_label(script, described, 40.0, "textcolor rgb '#555555'");
    fputs("    plot NaN notitle\n", script->file);
}

void figure_end(struct script *script) {
    if (script->legend_count > 0)
        legend_write(script);
    fputs("    unset multiplot\n    unset output\n}\nundefine $data\n", script->file);
}

/* --- panels ----------------------------------------------------------------------------------- */

static void quoted_setting(FILE *file, const char *setting, const char *text) {
    fprintf(file, "    set %s ", setting);
    script_text(file, text);
    fputc('\n', file);
}

void panel_begin(const struct script *script, const struct panel *panel, const char *title,
                 const char *x_label, const char *y_label) {
    FILE *file = script->file;
    fputs("    eval panel_defaults(kind)\n", file);
    fprintf(file,
            "    set lmargin at screen %.5f; set rmargin at screen %.5f; "
            "set tmargin at screen %.5f; set bmargin at screen %.5f\n",
            panel->left / script->width, panel->right / script->width,
            1.0 - panel->top / script->height, 1.0 - panel->bottom / script->height);
    quoted_setting(file, "title", title);
    quoted_setting(file, "xlabel", x_label);
    quoted_setting(file, "ylabel", y_label);
}

struct panel_grid panel_grid_make(const struct script *script, int panels) {
    static const struct {
        double width, height;
    } cells[] = {{820.0, 380.0}, {500.0, 330.0}, {400.0, 290.0}};
    struct panel_grid grid = {.columns = panels == 4 ? 2 : panels < 3 ? panels : 3};
    int rows = (panels + grid.columns - 1) / grid.columns;
    grid.cell_width = cells[grid.columns - 1].width;
    grid.cell_height = cells[grid.columns - 1].height;
    grid.width = grid.columns * grid.cell_width;
    grid.height = FIGURE_HEAD + rows * grid.cell_height + legend_height(script, grid.width);
    return grid;
}

struct panel panel_grid_place(const struct panel_grid *grid, int index) {
    int row = index / grid->columns, column = index % grid->columns;
    double left = column * grid->cell_width;
    double top = FIGURE_HEAD + row * grid->cell_height;
    return (struct panel){.left = left + 76.0,
                          .right = left + grid->cell_width - 24.0,
                          .top = top + 26.0,
                          .bottom = top + grid->cell_height - 58.0};
}

static void size_format(double bytes, char *text, size_t size) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    for (; bytes >= 1024.0 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        bytes /= 1024.0;
    snprintf(text, size, "%.0f %s", bytes, units[unit]);
}

void script_tics_log2(FILE *file, double low, double high, int most, bool bytes) {
    int first = (int)ceil(log2(low)), last = (int)floor(log2(high));
    int step = (last - first) / most + 1;
    fputs("    set xtics (", file);
    for (int power = first; power <= last; power += step) {
        char text[32];
        double value = exp2(power);
        if (bytes)
            size_format(value, text, sizeof text);
        else
            snprintf(text, sizeof text, "%.0f", value);
        fprintf(file, "%s'%s' %.0f", power > first ? ", " : "", text, value);
    }
    fputs(")\n", file);
}
