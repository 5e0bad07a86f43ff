/* Writing plots.gp and having it drawn. */
#include "bench/report/plots.h"
#include "bench/report/gnuplot.h"
#include "bench/report/ladder.h"
#include "bench/report/parts.h"
#include "bench/report/rates.h"
#include "bench/report/roofline.h"
#include "bench/report/templates.h"
#include "bench/report/training.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char script_name[] = "plots.gp";

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
    return status;
}

/* Writes the script beside its place, so that a failure leaves the one that is there. */
static enum status script_write(struct script *script, const char *path, struct message *message) {
    script->file = fopen(path, "w");
    if (!script->file)
        return message_set(message, STATUS_IO, "cannot write %s: %s", path, strerror(errno));
    enum status status = figures_write(script, message);
    bool failed = ferror(script->file) != 0;
    failed |= fclose(script->file) != 0;
    script->file = NULL;
    if (status == STATUS_OK && failed)
        status =
            message_set(message, STATUS_IO, "cannot write all of %s: %s", path, strerror(errno));
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

/* Removes the figures that the script of an earlier drawing names and this one does not: they
 * would show rows that are no longer there. */
static void stale_remove(const struct script *script, const char *earlier) {
    static const char before[] = "set output '";
    char *text = NULL;
    size_t size = 0;
    struct message message;
    if (access(earlier, F_OK) != 0 ||
        report_text_load(earlier, &text, &size, &message) != STATUS_OK)
        return;
    for (const char *c = text; (c = strstr(c, before));) {
        c += strlen(before);
        size_t length = strspn(c, "abcdefghijklmnopqrstuvwxyz0123456789_-");
        if (length > 0 && length < 64 && c[length] == '\'' && !is_drawn(script, c, length))
            figure_remove(script->data->folder, c, length);
    }
    free(text);
}

enum status report_plots_draw(const struct report_data *data, struct script *script,
                              struct message *message) {
    char path[2300], temporary[2300];
    snprintf(path, sizeof path, "%s/%s", data->folder, script_name);
    snprintf(temporary, sizeof temporary, "%s/%s.new", data->folder, script_name);
    *script = (struct script){.data = data};
    series_list_fill(data, &script->series);
    enum status status = script_write(script, temporary, message);
    if (status == STATUS_OK)
        stale_remove(script, path);
    if (status != STATUS_OK || script->figure_count == 0) {
        unlink(temporary);
        if (status == STATUS_OK)
            unlink(path);
        return status;
    }
    if (rename(temporary, path) != 0)
        return message_set(message, STATUS_IO, "cannot write %s: %s", path, strerror(errno));
    return gnuplot_run(data->folder, script_name, message);
}
