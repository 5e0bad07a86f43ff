#include "bench/model/limits_file.h"

#include "bench/model/limits_text.h"
#include "common/files.h"

#include <stdlib.h>
#include <unistd.h>

static enum status path_make(char *path, size_t size, const char *folder, const char *name,
                             struct message *message) {
    return snprintf(path, size, "%s/%s", folder, name) < (int)size
               ? STATUS_OK
               : message_set(message, STATUS_INVALID, "the name of the folder %s is too long",
                             folder);
}

static enum status rows_write(const struct counters_row *rows, size_t count,
                              const struct model_gpu *gpu, FILE *file, FILE *log,
                              struct message *message) {
    limits_csv_header_print(file);
    fprintf(log, "what would limit each kernel, by the published peaks of the %s\n", gpu->title);
    for (size_t i = 0; i < count; i++) {
        struct limits limits;
        const enum status status = limits_find(&rows[i], gpu, &limits, message);
        if (status != STATUS_OK)
            return status;
        limits_csv_print(file, &rows[i], gpu, &limits);
        limits_sentence_print(log, &rows[i], gpu, &limits);
    }
    return STATUS_OK;
}

static enum status text_write(const struct counters_row *rows, size_t count,
                              const struct model_gpu *gpu, const char *path, FILE *log,
                              struct message *message) {
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %s", path);
    enum status status = rows_write(rows, count, gpu, file, log, message);
    if (fclose(file) != 0 && status == STATUS_OK)
        status = message_set(message, STATUS_NO_MEMORY, "no memory for %s", path);
    if (status == STATUS_OK)
        status = file_replace(path, text, size, message);
    free(text);
    return status;
}

enum status limits_write(const char *folder, const struct model_gpu *gpu, FILE *log,
                         struct message *message) {
    char counters[2300], limits[2300];
    void *rows = NULL;
    size_t count = 0;
    int cut;
    enum status status = path_make(counters, sizeof counters, folder, "counters.csv", message);
    if (status == STATUS_OK)
        status = path_make(limits, sizeof limits, folder, "limits.csv", message);
    if (status != STATUS_OK || access(counters, F_OK) != 0)
        return status;
    status = csv_read(counters, &counters_format, &rows, &count, &cut, message);
    if (status == STATUS_OK && count > 0)
        status = text_write(rows, count, gpu, limits, log, message);
    free(rows);
    return status;
}
