/* The history as text. */
#include "bench/regression/history_print.h"
#include "bench/files/format.h"
#include "bench/regression/history_levels.h"
#include "common/words.h"

#include <string.h>

enum { RUNS_SHOWN = 10 };

static void levels_print(const struct history_series *series, const struct history_levels *levels,
                         FILE *file) {
    char median[32];
    for (size_t i = 0; i < levels->count; i++) {
        const struct level *level = &levels->list[i];
        const struct history_value *first = &series->values[level->begin];
        format_seconds(level->median, median, sizeof median);
        fprintf(file, "  since %-20s %-20s %9s, %s", first->commit, first->written, median,
                COUNTED(level->count, "run"));
        if (i > 0)
            fprintf(file, "; %s by %+.1f%% (p %.2g)",
                    level->median > levels->list[i - 1].median ? "slower" : "faster",
                    100.0 * (level->median / levels->list[i - 1].median - 1.0), level->p);
        fputc('\n', file);
    }
}

static void values_print(const struct history_series *series, size_t most, FILE *file) {
    size_t begin = series->count > most ? series->count - most : 0;
    char median[32], low[32], high[32];
    if (begin > 0)
        fprintf(file, "  the last %zu of %zu runs (--all shows all)\n", series->count - begin,
                series->count);
    for (size_t i = begin; i < series->count; i++) {
        const struct history_value *value = &series->values[i];
        format_seconds(value->median_s, median, sizeof median);
        format_seconds(value->low_s, low, sizeof low);
        format_seconds(value->high_s, high, sizeof high);
        fprintf(file, "    %-20s %-20s %9s  (%s to %s)\n", value->commit, value->written, median,
                low, high);
    }
}

enum status history_print_series(const struct history_series *series, void *context,
                                 struct message *message) {
    struct history_view *view = context;
    struct history_levels levels = {.count = 0};
    char name[320];
    if (!history_is_machine(view->machine, series->fingerprint, series->machine))
        return STATUS_OK;
    enum status status = history_levels_find(series, &levels, message);
    if (status != STATUS_OK)
        return status;
    if (strcmp(view->last, series->fingerprint) != 0)
        fprintf(view->file, "machine %.8s: %s\n", series->fingerprint, series->machine);
    snprintf(view->last, sizeof view->last, "%s", series->fingerprint);
    row_key_describe(&series->key, name, sizeof name);
    fprintf(view->file, "\n%s\n", name);
    levels_print(series, &levels, view->file);
    values_print(series, view->all ? series->count : RUNS_SHOWN, view->file);
    view->shown++;
    return STATUS_OK;
}
