/* What the launches counted, as rows and as a CSV file. */
#include "emulator/driver/state/report.h"

#include "emulator/memory/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool row_same_launch(const struct report_row *a, const struct report_row *b) {
    return !strcmp(a->kernel, b->kernel) && !memcmp(a->grid, b->grid, sizeof a->grid) &&
           !memcmp(a->block, b->block, sizeof a->block) && a->dynamic_shared == b->dynamic_shared;
}

/* The row that the launch is now part of; NULL: no memory. */
static const struct report_row *table_add(struct report_table *table,
                                          const struct report_row *launch) {
    for (size_t i = 0; i < table->count; i++) {
        if (!row_same_launch(&table->rows[i], launch))
            continue;
        table->rows[i].launches += launch->launches;
        machine_counters_add(&table->rows[i].counters, &launch->counters);
        return &table->rows[i];
    }
    struct report_row *rows =
        list_reserve(table->rows, table->count + 1, &table->capacity, sizeof *rows);
    if (!rows)
        return NULL;
    table->rows = rows;
    table->rows[table->count] = *launch;
    return &table->rows[table->count++];
}

const struct report_row *report_add(struct driver_report *report, const struct report_row *launch) {
    const struct report_row *whole = table_add(&report->whole, launch);
    return table_add(&report->since_reset, launch) ? whole : NULL;
}

void report_reset(struct driver_report *report) {
    report->since_reset.count = 0;
}

void report_free(struct driver_report *report) {
    free(report->whole.rows);
    free(report->since_reset.rows);
    *report = (struct driver_report){0};
}

/* The columns that lockstep's counters.csv begins with; every other counter follows behind
 * occupancy. */
static const char *const leading_columns[] = {
    "warp_instructions",
    "thread_instructions",
    "fma_warp_instructions",
    "global_load_requests",
    "global_load_sectors",
    "global_store_requests",
    "global_store_sectors",
    "shared_wavefronts",
    "shared_wavefronts_ideal",
    "divergent_branches",
    "barriers",
    "bytes_touched",
};

enum { LEADING_COLUMNS = sizeof leading_columns / sizeof *leading_columns };

static bool column_leads(const char *name) {
    for (size_t i = 0; i < LEADING_COLUMNS; i++)
        if (!strcmp(leading_columns[i], name))
            return true;
    return false;
}

static uint64_t counter_value(const struct machine_counters *counters, const char *name) {
    size_t count;
    const struct machine_counter_name *names = machine_counter_names(&count);
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(names[i].name, name))
            memcpy(&value, (const char *)counters + names[i].offset, sizeof value);
    return value;
}

void report_print_header(FILE *file) {
    size_t count;
    const struct machine_counter_name *names = machine_counter_names(&count);
    fputs("kernel,grid,block,launches", file);
    for (size_t i = 0; i < LEADING_COLUMNS; i++)
        fprintf(file, ",%s", leading_columns[i]);
    fputs(",occupancy,dynamic_shared", file);
    for (size_t i = 0; i < count; i++)
        if (!column_leads(names[i].name))
            fprintf(file, ",%s", names[i].name);
    fputc('\n', file);
}

void report_print_row(FILE *file, const struct report_row *row) {
    size_t count;
    const struct machine_counter_name *names = machine_counter_names(&count);
    /* A mangled name holds no comma and no quote, so it needs no quoting. */
    fprintf(file, "%s,%ux%ux%u,%ux%ux%u,%llu", row->kernel, row->grid[0], row->grid[1],
            row->grid[2], row->block[0], row->block[1], row->block[2],
            (unsigned long long)row->launches);
    for (size_t i = 0; i < LEADING_COLUMNS; i++)
        fprintf(file, ",%llu",
                (unsigned long long)counter_value(&row->counters, leading_columns[i]));
    fprintf(file, ",%.4f,%zu", row->occupancy, row->dynamic_shared);
    for (size_t i = 0; i < count; i++)
        if (!column_leads(names[i].name))
            fprintf(file, ",%llu",
                    (unsigned long long)counter_value(&row->counters, names[i].name));
    fputc('\n', file);
}

bool report_write(const struct driver_report *report, const char *path) {
    FILE *file = fopen(path, "ae");
    struct stat status;
    if (!file)
        return false;
    bool done = flock(fileno(file), LOCK_EX) == 0 && fstat(fileno(file), &status) == 0;
    if (done) {
        if (status.st_size == 0)
            report_print_header(file);
        for (size_t i = 0; i < report->whole.count; i++)
            report_print_row(file, &report->whole.rows[i]);
        done = fflush(file) == 0 && !ferror(file);
    }
    int error = errno;
    done = fclose(file) == 0 && done; /* closing gives the lock back */
    errno = error;
    return done;
}
