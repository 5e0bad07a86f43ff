/* What would limit each kernel: a bar for each unit. */
#include "bench/report/page/part.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool page_has_limits(const struct page *page) {
    return page->data->limits.row_count > 0;
}

/* The columns of units stand between `gpu` and `limited_by`. */
static size_t column_of(const struct csv_table *table, const char *name) {
    for (size_t c = 0; c < table->column_count; c++)
        if (strcmp(table->names[c], name) == 0)
            return c;
    return table->column_count;
}

/* Nothing for what would be written as 0%: half of the cells. */
static void share_cell(FILE *file, double share) {
    char text[16];
    snprintf(text, sizeof text, "%.0f%%", 100.0 * share);
    if (share >= 0.005)
        html_bar_cell(file, 100.0 * share, false, text, NULL);
    else
        html_number_cell(file, NAN, "", NULL);
}

static void row_write(const struct page *page, size_t row, size_t first, size_t last) {
    static const char *const texts[] = {"operation", "variant",        "dtype",
                                        "shape",     "implementation", "kernel"};
    const struct csv_table *table = &page->data->limits;
    FILE *file = page->file;
    fputs("<tr>", file);
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        const size_t column = column_of(table, texts[k]);
        html_cell(file, column < table->column_count ? csv_table_field(table, row, column) : "");
    }
    const size_t holder = column_of(table, "held_by");
    html_cell(file, last < table->column_count ? csv_table_field(table, row, last) : "");
    html_cell(file, holder < table->column_count ? csv_table_field(table, row, holder) : "");
    for (size_t c = first; c < last; c++)
        share_cell(file, strtod(csv_table_field(table, row, c), NULL));
    fputs("</tr>\n", file);
}

void page_limits(const struct page *page) {
    const struct csv_table *table = &page->data->limits;
    const size_t gpu = column_of(table, "gpu"), last = column_of(table, "limited_by");
    FILE *file = page->file;
    fputs("<p class=note>The share of the busiest unit's time that each unit would be busy at its "
          "peak, "
          "from exact counts and the published figures of the ",
          file);
    html_text(file, gpu < table->column_count ? csv_table_field(table, 0, gpu) : "GPU");
    fputs(". Latency, barriers and launch are what it waits for while no unit is busy. Of L2 it is "
          "the most "
          "that can be, unless caches were simulated.</p>\n",
          file);
    page_sampled_note(page);
    fputs("<div class=scroll><table class=\"sortable filterable\">\n<thead><tr>", file);
    static const char *const heads[] = {"operation", "variant",        "dtype",
                                        "shape",     "implementation", "kernel"};
    for (size_t k = 0; k < sizeof heads / sizeof heads[0]; k++)
        html_head_cell(file, heads[k], false);
    html_head_cell(file, "limited by", false);
    html_head_cell(file, "blocks held by", false);
    for (size_t c = gpu + 1; c < last; c++)
        html_head_cell(file, table->names[c], true);
    fputs("</tr></thead>\n<tbody>\n", file);
    for (size_t r = 0; r < table->row_count; r++)
        row_write(page, r, gpu + 1, last);
    fputs("</tbody></table></div>\n", file);
}
