/* Rates over sizes: GFLOP/s for products and networks, GB/s for everything that memory bounds. */
#ifndef LOCKSTEP_BENCH_REPORT_RATES_H
#define LOCKSTEP_BENCH_REPORT_RATES_H

#include "bench/report/drawing/script.h"

enum { PANELS_MAX = 32, PANEL_NONE = PANELS_MAX };

/* A measured row as a point of a plot. Rates are GFLOP/s or GB/s, low and high from the interval of
 * the median. */
struct rate_point {
    const struct result *row;
    int panel; /* PANEL_NONE: in no curve */
    int series;
    double x; /* N of a square product, bytes otherwise; NaN where a case has no place on an axis */
    double rate, low, high;
};

/* The points of one operation, dtype and mode. */
struct rates {
    const struct row_key *key; /* of the first */
    bool gflops;               /* else GB/s */
    bool bytes_on_x;
    bool logarithmic;               /* CPU and GPU together: decades apart */
    const char *panels[PANELS_MAX]; /* names of the variants with a curve */
    int panel_count;
    struct rate_point *points; /* by panel, series and x; those of PANEL_NONE last, as they ran */
    size_t count, curve_count; /* all, and those with a panel */
};

/* Whether both rows belong to one struct rates: operation, dtype and mode. */
bool rates_same(const struct row_key *a, const struct row_key *b);

/* Collects the points of the rows of `key`'s operation, dtype and mode. The caller closes the rates
 * after STATUS_OK alone. */
enum status rates_open(const struct script *script, const struct row_key *key, struct rates *rates,
                       struct message *message);
void rates_close(struct rates *rates);

const char *rates_unit(const struct rates *rates);

/* The ceilings that say something about the rates: between ranks the links, for no device's own
 * memory bounds what goes there. Else those of devices, and none where the rates are not f32's,
 * whose peak alone is measured. */
int rates_ceiling_count(const struct script *script, const struct rates *rates);
const struct report_ceilings *rates_ceilings(const struct script *script,
                                             const struct rates *rates);

/* What the measured ceilings allow at x: the peak for GFLOP/s, the bandwidth at that working set
 * for GB/s. Holds for every series of the ceilings' device. */
double rates_ceiling(const struct rates *rates, const struct report_ceilings *ceilings, double x);
void rates_ceiling_legend(struct script *script, const struct rates *rates, int index,
                          bool as_marks);

#endif
