/* What each kernel would take on GPUs that are not there, by the model. */
#include "bench/report/page/part.h"

#include <stdlib.h>
#include <string.h>

bool page_has_predictions(const struct page *page) {
    return page->data->predictions.row_count > 0;
}

static void row_write(const struct page *page, size_t row) {
    static const char *const texts[] = {"operation",      "variant", "dtype", "shape",
                                        "implementation", "kernel",  "gpu"};
    const struct csv_table *table = &page->data->predictions;
    char text[64], title[64];
    fputs("<tr>", page->file);
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
        html_cell(page->file, csv_table_text(table, row, texts[k]));
    const double seconds = strtod(csv_table_text(table, row, "predicted_s"), NULL);
    const double low = strtod(csv_table_text(table, row, "predicted_low_s"), NULL);
    const double high = strtod(csv_table_text(table, row, "predicted_high_s"), NULL);
    snprintf(text, sizeof text, "%.4g", 1e3 * seconds);
    html_number_cell(page->file, seconds, text, NULL);
    snprintf(text, sizeof text, "%.3g to %.3g", 1e3 * low, 1e3 * high);
    html_cell(page->file, text);
    static const char *const rates[] = {"predicted_gflops", "predicted_gbps"};
    for (size_t k = 0; k < 2; k++) {
        const double rate = strtod(csv_table_text(table, row, rates[k]), NULL);
        snprintf(text, sizeof text, "%.3g", rate);
        snprintf(title, sizeof title, "%.6g", rate);
        html_number_cell(page->file, rate, text, title);
    }
    html_cell(page->file, csv_table_text(table, row, "longest_term"));
    fputs("</tr>\n", page->file);
}

void page_predictions(const struct page *page) {
    static const char *const heads[] = {"operation",      "variant", "dtype", "shape",
                                        "implementation", "kernel",  "GPU"};
    FILE *file = page->file;
    fputs("<p class=note>Predicted, not measured: times by a formula from exact counts, whose "
          "constants were fitted to published times. The interval holds 80% of published times of "
          "GPUs that the fit did not know. Machines of one name differ by up to 30%.</p>\n",
          file);
    page_sampled_note(page);
    fputs("<div class=scroll><table class=\"sortable filterable\">\n<thead><tr>", file);
    for (size_t k = 0; k < sizeof heads / sizeof heads[0]; k++)
        html_head_cell(file, heads[k], false);
    html_head_cell(file, "predicted ms", true);
    html_head_cell(file, "interval, ms", false);
    html_head_cell(file, "predicted Gflop/s executed", true);
    html_head_cell(file, "predicted GB/s", true);
    html_head_cell(file, "longest term", false);
    fputs("</tr></thead>\n<tbody>\n", file);
    for (size_t r = 0; r < page->data->predictions.row_count; r++)
        row_write(page, r);
    fputs("</tbody></table></div>\n", file);
}
