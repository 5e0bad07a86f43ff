/* What the parts of the page share. Inside the page only: others include
 * bench/report/page/page.h. */
#ifndef LOCKSTEP_BENCH_REPORT_PAGE_PART_H
#define LOCKSTEP_BENCH_REPORT_PAGE_PART_H

#include "bench/report/drawing/script.h"

#include <stdio.h>

struct page {
    FILE *file; /* errors are sticky and looked at when the page is done */
    const struct report_data *data;
    const struct script *plots;
    const char *absence; /* why there are no plots, or NULL */
};

/* --- page_html.c ------------------------------------------------------------------------------ */

/* Text with & < > " ' escaped and control characters replaced: for content and quoted attributes.
 */
void html_text(FILE *file, const char *text);
/* "<th>", or with `numeric` set to the right. */
void html_head_cell(FILE *file, const char *text, bool numeric);
void html_cell(FILE *file, const char *text);
/* A cell whose text is `text`, sorted by `value`, with `title` on hover (may be NULL or empty). An
 * empty cell when value is NaN. */
void html_number_cell(FILE *file, double value, const char *text, const char *title);
/* The same over a bar of so many per cent, by which it is sorted; bold where `best`. */
void html_bar_cell(FILE *file, double percent, bool best, const char *text, const char *title);
/* The value with so many significant digits and its unit behind it: "0.0179x", "142". */
void html_number(double value, int digits, const char *unit, char *text, size_t size);
/* "95% interval LOW to HIGH" of a number that falls as the row's time grows; nothing where the row
 * has no interval. */
void html_interval(const struct result *row, double number, int digits, const char *unit,
                   char *title, size_t size);
/* What the row's speedup is against, where the run says so, and its interval. */
void html_speedup_title(const struct result *row, char *title, size_t size);

/* What the page says of all speedups: one sentence, by what this run's are against. */
const char *page_speedup_note(const struct page *page);

/* --- sampled.c -------------------------------------------------------------------------------- */

/* Whether the row of counters.csv is of sampled blocks; `text` says how many of which ran. */
bool page_sampled_row(const struct page *page, size_t row, char *text, size_t size);
/* A sentence where there are such rows, else nothing. */
void page_sampled_note(const struct page *page);

/* --- sections: `has` says whether there is anything to show ----------------------------------- */

bool page_has_results(const struct page *page);
bool page_has_measured(const struct page *page);
bool page_has_ladder(const struct page *page);
bool page_has_parts(const struct page *page);
bool page_has_limits(const struct page *page);
bool page_has_predictions(const struct page *page);
bool page_has_counters(const struct page *page);
bool page_has_plots(const struct page *page); /* or a reason for there being none */
bool page_has_warnings(const struct page *page);
bool page_has_environment(const struct page *page);

void page_warnings(const struct page *page);
void page_environment(const struct page *page);
void page_speedups(const struct page *page);
void page_plots(const struct page *page);
void page_ladder(const struct page *page);
void page_parts(const struct page *page);
void page_results(const struct page *page);
void page_limits(const struct page *page);
void page_predictions(const struct page *page);
void page_counters(const struct page *page);
void page_files(const struct page *page);
void page_repeat(const struct page *page);

#endif
