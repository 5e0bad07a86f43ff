/* Reading a JSON object. */
#include "bench/files/json.h"
#include "common/files.h"

#include <stdlib.h>
#include <string.h>

enum { JSON_BYTES_MAX = 1 << 24 };

/* The line of `text` that `position` is in, from 1. */
static size_t line_of(const char *text, const char *position) {
    size_t line = 1;
    for (const char *c = text; position && c < position; c++)
        line += *c == '\n';
    return line;
}

static int names_compare(const void *one, const void *other) {
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

/* Looks for a name that comes twice among the members of one object. STATUS_INVALID gives it in
 * `message`. */
static enum status members_check(const cJSON *object, struct message *message) {
    const int count = cJSON_GetArraySize(object);
    const char **names = calloc((size_t)count + 1, sizeof *names);
    if (!names)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %d names", count);
    const cJSON *member;
    size_t used = 0;
    cJSON_ArrayForEach(member, object) names[used++] = member->string;
    qsort((void *)names, used, sizeof *names, names_compare);
    enum status status = STATUS_OK;
    for (size_t i = 1; i < used && status == STATUS_OK; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            status = message_set(message, STATUS_INVALID, "%.80s", names[i]);
    free((void *)names);
    return status;
}

/* The same for every object in there; cJSON bounds how deep they lie. */
static enum status names_check(const cJSON *item, struct message *message) {
    enum status status = cJSON_IsObject(item) ? members_check(item, message) : STATUS_OK;
    const cJSON *inner;
    cJSON_ArrayForEach(inner, item) {
        if (status == STATUS_OK)
            status = names_check(inner, message);
    }
    return status;
}

/* The first character behind the object that is no white space; NULL where there is none. */
static const char *stranger_find(const char *text, size_t size, const char *end) {
    for (; end && end < text + size; end++)
        if (!strchr(" \t\r\n", *end) || !*end)
            return end;
    return NULL;
}

enum status json_read(const char *path, cJSON **json, struct message *message) {
    char *text = NULL;
    size_t size = 0;
    const char *end = NULL, *stranger;
    *json = NULL;
    enum status status = file_read(path, JSON_BYTES_MAX, &text, &size, message);
    if (status != STATUS_OK)
        return status;
    *json = cJSON_ParseWithLengthOpts(text, size, &end, false);
    if (!cJSON_IsObject(*json)) {
        status = message_set(message, STATUS_INVALID,
                             "%s:%zu: this is not a JSON object, which this file should be", path,
                             line_of(text, end));
    } else if ((stranger = stranger_find(text, size, end))) {
        status = message_set(message, STATUS_INVALID,
                             "%s:%zu: there is text behind the JSON object, which should be all",
                             path, line_of(text, stranger));
    } else {
        struct message name;
        status = names_check(*json, &name);
        if (status == STATUS_INVALID)
            status = message_set(message, status, "%s: there are two members '%s' in one object",
                                 path, name.text);
        else if (status != STATUS_OK)
            *message = name;
    }
    if (status != STATUS_OK) {
        cJSON_Delete(*json);
        *json = NULL;
    }
    free(text);
    return status;
}
