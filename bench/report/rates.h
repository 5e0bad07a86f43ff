/* Rates over sizes: GFLOP/s for products and networks, GB/s for everything that memory bounds. */
#ifndef LOCKSTEP_BENCH_REPORT_RATES_H
#define LOCKSTEP_BENCH_REPORT_RATES_H

#include "bench/report/script.h"

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

/* Writes for every operation (and dtype and mode) with measured rows: a figure NAME with a panel of
 * curves for each variant of two sizes or more, with the measured ceilings, and a figure
 * NAME-shapes with a line of dots for each case that is in no curve. */
enum status report_rates_write(struct script *script, struct message *message);

const char *rates_unit(const struct rates *rates);

/* How many of the ceilings say something about the rates: none where they are not f32's, whose peak
 * alone is measured. */
int rates_ceiling_count(const struct script *script, const struct rates *rates);

/* What the measured ceilings allow at x: the peak for GFLOP/s, the bandwidth at that working set
 * for GB/s. Holds for every series of the ceilings' device. */
double rates_ceiling(const struct rates *rates, const struct report_ceilings *ceilings, double x);
void rates_ceiling_legend(struct script *script, const struct rates *rates, int index,
                          bool as_marks);

/* The two figures; each writes nothing when it has no points. */
void report_curves_write(struct script *script, const struct rates *rates);
void report_dots_write(struct script *script, const struct rates *rates);

#endif
