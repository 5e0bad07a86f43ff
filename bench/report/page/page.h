/* index.html of a run: one file that opens from disk and asks nothing of any other place.
 *
 * Everything is there without scripts; scripts add sorting and filtering alone. Whatever comes from
 * a file is escaped. The frame (style, scripts) is reports/page.html.
 */
#ifndef LOCKSTEP_BENCH_REPORT_PAGE_PAGE_H
#define LOCKSTEP_BENCH_REPORT_PAGE_PAGE_H

#include "bench/report/drawing/script.h"

/* Writes FOLDER/index.html with the figures of `plots` inside, whose SVG files lie in the folder;
 * `absence` says why there are none, or is NULL. STATUS_IO: what could not be read or written; an
 * index.html that was there before is then as it was. */
enum status page_write(const struct report_data *data, const struct script *plots,
                       const char *absence, struct message *message);

#endif
