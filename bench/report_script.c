/* Writing a gnuplot script. */
#include "bench/report_script.h"

#include <math.h>
#include <string.h>

void script_text(FILE *file, const char *text) {
    fputc('\'', file);
    for (const char *c = text; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        bool strange = byte < ' ' || byte == 0x7f || strchr("'\"`\\", *c);
        fputc(strange ? '?' : *c, file);
    }
    fputc('\'', file);
}

/* --- figures
 * --------------------------------------------------------------------------------------------------------
 */

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

void figure_begin(struct script *script, double width, double height) {
    const struct figure *figure = figure_newest(script);
    char described[400];
    script->width = width;
    script->height = height;
    report_data_describe(script->data, described, sizeof described);
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

/* --- legend
 * --------------------------------------------------------------------------------------------------------
 */

void legend_add(struct script *script, const char *label, const char *style) {
    for (int i = 0; i < script->legend_count; i++)
        if (strcmp(script->legend[i].label, label) == 0)
            return;
    if (script->legend_count == LEGEND_MAX)
        return;
    struct legend_entry *entry = &script->legend[script->legend_count++];
    snprintf(entry->label, sizeof entry->label, "%s", label);
    snprintf(entry->style, sizeof entry->style, "%s", style);
}

void legend_add_series(struct script *script, int series) {
    const struct series *drawn = &script->series.series[series];
    char label[sizeof drawn->label], style[48];
    snprintf(label, sizeof label, "%s", drawn->label);
    snprintf(style, sizeof style, "linespoints linestyle %d", drawn->line_style);
    legend_add(script, label, style);
}

/* Columns of the legend: as many as its longest label leaves room for. */
static int legend_columns(const struct script *script, double width) {
    size_t longest = 1;
    for (int i = 0; i < script->legend_count; i++) {
        size_t length = strlen(script->legend[i].label);
        longest = length > longest ? length : longest;
    }
    int columns = (int)((width - 40.0) / (7.2 * (double)longest + 60.0));
    columns = columns < script->legend_count ? columns : script->legend_count;
    return columns > 1 ? columns : 1;
}

static int legend_rows(const struct script *script, double width) {
    int columns = legend_columns(script, width);
    return (script->legend_count + columns - 1) / columns;
}

double legend_height(const struct script *script, double width) {
    return 16.0 + LEGEND_LINE * legend_rows(script, width);
}

static void legend_write(const struct script *script) {
    FILE *file = script->file;
    strip_begin(script, script->height - legend_height(script, script->width), script->height);
    fprintf(file,
            "    set key inside center center horizontal Left reverse "
            "samplen 3 spacing 1.5 width 1 maxcols %d maxrows %d\n    plot",
            legend_columns(script, script->width), legend_rows(script, script->width));
    for (int i = 0; i < script->legend_count; i++) {
        fprintf(file, "%s NaN with %s title ", i ? ", \\\n        " : "", script->legend[i].style);
        script_text(file, script->legend[i].label);
    }
    fputc('\n', file);
}

void figure_end(struct script *script) {
    if (script->legend_count > 0)
        legend_write(script);
    fputs("    unset multiplot\n    unset output\n}\nundefine $data\n", script->file);
}

/* --- panels
 * --------------------------------------------------------------------------------------------------------
 */

static void quoted_setting(FILE *file, const char *setting, const char *text) {
    fprintf(file, "    set %s ", setting);
    script_text(file, text);
    fputc('\n', file);
}

void panel_begin(const struct script *script, const struct panel *panel, const char *title,
                 const char *x_label, const char *y_label) {
    FILE *file = script->file;
    fputs("    eval panel_defaults\n", file);
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
    double left = index % grid->columns * grid->cell_width;
    double top = FIGURE_HEAD + index / grid->columns * grid->cell_height;
    return (struct panel){.left = left + 64.0,
                          .right = left + grid->cell_width - 24.0,
                          .top = top + 26.0,
                          .bottom = top + grid->cell_height - 52.0};
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
