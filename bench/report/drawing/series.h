/* Who is drawn: an implementation on a device with a thread count is a series, and looks the same
 * in every plot and table of a report. */
#ifndef LOCKSTEP_BENCH_REPORT_DRAWING_SERIES_H
#define LOCKSTEP_BENCH_REPORT_DRAWING_SERIES_H

#include "bench/report/drawing/data.h"

enum { SERIES_MAX = 64, SERIES_NONE = -1 };

struct series {
    const struct row_key *key; /* of its first row: implementation, device, threads */
    int line_style;            /* in reports/style.gp: from 1; odd for all threads, even for one */
    char label[96];            /* "openblas, 2 threads"; "cublas, gpu0" */
};

struct series_list {
    struct series series[SERIES_MAX];
    int count;
};

/* Every series of the results that has measured rows, in order of appearance. More than SERIES_MAX
 * are left out of plots and matrices; the table of all results still has them. */
void series_list_fill(const struct report_data *data, struct series_list *list);

/* Every implementation of the emulated GPU, likewise, labelled with its name alone; with those that
 * were skipped, so that a rung keeps its place. */
void series_list_fill_emulated(const struct report_data *data, struct series_list *list);

/* The index of the key's series, or SERIES_NONE. */
int series_find(const struct series_list *list, const struct row_key *key);

bool result_is_measured(const struct result *row);

#endif
