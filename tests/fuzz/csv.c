/* CSV: as results.csv, and by any header. What is read and written is read as the same again. */
#include "bench/files/csv.h"
#include "bench/files/results.h"
#include "tests/fuzz/files.h"
#include "tests/support/fuzzing.h"

#include <stdlib.h>
#include <string.h>

/* The rows as a file has them; the caller frees it. */
static char *rows_text(const void *rows, size_t count, size_t *size) {
    char *text = NULL;
    FILE *memory = open_memstream(&text, size);
    if (memory == NULL || csv_write_header(memory, &result_format) != 0)
        abort();
    for (size_t i = 0; i < count; i++)
        if (csv_write_row(memory, &result_format,
                          (const char *)rows + i * result_format.row_size) != 0)
            abort();
    if (fclose(memory) != 0)
        abort();
    return text;
}

/* Numbers may have had more digits than are written; from then on all is the same. */
static void written_again(const void *rows, size_t count) {
    struct message message;
    size_t size = 0, size_again = 0, count_again = 0;
    void *rows_again = NULL;
    char *text = rows_text(rows, count, &size);
    const struct memory_file file = memory_file_open((const uint8_t *)text, size);
    if (csv_read(file.path, &result_format, &rows_again, &count_again, NULL, &message) !=
            STATUS_OK ||
        count_again != count)
        abort();
    char *text_again = rows_text(rows_again, count_again, &size_again);
    if (size_again != size || memcmp(text, text_again, size) != 0)
        abort();
    memory_file_close(&file);
    free(text);
    free(text_again);
    free(rows_again);
}

static void table_walk(const struct csv_table *table) {
    struct message message;
    double number;
    for (size_t row = 0; row < table->row_count; row++)
        for (size_t column = 0; column < table->column_count; column++)
            (void)csv_table_number(table, row, column, &number, &message);
    if (csv_table_column(table, table->names[0]) != 0)
        abort();
}

int fuzz_csv(const uint8_t *data, size_t size) {
    const struct memory_file file = memory_file_open(data, size);
    struct message message;
    struct csv_table table;
    void *rows = NULL;
    size_t count = 0;
    int cut = 0;
    if (csv_read(file.path, &result_format, &rows, &count, &cut, &message) == STATUS_OK)
        written_again(rows, count);
    free(rows);
    if (csv_table_read(file.path, &table, &cut, &message) == STATUS_OK) {
        table_walk(&table);
        csv_table_release(&table);
    }
    memory_file_close(&file);
    return 0;
}
