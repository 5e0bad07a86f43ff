/* The levels of a series. */
#include "bench/regression/history_levels.h"

#include <stdlib.h>

const double history_step = 0.05;
static const double significance = 0.01;

enum status history_levels_find(const struct history_series *series, struct history_levels *levels,
                                struct message *message) {
    double *medians = malloc(series->count * sizeof *medians);
    if (!medians)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu values", series->count);
    for (size_t i = 0; i < series->count; i++)
        medians[i] = series->values[i].median_s;
    enum status status = steps_find(medians, series->count, history_step, significance,
                                    levels->list, HISTORY_LEVELS_MAX, &levels->count, message);
    free(medians);
    return status;
}
