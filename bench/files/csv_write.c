/* Writing CSV files. */
#include "bench/files/csv.h"
#include "common/files.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int write_text(FILE *file, const char *text) {
    if (!strpbrk(text, ",\"\n\r"))
        return fputs(text, file) == EOF ? -1 : 0;
    if (fputc('"', file) == EOF)
        return -1;
    for (const char *c = text; *c; c++)
        if ((*c == '"' && fputc('"', file) == EOF) || fputc(*c, file) == EOF)
            return -1;
    return fputc('"', file) == EOF ? -1 : 0;
}

static int write_field(FILE *file, const struct csv_column *column, const void *member) {
    switch (column->kind) {
    case CSV_TEXT:
        return write_text(file, member);
    case CSV_COUNT:
        return fprintf(file, "%" PRId64, *(const int64_t *)member) < 0 ? -1 : 0;
    case CSV_NUMBER:
        break;
    }
    double number = *(const double *)member;
    return isnan(number) || fprintf(file, "%.9g", number) >= 0 ? 0 : -1;
}

int csv_write_header(FILE *file, const struct csv_format *format) {
    for (size_t i = 0; i < format->column_count; i++)
        if (fprintf(file, "%s%s", i ? "," : "", format->columns[i].name) < 0)
            return -1;
    return fputc('\n', file) == EOF ? -1 : 0;
}

int csv_write_row(FILE *file, const struct csv_format *format, const void *row) {
    for (size_t i = 0; i < format->column_count; i++)
        if ((i && fputc(',', file) == EOF) ||
            write_field(file, &format->columns[i], (const char *)row + format->columns[i].offset))
            return -1;
    return fputc('\n', file) == EOF ? -1 : 0;
}

enum status csv_replace(const char *path, const struct csv_format *format, const void *rows,
                        size_t row_count, struct message *message) {
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    int failed = !memory || csv_write_header(memory, format) != 0;
    for (size_t i = 0; i < row_count && !failed; i++)
        failed = csv_write_row(memory, format, (const char *)rows + i * format->row_size);
    if (memory)
        failed |= fclose(memory) != 0;
    enum status status = failed
                             ? message_set(message, STATUS_NO_MEMORY,
                                           "no memory to write %zu rows into %s", row_count, path)
                             : file_replace(path, text, size, message);
    free(text);
    return status;
}
