/* Writing plots.gp and having it drawn. */
#include "bench/report_plots.h"
#include "bench/report_gnuplot.h"
#include "bench/report_parts.h"
#include "bench/report_rates.h"
#include "bench/report_roofline.h"
#include "bench/report_templates.h"
#include "bench/report_training.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char script_name[] = "plots.gp";

static enum status figures_write(struct script *script, struct message *message) {
    fputs(template_style, script->file);
    enum status status = report_rates_write(script, message);
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

enum status report_plots_draw(const struct report_data *data, struct script *script,
                              struct message *message) {
    char path[2300], temporary[2300];
    snprintf(path, sizeof path, "%s/%s", data->folder, script_name);
    snprintf(temporary, sizeof temporary, "%s/%s.new", data->folder, script_name);
    *script = (struct script){.data = data};
    series_list_fill(data, &script->series);
    enum status status = script_write(script, temporary, message);
    if (status != STATUS_OK || script->figure_count == 0) {
        unlink(temporary);
        return status;
    }
    if (rename(temporary, path) != 0)
        return message_set(message, STATUS_IO, "cannot write %s: %s", path, strerror(errno));
    return gnuplot_run(data->folder, script_name, message);
}
