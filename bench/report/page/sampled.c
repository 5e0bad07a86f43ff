/* Which counts are of sampled blocks, scaled to all. */
#include "bench/report/page/part.h"

#include <stdlib.h>
#include <string.h>

bool page_sampled_row(const struct page *page, size_t row, char *text, size_t size) {
    const struct csv_table *table = &page->data->counters;
    struct counters_row counted = {
        .launches = strtoll(csv_table_text(table, row, "launches"), NULL, 10),
        .blocks_executed = strtoll(csv_table_text(table, row, "blocks_executed"), NULL, 10)};
    snprintf(counted.grid, sizeof counted.grid, "%s", csv_table_text(table, row, "grid"));
    snprintf(text, size, "%lld of %s, %lld times", (long long)counted.blocks_executed, counted.grid,
             (long long)counted.launches);
    return counters_row_is_sampled(&counted);
}

void page_sampled_note(const struct page *page) {
    char text[100];
    size_t sampled = 0;
    const size_t rows = page->data->counters.row_count;
    for (size_t row = 0; row < rows; row++)
        sampled += page_sampled_row(page, row, text, sizeof text);
    if (sampled > 0)
        fprintf(page->file,
                "<p class=note>Not all blocks were counted in %zu of %zu rows: equal ones were "
                "sampled, and counted for all. The counters name these rows, under "
                "blocks_executed.</p>\n",
                sampled, rows);
}
