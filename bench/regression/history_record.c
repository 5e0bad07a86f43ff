/* Recording a run. */
#include "bench/regression/history_store.h"
#include "common/hash.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- one run ---------------------------------------------------------------------------------- */

struct recording {
    const struct history *history;
    const struct run_files *run;
    const char *name; /* for the machine, or NULL */
    const char *commit, *written;
    struct history_machine machine;
    char identity[17];
    struct message *message;
};

static const char *text_of(const cJSON *environment, const char *object, const char *name) {
    const cJSON *item =
        object ? cJSON_GetObjectItemCaseSensitive(environment, object) : environment;
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, name));
}

struct place {
    const struct result *row;
};

static int by_key(const void *left, const void *right) {
    return row_key_compare(&((const struct place *)left)->row->key,
                           &((const struct place *)right)->row->key);
}

/* All rows as text in the order of their keys: a run that was interrupted and went on has them in
 * another order than one that was not. To be freed; NULL when there is no memory. */
static char *rows_to_text(const struct run_files *run) {
    char *text = NULL;
    size_t size = 0, count = run->result_count;
    struct place *sorted = malloc((count ? count : 1) * sizeof *sorted);
    FILE *memory = sorted ? open_memstream(&text, &size) : NULL;
    int failed = !memory;
    for (size_t i = 0; i < count && sorted; i++)
        sorted[i].row = &run->results[i];
    if (sorted)
        qsort(sorted, count, sizeof *sorted, by_key);
    for (size_t i = 0; i < count && !failed; i++)
        failed = csv_write_row(memory, &result_first_format, sorted[i].row);
    if (memory)
        failed |= fclose(memory) != 0;
    free(sorted);
    if (!failed)
        return text;
    free(text);
    return NULL;
}

/* Two runs are the same when machine, commit, time and all rows are. */
static enum status identity_fill(struct recording *recording) {
    char *text = rows_to_text(recording->run);
    if (!text)
        return message_set(recording->message, STATUS_NO_MEMORY, "no memory to record %zu rows",
                           recording->run->result_count);
    uint64_t hash = hash_start;
    const char *const parts[] = {recording->machine.fingerprint, recording->commit,
                                 recording->written};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        hash = hash_text(hash, parts[i]);
    snprintf(recording->identity, sizeof recording->identity, "%016" PRIx64, hash_text(hash, text));
    free(text);
    return STATUS_OK;
}

/* Runs are put in order by these texts: each must be the time as lockstep writes it. */
static bool is_time(const char *text) {
    struct tm utc = {0};
    char again[32];
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return end && *end == '\0' && timegm(&utc) >= 0 &&
           strftime(again, sizeof again, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0 &&
           strcmp(again, text) == 0;
}

static enum status recording_begin(struct recording *recording) {
    const struct run_files *run = recording->run;
    recording->commit = text_of(run->environment, "build", "commit");
    recording->written = text_of(run->environment, NULL, "written");
    if (!recording->commit || !recording->written)
        return message_set(recording->message, STATUS_INVALID,
                           "%s/environment.json does not say which commit ran when, so the run "
                           "cannot be recorded",
                           run->folder);
    if (!is_time(recording->written))
        return message_set(recording->message, STATUS_INVALID,
                           "%s/environment.json says that the run was written '%.40s', which is "
                           "not a time like 2026-01-31T23:59:59Z, so the run cannot be recorded",
                           run->folder, recording->written);
    if (run->unfinished)
        return message_set(recording->message, STATUS_INVALID,
                           "the run in %s is unfinished: repeat its command with --out %s, then "
                           "record it",
                           run->folder, run->folder);
    if (run->result_count == 0)
        return message_set(recording->message, STATUS_INVALID, "the run in %s has no rows",
                           run->folder);
    history_machine_describe(run->environment, recording->name, &recording->machine);
    return identity_fill(recording);
}

/* --- writing ---------------------------------------------------------------------------------- */

static enum status execute(const struct recording *recording, const char *sql) {
    if (sqlite3_exec(recording->history->database, sql, NULL, NULL, NULL) == SQLITE_OK)
        return STATUS_OK;
    return history_failure(recording->history, "write", recording->message);
}

static enum status statement_end(const struct recording *recording, sqlite3_stmt *statement) {
    if (sqlite3_step(statement) == SQLITE_DONE && sqlite3_reset(statement) == SQLITE_OK)
        return STATUS_OK;
    return history_failure(recording->history, "write", recording->message);
}

static void text_bind(sqlite3_stmt *statement, int index, const char *text) {
    sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

static enum status machine_insert(const struct recording *recording) {
    sqlite3_stmt *statement = NULL;
    enum status status = history_prepare(
        recording->history, "INSERT OR IGNORE INTO machine(fingerprint, description) VALUES(?, ?)",
        &statement, recording->message);
    if (status == STATUS_OK) {
        text_bind(statement, 1, recording->machine.fingerprint);
        text_bind(statement, 2, recording->machine.description);
        status = statement_end(recording, statement);
    }
    sqlite3_finalize(statement);
    return status;
}

/* *id is 0 when the run is there already. */
static enum status run_insert(const struct recording *recording, int64_t *id) {
    sqlite3_stmt *statement = NULL;
    enum status status = history_prepare(
        recording->history,
        "INSERT OR IGNORE INTO run(machine, identity, commit_id, written, rows, environment)"
        " SELECT id, ?, ?, ?, ?, ? FROM machine WHERE fingerprint = ?",
        &statement, recording->message);
    char *environment = cJSON_PrintUnformatted(recording->run->environment);
    *id = 0;
    if (status == STATUS_OK) {
        text_bind(statement, 1, recording->identity);
        text_bind(statement, 2, recording->commit);
        text_bind(statement, 3, recording->written);
        sqlite3_bind_int64(statement, 4, (int64_t)recording->run->result_count);
        text_bind(statement, 5, environment ? environment : "");
        text_bind(statement, 6, recording->machine.fingerprint);
        status = statement_end(recording, statement);
    }
    if (status == STATUS_OK && sqlite3_changes(recording->history->database) > 0)
        *id = sqlite3_last_insert_rowid(recording->history->database);
    cJSON_free(environment);
    sqlite3_finalize(statement);
    return status;
}

static void key_bind(sqlite3_stmt *statement, const struct row_key *key) {
    const char *const texts[] = {key->operation, key->variant,        key->dtype,
                                 key->shape,     key->implementation, key->device};
    for (int i = 0; i < 6; i++)
        text_bind(statement, i + 1, texts[i]);
    sqlite3_bind_int64(statement, 7, key->threads);
    text_bind(statement, 8, key->mode);
}

/* Values from `index` on; what was not measured is NULL. */
static void values_bind(sqlite3_stmt *statement, int index, const struct result *row) {
    for (size_t c = HISTORY_FIRST_COLUMN; c < result_first_format.column_count; c++, index++) {
        const struct csv_column *column = &result_first_format.columns[c];
        const char *member = (const char *)row + column->offset;
        if (column->kind == CSV_TEXT)
            text_bind(statement, index, member);
        else if (column->kind == CSV_COUNT)
            sqlite3_bind_int64(statement, index, *(const int64_t *)(const void *)member);
        else
            sqlite3_bind_double(statement, index, *(const double *)(const void *)member);
    }
}

static enum status value_statement(const struct recording *recording, sqlite3_stmt **statement) {
    char sql[1024];
    int used = snprintf(sql, sizeof sql, "INSERT INTO value SELECT id, ?9");
    size_t values = result_first_format.column_count - HISTORY_FIRST_COLUMN;
    for (size_t i = 0; i < values; i++)
        used += snprintf(sql + used, sizeof sql - (size_t)used, ", ?%zu", 10 + i);
    snprintf(sql + used, sizeof sql - (size_t)used,
             " FROM series WHERE operation = ?1 AND variant = ?2 AND dtype = ?3 AND shape = ?4"
             " AND implementation = ?5 AND device = ?6 AND threads = ?7 AND mode = ?8");
    return history_prepare(recording->history, sql, statement, recording->message);
}

static enum status rows_insert(const struct recording *recording, int64_t run) {
    sqlite3_stmt *series = NULL, *value = NULL;
    enum status status = history_prepare(
        recording->history,
        "INSERT OR IGNORE INTO series(operation, variant, dtype, shape, implementation, device,"
        " threads, mode) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        &series, recording->message);
    if (status == STATUS_OK)
        status = value_statement(recording, &value);
    for (size_t i = 0; i < recording->run->result_count && status == STATUS_OK; i++) {
        const struct result *row = &recording->run->results[i];
        key_bind(series, &row->key);
        status = statement_end(recording, series);
        if (status != STATUS_OK)
            break;
        key_bind(value, &row->key);
        sqlite3_bind_int64(value, 9, run);
        values_bind(value, 10, row);
        status = statement_end(recording, value);
    }
    sqlite3_finalize(series);
    sqlite3_finalize(value);
    return status;
}

enum status history_record(struct history *history, const struct run_files *run, const char *name,
                           bool *fresh, struct message *message) {
    struct recording recording = {.history = history, .run = run, .name = name, .message = message};
    int64_t id = 0;
    enum status status = recording_begin(&recording);
    if (status == STATUS_OK)
        status = history_check_sound(history, message);
    if (status == STATUS_OK)
        status = execute(&recording, "BEGIN IMMEDIATE");
    if (status != STATUS_OK)
        return status;
    status = machine_insert(&recording);
    if (status == STATUS_OK)
        status = run_insert(&recording, &id);
    if (status == STATUS_OK && id > 0)
        status = rows_insert(&recording, id);
    if (status == STATUS_OK)
        status = execute(&recording, "COMMIT");
    if (status != STATUS_OK)
        (void)sqlite3_exec(history->database, "ROLLBACK", NULL, NULL, NULL);
    *fresh = id > 0;
    return status;
}
