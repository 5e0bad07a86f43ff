/* Writing a run's CSV files, case by case. */
#include "bench/files/results_resume.h"
#include "common/files.h"
#include "common/hash.h"
#include "common/list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct results {
    char paths[FILES][RESULTS_PATH_SIZE];
    int descriptors[FILES]; /* open for appending */
    struct result *rows;
    size_t count, capacity, lost;
};

/* counters.csv is not there in every run. */
static bool is_open(const struct results *results, int which) {
    return results->descriptors[which] >= 0;
}

static enum status write_failure(const char *path, struct message *message) {
    return message_set(message, STATUS_IO, "cannot write %s: %s", path, strerror(errno));
}

static enum status file_create(const char *path, const struct csv_format *format,
                               struct message *message) {
    if (access(path, F_OK) == 0)
        return message_set(message, STATUS_IO, "%s is there already; choose another --out", path);
    return csv_replace(path, format, NULL, 0, message);
}

/* The paths of the files that the run has. */
static enum status paths_write(struct results *results, const char *folder, bool counters,
                               struct message *message) {
    for (int i = 0; i < FILES; i++) {
        char *path = results->paths[i];
        int length = i == FILE_COUNTERS && !counters ? 0
                                                     : snprintf(path, RESULTS_PATH_SIZE, "%s/%s",
                                                                folder, results_files[i].name);
        if (length < 0 || length >= RESULTS_PATH_SIZE)
            return message_set(message, STATUS_INVALID, "the path %s is too long", folder);
    }
    return STATUS_OK;
}

static enum status files_create(const struct results *results, struct message *message) {
    enum status status = STATUS_OK;
    for (int i = 0; i < FILES && status == STATUS_OK; i++)
        if (*results->paths[i])
            status = file_create(results->paths[i], results_files[i].format, message);
    return status;
}

static enum status files_open(struct results *results, struct message *message) {
    for (int i = 0; i < FILES; i++) {
        if (!*results->paths[i])
            continue;
        results->descriptors[i] = open(results->paths[i], O_WRONLY | O_APPEND | O_CLOEXEC);
        if (results->descriptors[i] < 0)
            return write_failure(results->paths[i], message);
    }
    return STATUS_OK;
}

enum status results_open(const char *folder, bool resume, bool counters, struct results **opened,
                         struct message *message) {
    *opened = NULL;
    struct results *results = calloc(1, sizeof *results);
    if (!results)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the results of a run");
    for (int i = 0; i < FILES; i++)
        results->descriptors[i] = -1;
    enum status status = paths_write(results, folder, counters, message);
    if (status == STATUS_OK && resume)
        status = results_resume(results->paths, &results->rows, &results->count, &results->lost,
                                message);
    else if (status == STATUS_OK)
        status = files_create(results, message);
    results->capacity = results->count;
    if (status == STATUS_OK)
        status = files_open(results, message);
    if (status != STATUS_OK) {
        struct message ignored;
        (void)results_close(results, &ignored);
        return status;
    }
    *opened = results;
    return STATUS_OK;
}

size_t results_lost(const struct results *results) {
    return results->lost;
}

enum status results_close(struct results *results, struct message *message) {
    enum status status = STATUS_OK;
    for (int i = 0; i < FILES; i++)
        if (is_open(results, i) && close(results->descriptors[i]) != 0)
            status = write_failure(results->paths[i], message);
    free(results->rows);
    free(results);
    return status;
}

/* What one case adds to a file. */
struct addition {
    char *text;
    size_t size;
};

/* Appends all rows with one write, so that a run that is killed cuts as seldom as can be. */
static enum status text_append(const struct results *results, int file,
                               const struct addition *addition, struct message *message) {
    for (size_t written = 0; written < addition->size;) {
        ssize_t wrote =
            write(results->descriptors[file], addition->text + written, addition->size - written);
        if (wrote >= 0)
            written += (size_t)wrote;
        else if (errno != EINTR)
            return write_failure(results->paths[file], message);
    }
    return STATUS_OK;
}

/* Cuts what was appended since. A disk that refuses even that leaves a case that is not whole,
 * which results_open drops. */
static void files_cut(const struct results *results, const off_t sizes[FILES]) {
    for (int i = 0; i < FILES; i++)
        if (is_open(results, i) && ftruncate(results->descriptors[i], sizes[i]) != 0)
            return;
}

static enum status rows_remember(struct results *results, const struct result *rows, size_t count,
                                 struct message *message) {
    struct result *larger =
        list_reserve(results->rows, results->count + count, &results->capacity, sizeof *larger);
    if (!larger)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the results of a run");
    results->rows = larger;
    memcpy(results->rows + results->count, rows, count * sizeof *rows);
    results->count += count;
    return STATUS_OK;
}

/* The rows of a case as text, and the row of cases.csv that vouches for them. */
static enum status additions_make(const struct results *results, const struct case_rows *rows,
                                  struct addition additions[FILES], struct message *message) {
    const struct row_key *key = &rows->results[0].key;
    struct done_case done = {.results = (int64_t)rows->result_count};
    snprintf(done.key.operation, sizeof done.key.operation, "%s", key->operation);
    snprintf(done.key.variant, sizeof done.key.variant, "%s", key->variant);
    snprintf(done.key.dtype, sizeof done.key.dtype, "%s", key->dtype);
    snprintf(done.key.shape, sizeof done.key.shape, "%s", key->shape);
    const struct {
        const void *rows;
        size_t count;
    } written[FILES] = {
        [FILE_SAMPLES] = {rows->samples, rows->sample_count},
        [FILE_PARTS] = {rows->parts, rows->part_count},
        [FILE_COUNTERS] = {rows->counters, rows->counters_count},
        [FILE_RESULTS] = {rows->results, rows->result_count},
        [FILE_CASES] = {&done, 1},
    };
    uint64_t hash = hash_start;
    for (int i = 0; i < FILES; i++) {
        struct addition *addition = &additions[i];
        if (!is_open(results, i))
            continue;
        if (i == FILE_CASES)
            results_checksum_write(&done, hash);
        addition->text =
            results_rows_to_text(i, written[i].rows, written[i].count, &addition->size);
        if (!addition->text)
            return message_set(message, STATUS_NO_MEMORY, "no memory to write %zu rows",
                               written[i].count);
        hash = hash_text(hash, addition->text);
        if (i != FILE_CASES)
            *results_done_count(&done, i) = (int64_t)written[i].count;
    }
    return STATUS_OK;
}

/* All files are written before the first is flushed: the disk then has to wait once. */
static enum status additions_append(const struct results *results,
                                    const struct addition additions[FILES],
                                    struct message *message) {
    enum status status = STATUS_OK;
    for (int i = 0; i < FILES && status == STATUS_OK; i++)
        if (is_open(results, i))
            status = text_append(results, i, &additions[i], message);
    for (int i = 0; i < FILES && status == STATUS_OK; i++)
        if (is_open(results, i) && !file_flush(results->descriptors[i]))
            status = write_failure(results->paths[i], message);
    return status;
}

enum status results_append(struct results *results, const struct case_rows *rows,
                           struct message *message) {
    struct addition additions[FILES] = {0};
    off_t before[FILES];
    if (rows->result_count == 0)
        return STATUS_OK; /* a resumed run has them all */
    for (int i = 0; i < FILES; i++) {
        before[i] = is_open(results, i) ? lseek(results->descriptors[i], 0, SEEK_END) : 0;
        if (before[i] < 0)
            return write_failure(results->paths[i], message);
    }
    enum status status = additions_make(results, rows, additions, message);
    if (status == STATUS_OK) {
        status = additions_append(results, additions, message);
        if (status != STATUS_OK)
            files_cut(results, before);
    }
    for (int i = 0; i < FILES; i++)
        free(additions[i].text);
    return status == STATUS_OK ? rows_remember(results, rows->results, rows->result_count, message)
                               : status;
}

const struct result *results_rows(const struct results *results, size_t *count) {
    *count = results->count;
    return results->rows;
}
