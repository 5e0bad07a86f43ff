/* Rows of results as a table on the terminal. */
#ifndef LOCKSTEP_BENCH_FILES_TABLE_H
#define LOCKSTEP_BENCH_FILES_TABLE_H

#include "bench/files/results.h"

#include <stddef.h>
#include <stdio.h>

/* Prints the rows of one case; `before` is the last row of the case printed before it, or NULL: a
 * heading comes where operation, variant or dtype change, and between measured and emulated rows.
 * An emulated row is shown by its counters, a line a kernel. */
void table_print_case(FILE *file, const struct case_rows *rows, const struct result *before);

/* What was measured, skipped (by reason) and failed. */
void table_print_summary(FILE *file, const struct result *rows, size_t count);

#endif
