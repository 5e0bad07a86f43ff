/* Reading a run's folder back, and refusing what is not whole. */
#include "bench/files/run_files.h"
#include "bench/files/json.h"
#include "bench/statistics/statistics.h"
#include "common/words.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 2300 };

static void path_join(const struct run_files *files, const char *name, char path[PATH_SIZE]) {
    snprintf(path, PATH_SIZE, "%s/%s", files->folder, name);
}

static bool has_file(const struct run_files *files, const char *name) {
    char path[PATH_SIZE];
    path_join(files, name, path);
    return access(path, F_OK) == 0;
}

/* Line of row `row`: behind the header. */
static size_t line_of_row(size_t row) {
    return row + 2;
}

/* --- keys ------------------------------------------------------------------------------------- */

int row_key_compare(const struct row_key *a, const struct row_key *b) {
    const char *const pairs[][2] = {
        {a->operation, b->operation}, {a->variant, b->variant},
        {a->dtype, b->dtype},         {a->shape, b->shape},
        {a->mode, b->mode},           {a->implementation, b->implementation},
        {a->device, b->device},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        int order = strcmp(pairs[i][0], pairs[i][1]);
        if (order)
            return order;
    }
    return (a->threads > b->threads) - (a->threads < b->threads);
}

void row_key_describe(const struct row_key *key, char *text, size_t size) {
    int used = snprintf(text, size, "%s/%s/%s/%s %s", key->operation, key->variant, key->dtype,
                        key->shape, key->implementation);
    if (used < 0 || (size_t)used >= size || !*key->device)
        return;
    size_t rest = size - (size_t)used;
    if (key->threads > 0)
        snprintf(text + used, rest, ", %s, %s, %s", key->device, COUNTED(key->threads, "thread"),
                 key->mode);
    else
        snprintf(text + used, rest, ", %s, %s", key->device, key->mode);
}

struct place {
    const struct result *row;
};

static int by_result_key(const void *left, const void *right) {
    const struct result *a = ((const struct place *)left)->row;
    const struct result *b = ((const struct place *)right)->row;
    int order = row_key_compare(&a->key, &b->key);
    return order ? order : (a > b) - (a < b); /* equal ones in the order of the file */
}

static int by_group_key(const void *left, const void *right) {
    const struct sample_group *a = left, *b = right;
    return row_key_compare(a->key, b->key);
}

/* --- results.csv ------------------------------------------------------------------------------ */

static bool is_measured(const struct result *row) {
    return strcmp(row->status, "measured") == 0;
}

static enum status result_check(const char *folder, const struct result *row, size_t line,
                                struct message *message) {
    static const char *const statuses[] = {"measured", "emulated", "skipped", "failed"};
    size_t known = 0;
    while (known < sizeof statuses / sizeof statuses[0] &&
           strcmp(row->status, statuses[known]) != 0)
        known++;
    if (known == sizeof statuses / sizeof statuses[0])
        return message_set(message, STATUS_INVALID,
                           "%s/results.csv:%zu: the status '%s' is not one of measured, emulated, "
                           "skipped and failed",
                           folder, line, row->status);
    bool timed = row->median_s > 0.0 && isfinite(row->median_s) && row->samples > 0;
    if (is_measured(row) && !timed)
        return message_set(message, STATUS_INVALID,
                           "%s/results.csv:%zu: the row is measured and has no time", folder, line);
    if (strcmp(row->status, "emulated") == 0 && !isnan(row->median_s))
        return message_set(message, STATUS_INVALID,
                           "%s/results.csv:%zu: the row is emulated and has a time", folder, line);
    bool stands = is_measured(row) || strcmp(row->status, "emulated") == 0;
    if (stands && strcmp(row->verified, "yes") != 0 && *row->verified != '\0')
        return message_set(message, STATUS_INVALID,
                           "%s/results.csv:%zu: the row is %s, and verified is '%s': a wrong "
                           "result has neither times nor counts",
                           folder, line, row->status, row->verified);
    return STATUS_OK;
}

enum status result_rows_check(const char *folder, const struct result *rows, size_t count,
                              struct message *message) {
    struct place *sorted = malloc((count ? count : 1) * sizeof *sorted);
    if (!sorted)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu rows", count);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count; i++)
        sorted[i].row = &rows[i];
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = result_check(folder, &rows[i], line_of_row(i), message);
    qsort(sorted, count, sizeof *sorted, by_result_key);
    for (size_t i = 1; i < count && status == STATUS_OK; i++)
        if (row_key_compare(&sorted[i - 1].row->key, &sorted[i].row->key) == 0)
            status = message_set(message, STATUS_INVALID,
                                 "%s/results.csv:%zu: the row of line %zu comes a second time",
                                 folder, line_of_row((size_t)(sorted[i].row - rows)),
                                 line_of_row((size_t)(sorted[i - 1].row - rows)));
    free(sorted);
    return status;
}

/* --- samples.csv ------------------------------------------------------------------------------ */

/* Samples of a row stand together and count from 0; a group begins wherever 0 stands. */
enum status run_files_group(struct run_files *files, struct message *message) {
    files->groups = calloc(files->sample_count + 1, sizeof *files->groups);
    files->seconds =
        malloc((files->sample_count ? files->sample_count : 1) * sizeof *files->seconds);
    if (!files->groups || !files->seconds)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu samples",
                           files->sample_count);
    for (size_t i = 0; i < files->sample_count; i++) {
        const struct sample_row *row = &files->samples[i];
        struct sample_group *group =
            files->group_count ? &files->groups[files->group_count - 1] : NULL;
        files->seconds[i] = row->seconds;
        if (!(row->seconds > 0.0) || !isfinite(row->seconds))
            return message_set(message, STATUS_INVALID,
                               "%s/samples.csv:%zu: seconds are empty or no time above 0",
                               files->folder, line_of_row(i));
        if (row->sample == 0)
            files->groups[files->group_count++] = (struct sample_group){&row->key, i, 1};
        else if (group && row_key_equal(group->key, &row->key) &&
                 row->sample == (int64_t)group->count)
            group->count++;
        else
            return message_set(message, STATUS_INVALID,
                               "%s/samples.csv:%zu: sample %lld does not follow on the line before "
                               "it: the file was reordered or lines are missing",
                               files->folder, line_of_row(i), (long long)row->sample);
    }
    qsort(files->groups, files->group_count, sizeof *files->groups, by_group_key);
    for (size_t i = 1; i < files->group_count; i++)
        if (by_group_key(&files->groups[i - 1], &files->groups[i]) == 0)
            return message_set(message, STATUS_INVALID,
                               "%s/samples.csv:%zu: the samples of line %zu come a second time",
                               files->folder, line_of_row(files->groups[i].begin),
                               line_of_row(files->groups[i - 1].begin));
    return STATUS_OK;
}

static const struct sample_group *group_find(const struct run_files *files,
                                             const struct row_key *key) {
    const struct sample_group wanted = {key, 0, 0};
    return bsearch(&wanted, files->groups, files->group_count, sizeof wanted, by_group_key);
}

struct times run_files_times(const struct run_files *files, const struct row_key *key) {
    const struct sample_group *group = files->group_count ? group_find(files, key) : NULL;
    if (!group)
        return (struct times){NULL, 0};
    return (struct times){files->seconds + group->begin, group->count};
}

/* The samples of a row are as many as it says and have its median; %.9g keeps eight digits. */
static enum status samples_match(const struct run_files *files, const struct result *row,
                                 const struct sample_group *group, double *scratch,
                                 struct message *message) {
    size_t line = line_of_row((size_t)(row - files->results));
    if (!group || (int64_t)group->count != row->samples)
        return message_set(message, STATUS_INVALID,
                           "%s/results.csv:%zu: the row has %s, and samples.csv has %zu "
                           "of it: they are not of the same run",
                           files->folder, line, COUNTED(row->samples, "sample"),
                           group ? group->count : 0);
    struct statistics statistics;
    statistics_compute(files->seconds + group->begin, group->count, scratch, &statistics);
    if (fabs(statistics.median - row->median_s) <= 1e-7 * row->median_s)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "%s/samples.csv:%zu: the median of these samples is %.9g s, and "
                       "results.csv:%zu says %.9g s: they are not of the same run",
                       files->folder, line_of_row(group->begin), statistics.median, line,
                       row->median_s);
}

/* A run that was cut short may have left samples of a case without results; no other may. */
static enum status strangers_find(const struct run_files *files, size_t belonging,
                                  struct message *message) {
    if (belonging == files->group_count || files->unfinished)
        return STATUS_OK;
    for (size_t g = 0; g < files->group_count; g++) {
        size_t i = 0;
        while (i < files->result_count &&
               !(is_measured(&files->results[i]) &&
                 row_key_equal(&files->results[i].key, files->groups[g].key)))
            i++;
        if (i == files->result_count)
            return message_set(message, STATUS_INVALID,
                               "%s/samples.csv:%zu: results.csv has no measured row that these "
                               "samples belong to: they are not of the same run",
                               files->folder, line_of_row(files->groups[g].begin));
    }
    return STATUS_OK;
}

static enum status samples_check(struct run_files *files, struct message *message) {
    enum status status = run_files_group(files, message);
    double *scratch = malloc((files->sample_count ? files->sample_count : 1) * sizeof *scratch);
    if (status == STATUS_OK && !scratch)
        status = message_set(message, STATUS_NO_MEMORY, "no memory for %zu samples",
                             files->sample_count);
    size_t belonging = 0;
    for (size_t i = 0; i < files->result_count && status == STATUS_OK; i++) {
        const struct result *row = &files->results[i];
        if (!is_measured(row))
            continue;
        status = samples_match(files, row, group_find(files, &row->key), scratch, message);
        belonging++;
    }
    free(scratch);
    return status == STATUS_OK ? strangers_find(files, belonging, message) : status;
}

/* --- the folder ------------------------------------------------------------------------------- */

static enum status rows_read(const struct run_files *files, const char *name,
                             const struct csv_format *format, void **rows, size_t *count,
                             struct message *message) {
    char path[PATH_SIZE];
    if (!has_file(files, name))
        return STATUS_OK;
    path_join(files, name, path);
    return csv_read(path, format, rows, count, NULL, message);
}

static enum status environment_read_back(struct run_files *files, struct message *message) {
    char path[PATH_SIZE];
    if (!has_file(files, "environment.json"))
        return STATUS_OK;
    path_join(files, "environment.json", path);
    enum status status = json_read(path, &files->environment, message);
    const char *state =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(files->environment, "state"));
    files->unfinished = state && strcmp(state, "finished") != 0;
    return status;
}

/* The folder itself, or that of a file in it: a results.csv stands for its run, a counters.csv for
 * its counts alone. */
static enum status folder_find(const char *path, struct run_files *files, struct message *message) {
    struct stat entry;
    if (strlen(path) >= sizeof files->folder - 2)
        return message_set(message, STATUS_INVALID, "the path %.80s… is too long", path);
    if (stat(path, &entry) != 0)
        return message_set(message, STATUS_INVALID, "cannot read %s: %s", path, strerror(errno));
    snprintf(files->folder, sizeof files->folder, "%s", path);
    if (S_ISDIR(entry.st_mode))
        return STATUS_OK;
    char *slash = strrchr(files->folder, '/');
    const char *name = slash ? slash + 1 : files->folder;
    files->counters_only = strcmp(name, "counters.csv") == 0;
    if (!files->counters_only && strcmp(name, "results.csv") != 0)
        return message_set(message, STATUS_INVALID,
                           "%s is neither the folder of a run nor its results.csv or counters.csv",
                           path);
    if (slash == files->folder)
        slash++; /* keeps the root's slash */
    if (slash)
        *slash = '\0';
    else
        snprintf(files->folder, sizeof files->folder, ".");
    return STATUS_OK;
}

static enum status timed_files_read(struct run_files *files, struct message *message) {
    enum status status = environment_read_back(files, message);
    if (status == STATUS_OK)
        status = rows_read(files, "results.csv", &result_format, (void **)&files->results,
                           &files->result_count, message);
    if (status == STATUS_OK)
        status = result_rows_check(files->folder, files->results, files->result_count, message);
    if (status == STATUS_OK)
        status = rows_read(files, "samples.csv", &sample_format, (void **)&files->samples,
                           &files->sample_count, message);
    if (status == STATUS_OK && has_file(files, "samples.csv"))
        status = samples_check(files, message);
    return status;
}

enum status run_files_read_timed(const char *folder, struct run_files *files,
                                 struct message *message) {
    *files = (struct run_files){0};
    enum status status = folder_find(folder, files, message);
    if (status == STATUS_OK)
        status = timed_files_read(files, message);
    if (status != STATUS_OK)
        run_files_release(files);
    return status;
}

enum status run_files_read(const char *path, struct run_files *files, struct message *message) {
    *files = (struct run_files){0};
    enum status status = folder_find(path, files, message);
    if (status == STATUS_OK && !has_file(files, "results.csv") && !has_file(files, "counters.csv"))
        status = message_set(message, STATUS_INVALID, "%s holds no run%s", files->folder,
                             has_file(files, "training.csv")
                                 ? " of `lockstep run` but a training: name another folder"
                                 : ": there is neither a results.csv nor a counters.csv");
    if (status == STATUS_OK && !has_file(files, "results.csv"))
        files->counters_only = true;
    if (status == STATUS_OK && !files->counters_only)
        status = timed_files_read(files, message);
    if (status == STATUS_OK)
        status = rows_read(files, "counters.csv", &counters_format, (void **)&files->counters,
                           &files->counters_count, message);
    if (status != STATUS_OK)
        run_files_release(files);
    return status;
}

void run_files_release(struct run_files *files) {
    free(files->results);
    free(files->samples);
    free(files->seconds);
    free(files->groups);
    free(files->counters);
    cJSON_Delete(files->environment);
    *files = (struct run_files){0};
}
