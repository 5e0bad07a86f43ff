#include "bench/model/limits_file.h"

#include "bench/files/json.h"
#include "bench/model/limits_text.h"
#include "common/files.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum status path_make(char *path, size_t size, const char *folder, const char *name,
                             struct message *message) {
    return snprintf(path, size, "%s/%s", folder, name) < (int)size
               ? STATUS_OK
               : message_set(message, STATUS_INVALID, "the name of the folder %s is too long",
                             folder);
}

/* What stands in brackets, in small letters and without spaces. */
static void id_make(const char *name, char *id, size_t size) {
    const char *c = strchr(name, '(');
    size_t length = 0;
    for (c = c ? c + 1 : ""; *c && *c != ')' && length + 1 < size; c++)
        if (*c != ' ')
            id[length++] = (char)tolower((unsigned char)*c);
    id[length] = '\0';
}

/* NULL where the folder has none that can be read; the caller deletes it. */
static cJSON *environment_of(const char *folder) {
    char path[2300];
    struct message none;
    cJSON *environment = NULL;
    if (path_make(path, sizeof path, folder, "environment.json", &none) == STATUS_OK)
        (void)json_read(path, &environment, &none);
    return environment;
}

enum status limits_environment_check(const char *folder, struct message *message) {
    char path[2300];
    cJSON *environment = NULL;
    enum status status = path_make(path, sizeof path, folder, "environment.json", message);
    if (status != STATUS_OK || access(path, F_OK) != 0)
        return status;
    status = json_read(path, &environment, message);
    cJSON_Delete(environment);
    return status;
}

const struct model_gpu *limits_gpu_of_run(const char *folder) {
    char id[64];
    cJSON *environment = environment_of(folder);
    const cJSON *gpu = cJSON_GetObjectItemCaseSensitive(environment, "gpu");
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(gpu, "name"));
    id_make(name ? name : "", id, sizeof id);
    cJSON_Delete(environment);
    const struct model_gpu *emulated = model_gpu_find(id);
    return emulated ? emulated : model_gpu_find("a100");
}

void limits_sampling_print(FILE *file, const char *folder) {
    cJSON *environment = environment_of(folder);
    const cJSON *blocks = cJSON_GetObjectItemCaseSensitive(environment, "sample_blocks");
    if (cJSON_IsNumber(blocks))
        fprintf(file,
                "counts are not of all blocks: at most %.0f of equal ones ran, and were counted "
                "for all (--sample-blocks)\n",
                cJSON_GetNumberValue(blocks));
    cJSON_Delete(environment);
}

static enum status rows_write(const struct counters_row *rows, size_t count,
                              const struct model_gpu *gpu, FILE *file, FILE *log,
                              struct message *message) {
    limits_csv_header_print(file);
    fprintf(log, "what would limit each kernel, by the published peaks of the %s\n", gpu->title);
    for (size_t i = 0; i < count; i++) {
        struct limits limits;
        const enum status status = limits_find(&rows[i], gpu, &limits, message);
        if (status == STATUS_UNSUPPORTED) {
            limits_unable_print(log, &rows[i], message->text);
            continue;
        }
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
    enum status status = path_make(counters, sizeof counters, folder, "counters.csv", message);
    if (status == STATUS_OK)
        status = path_make(limits, sizeof limits, folder, "limits.csv", message);
    if (status != STATUS_OK || access(counters, F_OK) != 0)
        return status;
    status = csv_read(counters, &counters_format, &rows, &count, NULL, message);
    if (status == STATUS_OK && count > 0)
        limits_sampling_print(log, folder);
    if (status == STATUS_OK && count > 0)
        status = text_write(rows, count, gpu, limits, log, message);
    free(rows);
    return status;
}
