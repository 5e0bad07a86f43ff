/* Whether a history is what it should be: before it is read, and before anything is added to it. */
#include "bench/regression/history_store.h"

#include <string.h>

static enum status refuse(const struct history *history, const char *what,
                          struct message *message) {
    return message_set(message, STATUS_INVALID,
                       "%s is damaged (%.400s); it was left as it is: restore it, or name another "
                       "file in LOCKSTEP_HISTORY",
                       history->path, what);
}

/* Refuses the file where the query finds something, whose first column says what is wrong. */
static enum status nothing_check(const struct history *history, const char *sql,
                                 struct message *message) {
    sqlite3_stmt *statement = NULL;
    enum status status = history_prepare(history, sql, &statement, message);
    const int code = status == STATUS_OK ? sqlite3_step(statement) : SQLITE_DONE;
    if (code == SQLITE_ROW)
        status = refuse(history, (const char *)sqlite3_column_text(statement, 0), message);
    else if (code != SQLITE_DONE)
        status = history_failure(history, "read", message);
    sqlite3_finalize(statement);
    return status;
}

/* The names of a table's columns in their order, each behind a blank. */
static enum status columns_read(const struct history *history, const char *table, char *names,
                                size_t size, struct message *message) {
    sqlite3_stmt *statement = NULL;
    enum status status =
        history_prepare(history, "SELECT name FROM pragma_table_info(?)", &statement, message);
    int code = SQLITE_DONE;
    names[0] = '\0';
    if (status == STATUS_OK)
        sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC);
    while (status == STATUS_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        size_t used = strlen(names);
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        snprintf(names + used, size - used, " %s", name ? name : "?");
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = history_failure(history, "read", message);
    sqlite3_finalize(statement);
    return status;
}

static enum status columns_check(const struct history *history, struct message *message) {
    char value[1024] = " series run", found[2048], what[400];
    for (size_t c = HISTORY_FIRST_COLUMN; c < result_first_format.column_count; c++) {
        size_t used = strlen(value);
        snprintf(value + used, sizeof value - used, " %s", result_first_format.columns[c].name);
    }
    const struct {
        const char *table, *columns;
    } expected[] = {
        {"machine", " id fingerprint description"},
        {"run", " id machine identity commit_id written rows environment"},
        {"series", " id operation variant dtype shape implementation device threads mode"},
        {"value", value},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        enum status status = columns_read(history, expected[i].table, found, sizeof found, message);
        if (status != STATUS_OK)
            return status;
        if (strcmp(found, expected[i].columns) == 0)
            continue;
        snprintf(what, sizeof what,
                 "the columns of its table %s are not those of this version:%.300s",
                 expected[i].table, *found ? found : " none");
        return refuse(history, what, message);
    }
    return STATUS_OK;
}

enum status history_check_tables(const struct history *history, struct message *message) {
    enum status status = columns_check(history, message);
    if (status != STATUS_OK)
        return status;
    return nothing_check(history,
                         "SELECT 'a run was written ''' || ifnull(written, '') ||"
                         "''', which is not a time'"
                         " FROM run WHERE strftime('%Y-%m-%dT%H:%M:%SZ', written, '+0 days') IS NOT"
                         " ifnull(written, '')",
                         message);
}

enum status history_check_sound(const struct history *history, struct message *message) {
    /* Newer SQLites take a number of faults for a table's name. */
    enum status status = nothing_check(history,
                                       "SELECT quick_check FROM pragma_quick_check"
                                       " WHERE quick_check <> 'ok' LIMIT 1",
                                       message);
    if (status != STATUS_OK)
        return status;
    return nothing_check(history,
                         "SELECT 'a row of ' || \"table\" || ' refers to a row of ' || parent ||"
                         " ' that is not there' FROM pragma_foreign_key_check",
                         message);
}
