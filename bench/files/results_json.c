/* Result rows as JSON, by the table that writes them as CSV. */
#include "bench/files/results_json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>

static cJSON *field_to_json(const struct csv_column *column, const char *member) {
    double number;
    switch (column->kind) {
    case CSV_TEXT:
        return cJSON_CreateString(member);
    case CSV_COUNT:
        return cJSON_CreateNumber((double)*(const int64_t *)(const void *)member);
    case CSV_NUMBER:
        break;
    }
    number = *(const double *)(const void *)member;
    return isnan(number) ? cJSON_CreateNull() : cJSON_CreateNumber(number);
}

enum status results_print_json(const struct result *rows, size_t count, FILE *file,
                               struct message *message) {
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        cJSON *object = cJSON_CreateObject();
        for (size_t c = 0; c < result_format.column_count; c++) {
            const struct csv_column *column = &result_format.columns[c];
            cJSON_AddItemToObject(object, column->name,
                                  field_to_json(column, (const char *)&rows[i] + column->offset));
        }
        cJSON_AddItemToArray(list, object);
    }
    char *text = cJSON_Print(list);
    cJSON_Delete(list);
    if (!text)
        return message_set(message, STATUS_NO_MEMORY, "no memory to write %zu rows as JSON", count);
    int failed = fputs(text, file) == EOF || fputc('\n', file) == EOF || fflush(file) != 0;
    free(text);
    return failed ? message_set(message, STATUS_IO, "cannot write the JSON to standard output")
                  : STATUS_OK;
}
