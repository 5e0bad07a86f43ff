/* What is whole in the files of a run that was cut short. */
#include "bench/files/results_resume.h"
#include "common/hash.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The rows of one file, and to which row of cases.csv each belongs. */
struct salvaged {
    char *rows;
    size_t *owners;
    size_t count, left_out; /* lines that are no rows */
};

static const size_t nobody = SIZE_MAX;

static void *row_at(const struct salvaged *salvaged, int file, size_t row) {
    return salvaged[file].rows + row * results_files[file].format->row_size;
}

/* Every row begins with its key. */
static const struct row_key *key_at(const struct salvaged *salvaged, int file, size_t row) {
    return row_at(salvaged, file, row);
}

static enum status file_salvage(struct salvaged *salvaged, int file, const char *path,
                                struct message *message) {
    void *rows = NULL;
    enum status status = STATUS_OK;
    if (*path && access(path, F_OK) == 0)
        status = csv_salvage(path, results_files[file].format, &rows, &salvaged[file].count,
                             &salvaged[file].left_out, message);
    const size_t count = salvaged[file].count;
    size_t *owners = malloc((count + 1) * sizeof *owners);
    salvaged[file].rows = rows;
    salvaged[file].owners = owners;
    if (status == STATUS_OK && !owners)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the %zu rows of %s", count,
                           path);
    for (size_t i = 0; owners && i < count; i++)
        owners[i] = nobody;
    return status;
}

/* Gives the case the next rows of it in one file, as many as it says. Rows without an owner stand
 * in the order in which they were written: a case may have been written twice, for two devices.
 * False where there are not as many, or no memory is. */
static bool rows_claim(const struct salvaged *salvaged, int file, size_t number, uint64_t *hash) {
    struct done_case *done = row_at(salvaged, FILE_CASES, number);
    int64_t missing = *results_done_count(done, file);
    for (size_t i = 0; i < salvaged[file].count && missing > 0; i++) {
        size_t size;
        if (salvaged[file].owners[i] != nobody ||
            !row_key_same_case(key_at(salvaged, file, i), &done->key))
            continue;
        char *text = results_rows_to_text(file, row_at(salvaged, file, i), 1, &size);
        if (!text)
            return false;
        salvaged[file].owners[i] = number;
        *hash = hash_text(*hash, text);
        free(text);
        missing--;
    }
    return missing == 0;
}

static void rows_disown(const struct salvaged *salvaged, size_t number) {
    for (int file = 0; file < FILE_CASES; file++)
        for (size_t i = 0; i < salvaged[file].count; i++)
            if (salvaged[file].owners[i] == number)
                salvaged[file].owners[i] = nobody;
}

/* Whether all that the row of cases.csv vouches for is there as it was written. */
static bool case_claim(const struct salvaged *salvaged, size_t number) {
    const struct done_case *done = row_at(salvaged, FILE_CASES, number);
    struct done_case found = *done;
    uint64_t hash = hash_start;
    bool whole = true;
    for (int file = 0; file < FILE_CASES && whole; file++)
        whole = rows_claim(salvaged, file, number, &hash);
    results_checksum_write(&found, hash);
    whole = whole && strcmp(found.checksum, done->checksum) == 0;
    salvaged[FILE_CASES].owners[number] = whole ? number : nobody;
    if (!whole)
        rows_disown(salvaged, number);
    return whole;
}

/* Keeps the rows that belong to a whole case. */
static enum status file_restore(struct salvaged *salvaged, int file, const char *path,
                                struct message *message) {
    const struct csv_format *format = results_files[file].format;
    size_t kept = 0;
    for (size_t i = 0; i < salvaged[file].count; i++)
        if (salvaged[file].owners[i] != nobody)
            memmove(row_at(salvaged, file, kept++), row_at(salvaged, file, i), format->row_size);
    salvaged[file].count = kept;
    return *path ? csv_replace(path, format, salvaged[file].rows, kept, message) : STATUS_OK;
}

enum status results_resume(const char paths[FILES][RESULTS_PATH_SIZE], struct result **rows,
                           size_t *count, size_t *lost, struct message *message) {
    struct salvaged salvaged[FILES] = {0};
    enum status status = STATUS_OK;
    for (int file = 0; file < FILES && status == STATUS_OK; file++)
        status = file_salvage(salvaged, file, paths[file], message);
    *lost = salvaged[FILE_CASES].left_out;
    for (size_t i = 0; status == STATUS_OK && i < salvaged[FILE_CASES].count; i++)
        *lost += !case_claim(salvaged, i);
    for (int file = 0; file < FILES && status == STATUS_OK; file++)
        status = file_restore(salvaged, file, paths[file], message);
    for (int file = 0; file < FILES; file++) {
        free(salvaged[file].owners);
        if (file != FILE_RESULTS)
            free(salvaged[file].rows);
    }
    *rows = (struct result *)(void *)salvaged[FILE_RESULTS].rows;
    *count = salvaged[FILE_RESULTS].count;
    return status;
}
