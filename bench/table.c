/* The table on the terminal. */
#include "bench/table.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

void table_format_seconds(double seconds, char *text, size_t size) {
    static const struct {
        double unit;
        const char *name;
    } units[] = {{1.0, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
    size_t last = sizeof units / sizeof units[0] - 1, i = 0;
    while (i < last && seconds < units[i].unit)
        i++;
    double value = seconds / units[i].unit;
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    snprintf(text, size, "%.*f %s", decimals, value, units[i].name);
}

/* A number in a column, or nothing where it was not measured. */
static void format_cell(double number, const char *format, char *text, size_t size) {
    text[0] = '\0';
    if (!isnan(number))
        snprintf(text, size, format, number); /* NOLINT: every format is a literal of this file */
}

static void print_heading(FILE *file, const struct result *row) {
    fprintf(file, "\n%s/%s/%s, %s\n", row->key.operation, row->key.variant, row->key.dtype,
            row->key.mode);
    fprintf(file, "  %-24s %-15s %-8s %3s %10s %7s %9s %8s %7s %8s  %s\n", "shape",
            "implementation", "device", "thr", "median", "noise", "GFLOP/s", "GB/s", "limit",
            "speedup", "verified");
}

static void print_row(FILE *file, const struct result *row, bool shape) {
    char median[24] = "", noise[16], gflops[16], gbps[16], limit[16], speedup[16];
    fprintf(file, "  %-24s %-15s %-8s %3d ", shape ? row->key.shape : "", row->key.implementation,
            row->key.device, (int)row->key.threads);
    if (strcmp(row->status, "measured") != 0) {
        fprintf(file, "%s: %s\n", row->status, row->reason);
        return;
    }
    table_format_seconds(row->median_s, median, sizeof median);
    format_cell(100.0 * row->noise, "%.1f%%", noise, sizeof noise);
    format_cell(row->gflops, "%.1f", gflops, sizeof gflops);
    format_cell(row->gbps, "%.1f", gbps, sizeof gbps);
    format_cell(100.0 * row->limit_fraction, "%.0f%%", limit, sizeof limit);
    format_cell(row->speedup, "%.3gx", speedup, sizeof speedup);
    fprintf(file, "%10s %7s %9s %8s %7s %8s  %s\n", median, noise, gflops, gbps, limit, speedup,
            *row->verified ? row->verified : "yardstick");
}

void table_print_case(FILE *file, const struct result *rows, size_t count,
                      const struct result *before) {
    if (count == 0)
        return;
    if (!before || strcmp(before->key.operation, rows->key.operation) != 0 ||
        strcmp(before->key.variant, rows->key.variant) != 0 ||
        strcmp(before->key.dtype, rows->key.dtype) != 0)
        print_heading(file, rows);
    for (size_t i = 0; i < count; i++)
        print_row(file, &rows[i], i == 0);
    fflush(file);
}

static size_t count_status(const struct result *rows, size_t count, const char *status) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += strcmp(rows[i].status, status) == 0;
    return found;
}

void table_print_summary(FILE *file, const struct result *rows, size_t count) {
    size_t verified = 0, yardsticks = 0;
    for (size_t i = 0; i < count; i++) {
        verified += strcmp(rows[i].verified, "yes") == 0;
        yardsticks += strcmp(rows[i].status, "measured") == 0 && *rows[i].verified == '\0';
    }
    fprintf(file, "\n%zu rows: %zu measured", count, count_status(rows, count, "measured"));
    size_t emulated = count_status(rows, count, "emulated");
    if (emulated)
        fprintf(file, ", %zu emulated", emulated);
    fprintf(file, ", %zu skipped, %zu failed; %zu verified", count_status(rows, count, "skipped"),
            count_status(rows, count, "failed"), verified);
    if (yardsticks)
        fprintf(file, ", %zu yardsticks", yardsticks);
    fputc('\n', file);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].status, "failed") == 0)
            fprintf(file, "failed: %s/%s/%s/%s %s, %d threads: %s\n", rows[i].key.operation,
                    rows[i].key.variant, rows[i].key.dtype, rows[i].key.shape,
                    rows[i].key.implementation, (int)rows[i].key.threads, rows[i].reason);
}
