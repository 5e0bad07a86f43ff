/* Showing the history. */
#ifndef LOCKSTEP_BENCH_REGRESSION_HISTORY_PRINT_H
#define LOCKSTEP_BENCH_REGRESSION_HISTORY_PRINT_H

#include "bench/regression/history.h"

/* A step counts when levels differ by more than 5% and Pettitt's test gives it 1% at most. */
#define HISTORY_STEP 0.05
#define HISTORY_SIGNIFICANCE 0.01
enum { HISTORY_SHOWN = 10 };

struct history_view {
    FILE *file;
    const char *machine; /* see history_is_machine */
    bool all;            /* every run, not the last HISTORY_SHOWN */
    char last[17];       /* the machine that was shown last */
    size_t shown;        /* series */
};

/* For history_each_series, with a struct history_view as context: levels and values as text; a
 * panel of a gnuplot script. */
enum status history_print_series(const struct history_series *series, void *context,
                                 struct message *message);
enum status history_plot_series(const struct history_series *series, void *context,
                                struct message *message);

/* The script around the panels. The end closes the file and draws FOLDER/history.svg. */
extern const char history_script_name[];
void history_plot_begin(size_t series, FILE *file);
enum status history_plot_end(FILE *file, const char *folder, struct message *message);

#endif
