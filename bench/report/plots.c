/* Writing plots.gp and having it drawn. */
#include "bench/report/plots.h"
#include "bench/report/drawing/gnuplot.h"
#include "bench/report/drawing/templates.h"
#include "bench/report/ladder.h"
#include "bench/report/parts.h"
#include "bench/report/predicted.h"
#include "bench/report/rate_figures.h"
#include "bench/report/roofline.h"
#include "bench/report/training.h"
#include "common/files.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char script_name[] = "plots.gp";
enum { SCRIPT_BYTES_MAX = 1 << 26 };

static enum status figures_write(struct script *script, struct message *message) {
    fputs(template_style, script->file);
    enum status status = report_rates_write(script, message);
    if (status == STATUS_OK)
        report_ladder_write(script);
    if (status == STATUS_OK)
        status = report_parts_write(script, message);
    if (status == STATUS_OK)
        status = report_training_write(script, message);
    if (status == STATUS_OK)
        report_roofline_write(script);
    if (status == STATUS_OK)
        report_predicted_write(script);
    return status;
}

/* The script as text, to be freed. */
static enum status script_write(struct script *script, char **text, size_t *size,
                                struct message *message) {
    *text = NULL;
    script->file = open_memstream(text, size);
    if (!script->file)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %s", script_name);
    enum status status = figures_write(script, message);
    bool failed = ferror(script->file) != 0;
    failed |= fclose(script->file) != 0;
    script->file = NULL;
    if (status == STATUS_OK && failed)
        status = message_set(message, STATUS_NO_MEMORY, "no memory for %s", script_name);
    return status;
}

static bool is_drawn(const struct script *script, const char *name, size_t length) {
    for (int i = 0; i < script->figure_count; i++)
        if (strlen(script->figures[i].name) == length &&
            strncmp(script->figures[i].name, name, length) == 0)
            return true;
    return false;
}

static void figure_remove(const char *folder, const char *name, size_t length) {
    static const char *const kinds[] = {"svg", "png"};
    char path[2400];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        snprintf(path, sizeof path, "%s/%.*s.%s", folder, (int)length, name, kinds[i]);
        unlink(path);
    }
}

/* The script of an earlier drawing, to be freed; NULL where there is none to read. */
static char *script_earlier(const char *path) {
    char *text;
    size_t size;
    struct message ignored;
    (void)file_read(path, SCRIPT_BYTES_MAX, &text, &size, &ignored);
    return text;
}

/* Removes the figures that an earlier script names and this one does not: they would show rows that
 * are no longer there. */
static void stale_remove(const struct script *script, const char *earlier) {
    static const char before[] = "set output '";
    for (const char *c = earlier; c && (c = strstr(c, before));) {
        c += strlen(before);
        size_t length = strspn(c, "abcdefghijklmnopqrstuvwxyz0123456789_-");
        if (length > 0 && length < 64 && c[length] == '\'' && !is_drawn(script, c, length))
            figure_remove(script->data->folder, c, length);
    }
}

enum status report_plots_draw(const struct report_data *data, struct script *script,
                              struct message *message) {
    char path[2300], *text;
    size_t size;
    snprintf(path, sizeof path, "%s/%s", data->folder, script_name);
    *script = (struct script){.data = data};
    series_list_fill(data, &script->series);
    enum status status = script_write(script, &text, &size, message);
    char *earlier = script_earlier(path);
    if (status == STATUS_OK && script->figure_count > 0)
        status = file_replace(path, text, size, message);
    else if (status == STATUS_OK)
        unlink(path);
    if (status == STATUS_OK)
        stale_remove(script, earlier);
    free(earlier);
    free(text);
    if (status != STATUS_OK || script->figure_count == 0)
        return status;
    return gnuplot_run(data->folder, script_name, message);
}
