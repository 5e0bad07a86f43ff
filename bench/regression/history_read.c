/* Reading the history. */
#include "bench/regression/history_store.h"

#include "common/list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *column_text(sqlite3_stmt *statement, int column) {
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? text : "";
}

static void text_copy(char *target, size_t size, sqlite3_stmt *statement, int column) {
    snprintf(target, size, "%s", column_text(statement, column));
}

bool history_is_machine(const char *wanted, const char *fingerprint, const char *description) {
    if (!wanted || strncmp(fingerprint, wanted, strlen(wanted)) == 0)
        return true;
    const char *named = strstr(description, HISTORY_NAMED);
    return named && strcmp(named + strlen(HISTORY_NAMED), wanted) == 0;
}

/* What ended the rows: all were read, or it broke. */
static enum status rows_end(const struct history *history, int code, struct message *message) {
    return code == SQLITE_DONE ? STATUS_OK : history_failure(history, "read", message);
}

enum status history_each_run(struct history *history,
                             void (*each)(const struct history_run *run, void *context),
                             void *context, struct message *message) {
    sqlite3_stmt *statement = NULL;
    enum status status =
        history_prepare(history,
                        "SELECT run.id, commit_id, written, fingerprint, description, rows"
                        " FROM run JOIN machine ON machine.id = run.machine"
                        " ORDER BY written, run.id",
                        &statement, message);
    int code = SQLITE_DONE;
    while (status == STATUS_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const struct history_run run = {.id = sqlite3_column_int64(statement, 0),
                                        .commit = column_text(statement, 1),
                                        .written = column_text(statement, 2),
                                        .fingerprint = column_text(statement, 3),
                                        .machine = column_text(statement, 4),
                                        .rows = sqlite3_column_int64(statement, 5)};
        each(&run, context);
    }
    if (status == STATUS_OK)
        status = rows_end(history, code, message);
    sqlite3_finalize(statement);
    return status;
}

/* --- series ----------------------------------------------------------------------------------- */

/* A column of values_sql that must be a time. A column of SQLite takes any text. */
static enum status seconds_read(const struct history *history, sqlite3_stmt *statement, int column,
                                double *seconds, struct message *message) {
    int type = sqlite3_column_type(statement, column);
    *seconds = sqlite3_column_double(statement, column);
    if ((type == SQLITE_FLOAT || type == SQLITE_INTEGER) && *seconds > 0.0 && isfinite(*seconds))
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "%s: %s of a row of commit %.40s, written %.40s, is '%.40s', not a time "
                       "above 0; restore the file, or name another in LOCKSTEP_HISTORY",
                       history->path, sqlite3_column_name(statement, column),
                       column_text(statement, 0), column_text(statement, 1),
                       column_text(statement, column));
}

static enum status value_append(const struct history *history, struct history_series *series,
                                size_t *capacity, sqlite3_stmt *statement,
                                struct message *message) {
    struct history_value *larger =
        list_reserve(series->values, series->count + 1, capacity, sizeof *larger);
    if (!larger)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %zu values",
                           series->count + 1);
    series->values = larger;
    struct history_value *value = &series->values[series->count++];
    text_copy(value->commit, sizeof value->commit, statement, 0);
    text_copy(value->written, sizeof value->written, statement, 1);
    enum status status = seconds_read(history, statement, 2, &value->median_s, message);
    if (status == STATUS_OK)
        status = seconds_read(history, statement, 3, &value->low_s, message);
    return status == STATUS_OK ? seconds_read(history, statement, 4, &value->high_s, message)
                               : status;
}

static enum status values_read(const struct history *history, sqlite3_stmt *statement,
                               int64_t series_id, int64_t machine, struct history_series *series,
                               size_t *capacity, struct message *message) {
    enum status status = STATUS_OK;
    int code = SQLITE_DONE;
    series->count = 0;
    sqlite3_bind_int64(statement, 1, series_id);
    sqlite3_bind_int64(statement, 2, machine);
    while (status == STATUS_OK && (code = sqlite3_step(statement)) == SQLITE_ROW)
        status = value_append(history, series, capacity, statement, message);
    if (status == STATUS_OK)
        status = rows_end(history, code, message);
    sqlite3_reset(statement);
    return status;
}

static void series_fill(struct history_series *series, sqlite3_stmt *statement) {
    struct row_key *key = &series->key;
    text_copy(key->operation, sizeof key->operation, statement, 2);
    text_copy(key->variant, sizeof key->variant, statement, 3);
    text_copy(key->dtype, sizeof key->dtype, statement, 4);
    text_copy(key->shape, sizeof key->shape, statement, 5);
    text_copy(key->implementation, sizeof key->implementation, statement, 6);
    text_copy(key->device, sizeof key->device, statement, 7);
    key->threads = sqlite3_column_int64(statement, 8);
    text_copy(key->mode, sizeof key->mode, statement, 9);
    text_copy(series->fingerprint, sizeof series->fingerprint, statement, 10);
    text_copy(series->machine, sizeof series->machine, statement, 11);
}

static const char series_sql[] =
    "SELECT series.id, machine.id, operation, variant, dtype, shape, implementation, device,"
    " threads, mode, fingerprint, description FROM series, machine"
    " WHERE operation || '/' || variant || '/' || dtype || '/' || shape GLOB ?"
    " ORDER BY machine.id, operation, variant, dtype, shape, mode, implementation, device,"
    " threads DESC";
static const char values_sql[] =
    "SELECT commit_id, written, median_s, low_s, high_s FROM value JOIN run ON run.id = value.run"
    " WHERE value.series = ? AND run.machine = ? AND status = 'measured' ORDER BY written, run.id";

enum status history_each_series(struct history *history, const char *pattern,
                                enum status (*each)(const struct history_series *series,
                                                    void *context, struct message *message),
                                void *context, struct message *message) {
    sqlite3_stmt *found = NULL, *values = NULL;
    struct history_series series = {.values = NULL};
    size_t capacity = 0, shown = 0;
    enum status status = history_prepare(history, series_sql, &found, message);
    if (status == STATUS_OK)
        status = history_prepare(history, values_sql, &values, message);
    if (status == STATUS_OK)
        sqlite3_bind_text(found, 1, pattern, -1, SQLITE_STATIC);
    int code = SQLITE_DONE;
    while (status == STATUS_OK && (code = sqlite3_step(found)) == SQLITE_ROW) {
        series_fill(&series, found);
        status = values_read(history, values, sqlite3_column_int64(found, 0),
                             sqlite3_column_int64(found, 1), &series, &capacity, message);
        if (status == STATUS_OK && series.count > 0) {
            status = each(&series, context, message);
            shown++;
        }
    }
    if (status == STATUS_OK)
        status = rows_end(history, code, message);
    if (status == STATUS_OK && shown == 0)
        status = message_set(message, STATUS_INVALID,
                             "%s has no measured row of a case like '%s'; a case is written "
                             "gemm/nn/f32/64x64x64, and * stands for anything",
                             history->path, pattern);
    free(series.values);
    sqlite3_finalize(found);
    sqlite3_finalize(values);
    return status;
}
