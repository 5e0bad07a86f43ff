/* Loading a library, and making rows of its table. */
#include "bench/added/library.h"
#include "bench/added/library_calls.h"
#include "bench/added/probe.h"
#include "bench/added/watch.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double patience_seconds = 10.0;
static const char table_name[] = "lockstep_library";
static const union lockstep_function no_function;
enum { ROWS_MAX = 256, TEXT_MAX = 200 };

_Static_assert(sizeof(union lockstep_function) == sizeof(row_function *),
               "a library's function is a row's");

/* The version comes first: of another one nothing else is known. */
static enum status table_check(const char *path, const struct lockstep_library *library,
                               struct message *message) {
    if (library->version != LOCKSTEP_IMPLEMENTATION_VERSION)
        return message_set(message, STATUS_INVALID,
                           "%.300s was compiled for version %d of lockstep/implementation.h and "
                           "this is version %d: compile it again",
                           path, library->version, LOCKSTEP_IMPLEMENTATION_VERSION);
    if (library->row_bytes != sizeof(struct lockstep_row) || library->row_count < 1 ||
        library->row_count > ROWS_MAX || !library->rows)
        return message_set(message, STATUS_INVALID,
                           "%.300s: its table %s has %d rows of %zu bytes, and 1 to %d of %zu were "
                           "expected: make it with LOCKSTEP_LIBRARY of lockstep/implementation.h",
                           path, table_name, library->row_count, library->row_bytes, ROWS_MAX,
                           sizeof(struct lockstep_row));
    for (int i = 0; i < library->row_count; i++) {
        const struct lockstep_row *row = &library->rows[i];
        if (!row->operation || !row->name || !row->summary ||
            memcmp(&row->run, &no_function, sizeof no_function) == 0)
            return message_set(message, STATUS_INVALID,
                               "%.300s: row %d of %s lacks its operation, its name, its summary or "
                               "its function",
                               path, i, table_name);
        if (strlen(row->operation) + strlen(row->name) > TEXT_MAX ||
            (row->dtypes & ~DTYPES_ALL) != 0)
            return message_set(message, STATUS_INVALID,
                               "%.300s: row %d of %s has a name or dtypes that cannot be", path, i,
                               table_name);
    }
    return STATUS_OK;
}

/* `path` has a slash: the loader takes it as it is. */
static enum status table_load(const char *path, const struct lockstep_library **library,
                              struct message *message) {
    FILE *const own = stdout;
    stdout = stderr; /* for what a library prints when it is loaded */
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    stdout = own;
    if (!handle)
        return message_set(message, STATUS_INVALID, "cannot load %.300s: %.600s", path, dlerror());
    *library = dlsym(handle, table_name);
    if (*library)
        return table_check(path, *library, message);
    return message_set(message, STATUS_INVALID,
                       "%.300s has no symbol %s: define that table as lockstep/implementation.h "
                       "shows",
                       path, table_name);
}

/* In a process of its own. */
static enum status table_try(void *path, struct message *message) {
    const struct lockstep_library *library = NULL;
    return table_load(path, &library, message);
}

/* One launch of a row. */
struct call {
    const struct operation *operation;
    const struct implementation *implementation;
    const struct launch *launch;
    int64_t iteration;
    struct execution *execution;
};

static enum status call_make(void *argument) {
    const struct call *call = argument;
    const enum status status = call->operation->launch(call->implementation, call->launch,
                                                       call->iteration, call->execution);
    if (status >= STATUS_OK && status <= STATUS_INTERRUPTED)
        return status;
    return message_set(call->execution->message, STATUS_FAILED,
                       "it returned %d, which is no status of common/status.h", (int)status);
}

static enum status call_watched(const struct operation *operation,
                                const struct implementation *implementation,
                                const struct launch *launch, int64_t iteration,
                                struct execution *execution) {
    struct call call = {operation, implementation, launch, iteration, execution};
    struct watch *const *watch = implementation->own;
    return watch_call(*watch, call_make, &call, execution->message);
}

static enum status row_append(const char *file, const char *name, const struct lockstep_row *row,
                              struct watch *const *watch, struct added_rows *rows,
                              struct message *message) {
    struct implementation implementation = {.file = file,
                                            .summary = row->summary,
                                            .device = row->gpu ? DEVICE_GPU : DEVICE_CPU,
                                            .dtypes = row->dtypes,
                                            .one_thread = row->one_thread,
                                            .batches = row->batches,
                                            .through = call_watched,
                                            .own = watch};
    memcpy(&implementation.run, &row->run, sizeof implementation.run);
    return added_rows_append(rows, row->operation, name ? name : row->name, &implementation,
                             message);
}

static bool library_takes(const char *what) {
    const char *dot = strrchr(what, '.');
    return dot && strcmp(dot, ".so") == 0 && !strpbrk(what, " \t");
}

static void library_close(void *state) {
    struct watch **watch = state;
    if (watch)
        watch_close(*watch);
    free(watch);
}

static enum status library_open_rows(const char *path, const char *name, struct added_rows *rows,
                                     void **state, struct message *message) {
    struct watch **watch = calloc(1, sizeof(struct watch *));
    *state = watch;
    if (!watch)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %.300s", path);
    char whole[PATH_MAX], what[PATH_MAX + 40];
    if (!realpath(path, whole))
        return message_set(message, STATUS_INVALID, "cannot load %.300s: %s", path,
                           strerror(errno));
    snprintf(what, sizeof what, "%.300s: loading it", path);
    const struct lockstep_library *library = NULL;
    enum status status = probe_run(what, patience_seconds, table_try, whole, message);
    if (status == STATUS_OK)
        status = table_load(whole, &library, message);
    if (!library)
        return status;
    if (status == STATUS_OK && name && library->row_count > 1)
        status = message_set(message, STATUS_INVALID,
                             "%.300s has %d rows, and a name can be given to one alone", path,
                             library->row_count);
    if (status == STATUS_OK)
        status = watch_open(watch, message);
    for (int i = 0; status == STATUS_OK && i < library->row_count; i++)
        status = row_append(path, name, &library->rows[i], watch, rows, message);
    if (status == STATUS_OK && library->calls)
        *library->calls = &library_calls;
    return status;
}

const struct added_way added_way_library = {
    .takes = library_takes, .is_file = true, .open = library_open_rows, .close = library_close};
