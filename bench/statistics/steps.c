/* Pettitt's test, and splitting by it. */
#include "bench/statistics/steps.h"

#include "bench/statistics/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct ranked {
    double value;
    size_t place;
};

struct search {
    const double *values;
    struct ranked *ranked;
    double *scratch; /* of as many values */
    double threshold, significance;
    struct level *levels;
    size_t levels_max, level_count;
    size_t pending; /* stretches behind the one that is looked at: each needs a level */
};

static int by_value(const void *left, const void *right) {
    const struct ranked *a = left, *b = right;
    return (a->value > b->value) - (a->value < b->value);
}

static double median_of(const struct search *search, size_t begin, size_t count) {
    memcpy(search->scratch, search->values + begin, count * sizeof *search->scratch);
    statistics_sort(search->scratch, count);
    return statistics_median_of_sorted(search->scratch, count);
}

/* The ranks of values[begin … begin + count), from 1, equal values sharing their mean rank, into
 * scratch by place. */
static void ranks_fill(const struct search *search, size_t begin, size_t count) {
    struct ranked *ranked = search->ranked;
    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){.value = search->values[begin + i], .place = i};
    qsort(ranked, count, sizeof *ranked, by_value);
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && ranked[end].value == ranked[i].value)
            end++;
        double shared = 0.5 * ((double)i + 1.0 + (double)end);
        for (; i < end; i++)
            search->scratch[ranked[i].place] = shared;
    }
}

/* The place in [1, count) before which the level ends, with Pettitt's probability; 0 for none. */
static size_t change_point(const struct search *search, size_t begin, size_t count, double *p) {
    ranks_fill(search, begin, count);
    double n = (double)count, sum = 0.0, most = 0.0;
    size_t place = 0;
    for (size_t t = 1; t < count; t++) {
        sum += search->scratch[t - 1];
        double u = fabs(2.0 * sum - (double)t * (n + 1.0));
        if (u > most) {
            most = u;
            place = t;
        }
    }
    *p = fmin(1.0, 2.0 * exp(-6.0 * most * most / (n * n * n + n * n)));
    return place;
}

static bool differs(const struct search *search, double before, double after) {
    return fabs(log(after / before)) > log1p(search->threshold);
}

/* Appends the levels of a stretch; `p` is that of the step which begins it. */
static void stretch_split(struct search *search, size_t begin, size_t count, double p) {
    double p_inner = 1.0;
    size_t place = count > 1 ? change_point(search, begin, count, &p_inner) : 0;
    bool room = search->level_count + search->pending + 2 <= search->levels_max;
    if (place > 0 && room && p_inner <= search->significance &&
        differs(search, median_of(search, begin, place),
                median_of(search, begin + place, count - place))) {
        search->pending++;
        stretch_split(search, begin, place, p);
        search->pending--;
        stretch_split(search, begin + place, count - place, p_inner);
        return;
    }
    search->levels[search->level_count++] =
        (struct level){begin, count, median_of(search, begin, count), p};
}

/* Two neighbours may have come to be alike by the splits inside them. */
static void levels_join(struct search *search) {
    size_t kept = 1;
    for (size_t i = 1; i < search->level_count; i++) {
        struct level *last = &search->levels[kept - 1];
        const struct level *next = &search->levels[i];
        if (differs(search, last->median, next->median)) {
            search->levels[kept++] = *next;
            continue;
        }
        last->count = next->begin + next->count - last->begin;
        last->median = median_of(search, last->begin, last->count);
    }
    search->level_count = kept;
}

enum status steps_find(const double *values, size_t count, double threshold, double significance,
                       struct level *levels, size_t levels_max, size_t *level_count,
                       struct message *message) {
    struct search search = {.values = values,
                            .ranked = malloc(count * sizeof *search.ranked),
                            .scratch = malloc(count * sizeof *search.scratch),
                            .threshold = threshold,
                            .significance = significance,
                            .levels = levels,
                            .levels_max = levels_max};
    if (!search.ranked || !search.scratch) {
        free(search.ranked);
        free(search.scratch);
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu values", count);
    }
    stretch_split(&search, 0, count, 0.0);
    levels_join(&search);
    *level_count = search.level_count;
    free(search.ranked);
    free(search.scratch);
    return STATUS_OK;
}
