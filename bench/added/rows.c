/* Appending rows, and what they may be called. */
#include "bench/added/rows.h"
#include "bench/operations/operations.h"
#include "bench/selection/selection.h"
#include "common/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char name_letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";

static bool is_name(const char *text) {
    return *text != '\0' && strspn(text, name_letters) == strlen(text) &&
           strlen(text) < ADDED_NAME_BYTES;
}

static bool is_taken(const struct added_rows *rows, const struct operation *operation,
                     const char *name) {
    for (int i = 0; i < rows->count; i++)
        if (rows->list[i]->operation == operation && strcmp(rows->list[i]->name, name) == 0)
            return true;
    return operation_implementation_find(operation, name) >= 0;
}

/* An operation whose parts are other operations' kernels has no function to put a row's in. A row
 * that runs whole batches needs none. */
static enum status operation_choose(const struct implementation *implementation, const char *name,
                                    const struct operation **operation, struct message *message) {
    const char *file = implementation->file;
    const bool runs_batches = implementation->methods && implementation->methods->batch;
    struct message why;
    if (operations_check(&name, 1, &why) != STATUS_OK)
        return message_set(message, STATUS_INVALID, "%.300s: %.600s", file, why.text);
    *operation = operation_find(name);
    if (!(*operation)->parts || runs_batches)
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "%.300s: %s is made of other operations' kernels: add rows to those", file,
                       name);
}

enum status added_rows_append(struct added_rows *rows, const char *operation, const char *name,
                              const struct implementation *implementation,
                              struct message *message) {
    const struct operation *found = NULL;
    const char *file = implementation->file;
    char quoted[320];
    words_quote(quoted, sizeof quoted, file);
    enum status status = operation_choose(implementation, operation, &found, message);
    if (status != STATUS_OK)
        return status;
    if (!is_name(name))
        return message_set(message, STATUS_INVALID,
                           "%.300s: '%.60s' cannot be a row's name, which has 1 to %d letters, "
                           "digits and . _ + -; give it one by --add NAME=%s",
                           file, name, ADDED_NAME_BYTES - 1, quoted);
    if (is_taken(rows, found, name))
        return message_set(message, STATUS_INVALID,
                           "%.300s: %s has an implementation '%s' already; give this one another "
                           "name by --add NAME=%s",
                           file, operation, name, quoted);
    struct added_row *row = malloc(sizeof *row);
    struct added_row **longer =
        row ? realloc(rows->list, ((size_t)rows->count + 1) * sizeof(void *)) : NULL;
    if (!longer) {
        free(row);
        return message_set(message, STATUS_NO_MEMORY, "no memory for a row of %.300s", file);
    }
    *row = (struct added_row){.operation = found, .implementation = *implementation};
    snprintf(row->name, sizeof row->name, "%s", name);
    row->implementation.name = row->name;
    row->implementation.added = true;
    row->implementation.hung = row->hung;
    row->implementation.one_thread &=
        implementation->device == DEVICE_CPU; /* of which a GPU has none */
    rows->list = longer;
    longer[rows->count++] = row;
    return STATUS_OK;
}

void added_rows_close(struct added_rows *rows) {
    for (int i = 0; i < rows->count; i++)
        free(rows->list[i]);
    free(rows->list);
    *rows = (struct added_rows){0};
}

enum status added_name_of_file(const char *path, char name[ADDED_NAME_BYTES],
                               struct message *message) {
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    const int length = dot && dot > base ? (int)(dot - base) : (int)strlen(base);
    char text[2 * ADDED_NAME_BYTES], quoted[320];
    words_quote(quoted, sizeof quoted, path);
    snprintf(text, sizeof text, "%.*s", length, base);
    if (!is_name(text))
        return message_set(message, STATUS_INVALID,
                           "%.300s: its name cannot be a row's, which has 1 to %d letters, digits "
                           "and . _ + -; give the row one by --add NAME=%s",
                           path, ADDED_NAME_BYTES - 1, quoted);
    snprintf(name, ADDED_NAME_BYTES, "%.*s", ADDED_NAME_BYTES - 1, text);
    return STATUS_OK;
}
