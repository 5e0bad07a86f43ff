/* What the launches counted: a row for each kernel and geometry, read by lockstep_emulator.h's
 * functions and report=. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_STATE_REPORT_H
#define LOCKSTEP_EMULATOR_DRIVER_STATE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "emulator/machine/machine.h"

struct report_row {
    char kernel[256];
    unsigned grid[3], block[3];
    size_t dynamic_shared;
    uint64_t launches;
    double occupancy;
    struct machine_counters counters;
};

struct report_table {
    struct report_row *rows;
    size_t count, capacity;
};

/* Starts as all zeros. */
struct driver_report {
    struct report_table whole;       /* since cuInit: for the file */
    struct report_table since_reset; /* for the program */
};

/* Adds a launch, and returns its row among those of the whole report. NULL when there is no memory
 * for a new one. */
const struct report_row *report_add(struct driver_report *report, const struct report_row *launch);
void report_reset(struct driver_report *report);
/*
 * Appends all rows to the CSV file, with a header line when the file is new or empty. The file is
 * locked meanwhile, so that programs running side by side may name the same one. False: errno says
 * why.
 */
bool report_write(const struct driver_report *report, const char *path);
/* A line of such a file, each. */
void report_print_header(FILE *file);
void report_print_row(FILE *file, const struct report_row *row);
void report_free(struct driver_report *report);

#endif
