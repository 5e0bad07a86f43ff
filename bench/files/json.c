/* Reading a JSON object. */
#include "bench/files/json.h"
#include "common/files.h"

#include <stdlib.h>

enum { JSON_BYTES_MAX = 1 << 24 };

/* The line of `text` that `position` is in, from 1. */
static size_t line_of(const char *text, const char *position) {
    size_t line = 1;
    for (const char *c = text; position && c < position; c++)
        line += *c == '\n';
    return line;
}

enum status json_read(const char *path, cJSON **json, struct message *message) {
    char *text = NULL;
    size_t size = 0;
    const char *end = NULL;
    *json = NULL;
    enum status status = file_read(path, JSON_BYTES_MAX, &text, &size, message);
    if (status != STATUS_OK)
        return status;
    *json = cJSON_ParseWithLengthOpts(text, size, &end, false);
    if (!cJSON_IsObject(*json)) {
        status = message_set(message, STATUS_INVALID,
                             "%s:%zu: this is not the JSON object that a run writes", path,
                             line_of(text, end));
        cJSON_Delete(*json);
        *json = NULL;
    }
    free(text);
    return status;
}
