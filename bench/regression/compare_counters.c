/* Counts of two emulated runs, to the last digit. */
#include "bench/regression/compare.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_COUNTER = 8 }; /* column `launches`: before it stands what names the row */

struct counted {
    const struct counters_row *row;
    bool taken;
};

struct counted_side {
    struct counted *rows;
    size_t count;
};

/* Where the rows of one case and implementation begin and end. */
struct span {
    size_t begin, end;
};

/* Counts know no device, threads and mode. */
static int compare_case(const struct counters_row *a, const struct counters_row *b) {
    return row_key_compare(&a->key, &b->key);
}

static int by_name(const void *left, const void *right) {
    const struct counters_row *a = ((const struct counted *)left)->row;
    const struct counters_row *b = ((const struct counted *)right)->row;
    int order = compare_case(a, b);
    if (order == 0)
        order = strcmp(a->kernel, b->kernel);
    if (order == 0)
        order = strcmp(a->grid, b->grid);
    return order ? order : strcmp(a->block, b->block);
}

static enum status side_open(const struct run_files *files, struct counted_side *side,
                             struct message *message) {
    side->count = files->counters_count;
    side->rows = malloc((side->count + 1) * sizeof *side->rows);
    if (!side->rows)
        return message_set(message, STATUS_NO_MEMORY, "no memory to compare %zu counters rows",
                           side->count);
    for (size_t i = 0; i < side->count; i++)
        side->rows[i] = (struct counted){&files->counters[i], false};
    qsort(side->rows, side->count, sizeof *side->rows, by_name);
    for (size_t i = 1; i < side->count; i++)
        if (by_name(&side->rows[i - 1], &side->rows[i]) == 0) {
            size_t line = (size_t)(side->rows[i].row - files->counters);
            size_t other = (size_t)(side->rows[i - 1].row - files->counters);
            return message_set(message, STATUS_INVALID,
                               "%s/counters.csv:%zu: the row of line %zu comes a second time",
                               files->folder, (line > other ? line : other) + 2,
                               (line > other ? other : line) + 2);
        }
    return STATUS_OK;
}

static struct span span_at(const struct counted_side *side, size_t begin) {
    struct span span = {begin, begin};
    while (span.end < side->count &&
           compare_case(side->rows[begin].row, side->rows[span.end].row) == 0)
        span.end++;
    return span;
}

/* --- one counter ------------------------------------------------------------------------------ */

static int64_t integer_value(const struct counters_row *row, size_t column) {
    const char *member = (const char *)row + counters_format.columns[column].offset;
    return *(const int64_t *)(const void *)member;
}

static double counter_value(const struct counters_row *row, size_t column) {
    const struct csv_column *c = &counters_format.columns[column];
    const char *member = (const char *)row + c->offset;
    return c->kind == CSV_NUMBER ? *(const double *)(const void *)member
                                 : (double)integer_value(row, column);
}

static bool is_share(size_t column) {
    return counters_format.columns[column].kind == CSV_NUMBER;
}

/* How many blocks ran is the sampling's choice, and no work of the kernel. */
static bool is_judged(size_t column) {
    return counters_format.columns[column].offset != offsetof(struct counters_row, blocks_executed);
}

/* The last columns that the run's file has not: an earlier version wrote it. */
static size_t columns_absent(const struct run_files *run) {
    size_t absent = 0;
    while (run->counters_count > 0 && absent < counters_format.later_columns &&
           integer_value(run->counters, counters_format.column_count - 1 - absent) == CSV_ABSENT)
        absent++;
    return absent;
}

struct counting {
    struct comparison *comparison;
    double threshold;
    bool counters_only; /* of either side */
    size_t columns;     /* of counters.csv, those that both sides have */
    const struct run_files *baseline, *changed;
};

/* Whether the run emulated the row that these counts are of: then it should have counted it,
 * too. */
static bool was_emulated(const struct run_files *run, const struct row_key *key) {
    for (size_t i = 0; i < run->result_count; i++)
        if (strcmp(run->results[i].status, "emulated") == 0 &&
            row_key_same_case(&run->results[i].key, key) &&
            strcmp(run->results[i].key.implementation, key->implementation) == 0)
            return true;
    return false;
}

static void count_compare(const struct counting *counting, const struct counters_row *row,
                          const char *kernel, size_t column, double baseline, double changed) {
    struct comparison *comparison = counting->comparison;
    if (baseline == changed || (isnan(baseline) && isnan(changed)))
        return;
    struct count_change *change = &comparison->counts[comparison->count_count++];
    *change = (struct count_change){.key = row->key,
                                    .counter = counters_format.columns[column].name,
                                    .baseline = baseline,
                                    .changed = changed};
    snprintf(change->kernel, sizeof change->kernel, "%s", kernel);
    double growth = is_share(column) ? baseline - changed : changed - baseline;
    double allowed = counting->threshold * baseline;
    change->worse = !(growth <= allowed * (1.0 + 1e-9)); /* 1.001 is no binary number */
    comparison->counts_worse += change->worse;
}

static void rows_compare(const struct counting *counting, const struct counters_row *baseline,
                         const struct counters_row *changed) {
    char kernel[220];
    snprintf(kernel, sizeof kernel, "%s %s x %s", baseline->kernel, baseline->grid,
             baseline->block);
    for (size_t c = FIRST_COUNTER; c < counting->columns; c++)
        if (is_judged(c))
            count_compare(counting, baseline, kernel, c, counter_value(baseline, c),
                          counter_value(changed, c));
    counting->comparison->kernels_compared++;
}

/* --- one case and implementation -------------------------------------------------------------- */

static double span_total(const struct counted_side *side, struct span span, size_t column) {
    double total = 0.0;
    for (size_t i = span.begin; i < span.end; i++)
        total += counter_value(side->rows[i].row, column);
    return total;
}

/* The kernels of the span that the other side has not. */
static void kernels_add(const struct counting *counting, const struct counted_side *side,
                        struct span span, bool added) {
    struct comparison *comparison = counting->comparison;
    for (size_t i = span.begin; i < span.end; i++)
        if (!side->rows[i].taken)
            comparison->kernels[comparison->kernel_count++] =
                (struct kernel_change){side->rows[i].row, added};
}

/* Kernels that both have are compared one by one. Where one has a kernel that the other has not,
 * what the whole does decides: the sums over all kernels. */
static void spans_compare(const struct counting *counting, struct counted_side *before,
                          struct span old, struct counted_side *after, struct span new) {
    size_t matched = 0;
    counting->comparison->counted++;
    for (size_t i = old.begin; i < old.end; i++) {
        struct counted *found = bsearch(&before->rows[i], after->rows + new.begin,
                                        new.end - new.begin, sizeof *found, by_name);
        if (found)
            before->rows[i].taken = found->taken = true;
        matched += found != NULL;
    }
    bool whole = matched == old.end - old.begin && matched == new.end - new.begin;
    for (size_t i = old.begin; i < old.end && whole; i++)
        rows_compare(counting, before->rows[i].row, after->rows[new.begin + i - old.begin].row);
    if (whole)
        return;
    kernels_add(counting, before, old, false);
    kernels_add(counting, after, new, true);
    for (size_t c = FIRST_COUNTER; c < counting->columns; c++)
        if (is_judged(c) && !is_share(c))
            count_compare(counting, before->rows[old.begin].row, "all kernels", c,
                          span_total(before, old, c), span_total(after, new, c));
    counting->comparison->kernels_compared += matched;
}

/* A case and implementation that one side alone counted are named where no row of results does so:
 * where there are no results, and where the other side's say that it was emulated there, too. */
static void span_report(const struct counting *counting, const struct counted_side *side,
                        struct span span, bool added) {
    const struct run_files *other = added ? counting->baseline : counting->changed;
    if (!counting->counters_only && !was_emulated(other, &side->rows[span.begin].row->key))
        return;
    kernels_add(counting, side, span, added);
    if (!added)
        counting->comparison->kernels_vanished += span.end - span.begin;
}

/* Both are in the same order. */
static void sides_compare(const struct counting *counting, struct counted_side *before,
                          struct counted_side *after) {
    for (size_t i = 0, j = 0; i < before->count || j < after->count;) {
        struct span old = span_at(before, i), new = span_at(after, j);
        int order = i == before->count  ? 1
                    : j == after->count ? -1
                                        : compare_case(before->rows[i].row, after->rows[j].row);
        if (order == 0)
            spans_compare(counting, before, old, after, new);
        else if (order < 0)
            span_report(counting, before, old, false);
        else
            span_report(counting, after, new, true);
        i = order <= 0 ? old.end : i;
        j = order >= 0 ? new.end : j;
    }
}

/* As many blocks of a launch. */
static bool is_sampled_alike(const struct counters_row *a, const struct counters_row *b) {
    return a->blocks_executed * b->launches == b->blocks_executed * a->launches;
}

/* "3 sampled blocks (--sample-blocks)", or "all blocks". */
static void sampling_describe(const struct counters_row *row, char *text, size_t size) {
    if (counters_row_is_sampled(row))
        snprintf(text, size, "%lld sampled blocks (--sample-blocks)",
                 (long long)row->blocks_executed);
    else
        snprintf(text, size, "all blocks");
}

/* Counts of some blocks, scaled to all, are no counts of all blocks, nor of other ones. */
static enum status sampling_check(const struct counting *counting,
                                  const struct counted_side *before,
                                  const struct counted_side *after, struct message *message) {
    for (size_t i = 0; i < before->count; i++) {
        const struct counters_row *row = before->rows[i].row;
        const struct counted *found =
            bsearch(&before->rows[i], after->rows, after->count, sizeof *found, by_name);
        const bool is_sampled = counters_row_is_sampled(row);
        if (!found || (counters_row_is_sampled(found->row) == is_sampled &&
                       (!is_sampled || is_sampled_alike(row, found->row))))
            continue;
        char from[80], other[80];
        sampling_describe(row, from, sizeof from);
        sampling_describe(found->row, other, sizeof other);
        return message_set(message, STATUS_INVALID,
                           "%s %s was counted from %s in %s, and from %s in %s: such counts cannot "
                           "be compared; count both alike",
                           row->kernel, row->grid, from, counting->baseline->folder, other,
                           counting->changed->folder);
    }
    return STATUS_OK;
}

enum status compare_counters(const struct run_files *baseline, const struct run_files *changed,
                             double threshold, struct comparison *comparison,
                             struct message *message) {
    struct counted_side before = {0}, after = {0};
    const size_t absent[] = {columns_absent(baseline), columns_absent(changed)};
    comparison->counters_absent = absent[0] > absent[1] ? absent[0] : absent[1];
    const struct counting counting = {comparison,
                                      threshold,
                                      baseline->counters_only || changed->counters_only,
                                      counters_format.column_count - comparison->counters_absent,
                                      baseline,
                                      changed};
    size_t rows = baseline->counters_count + changed->counters_count + 1;
    comparison->counts = calloc(rows * counters_format.column_count, sizeof *comparison->counts);
    comparison->kernels = calloc(rows, sizeof *comparison->kernels);
    enum status status = STATUS_OK;
    if (!comparison->counts || !comparison->kernels)
        status =
            message_set(message, STATUS_NO_MEMORY, "no memory to compare %zu counters rows", rows);
    if (status == STATUS_OK)
        status = side_open(baseline, &before, message);
    if (status == STATUS_OK)
        status = side_open(changed, &after, message);
    if (status == STATUS_OK)
        status = sampling_check(&counting, &before, &after, message);
    if (status == STATUS_OK)
        sides_compare(&counting, &before, &after);
    free(before.rows);
    free(after.rows);
    return status;
}
