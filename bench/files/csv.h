/* CSV files whose rows are structs: one table of columns drives header, writing and reading.
 *
 * RFC 4180: comma, CRLF not used, fields with comma, quote or newline quoted. A NaN number is an
 * empty field: "not measured" and never 0.
 */
#ifndef LOCKSTEP_BENCH_FILES_CSV_H
#define LOCKSTEP_BENCH_FILES_CSV_H

#include "common/status.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum csv_kind {
    CSV_TEXT,  /* char[size] */
    CSV_COUNT, /* int64_t, from 0 up */
    CSV_NUMBER /* double */
};

struct csv_column {
    const char *name;
    enum csv_kind kind;
    size_t offset, size; /* of the member in the row */
};

/* A row of the table: CSV_COLUMN(struct result, CSV_NUMBER, median_s). */
#define CSV_COLUMN(type, kind, member)                                                             \
    { #member, kind, offsetof(type, member), sizeof(((type *)0)->member) }

/* The count of a column that the file does not have. */
#define CSV_ABSENT INT64_MIN

struct csv_format {
    const struct csv_column *columns;
    size_t column_count;
    size_t row_size;
    /* So many of the last columns may be missing in a file that an earlier version wrote: its rows
     * are read with empty texts, CSV_ABSENT and NaN there. */
    size_t later_columns;
};

/* A format without later columns, from an array of columns. */
#define CSV_FORMAT(table, type)                                                                    \
    {                                                                                              \
        .columns = (table), .column_count = sizeof(table) / sizeof((table)[0]),                    \
        .row_size = sizeof(type)                                                                   \
    }

/* Both return 0, or -1 with errno set. Nothing is flushed. */
int csv_write_header(FILE *file, const struct csv_format *format);
int csv_write_row(FILE *file, const struct csv_format *format, const void *row);

/* Makes or replaces the file in one step (common/files.h): header and rows. */
enum status csv_replace(const char *path, const struct csv_format *format, const void *rows,
                        size_t row_count, struct message *message);

/* Reads a whole file into a malloc'd array that the caller frees. A last line without its newline
 * is what a killed run leaves: it is left out and *cut set (cut may be NULL: then it is an error).
 * A byte-order mark in front is skipped. A wrong header, a wrong count of fields, a field that is
 * not a number or no count (negative, a fraction, too large), or that is too long, is
 * STATUS_INVALID and names file, line and column. */
enum status csv_read(const char *path, const struct csv_format *format, void **rows,
                     size_t *row_count, int *cut, struct message *message);

/* Reads the lines that are whole, for a file that may be damaged. What cannot be read as a row is
 * left out, and *left_out counts it; a file with another header has no rows. No field may hold a
 * newline. The caller frees the rows, whatever the status: STATUS_NO_MEMORY, or that of
 * file_read. */
enum status csv_salvage(const char *path, const struct csv_format *format, void **rows,
                        size_t *row_count, size_t *left_out, struct message *message);

/* A file read by its header: any columns, every field as text. For files that another version may
 * have given more columns, or that another program wrote. */
struct csv_table {
    char path[2048];
    size_t column_count, row_count;
    char **names;  /* column_count */
    char **fields; /* row_count * column_count, row by row */
    char *text;    /* what both point into */
};

/* As csv_read. A header has two columns at least. */
enum status csv_table_read(const char *path, struct csv_table *table, int *cut,
                           struct message *message);
void csv_table_release(struct csv_table *table);

/* The column of that name, or column_count when there is none. */
size_t csv_table_column(const struct csv_table *table, const char *name);
const char *csv_table_field(const struct csv_table *table, size_t row, size_t column);
/* The field in the column of that name, "" where there is none. */
const char *csv_table_text(const struct csv_table *table, size_t row, const char *name);
/* The field as a number, NaN when it is empty; else STATUS_INVALID names file and line. */
enum status csv_table_number(const struct csv_table *table, size_t row, size_t column,
                             double *number, struct message *message);

#endif
