/* What the emulator wrote down about a program, for people. */
#include "bench/commands/emulate_summary.h"
#include "bench/files/csv.h"
#include "common/files.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum status summary_print_findings(FILE *to, const char *path, size_t *count,
                                   struct message *message) {
    enum { MOST = 1 << 26 };
    char *text = NULL, *rest = NULL;
    size_t size = 0;
    *count = 0;
    if (access(path, F_OK) != 0)
        return STATUS_OK;
    const enum status status = file_read(path, MOST, &text, &size, message);
    if (status != STATUS_OK)
        return status;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        ++*count;
    fprintf(to, "lockstep emulate: %zu found wrong\n", *count);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        fprintf(to, "  %s\n", line);
    free(text);
    return STATUS_OK;
}

/* ---- Kernels ---- */

/* A column of the table: a counter, or one counter by another. */
struct column {
    const char *title, *counter, *by;
};

static const struct column columns[] = {
    {"launches", "launches", NULL},
    {"warp instructions", "warp_instructions", NULL},
    {"load sectors", "global_load_sectors", "global_load_requests"},
    {"store sectors", "global_store_sectors", "global_store_requests"},
    {"wavefronts", "shared_wavefronts", "shared_wavefronts_ideal"},
    {"divergent", "divergent_branches", NULL},
    {"barriers", "barriers", NULL},
    {"bytes touched", "bytes_touched", NULL},
    {"occupancy", "occupancy", NULL},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static enum status counter_read(const struct csv_table *table, size_t row, const char *name,
                                double *value, struct message *message) {
    const size_t column = csv_table_column(table, name);
    if (column == table->column_count)
        return message_set(message, STATUS_INVALID, "%s has no column %s", table->path, name);
    return csv_table_number(table, row, column, value, message);
}

static enum status cell_print(FILE *to, const struct csv_table *table, size_t row,
                              const struct column *column, struct message *message) {
    const int width = (int)strlen(column->title);
    double value = 0, by = 1;
    enum status status = counter_read(table, row, column->counter, &value, message);
    if (status == STATUS_OK && column->by)
        status = counter_read(table, row, column->by, &by, message);
    if (status != STATUS_OK)
        return status;
    const bool is_fraction = column->by || strcmp(column->counter, "occupancy") == 0;
    if (by == 0)
        fprintf(to, "  %*s", width, "-");
    else
        fprintf(to, "  %*.*f", width, is_fraction ? 2 : 0, value / by);
    return STATUS_OK;
}

static enum status row_print(FILE *to, const struct csv_table *table, size_t row,
                             struct message *message) {
    static const char *const names[] = {"kernel", "grid", "block"};
    enum { NAMES = sizeof names / sizeof names[0] };
    const char *text[NAMES];
    for (size_t i = 0; i < NAMES; i++) {
        const size_t column = csv_table_column(table, names[i]);
        text[i] = column < table->column_count ? csv_table_field(table, row, column) : "?";
    }
    enum status status = STATUS_OK;
    fprintf(to, "  %-32s  %14s  %11s", text[0], text[1], text[2]);
    for (size_t i = 0; i < COLUMNS && status == STATUS_OK; i++)
        status = cell_print(to, table, row, &columns[i], message);
    fputc('\n', to);
    return status;
}

static void head_print(FILE *to) {
    fprintf(to, "lockstep emulate: the kernels that ran (load and store sectors: a request; "
                "wavefronts: of shared memory, over those without conflicts)\n");
    fprintf(to, "  %-32s  %14s  %11s", "kernel", "grid", "block");
    for (size_t i = 0; i < COLUMNS; i++)
        fprintf(to, "  %s", columns[i].title);
    fputc('\n', to);
}

enum status summary_print_kernels(FILE *to, const char *path, size_t *count,
                                  struct message *message) {
    struct csv_table table = {.row_count = 0};
    enum status status = STATUS_OK;
    if (access(path, F_OK) == 0)
        status = csv_table_read(path, &table, NULL, message);
    *count = table.row_count;
    if (status == STATUS_OK && table.row_count > 0)
        head_print(to);
    for (size_t row = 0; row < table.row_count && status == STATUS_OK; row++)
        status = row_print(to, &table, row, message);
    csv_table_release(&table);
    return status;
}
