/* The table on the terminal. */
#include "bench/files/table.h"
#include "bench/files/format.h"
#include "common/words.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* A number in a column, or nothing where it was not measured. */
static void format_cell(double number, const char *format, char *text, size_t size) {
    text[0] = '\0';
    if (!isnan(number))
        snprintf(text, size, format, number); /* NOLINT: every format is a literal of this file */
}

static void print_heading(FILE *file, const struct result *row, bool emulated) {
    fprintf(file, "\n%s/%s/%s, %s\n", row->key.operation, row->key.variant, row->key.dtype,
            emulated ? "emulated" : row->key.mode);
    if (emulated)
        fprintf(file, "  %-20s %-15s %-30s %12s %5s %9s %8s %6s %9s %6s  %s\n", "shape",
                "implementation", "kernel", "warp instr.", "FMA", "sectors/r", "traffic", "DRAM",
                "conflicts", "occup.", "verified");
    else
        fprintf(file, "  %-24s %-15s %-8s %3s %10s %7s %9s %8s %7s %8s  %s\n", "shape",
                "implementation", "device", "thr", "median", "noise", "GFLOP/s", "GB/s", "limit",
                "speedup", "verified");
}

static void print_row(FILE *file, const struct result *row, bool shape) {
    char median[24] = "", noise[16], gflops[16], gbps[16], limit[16], speedup[16];
    fprintf(file, "  %-24s %-15s %-8s %3.0d ", shape ? row->key.shape : "", row->key.implementation,
            row->key.device, (int)row->key.threads);
    if (strcmp(row->status, "measured") != 0) {
        fprintf(file, "%s: %s\n", row->status, row->reason);
        return;
    }
    format_seconds(row->median_s, median, sizeof median);
    format_cell(100.0 * row->noise, "%.1f%%", noise, sizeof noise);
    format_cell(row->gflops, "%.1f", gflops, sizeof gflops);
    format_cell(row->gbps, "%.1f", gbps, sizeof gbps);
    format_cell(100.0 * row->limit_fraction, *row->limit_doubtful ? "<=%.0f%%" : "%.0f%%", limit,
                sizeof limit);
    format_cell(row->speedup, result_is_base(row) ? "base %.3gx" : "%.3gx", speedup,
                sizeof speedup);
    fprintf(file, "%10s %7s %9s %8s %7s %8s  %s\n", median, noise, gflops, gbps, limit, speedup,
            *row->verified ? row->verified : "yardstick");
}

/* Counts of one kernel. Traffic is the bytes of all global sectors over the least that the case
 * must move. DRAM counts each sector once, as an L2 that holds them all would. Both are shown where
 * one kernel is the whole case. */
static void print_counters(FILE *file, const struct result *row, const struct counters_row *counted,
                           bool shape, bool name, bool alone) {
    double requests = (double)(counted->global_load_requests + counted->global_store_requests);
    double sectors = (double)(counted->global_load_sectors + counted->global_store_sectors);
    char traffic[16], dram[16], per_request[16];
    format_cell(alone ? 32.0 * sectors / row->bytes : NAN, "%.2fx", traffic, sizeof traffic);
    format_cell(alone ? (double)counted->bytes_touched / row->bytes : NAN, "%.2fx", dram,
                sizeof dram);
    format_cell(requests > 0.0 ? sectors / requests : NAN, "%.2f", per_request, sizeof per_request);
    fprintf(file, "  %-20s %-15s %-30.30s %12lld %4.0f%% %9s %8s %6s %9lld %5.0f%%  %s\n",
            shape ? row->key.shape : "", name ? row->key.implementation : "", counted->kernel,
            (long long)counted->warp_instructions,
            100.0 * (double)counted->fma_warp_instructions / (double)counted->warp_instructions,
            per_request, traffic, dram,
            (long long)(counted->shared_wavefronts - counted->shared_wavefronts_ideal),
            100.0 * counted->occupancy, name ? row->verified : "");
}

static void print_emulated_row(FILE *file, const struct case_rows *rows, const struct result *row,
                               bool shape) {
    size_t kernels = 0, shown = 0;
    for (size_t i = 0; i < rows->counters_count; i++)
        kernels += strcmp(rows->counters[i].key.implementation, row->key.implementation) == 0;
    for (size_t i = 0; i < rows->counters_count; i++)
        if (strcmp(rows->counters[i].key.implementation, row->key.implementation) == 0) {
            print_counters(file, row, &rows->counters[i], shape && shown == 0, shown == 0,
                           kernels == 1);
            shown++;
        }
}

static bool is_emulated(const struct result *row) {
    return row_key_is_emulated(&row->key);
}

/* Measured and emulated rows have columns of their own. */
static bool heading_changes(const struct result *before, const struct result *row) {
    return !before || strcmp(before->key.operation, row->key.operation) != 0 ||
           strcmp(before->key.variant, row->key.variant) != 0 ||
           strcmp(before->key.dtype, row->key.dtype) != 0 ||
           is_emulated(before) != is_emulated(row);
}

/* Names what the speedups are against where it stands in no row above: a run that goes on may have
 * measured it before. */
static void print_base(FILE *file, const struct case_rows *rows) {
    const char *base = "";
    for (size_t i = 0; i < rows->result_count; i++) {
        if (result_is_base(&rows->results[i]))
            return;
        if (*rows->results[i].speedup_base)
            base = rows->results[i].speedup_base;
    }
    if (*base)
        fprintf(file, "  speedups against %s, measured before\n", base);
}

void table_print_case(FILE *file, const struct case_rows *rows, const struct result *before) {
    for (size_t i = 0; i < rows->result_count; i++) {
        const struct result *row = &rows->results[i];
        const bool heading = heading_changes(i == 0 ? before : row - 1, row);
        if (heading)
            print_heading(file, row, is_emulated(row));
        if (strcmp(row->status, "emulated") == 0)
            print_emulated_row(file, rows, row, heading || i == 0);
        else
            print_row(file, row, heading || i == 0);
    }
    print_base(file, rows);
    fflush(file);
}

static size_t count_status(const struct result *rows, size_t count, const char *status) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += strcmp(rows[i].status, status) == 0;
    return found;
}

/* A GPU's row has no threads. */
static void print_failure(FILE *file, const struct result *row) {
    char threads[80] = "";
    if (row->key.threads > 0)
        snprintf(threads, sizeof threads, ", %s", COUNTED(row->key.threads, "thread"));
    fprintf(file, "failed: %s/%s/%s/%s %s on %s%s: %s\n", row->key.operation, row->key.variant,
            row->key.dtype, row->key.shape, row->key.implementation, row->key.device, threads,
            row->reason);
}

void table_print_summary(FILE *file, const struct result *rows, size_t count) {
    size_t verified = 0, yardsticks = 0, beyond = 0, doubtful = 0;
    for (size_t i = 0; i < count; i++) {
        doubtful += *rows[i].limit_doubtful != '\0';
        beyond += rows[i].limit_fraction > 1.05;
        verified += strcmp(rows[i].verified, "yes") == 0;
        yardsticks += strcmp(rows[i].status, "measured") == 0 && *rows[i].verified == '\0';
    }
    fprintf(file, "\n%s: %zu measured", COUNTED(count, "row"),
            count_status(rows, count, "measured"));
    size_t emulated = count_status(rows, count, "emulated");
    if (emulated)
        fprintf(file, ", %zu emulated", emulated);
    fprintf(file, ", %zu skipped, %zu failed; %zu verified", count_status(rows, count, "skipped"),
            count_status(rows, count, "failed"), verified);
    if (yardsticks)
        fprintf(file, ", %s", COUNTED(yardsticks, "yardstick"));
    fputc('\n', file);
    if (beyond)
        fprintf(file,
                "%s %s a limit above 100%%: data stayed in a faster cache than its "
                "size suggests, or something else was running while the ceilings were measured\n",
                COUNTED(beyond, "row"), ONE_OR_MORE(beyond, "has", "have"));
    if (doubtful)
        fprintf(file,
                "%s %s a limit marked <=: a ceiling came out lower for all cores than for one, "
                "so less of the true one was reached; run again while nothing else is running\n",
                COUNTED(doubtful, "row"), ONE_OR_MORE(doubtful, "has", "have"));
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].status, "failed") == 0)
            print_failure(file, &rows[i]);
}
