/* Opening the history: its schema, and what is refused. */
#include "bench/regression/history_store.h"
#include "common/files.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "LSH1" in the file's header says whose file it is; the schema's version stands beside it. */
enum { APPLICATION = 0x4c534831, SCHEMA_VERSION = 1, BUSY_MILLISECONDS = 30000 };

static const char usual_path[] = "reports/history.sqlite";

const char *history_path(void) {
    const char *named = getenv("LOCKSTEP_HISTORY");
    return named && *named ? named : usual_path;
}

static enum status number_read(const struct history *history, const char *sql, int64_t *number,
                               struct message *message) {
    sqlite3_stmt *statement = NULL;
    enum status status = history_prepare(history, sql, &statement, message);
    if (status == STATUS_OK && sqlite3_step(statement) != SQLITE_ROW)
        status = history_failure(history, "read", message);
    if (status == STATUS_OK)
        *number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return status;
}

/* --- the schema ------------------------------------------------------------------------------- */

static const char schema[] =
    "CREATE TABLE machine(id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE,"
    " description TEXT NOT NULL);"
    "CREATE TABLE run(id INTEGER PRIMARY KEY, machine INTEGER NOT NULL REFERENCES machine,"
    " identity TEXT NOT NULL UNIQUE, commit_id TEXT NOT NULL, written TEXT NOT NULL,"
    " rows INTEGER NOT NULL, environment TEXT NOT NULL);"
    "CREATE INDEX run_of_machine ON run(machine, written);"
    "CREATE TABLE series(id INTEGER PRIMARY KEY, operation TEXT NOT NULL, variant TEXT NOT NULL,"
    " dtype TEXT NOT NULL, shape TEXT NOT NULL, implementation TEXT NOT NULL,"
    " device TEXT NOT NULL, threads INTEGER NOT NULL, mode TEXT NOT NULL,"
    " UNIQUE(operation, variant, dtype, shape, implementation, device, threads, mode));";

/* Values of a series lie side by side, so that to show one is to read one stretch of the file. */
static void schema_write(FILE *file) {
    static const char *const types[] = {
        [CSV_TEXT] = "TEXT", [CSV_COUNT] = "INTEGER", [CSV_NUMBER] = "REAL"};
    fputs("BEGIN IMMEDIATE;", file);
    fputs(schema, file);
    fputs("CREATE TABLE value(series INTEGER NOT NULL REFERENCES series,"
          " run INTEGER NOT NULL REFERENCES run",
          file);
    for (size_t c = HISTORY_FIRST_COLUMN; c < result_first_format.column_count; c++)
        fprintf(file, ", %s %s", result_first_format.columns[c].name,
                types[result_first_format.columns[c].kind]);
    fprintf(file,
            ", PRIMARY KEY(series, run)) WITHOUT ROWID;"
            "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT;",
            APPLICATION, SCHEMA_VERSION);
}

static enum status schema_make(const struct history *history, struct message *message) {
    char *sql = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&sql, &size);
    if (!memory)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the history's schema");
    schema_write(memory);
    enum status status = STATUS_OK;
    if (fclose(memory) != 0)
        status = message_set(message, STATUS_NO_MEMORY, "no memory for the history's schema");
    else if (sqlite3_exec(history->database, sql, NULL, NULL, NULL) != SQLITE_OK) {
        int64_t version = 0; /* another process may have been first */
        status = history_failure(history, "make", message);
        (void)sqlite3_exec(history->database, "ROLLBACK", NULL, NULL, NULL);
        if (number_read(history, "PRAGMA user_version", &version, &(struct message){""}) ==
                STATUS_OK &&
            version == SCHEMA_VERSION)
            status = STATUS_OK;
    }
    free(sql);
    return status;
}

/* What tells whose database this is. */
struct mark {
    int64_t application, version, tables;
};

/* All of it in one transaction: between two, another process may make its tables. */
static enum status mark_read(const struct history *history, struct mark *mark,
                             struct message *message) {
    if (sqlite3_exec(history->database, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return history_failure(history, "read", message);
    enum status status = number_read(history, "PRAGMA application_id", &mark->application, message);
    if (status == STATUS_OK)
        status = number_read(history, "PRAGMA user_version", &mark->version, message);
    if (status == STATUS_OK)
        status = number_read(history, "SELECT count(*) FROM sqlite_master", &mark->tables, message);
    if (sqlite3_exec(history->database, "END", NULL, NULL, NULL) != SQLITE_OK &&
        status == STATUS_OK)
        status = history_failure(history, "read", message);
    return status;
}

static enum status schema_check(const struct history *history, bool write,
                                struct message *message) {
    struct mark mark = {0};
    enum status status = mark_read(history, &mark, message);
    if (status != STATUS_OK)
        return status;
    if (mark.tables == 0 && mark.application == 0 && write)
        return schema_make(history, message);
    if (mark.application != APPLICATION)
        return message_set(message, STATUS_INVALID,
                           "%s is a database, but no history of lockstep; name another file in "
                           "LOCKSTEP_HISTORY",
                           history->path);
    if (mark.version != SCHEMA_VERSION)
        return message_set(message, STATUS_INVALID,
                           "%s is a history of schema version %lld, and this lockstep knows "
                           "version %d: use the version that wrote it, or name another file in "
                           "LOCKSTEP_HISTORY",
                           history->path, (long long)mark.version, SCHEMA_VERSION);
    return STATUS_OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* The folder that the file is to lie in. The usual one is made. As where other files are written,
 * one that was named must be there: it may be a slip. */
static enum status folder_prepare(const char *path, struct message *message) {
    char folder[2048];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash || slash == folder)
        return STATUS_OK;
    *slash = '\0';
    if (strcmp(path, usual_path) == 0 && mkdir(folder, 0777) != 0 && errno != EEXIST)
        return message_set(message, STATUS_IO, "cannot make the folder %s: %s", folder,
                           strerror(errno));
    if (access(folder, F_OK) == 0)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "cannot begin a history at %s: %s: %s; make its folder, or name another "
                       "file in LOCKSTEP_HISTORY",
                       path, folder, strerror(errno));
}

/* Whether SQLite gets at the tables. Where the folder may not be written to, it cannot make the
 * files that the write-ahead log needs. */
static bool is_readable(const struct history *history) {
    int code = sqlite3_exec(history->database, "SELECT 1 FROM sqlite_master", NULL, NULL, NULL);
    return (code & 0xff) != SQLITE_CANTOPEN && (code & 0xff) != SQLITE_READONLY;
}

/* Whether recordings lie in a log beside the file, which nobody has put into it yet. */
static bool has_log(const struct history *history) {
    char path[sizeof history->path + 8];
    struct stat log;
    snprintf(path, sizeof path, "%s-wal", history->path);
    return stat(path, &log) == 0 && log.st_size > 0;
}

/* Opens the file as one that nobody changes: nothing is locked, and no file is made beside it. */
static enum status immutable_open(struct history *history, struct message *message) {
    char uri[3 * sizeof history->path + 32] = "file:";
    if (has_log(history))
        return message_set(message, STATUS_IO,
                           "cannot read %s: its folder may not be written to, and its newest runs "
                           "still lie in %s-wal; copy both to a folder of your own",
                           history->path, history->path);
    for (const char *c = history->path; *c; c++) {
        size_t used = strlen(uri);
        snprintf(uri + used, sizeof uri - used, strchr("?#%", *c) ? "%%%02X" : "%c", *c);
    }
    size_t used = strlen(uri);
    snprintf(uri + used, sizeof uri - used, "?immutable=1");
    sqlite3_close(history->database);
    if (sqlite3_open_v2(uri, &history->database, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) ==
        SQLITE_OK)
        return STATUS_OK;
    return history_failure(history, "open", message);
}

static enum status database_open(struct history *history, bool write, struct message *message) {
    int flags = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
    if (sqlite3_open_v2(history->path, &history->database, flags, NULL) != SQLITE_OK)
        return history_failure(history, "open", message);
    sqlite3_busy_timeout(history->database, BUSY_MILLISECONDS);
    enum status status = STATUS_OK;
    if (!write && !is_readable(history))
        status = immutable_open(history, message);
    if (status == STATUS_OK)
        status = schema_check(history, write, message);
    if (status == STATUS_OK)
        status = history_check_tables(history, message);
    if (status != STATUS_OK || !write)
        return status;
    /* Readers then never wait for writers. Where the file system cannot, or another process is at
     * work in the file and the change would have to wait, the default mode serves. */
    int changed = sqlite3_exec(history->database, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
    if (changed != SQLITE_OK && changed != SQLITE_BUSY)
        status = history_failure(history, "prepare", message);
    return status;
}

enum status history_open(const char *path, bool write, struct history **opened,
                         struct message *message) {
    *opened = NULL;
    if (!write && access(path, F_OK) != 0)
        return message_set(message, STATUS_INVALID,
                           "there is no history at %s: `lockstep history record DIR` begins one, "
                           "LOCKSTEP_HISTORY names another",
                           path);
    enum status status = file_check_regular(path, message);
    if (status == STATUS_OK && write)
        status = folder_prepare(path, message);
    if (status != STATUS_OK)
        return status;
    struct history *history = calloc(1, sizeof *history);
    if (!history)
        return message_set(message, STATUS_NO_MEMORY, "no memory for a history");
    snprintf(history->path, sizeof history->path, "%s", path);
    status = database_open(history, write, message);
    if (status == STATUS_OK)
        *opened = history;
    else
        history_close(history);
    return status;
}

void history_close(struct history *history) {
    if (!history)
        return;
    sqlite3_close(history->database);
    free(history);
}
