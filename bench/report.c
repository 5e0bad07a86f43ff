/* The plots of a run. */
#include "bench/report.h"
#include "bench/report_plots.h"

enum status report_draw(const char *folder, FILE *log, struct message *message) {
    struct report_data data;
    struct script script;
    enum status status = report_data_load(folder, &data, message);
    if (status != STATUS_OK)
        return status;
    status = report_plots_draw(&data, &script, message);
    for (int i = 0; i < script.figure_count && status == STATUS_OK; i++)
        fprintf(log, "drawn: %s/%s.svg and .png\n", folder, script.figures[i].name);
    report_data_release(&data);
    if (status == STATUS_UNSUPPORTED) {
        fprintf(
            log,
            "no plots: %s; install it (apt-get install gnuplot-nox) and run `lockstep report %s`\n",
            message->text, folder);
        status = STATUS_OK;
    }
    return status;
}
