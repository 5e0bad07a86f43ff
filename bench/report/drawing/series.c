/* Finding the series of a run. */
#include "bench/report/drawing/series.h"
#include "common/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool result_is_measured(const struct result *row) {
    return strcmp(row->status, "measured") == 0 && row->median_s > 0.0 && isfinite(row->median_s);
}

static bool same_series(const struct row_key *a, const struct row_key *b) {
    return strcmp(a->implementation, b->implementation) == 0 && strcmp(a->device, b->device) == 0 &&
           a->threads == b->threads;
}

int series_find(const struct series_list *list, const struct row_key *key) {
    for (int i = 0; i < list->count; i++)
        if (same_series(list->series[i].key, key))
            return i;
    return SERIES_NONE;
}

/* Implementations are numbered in order of appearance, whatever their threads. */
static int implementation_number(const struct series_list *list, const struct row_key *key) {
    int highest = -1;
    for (int i = 0; i < list->count; i++) {
        int number = (list->series[i].line_style - 1) / 2;
        if (strcmp(list->series[i].key->implementation, key->implementation) == 0)
            return number;
        highest = number > highest ? number : highest;
    }
    return highest + 1;
}

/* The new series, or NULL where it is there already or there is no room. */
static struct series *series_add(struct series_list *list, const struct row_key *key) {
    if (list->count == SERIES_MAX || series_find(list, key) != SERIES_NONE)
        return NULL;
    bool cpu = row_key_is_cpu(key);
    struct series *series = &list->series[list->count];
    series->key = key;
    series->line_style = 2 * implementation_number(list, key) + (cpu && key->threads == 1 ? 2 : 1);
    if (cpu)
        snprintf(series->label, sizeof series->label, "%s, %s", key->implementation,
                 COUNTED(key->threads, "thread"));
    else
        snprintf(series->label, sizeof series->label, "%s, %s", key->implementation, key->device);
    list->count++;
    return series;
}

void series_list_fill(const struct report_data *data, struct series_list *list) {
    list->count = 0;
    for (size_t i = 0; i < data->result_count; i++)
        if (result_is_measured(&data->results[i]))
            (void)series_add(list, &data->results[i].key);
}

void series_list_fill_emulated(const struct report_data *data, struct series_list *list) {
    list->count = 0;
    for (size_t i = 0; i < data->result_count; i++) {
        const struct row_key *key = &data->results[i].key;
        struct series *series = row_key_is_emulated(key) ? series_add(list, key) : NULL;
        if (series)
            snprintf(series->label, sizeof series->label, "%s", key->implementation);
    }
}
