/* Plots and page of a run. */
#include "bench/report/report.h"
#include "bench/report/page/page.h"
#include "bench/report/plots.h"
#include "bench/report/scaling.h"

static const char advice[] = "install it (apt-get install gnuplot-nox), then draw them";

/* Names what was drawn, or says why nothing was; `drawn` is what drawing returned. */
static void plots_log(const struct script *plots, enum status drawn, const char *why, FILE *log) {
    const char *folder = plots->data->folder;
    if (drawn == STATUS_UNSUPPORTED)
        fprintf(log, "no plots: %s: %s with `lockstep report %s`\n", why, advice, folder);
    for (int i = 0; i < plots->figure_count && drawn == STATUS_OK; i++)
        fprintf(log, "%s%s%s", i ? ", " : "plots (svg, png): ", plots->figures[i].name,
                i + 1 == plots->figure_count ? "\n" : "");
}

enum status report_draw(const char *folder, FILE *log, struct message *message) {
    struct report_data data;
    struct script plots;
    struct message why = {""};
    enum status status = report_data_load(folder, &data, message);
    if (status != STATUS_OK)
        return status;
    enum status drawn = report_plots_draw(&data, &plots, &why);
    /* The page is worth having without plots, whether gnuplot is missing or broke down. */
    bool page = drawn == STATUS_OK || drawn == STATUS_UNSUPPORTED || drawn == STATUS_FAILED;
    plots_log(&plots, drawn, why.text, log);
    report_scaling_add(&plots);
    if (page)
        status = page_write(&data, &plots, drawn == STATUS_OK ? NULL : why.text, message);
    report_data_release(&data);
    if (page && status == STATUS_OK)
        fprintf(log, "page: %s/index.html\n", folder);
    if (drawn == STATUS_OK || drawn == STATUS_UNSUPPORTED)
        return status;
    *message = why;
    return drawn;
}
