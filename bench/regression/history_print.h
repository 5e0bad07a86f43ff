/* The history as text. */
#ifndef LOCKSTEP_BENCH_REGRESSION_HISTORY_PRINT_H
#define LOCKSTEP_BENCH_REGRESSION_HISTORY_PRINT_H

#include "bench/regression/history.h"

struct history_view {
    FILE *file;
    const char *machine; /* see history_is_machine */
    bool all;            /* every run, not the last ten */
    char last[17];       /* the machine that was shown last */
    size_t shown;        /* series */
};

/* For history_each_series, with a struct history_view as context: levels and values as text. */
enum status history_print_series(const struct history_series *series, void *context,
                                 struct message *message);

#endif
