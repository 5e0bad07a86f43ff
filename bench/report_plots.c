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

enum status report_plots_draw(const struct report_data *data, struct script *script,
                              struct message *message) {
    char path[2300];
    snprintf(path, sizeof path, "%s/%s", data->folder, script_name);
    *script = (struct script){.data = data};
    series_list_fill(data, &script->series);
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
    if (status == STATUS_OK && script->figure_count > 0)
        return gnuplot_run(data->folder, script_name, message);
    unlink(path);
    return status;
}
