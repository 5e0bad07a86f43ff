/* Reading a run's folder for its report. */
#include "bench/report/drawing/data.h"
#include "bench/files/json.h"
#include "bench/files/run_files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void path_join(const struct report_data *data, const char *name, char *path, size_t size) {
    snprintf(path, size, "%s/%s", data->folder, name);
}

static bool file_exists(const struct report_data *data, const char *name) {
    char path[2300];
    path_join(data, name, path, sizeof path);
    return access(path, F_OK) == 0;
}

/* A file of known columns; one that is not there has no rows. */
static enum status rows_load(struct report_data *data, const char *name,
                             const struct csv_format *format, void **rows, size_t *count,
                             struct message *message) {
    char path[2300];
    int cut = 0;
    if (!file_exists(data, name))
        return STATUS_OK;
    path_join(data, name, path, sizeof path);
    enum status status = csv_read(path, format, rows, count, &cut, message);
    data->cut |= cut != 0;
    return status;
}

static enum status table_load(struct report_data *data, const char *name, struct csv_table *table,
                              struct message *message) {
    char path[2300];
    int cut = 0;
    if (!file_exists(data, name))
        return STATUS_OK;
    path_join(data, name, path, sizeof path);
    enum status status = csv_table_read(path, table, &cut, message);
    data->cut |= cut != 0;
    return status;
}

/* --- environment.json ------------------------------------------------------------------------- */

static enum status environment_load(struct report_data *data, struct message *message) {
    char path[2300];
    if (!file_exists(data, "environment.json"))
        return STATUS_OK;
    path_join(data, "environment.json", path, sizeof path);
    return json_read(path, &data->environment, message);
}

static double number_of(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

/* False where a number is missing: a ceiling that is not known is not drawn. */
static bool ceilings_read(const cJSON *object, struct report_ceilings *ceilings) {
    const char *device = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "device"));
    *ceilings = (struct report_ceilings){0};
    snprintf(ceilings->device, sizeof ceilings->device, "%s", device ? device : "cpu");
    double threads = number_of(object, "threads");
    ceilings->threads = threads >= 1.0 && threads < 1e6 ? (int)threads : 0;
    ceilings->flops_per_second = number_of(object, "peak_flops_per_second");
    ceilings->doubtful = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "peak_doubtful"));
    const cJSON *level;
    cJSON_ArrayForEach(level, cJSON_GetObjectItemCaseSensitive(object, "bandwidth")) {
        struct report_level *next = &ceilings->levels[ceilings->level_count];
        if (ceilings->level_count == REPORT_LEVELS_MAX)
            break;
        next->working_set = number_of(level, "working_set_bytes");
        next->bytes_per_second = number_of(level, "bytes_per_second");
        next->doubtful = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(level, "doubtful"));
        ceilings->level_count += next->working_set > 0.0 && next->bytes_per_second > 0.0;
    }
    return ceilings->flops_per_second > 0.0 && ceilings->level_count > 0;
}

/* A GPU has one bandwidth for all sizes, that of a copy. */
static void gpu_ceilings_read(struct report_data *data) {
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(data->environment, "gpu_ceilings");
    const char *device = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "device"));
    if (!device || data->ceilings_count == REPORT_CEILINGS_MAX)
        return;
    struct report_ceilings *ceilings = &data->ceilings[data->ceilings_count];
    *ceilings = (struct report_ceilings){.level_count = 1};
    snprintf(ceilings->device, sizeof ceilings->device, "%s", device);
    ceilings->flops_per_second = number_of(object, "peak_flops_per_second");
    ceilings->levels[0].working_set = number_of(object, "copy_working_set_bytes");
    ceilings->levels[0].bytes_per_second = number_of(object, "copy_bytes_per_second");
    data->ceilings_count +=
        ceilings->flops_per_second > 0.0 && ceilings->levels[0].bytes_per_second > 0.0;
}

static void links_read(struct report_data *data) {
    static const char *const names[REPORT_LINKS_MAX][2] = {{"link_bytes_per_second", "cpu"},
                                                           {"gpu_link_bytes_per_second", "gpu"}};
    const cJSON *ranks = cJSON_GetObjectItemCaseSensitive(data->environment, "ranks");
    const double count = number_of(ranks, "count");
    for (int i = 0; i < REPORT_LINKS_MAX && count >= 1.0 && count < 1e6; i++) {
        struct report_ceilings *link = &data->links[data->link_count];
        *link = (struct report_ceilings){.level_count = 1};
        snprintf(link->device, sizeof link->device, "%dx%s", (int)count, names[i][1]);
        link->levels[0].bytes_per_second = number_of(ranks, names[i][0]);
        data->link_count += link->levels[0].bytes_per_second > 0.0;
    }
}

static int by_threads(const void *a, const void *b) {
    const struct report_ceilings *first = a, *second = b;
    return second->threads - first->threads;
}

static void all_ceilings_read(struct report_data *data) {
    const cJSON *object;
    cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(data->environment, "ceilings")) {
        if (data->ceilings_count == REPORT_CEILINGS_MAX)
            break;
        data->ceilings_count += ceilings_read(object, &data->ceilings[data->ceilings_count]);
    }
    gpu_ceilings_read(data);
    links_read(data);
    qsort(data->ceilings, (size_t)data->ceilings_count, sizeof data->ceilings[0], by_threads);
}

const char *report_level_name(const struct report_ceilings *ceilings, int level) {
    static const char *const caches[REPORT_LEVELS_MAX] = {"L1", "L2", "L3", "L4"};
    return level == ceilings->level_count - 1 ? "memory" : caches[level];
}

/* A run that says that it is finished has whole files, which fit together; of one that was cut
 * short, what there is can be drawn. */
static enum status finished_check(const struct report_data *data, struct message *message) {
    const char *state = report_data_text(data, "state", NULL);
    struct run_files files;
    if (!state || strcmp(state, "finished") != 0 || !file_exists(data, "results.csv"))
        return STATUS_OK;
    enum status status = run_files_read_timed(data->folder, &files, message);
    if (status == STATUS_OK)
        run_files_release(&files);
    return status;
}

/* --- the whole -------------------------------------------------------------------------------- */

enum status report_data_load(const char *folder, struct report_data *data,
                             struct message *message) {
    *data = (struct report_data){0};
    snprintf(data->folder, sizeof data->folder, "%s", folder);
    if (!file_exists(data, "results.csv") && !file_exists(data, "training.csv"))
        return message_set(message, STATUS_INVALID,
                           "%s holds no run: there is neither a results.csv nor a training.csv",
                           folder);
    enum status status = rows_load(data, "results.csv", &result_format, (void **)&data->results,
                                   &data->result_count, message);
    if (status == STATUS_OK)
        status = result_rows_check(folder, data->results, data->result_count, message);
    if (status == STATUS_OK)
        status = rows_load(data, "parts.csv", &part_format, (void **)&data->parts,
                           &data->part_count, message);
    if (status == STATUS_OK)
        status = table_load(data, "training.csv", &data->training, message);
    if (status == STATUS_OK)
        status = table_load(data, "counters.csv", &data->counters, message);
    if (status == STATUS_OK)
        status = table_load(data, "limits.csv", &data->limits, message);
    if (status == STATUS_OK)
        status = table_load(data, "predictions.csv", &data->predictions, message);
    if (status == STATUS_OK)
        status = environment_load(data, message);
    if (status == STATUS_OK)
        status = finished_check(data, message);
    data->has_samples = file_exists(data, "samples.csv");
    all_ceilings_read(data);
    if (status != STATUS_OK)
        report_data_release(data);
    return status;
}

void report_data_release(struct report_data *data) {
    free(data->results);
    free(data->parts);
    csv_table_release(&data->training);
    csv_table_release(&data->counters);
    csv_table_release(&data->limits);
    csv_table_release(&data->predictions);
    cJSON_Delete(data->environment);
    *data = (struct report_data){0};
}

const char *report_data_text(const struct report_data *data, const char *name, const char *member) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(data->environment, name);
    if (member)
        item = cJSON_GetObjectItemCaseSensitive(item, member);
    return cJSON_GetStringValue(item);
}

/* The threads that the run used at most; 0 when it measured nothing. */
static int64_t threads_most(const struct report_data *data) {
    int64_t most = 0;
    for (size_t i = 0; i < data->result_count; i++)
        if (data->results[i].key.threads > most)
            most = data->results[i].key.threads;
    return most;
}

static void append(char *text, size_t size, const char *part) {
    size_t used = strlen(text);
    if (part && *part)
        snprintf(text + used, size - used, "%s%s", used ? ", " : "", part);
}

void report_data_describe(const struct report_data *data, char *text, size_t size) {
    int64_t threads = threads_most(data);
    char counted[64] = "";
    if (threads > 1)
        snprintf(counted, sizeof counted, "%lld threads and 1", (long long)threads);
    else if (threads == 1)
        snprintf(counted, sizeof counted, "1 thread");
    text[0] = '\0';
    append(text, size, report_data_text(data, "cpu", "model"));
    append(text, size, counted);
    append(text, size, report_data_text(data, "written", NULL));
}
