/* What parsing and decoding share: the memory of the module, and the way out when the text is
 * wrong. */
#include "emulator/ptx/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void source_fail(struct source *source, enum machine_status status, struct source_place place,
                 const char *format, ...) {
    struct machine_diagnostic *diagnostic = source->diagnostic;
    source->status = status;
    diagnostic->line = place.line;
    diagnostic->column = place.column;
    int used = snprintf(diagnostic->message, sizeof diagnostic->message,
                        "line %u, column %u: ", place.line, place.column);
    if (used < 0)
        used = 0;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(diagnostic->message + used, sizeof diagnostic->message - (size_t)used, format,
              arguments);
    va_end(arguments);
    longjmp(source->failure, 1);
}

void *source_allocate(struct source *source, size_t size) {
    void *memory = arena_allocate(source->arena, size);
    if (!memory)
        source_fail(source, MACHINE_OUT_OF_MEMORY, (struct source_place){0},
                    "no host memory left for the module");
    return memory;
}

void *source_grow(struct source *source, void *items, size_t count, size_t *capacity,
                  size_t item_size) {
    if (count < *capacity)
        return items;
    size_t wanted = *capacity ? *capacity * 2 : 8;
    void *grown = source_allocate(source, wanted * item_size);
    if (count)
        memcpy(grown, items, count * item_size);
    *capacity = wanted;
    return grown;
}
