/* Sorting measured rows into curves and dots. */
#include "bench/report/rates.h"
#include "bench/operations/operations.h"
#include "common/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool rates_same(const struct row_key *a, const struct row_key *b) {
    return strcmp(a->operation, b->operation) == 0 && strcmp(a->dtype, b->dtype) == 0 &&
           strcmp(a->mode, b->mode) == 0;
}

const char *rates_unit(const struct rates *rates) {
    return rates->gflops ? "GFLOP/s" : "GB/s";
}

/* --- ceilings --------------------------------------------------------------------------------- */

static bool between_ranks(const struct rates *rates) {
    const struct operation *operation = operation_find(rates->key->operation);
    return operation && operation->between_ranks;
}

int rates_ceiling_count(const struct script *script, const struct rates *rates) {
    if (between_ranks(rates))
        return script->data->link_count;
    return strcmp(rates->key->dtype, "f32") == 0 ? script->data->ceilings_count : 0;
}

const struct report_ceilings *rates_ceilings(const struct script *script,
                                             const struct rates *rates) {
    return between_ranks(rates) ? script->data->links : script->data->ceilings;
}

double rates_ceiling(const struct rates *rates, const struct report_ceilings *ceilings, double x) {
    if (rates->gflops)
        return 1e-9 * ceilings->flops_per_second;
    bool cold = strcmp(rates->key->mode, "cold") == 0;
    int level = 0;
    while (level < ceilings->level_count - 1 && (cold || ceilings->levels[level].working_set < x))
        level++;
    return 1e-9 * ceilings->levels[level].bytes_per_second;
}

void rates_ceiling_legend(struct script *script, const struct rates *rates, int index,
                          bool as_marks) {
    const struct report_ceilings *c = &rates_ceilings(script, rates)[index];
    char label[128], style[64], threads[40] = "";
    if (c->threads > 0)
        snprintf(threads, sizeof threads, ", %s", COUNTED(c->threads, "thread"));
    if (between_ranks(rates))
        snprintf(label, sizeof label, "measured link, %s: %.3g GB/s", c->device,
                 1e-9 * c->levels[0].bytes_per_second);
    else if (rates->gflops)
        snprintf(label, sizeof label, "measured peak, %s%s: %.0f GFLOP/s", c->device, threads,
                 1e-9 * c->flops_per_second);
    else
        snprintf(label, sizeof label, "measured bandwidth (%s), %s%s",
                 strcmp(c->device, "cpu") == 0 ? "triad" : "copy", c->device, threads);
    snprintf(style, sizeof style, "linestyle %d%s", 101 + index,
             as_marks ? " dashtype 1 linewidth 2" : "");
    legend_add(script, LEGEND_LINE, label, style);
}

/* --- points ----------------------------------------------------------------------------------- */

/* N of NxNxN, or NaN. */
static double square_size(const char *shape) {
    long m = 0, n = 0, k = 0;
    char rest = '\0';
    int fields = sscanf(shape, "%ldx%ldx%ld%c", &m, &n, &k, &rest); // NOLINT(cert-err34-c)
    return fields == 3 && m > 0 && m == n && n == k ? (double)n : NAN;
}

/* A case lies at the bytes of its first row: a yardstick beside it may move others. */
static double case_bytes_of(const struct report_data *data, const struct row_key *key) {
    for (size_t i = 0; i < data->result_count; i++)
        if (row_key_same_case(&data->results[i].key, key))
            return data->results[i].bytes > 0.0 && isfinite(data->results[i].bytes)
                       ? data->results[i].bytes
                       : NAN;
    return NAN;
}

static void point_add(const struct script *script, struct rates *rates, const struct result *row,
                      bool curves) {
    struct rate_point point = {.row = row,
                               .panel = PANEL_NONE,
                               .series = series_find(&script->series, &row->key),
                               .x = NAN,
                               .rate = rates->gflops ? row->gflops : row->gbps};
    if (!result_is_measured(row) || !(point.rate > 0.0) || !isfinite(point.rate) ||
        point.series == SERIES_NONE)
        return;
    if (curves)
        point.x = rates->bytes_on_x ? case_bytes_of(script->data, &row->key)
                                    : square_size(row->key.shape);
    double work = point.rate * row->median_s;
    point.low = row->high_s > 0.0 ? work / row->high_s : point.rate;
    point.high = row->low_s > 0.0 ? work / row->low_s : point.rate;
    rates->points[rates->count++] = point;
}

/* Whether the variant has points at two sizes or more. */
static bool has_curve(const struct rates *rates, const char *variant) {
    double first = NAN;
    for (size_t i = 0; i < rates->count; i++) {
        const struct rate_point *point = &rates->points[i];
        if (isnan(point->x) || strcmp(point->row->key.variant, variant) != 0)
            continue;
        if (!isnan(first) && point->x != first)
            return true;
        first = point->x;
    }
    return false;
}

static int panel_find(const struct rates *rates, const char *variant) {
    int panel = 0;
    while (panel < rates->panel_count && strcmp(rates->panels[panel], variant) != 0)
        panel++;
    return panel;
}

static void panels_assign(struct rates *rates) {
    for (size_t i = 0; i < rates->count; i++) {
        struct rate_point *point = &rates->points[i];
        const char *variant = point->row->key.variant;
        if (isnan(point->x) || !has_curve(rates, variant))
            continue;
        int panel = panel_find(rates, variant);
        if (panel == PANELS_MAX)
            continue;
        if (panel == rates->panel_count)
            rates->panels[rates->panel_count++] = variant;
        point->panel = panel;
        rates->curve_count++;
    }
}

static int by_place(const void *a, const void *b) {
    const struct rate_point *first = a, *second = b;
    if (first->panel != second->panel)
        return first->panel - second->panel;
    if (first->panel != PANEL_NONE) {
        if (first->series != second->series)
            return first->series - second->series;
        if (first->x != second->x)
            return first->x < second->x ? -1 : 1;
    }
    return (first->row > second->row) - (first->row < second->row);
}

static bool cpu_and_gpu(const struct rates *rates) {
    bool cpu = false, gpu = false;
    for (size_t i = 0; i < rates->count; i++)
        *(row_key_is_cpu(&rates->points[i].row->key) ? &cpu : &gpu) = true;
    return cpu && gpu;
}

enum status rates_open(const struct script *script, const struct row_key *key, struct rates *opened,
                       struct message *message) {
    const struct report_data *data = script->data;
    const struct operation *operation = operation_find(key->operation);
    const enum rate_kind kind = operation ? operation->rate : RATE_BYTES;
    struct rates rates = {
        .key = key, .gflops = kind != RATE_BYTES, .bytes_on_x = kind == RATE_BYTES};
    rates.points = calloc(data->result_count, sizeof *rates.points);
    if (!rates.points)
        return message_set(message, STATUS_NO_MEMORY, "no memory to plot %s", key->operation);
    for (size_t i = 0; i < data->result_count; i++)
        if (rates_same(&data->results[i].key, key))
            point_add(script, &rates, &data->results[i], kind != RATE_FLOPS_OF_CASE);
    panels_assign(&rates);
    qsort(rates.points, rates.count, sizeof *rates.points, by_place);
    rates.logarithmic = cpu_and_gpu(&rates);
    *opened = rates;
    return STATUS_OK;
}

void rates_close(struct rates *rates) {
    free(rates->points);
}
