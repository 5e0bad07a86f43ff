/* A run's CSV files. */
#include "bench/files/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_COLUMNS(type)                                                                          \
    {"operation", CSV_TEXT, offsetof(type, key.operation), sizeof(((type *)0)->key.operation)},    \
        {"variant", CSV_TEXT, offsetof(type, key.variant), sizeof(((type *)0)->key.variant)},      \
        {"dtype", CSV_TEXT, offsetof(type, key.dtype), sizeof(((type *)0)->key.dtype)},            \
        {"shape", CSV_TEXT, offsetof(type, key.shape), sizeof(((type *)0)->key.shape)},            \
        {"implementation", CSV_TEXT, offsetof(type, key.implementation),                           \
         sizeof(((type *)0)->key.implementation)},                                                 \
        {"device", CSV_TEXT, offsetof(type, key.device), sizeof(((type *)0)->key.device)},         \
        {"threads", CSV_INTEGER, offsetof(type, key.threads), sizeof(((type *)0)->key.threads)}, { \
        "mode", CSV_TEXT, offsetof(type, key.mode), sizeof(((type *)0)->key.mode)                  \
    }

#define RESULT(kind, member) CSV_COLUMN(struct result, kind, member)
static const struct csv_column result_columns[] = {
    KEY_COLUMNS(struct result),     RESULT(CSV_TEXT, status),
    RESULT(CSV_INTEGER, samples),   RESULT(CSV_INTEGER, iterations),
    RESULT(CSV_NUMBER, median_s),   RESULT(CSV_NUMBER, low_s),
    RESULT(CSV_NUMBER, high_s),     RESULT(CSV_NUMBER, mean_s),
    RESULT(CSV_NUMBER, min_s),      RESULT(CSV_NUMBER, noise),
    RESULT(CSV_NUMBER, transfer_s), RESULT(CSV_NUMBER, flops),
    RESULT(CSV_NUMBER, bytes),      RESULT(CSV_NUMBER, gflops),
    RESULT(CSV_NUMBER, gbps),       RESULT(CSV_NUMBER, limit_fraction),
    RESULT(CSV_NUMBER, speedup),    RESULT(CSV_NUMBER, speedup_with_transfer),
    RESULT(CSV_TEXT, verified),     RESULT(CSV_NUMBER, error),
    RESULT(CSV_NUMBER, tolerance),  RESULT(CSV_NUMBER, energy_j),
    RESULT(CSV_TEXT, reason),
};
#undef RESULT

static const struct csv_column sample_columns[] = {
    KEY_COLUMNS(struct sample_row),
    CSV_COLUMN(struct sample_row, CSV_INTEGER, sample),
    CSV_COLUMN(struct sample_row, CSV_NUMBER, seconds),
};

static const struct csv_column part_columns[] = {
    KEY_COLUMNS(struct part_row),
    CSV_COLUMN(struct part_row, CSV_INTEGER, part),
    CSV_COLUMN(struct part_row, CSV_TEXT, name),
    CSV_COLUMN(struct part_row, CSV_INTEGER, samples),
    CSV_COLUMN(struct part_row, CSV_NUMBER, median_s),
    CSV_COLUMN(struct part_row, CSV_NUMBER, low_s),
    CSV_COLUMN(struct part_row, CSV_NUMBER, high_s),
    CSV_COLUMN(struct part_row, CSV_NUMBER, share),
};

#define COUNTERS(kind, member) CSV_COLUMN(struct counters_row, kind, member)
#define COUNTERS_KEY(member)                                                                       \
    {                                                                                              \
#        member, CSV_TEXT, offsetof(struct counters_row, key.member),                              \
            sizeof(((struct counters_row *)0)->key.member)                                         \
    }
/* Key, kernel, geometry and launches come first. */
enum { COUNTERS_FIRST = 9 };
static const struct csv_column counters_columns[] = {
    COUNTERS_KEY(operation),
    COUNTERS_KEY(variant),
    COUNTERS_KEY(dtype),
    COUNTERS_KEY(shape),
    COUNTERS_KEY(implementation),
    COUNTERS(CSV_TEXT, kernel),
    COUNTERS(CSV_TEXT, grid),
    COUNTERS(CSV_TEXT, block),
    COUNTERS(CSV_INTEGER, launches),
#define COUNTER(name, column) [COUNTERS_FIRST + (column)] = COUNTERS(CSV_INTEGER, name),
#define COUNTER_UNWRITTEN(name)
#include "common/emulator_counters.def"
#undef COUNTER
#undef COUNTER_UNWRITTEN
    [COUNTERS_FIRST + 12] = COUNTERS(CSV_NUMBER, occupancy),
};
#undef COUNTERS
#undef COUNTERS_KEY

/* Every column between the first and the last is there. */
#define COUNTER(name, column) WRITTEN_##name,
#define COUNTER_UNWRITTEN(name)
enum {
    WRITTEN_occupancy,
#include "common/emulator_counters.def"
    COUNTERS_WRITTEN
};
#undef COUNTER
#undef COUNTER_UNWRITTEN
_Static_assert(sizeof counters_columns / sizeof counters_columns[0] ==
                   COUNTERS_FIRST + COUNTERS_WRITTEN,
               "the columns in emulator_counters.def leave one out");

#define FORMAT(columns, type)                                                                      \
    { (columns), sizeof(columns) / sizeof((columns)[0]), sizeof(type) }
const struct csv_format result_format = FORMAT(result_columns, struct result);
const struct csv_format sample_format = FORMAT(sample_columns, struct sample_row);
const struct csv_format part_format = FORMAT(part_columns, struct part_row);
const struct csv_format counters_format = FORMAT(counters_columns, struct counters_row);
#undef FORMAT

/* results.csv comes last: a case counts as done when its result rows are there. */
enum { FILE_SAMPLES, FILE_PARTS, FILE_COUNTERS, FILE_RESULTS, FILES };

static const struct {
    const char *name;
    const struct csv_format *format;
} files[FILES] = {
    [FILE_SAMPLES] = {"samples.csv", &sample_format},
    [FILE_PARTS] = {"parts.csv", &part_format},
    [FILE_COUNTERS] = {"counters.csv", &counters_format},
    [FILE_RESULTS] = {"results.csv", &result_format},
};

struct results {
    char paths[FILES][4096];
    int descriptors[FILES]; /* open for appending */
    struct result *rows;
    size_t count, capacity;
};

/* counters.csv is not there in every run. */
static bool is_open(const struct results *results, int which) {
    return results->descriptors[which] >= 0;
}

bool row_key_same_case(const struct row_key *a, const struct row_key *b) {
    return strcmp(a->operation, b->operation) == 0 && strcmp(a->variant, b->variant) == 0 &&
           strcmp(a->dtype, b->dtype) == 0 && strcmp(a->shape, b->shape) == 0;
}

bool row_key_equal(const struct row_key *a, const struct row_key *b) {
    return row_key_same_case(a, b) && strcmp(a->implementation, b->implementation) == 0 &&
           strcmp(a->device, b->device) == 0 && a->threads == b->threads &&
           strcmp(a->mode, b->mode) == 0;
}

static enum status write_failure(const char *path, struct message *message) {
    return message_set(message, STATUS_IO, "cannot write %s: %s", path, strerror(errno));
}

/* A row without device belongs to any row of its case and implementation. */
static bool key_is_among(const struct row_key *key, const struct result *rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (*key->device ? row_key_equal(key, &rows[i].key)
                         : row_key_same_case(key, &rows[i].key) &&
                               strcmp(key->implementation, rows[i].key.implementation) == 0)
            return true;
    return false;
}

/* Drops the rows whose key is not among the result rows; how many are left. */
static size_t rows_keep(const struct results *results, const struct csv_format *format, char *rows,
                        size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const char *row = rows + i * format->row_size;
        if (key_is_among((const struct row_key *)(const void *)row, results->rows, results->count))
            memmove(rows + kept++ * format->row_size, row, format->row_size);
    }
    return kept;
}

/* Reads one file of an interrupted run and drops from it what does not belong to a whole case. */
static enum status file_resume(struct results *results, int which, struct message *message) {
    void *rows = NULL;
    size_t count = 0;
    int cut;
    enum status status =
        csv_read(results->paths[which], files[which].format, &rows, &count, &cut, message);
    if (status != STATUS_OK)
        return status;
    if (which == FILE_RESULTS) {
        results->rows = rows;
        results->count = results->capacity = count;
        /* A cut line means that the last case's rows were being written: that case is measured
         * again. */
        if (cut && count > 0) {
            const struct row_key last = results->rows[count - 1].key;
            while (results->count > 0 &&
                   row_key_same_case(&results->rows[results->count - 1].key, &last))
                results->count--;
        }
    }
    count = rows_keep(results, files[which].format, rows, count);
    status = csv_replace(results->paths[which], files[which].format, rows, count, message);
    if (which != FILE_RESULTS)
        free(rows);
    return status;
}

static enum status file_create(const char *path, const struct csv_format *format,
                               struct message *message) {
    if (access(path, F_OK) == 0)
        return message_set(message, STATUS_IO, "%s is there already; choose another --out", path);
    return csv_replace(path, format, NULL, 0, message);
}

enum status results_open(const char *folder, bool resume, bool counters, struct results **opened,
                         struct message *message) {
    *opened = NULL;
    struct results *results = calloc(1, sizeof *results);
    if (!results)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the results of a run");
    for (int i = 0; i < FILES; i++)
        results->descriptors[i] = -1;
    enum status status = STATUS_OK;
    for (int i = FILES - 1; i >= 0 && status == STATUS_OK; i--) {
        const char *path = results->paths[i];
        if (i == FILE_COUNTERS && !counters)
            continue;
        int length =
            snprintf(results->paths[i], sizeof results->paths[i], "%s/%s", folder, files[i].name);
        if (length < 0 || (size_t)length >= sizeof results->paths[i])
            status = message_set(message, STATUS_INVALID, "the path %s is too long", folder);
        else if (resume && access(path, F_OK) == 0)
            status = file_resume(results, i, message);
        else
            status = file_create(path, files[i].format, message);
        if (status != STATUS_OK)
            break;
        results->descriptors[i] = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        if (results->descriptors[i] < 0)
            status = write_failure(path, message);
    }
    if (status != STATUS_OK) {
        struct message ignored;
        (void)results_close(results, &ignored);
        return status;
    }
    *opened = results;
    return STATUS_OK;
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

/* The rows as text, to be freed; NULL when there is no memory. */
static char *rows_to_text(const struct csv_format *format, const void *rows, size_t count,
                          size_t *size) {
    char *text = NULL;
    FILE *memory = open_memstream(&text, size);
    if (!memory)
        return NULL;
    int failed = 0;
    for (size_t i = 0; i < count && !failed; i++)
        failed = csv_write_row(memory, format, (const char *)rows + i * format->row_size);
    failed |= fclose(memory) != 0;
    if (!failed)
        return text;
    free(text);
    return NULL;
}

/* Appends all rows with one write, so that a run that is killed cuts as seldom as can be. */
static enum status rows_append(struct results *results, int which, const void *rows, size_t count,
                               struct message *message) {
    size_t size = 0;
    char *text = rows_to_text(files[which].format, rows, count, &size);
    if (!text)
        return message_set(message, STATUS_NO_MEMORY, "no memory to write %zu rows", count);
    enum status status = STATUS_OK;
    for (size_t written = 0; written < size && status == STATUS_OK;) {
        ssize_t wrote = write(results->descriptors[which], text + written, size - written);
        if (wrote >= 0)
            written += (size_t)wrote;
        else if (errno != EINTR)
            status = write_failure(results->paths[which], message);
    }
    free(text);
    return status;
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
    if (count == 0)
        return STATUS_OK; /* and there may be no array yet */
    if (results->count + count > results->capacity) {
        size_t capacity = 2 * (results->count + count);
        struct result *larger = realloc(results->rows, capacity * sizeof *larger);
        if (!larger)
            return message_set(message, STATUS_NO_MEMORY, "no memory for the results of a run");
        results->rows = larger;
        results->capacity = capacity;
    }
    memcpy(results->rows + results->count, rows, count * sizeof *rows);
    results->count += count;
    return STATUS_OK;
}

enum status results_append(struct results *results, const struct case_rows *rows,
                           struct message *message) {
    const struct {
        const void *rows;
        size_t count;
    } written[FILES] = {
        [FILE_SAMPLES] = {rows->samples, rows->sample_count},
        [FILE_PARTS] = {rows->parts, rows->part_count},
        [FILE_COUNTERS] = {rows->counters, rows->counters_count},
        [FILE_RESULTS] = {rows->results, rows->result_count},
    };
    off_t before[FILES];
    for (int i = 0; i < FILES; i++) {
        before[i] = is_open(results, i) ? lseek(results->descriptors[i], 0, SEEK_END) : 0;
        if (before[i] < 0)
            return write_failure(results->paths[i], message);
    }
    enum status status = STATUS_OK;
    for (int i = 0; i < FILES && status == STATUS_OK; i++)
        if (is_open(results, i))
            status = rows_append(results, i, written[i].rows, written[i].count, message);
    if (status == STATUS_OK)
        return rows_remember(results, rows->results, rows->result_count, message);
    files_cut(results, before);
    return status;
}

const struct result *results_rows(const struct results *results, size_t *count) {
    *count = results->count;
    return results->rows;
}
