/* Statements on the history, and what is said where they fail. */
#include "bench/regression/history_store.h"

enum status history_failure(const struct history *history, const char *tried,
                            struct message *message) {
    int code = sqlite3_errcode(history->database) & 0xff;
    bool damaged = code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
    tried = code == SQLITE_READONLY ? "write" : tried;
    return message_set(message, damaged ? STATUS_INVALID : STATUS_IO, "cannot %s %s: %s%s", tried,
                       history->path, sqlite3_errmsg(history->database),
                       damaged ? "; it was left as it is: restore it, or name another file in "
                                 "LOCKSTEP_HISTORY"
                               : "");
}

enum status history_prepare(const struct history *history, const char *sql,
                            sqlite3_stmt **statement, struct message *message) {
    if (sqlite3_prepare_v2(history->database, sql, -1, statement, NULL) == SQLITE_OK)
        return STATUS_OK;
    return history_failure(history, "read", message);
}
