/* Reading CSV by a table of columns, or by its header. */
#include "bench/files/csv.h"
#include "common/files.h"
#include "common/list.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CSV_BYTES_MAX = 1 << 30 };

/* --- a field, a line, a file ------------------------------------------------------------------ */

struct reader {
    const char *path;
    char *position, *end;
    size_t columns; /* of the format that the header names */
    size_t line;    /* of the file, where the row begins */
    size_t broken;  /* newlines within the row's quoted fields */
    struct message *message;
};

/* Cuts the next field off: unquotes in place, ends it with NUL and says in *last whether a newline
 * followed. NULL: a quote was not closed, or the file ended within the line. */
static char *next_field(struct reader *reader, bool *last) {
    char *from = reader->position, *to = from, *field = from;
    bool quoted = from < reader->end && *from == '"';
    if (quoted)
        from++;
    for (; from < reader->end; from++) {
        if (quoted && *from == '"') {
            if (from + 1 < reader->end && from[1] == '"')
                from++;
            else {
                quoted = false;
                continue;
            }
        } else if (!quoted && (*from == ',' || *from == '\n'))
            break;
        reader->broken += *from == '\n';
        *to++ = *from;
    }
    if (from == reader->end)
        return NULL;
    *last = *from == '\n';
    if (*last && to > field && to[-1] == '\r')
        to--;
    *to = '\0';
    reader->position = from + 1;
    return field;
}

static enum status field_store(const struct reader *reader, const struct csv_column *column,
                               const char *field, void *member) {
    char *end = NULL;
    errno = 0;
    switch (column->kind) {
    case CSV_TEXT:
        if (strlen(field) >= column->size)
            return message_set(reader->message, STATUS_INVALID,
                               "%s:%zu: %s has %zu characters, more than the %zu that it may have",
                               reader->path, reader->line, column->name, strlen(field),
                               column->size - 1);
        memcpy(member, field, strlen(field) + 1);
        return STATUS_OK;
    case CSV_COUNT:
        *(int64_t *)member = strtoll(field, &end, 10);
        break;
    case CSV_NUMBER:
        if (*field == '\0') {
            *(double *)member = NAN;
            return STATUS_OK;
        }
        *(double *)member = strtod(field, &end);
        if (isnan(*(double *)member))
            return message_set(reader->message, STATUS_INVALID,
                               "%s:%zu: %s is NaN; a measured value never is", reader->path,
                               reader->line, column->name);
        break;
    }
    /* A number so small that it has lost digits is one all the same. */
    const bool counts = column->kind == CSV_COUNT;
    const bool tiny = !counts && isfinite(*(const double *)member);
    if (end == field || *end != '\0' || (errno == ERANGE && !tiny) ||
        (counts && *(const int64_t *)member < 0))
        return message_set(reader->message, STATUS_INVALID, "%s:%zu: %s is '%.40s', not a %s",
                           reader->path, reader->line, column->name, field,
                           counts ? "count: a whole number from 0 up" : "number");
    return STATUS_OK;
}

static enum status wrong_count(const struct reader *reader, size_t wanted) {
    return message_set(reader->message, STATUS_INVALID,
                       "%s:%zu: the line does not have the %zu fields that its header names",
                       reader->path, reader->line, wanted);
}

/* Reads one line into `row`, which is zero. The caller has made sure that the line is whole. */
static enum status row_read(struct reader *reader, const struct csv_format *format, void *row) {
    for (size_t i = 0; i < reader->columns; i++) {
        bool last;
        char *field = next_field(reader, &last);
        if (!field || last != (i + 1 == reader->columns))
            return wrong_count(reader, reader->columns);
        enum status status = field_store(reader, &format->columns[i], field,
                                         (char *)row + format->columns[i].offset);
        if (status != STATUS_OK)
            return status;
    }
    for (size_t i = reader->columns; i < format->column_count; i++) {
        void *member = (char *)row + format->columns[i].offset;
        if (format->columns[i].kind == CSV_NUMBER)
            *(double *)member = NAN;
        else if (format->columns[i].kind == CSV_COUNT)
            *(int64_t *)member = CSV_ABSENT;
    }
    return STATUS_OK;
}

/* A file of another version is refused, whether it has more columns or fewer: what its columns
 * mean is that version's to say. Only the format's later columns may be missing. */
static enum status header_check(struct reader *reader, const struct csv_format *format) {
    bool last = false;
    for (reader->columns = 0; reader->columns < format->column_count; reader->columns++) {
        const size_t i = reader->columns;
        if (last && i >= format->column_count - format->later_columns)
            break;
        const char *field = last ? NULL : next_field(reader, &last);
        if (!field || strcmp(field, format->columns[i].name) != 0)
            return message_set(reader->message, STATUS_INVALID,
                               "%s:1: the header's field %zu should be '%s'%s%.40s%s: this is not "
                               "such a file, or one of another version of lockstep",
                               reader->path, i + 1, format->columns[i].name,
                               field ? ", not '" : " and is missing", field ? field : "",
                               field ? "'" : "");
    }
    const char *more = last ? NULL : next_field(reader, &last);
    if (more)
        return message_set(reader->message, STATUS_INVALID,
                           "%s:1: the header has one more column '%.40s', which this version of "
                           "lockstep does not know: read the file with the version that wrote it",
                           reader->path, more);
    return STATUS_OK;
}

/* Whether the rest holds a line break outside quotes, i.e. one whole line. As in next_field, a
 * quote opens only where a field begins. */
static bool has_whole_line(const struct reader *reader) {
    bool quoted = false, begins = true;
    for (const char *c = reader->position; c < reader->end; c++) {
        if (!quoted && *c == '\n')
            return true;
        if (quoted && *c == '"' && c + 1 < reader->end && c[1] == '"')
            c++;
        else if (*c == '"' && (quoted || begins))
            quoted = !quoted;
        begins = !quoted && *c == ',';
    }
    return false;
}

/* Rows that were read, in an array that grows. */
struct rows_read {
    void *rows;
    size_t count, capacity;
};

static enum status row_append(struct reader *reader, const struct csv_format *format,
                              struct rows_read *read) {
    void *larger = list_reserve(read->rows, read->count + 1, &read->capacity, format->row_size);
    if (!larger)
        return message_set(reader->message, STATUS_NO_MEMORY, "no memory to read %s", reader->path);
    read->rows = larger;
    void *row = (char *)read->rows + read->count * format->row_size;
    memset(row, 0, format->row_size);
    enum status status = row_read(reader, format, row);
    read->count += status == STATUS_OK;
    return status;
}

static enum status rows_read(struct reader *reader, const struct csv_format *format, void **rows,
                             size_t *row_count, int *cut) {
    struct rows_read read = {.rows = NULL};
    enum status status = header_check(reader, format);
    while (status == STATUS_OK && reader->position < reader->end) {
        reader->line += 1 + reader->broken;
        reader->broken = 0;
        if (!has_whole_line(reader)) {
            if (cut)
                *cut = 1;
            else
                status = message_set(reader->message, STATUS_INVALID,
                                     "%s:%zu: the last line is cut off: the file is not whole",
                                     reader->path, reader->line);
            break;
        }
        status = row_append(reader, format, &read);
    }
    *rows = read.rows;
    *row_count = read.count;
    return status;
}

/* The first NUL of what is left to read. */
static const char *zero_find(const struct reader *reader) {
    return memchr(reader->position, '\0', (size_t)(reader->end - reader->position));
}

static enum status refuse_binary(const struct reader *reader) {
    const char *zero = zero_find(reader);
    size_t line = 1;
    if (!zero)
        return STATUS_OK;
    for (const char *c = reader->position; c < zero; c++)
        line += *c == '\n';
    return message_set(reader->message, STATUS_INVALID,
                       "%s:%zu: the line holds bytes that no CSV file has", reader->path, line);
}

/* Reads the file and stands before its first line, behind the byte-order mark that spreadsheets
 * write. The caller frees *text. */
static enum status reader_open(struct reader *reader, const char *path, char **text,
                               struct message *message) {
    static const char mark[] = "\xef\xbb\xbf";
    const size_t length = sizeof mark - 1;
    size_t size = 0;
    enum status status = file_read(path, CSV_BYTES_MAX, text, &size, message);
    if (status != STATUS_OK)
        return status;
    bool marked = size >= length && memcmp(*text, mark, length) == 0;
    *reader = (struct reader){.path = path,
                              .position = *text + (marked ? length : 0),
                              .end = *text + size,
                              .line = 1,
                              .message = message};
    return STATUS_OK;
}

enum status csv_read(const char *path, const struct csv_format *format, void **rows,
                     size_t *row_count, int *cut, struct message *message) {
    *rows = NULL;
    *row_count = 0;
    if (cut)
        *cut = 0;
    char *text = NULL;
    struct reader reader;
    enum status status = reader_open(&reader, path, &text, message);
    if (status == STATUS_OK)
        status = refuse_binary(&reader);
    if (status == STATUS_OK)
        status = rows_read(&reader, format, rows, row_count, cut);
    free(text);
    if (status != STATUS_OK) {
        free(*rows);
        *rows = NULL;
        *row_count = 0;
    }
    return status;
}

/* Cuts the next line off the file: the reader then ends where the line does. False: no whole line
 * is left. */
static bool line_cut(struct reader *reader, char *end) {
    char *newline = memchr(reader->position, '\n', (size_t)(end - reader->position));
    reader->end = newline ? newline + 1 : end;
    return newline != NULL;
}

/* `reader` stands before the header. What is wrong with a line is of no interest. */
static enum status lines_salvage(struct reader *reader, const struct csv_format *format,
                                 struct rows_read *read, size_t *left_out) {
    char *end = reader->end;
    bool sound = line_cut(reader, end) && header_check(reader, format) == STATUS_OK;
    enum status status = STATUS_OK;
    while (sound && status != STATUS_NO_MEMORY) {
        const size_t before = read->count;
        reader->position = reader->end;
        sound = line_cut(reader, end);
        status = sound && !zero_find(reader) ? row_append(reader, format, read) : STATUS_OK;
        *left_out += sound && read->count == before;
    }
    return status == STATUS_NO_MEMORY ? status : STATUS_OK;
}

enum status csv_salvage(const char *path, const struct csv_format *format, void **rows,
                        size_t *row_count, size_t *left_out, struct message *message) {
    struct rows_read read = {.rows = NULL};
    char *text = NULL;
    struct reader reader;
    *left_out = 0;
    enum status status = reader_open(&reader, path, &text, message);
    if (status == STATUS_OK)
        status = lines_salvage(&reader, format, &read, left_out);
    free(text);
    *rows = read.rows;
    *row_count = read.count;
    return status;
}

/* --- reading by the header -------------------------------------------------------------------- */

/* Appends one line's fields to *fields, which has room for `capacity` pointers. */
static enum status fields_append(struct reader *reader, char ***fields, size_t *count,
                                 size_t *capacity) {
    for (bool last = false; !last;) {
        char *field = next_field(reader, &last);
        if (!field)
            return message_set(reader->message, STATUS_INVALID,
                               "%s:%zu: the line is cut off: the file is not whole", reader->path,
                               reader->line);
        char **larger = list_reserve(*fields, *count + 1, capacity, sizeof *larger);
        if (!larger)
            return message_set(reader->message, STATUS_NO_MEMORY, "no memory to read %s",
                               reader->path);
        *fields = larger;
        (*fields)[(*count)++] = field;
    }
    return STATUS_OK;
}

static enum status table_fill(struct csv_table *table, struct reader *reader, int *cut) {
    size_t count = 0, capacity = 0;
    enum status status = fields_append(reader, &table->names, &table->column_count, &capacity);
    if (status == STATUS_OK && table->column_count < 2)
        status =
            message_set(reader->message, STATUS_INVALID,
                        "%s:1: the first line is not a header: this is not a CSV file of lockstep",
                        reader->path);
    capacity = 0;
    while (status == STATUS_OK && reader->position < reader->end) {
        reader->line += 1 + reader->broken;
        reader->broken = 0;
        if (cut && !has_whole_line(reader)) {
            *cut = 1;
            break;
        }
        status = fields_append(reader, &table->fields, &count, &capacity);
        if (status == STATUS_OK && count != (table->row_count + 1) * table->column_count)
            status = wrong_count(reader, table->column_count);
        table->row_count += status == STATUS_OK;
    }
    return status;
}

enum status csv_table_read(const char *path, struct csv_table *table, int *cut,
                           struct message *message) {
    *table = (struct csv_table){0};
    snprintf(table->path, sizeof table->path, "%s", path);
    if (cut)
        *cut = 0;
    struct reader reader;
    enum status status = reader_open(&reader, path, &table->text, message);
    if (status == STATUS_OK)
        status = refuse_binary(&reader);
    if (status == STATUS_OK)
        status = table_fill(table, &reader, cut);
    if (status != STATUS_OK)
        csv_table_release(table);
    return status;
}

void csv_table_release(struct csv_table *table) {
    free(table->names);
    free(table->fields);
    free(table->text);
    *table = (struct csv_table){0};
}

size_t csv_table_column(const struct csv_table *table, const char *name) {
    size_t column = 0;
    while (column < table->column_count && strcmp(table->names[column], name) != 0)
        column++;
    return column;
}

const char *csv_table_field(const struct csv_table *table, size_t row, size_t column) {
    return table->fields[row * table->column_count + column];
}

const char *csv_table_text(const struct csv_table *table, size_t row, const char *name) {
    const size_t column = csv_table_column(table, name);
    return column < table->column_count ? csv_table_field(table, row, column) : "";
}

enum status csv_table_number(const struct csv_table *table, size_t row, size_t column,
                             double *number, struct message *message) {
    const struct csv_column wanted = {table->names[column], CSV_NUMBER, 0, sizeof *number};
    const struct reader reader = {.path = table->path, .line = row + 2, .message = message};
    return field_store(&reader, &wanted, csv_table_field(table, row, column), number);
}
