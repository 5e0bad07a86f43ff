/* The words of a command line: lists of names, and what is known where one is not. */
#include "bench/operations/operations.h"
#include "bench/selection/presets.h"
#include "bench/selection/selection.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 256 };

/* --- lists ------------------------------------------------------------------------------------ */

/* Cuts the next piece of `*list` at any of `separators` into `piece`; false at the end. */
static bool list_next(const char **list, const char *separators, char *piece, size_t size) {
    *list += strspn(*list, separators);
    size_t length = strcspn(*list, separators);
    if (length == 0)
        return false;
    snprintf(piece, size, "%.*s", (int)length, *list);
    *list += length;
    return true;
}

bool shape_next(const char **list, char *shape, size_t size) {
    return list_next(list, ", ", shape, size);
}

bool list_contains(const char *list, const char *name) {
    char piece[NAME_MAX_LENGTH];
    if (!list)
        return true;
    while (list_next(&list, ",", piece, sizeof piece))
        if (strcmp(piece, name) == 0)
            return true;
    return false;
}

static bool implementation_exists(const char *name, const struct operation *const *chosen,
                                  size_t count) {
    for (size_t o = 0; o < count; o++)
        if (operation_implementation_find(chosen[o], name) >= 0)
            return true;
    return false;
}

/* Appends ` name` unless `text` has it already. */
static void names_add(char *text, size_t size, const char *name) {
    size_t length = strlen(text), name_length = strlen(name);
    for (const char *at = strstr(text, name); at; at = strstr(at + 1, name))
        if ((at == text || at[-1] == ' ') && (at[name_length] == ' ' || at[name_length] == '\0'))
            return;
    if (length + 1 < size)
        snprintf(text + length, size - length, "%s%s", length ? " " : "", name);
}

enum status implementations_check(const char *list, const struct operation *const *chosen,
                                  size_t count, struct message *message) {
    if (!list)
        return STATUS_OK;
    char piece[NAME_MAX_LENGTH] = "";
    while (list_next(&list, ",", piece, sizeof piece))
        if (!implementation_exists(piece, chosen, count))
            break;
    if (implementation_exists(piece, chosen, count))
        return STATUS_OK;
    char known[768] = "";
    for (size_t o = 0; o < count; o++)
        for (int i = 0; i < chosen[o]->implementation_count; i++)
            names_add(known, sizeof known, chosen[o]->implementations[i].name);
    return message_set(message, STATUS_INVALID,
                       "there is no implementation '%s' of what is asked for; the known ones are: "
                       "%s",
                       piece, known);
}

static bool is_among(const struct operation *operation, const struct operation *const *chosen,
                     size_t count) {
    for (size_t i = 0; i < count; i++)
        if (chosen[i] == operation)
            return true;
    return false;
}

enum status selection_implementations_check(const struct selection *selection, const char *list,
                                            struct message *message) {
    enum { OPERATIONS_MAX = 32 };
    const struct operation *chosen[OPERATIONS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < selection->count && count < OPERATIONS_MAX; i++)
        if (!is_among(selection->cases[i].operation, chosen, count))
            chosen[count++] = selection->cases[i].operation;
    return implementations_check(list, chosen, count, message);
}

enum status operations_check(const char *const *names, size_t count, struct message *message) {
    for (size_t i = 0; i < count; i++) {
        if (operation_find(names[i]))
            continue;
        char known[256] = "";
        for (int o = 0; o < operation_count; o++)
            names_add(known, sizeof known, operations[o]->name);
        return message_set(message, STATUS_INVALID,
                           "there is no operation '%s'; the known ones are: %s", names[i], known);
    }
    return STATUS_OK;
}

enum status variants_check(const char *list, const struct operation *operation,
                           struct message *message) {
    char piece[NAME_MAX_LENGTH], known[512] = "";
    while (list && list_next(&list, ",", piece, sizeof piece)) {
        if (operation_variant_find(operation, piece) >= 0)
            continue;
        for (int v = 0; v < operation->variant_count; v++)
            names_add(known, sizeof known, operation->variants[v]);
        return message_set(message, STATUS_INVALID,
                           "there is no variant '%s' of %s; the known ones are: %s", piece,
                           operation->name, known);
    }
    return STATUS_OK;
}

enum status preset_check(const char *name, struct message *message) {
    if (preset_find(name))
        return STATUS_OK;
    char known[256] = "";
    for (int i = 0; i < preset_count; i++)
        names_add(known, sizeof known, presets[i].name);
    return message_set(message, STATUS_INVALID, "there is no preset '%s'; the known ones are: %s",
                       name, known);
}

enum status shapes_check(const char *list, const struct operation *const *chosen, size_t count,
                         struct message *message) {
    char shape[NAME_MAX_LENGTH];
    enum status status = STATUS_OK;
    while (status == STATUS_OK && list && shape_next(&list, shape, sizeof shape)) {
        status = STATUS_INVALID;
        for (size_t o = 0; o < count && status != STATUS_OK; o++) {
            struct bench_case c = {.operation = chosen[o]};
            status = case_shape_parse(shape, &c, message);
        }
    }
    return status;
}

enum status dtypes_check(const char *list, struct message *message) {
    char piece[NAME_MAX_LENGTH];
    enum dtype dtype;
    while (list && list_next(&list, ",", piece, sizeof piece))
        if (!dtype_find(piece, &dtype))
            return message_set(message, STATUS_INVALID,
                               "there is no dtype '%s'; the known ones are: f32 tf32 bf16 f16",
                               piece);
    return STATUS_OK;
}

enum status operation_dtypes_check(const struct operation *operation, const char *list,
                                   struct message *message) {
    char piece[NAME_MAX_LENGTH], known[64] = "";
    enum dtype dtype;
    enum status status = dtypes_check(list, message);
    if (status != STATUS_OK)
        return status;
    while (list && list_next(&list, ",", piece, sizeof piece)) {
        if (!dtype_find(piece, &dtype) || operation_has_dtype(operation, dtype))
            continue;
        for (enum dtype d = DTYPE_F32; d <= DTYPE_F16; d++)
            if (operation_has_dtype(operation, d))
                names_add(known, sizeof known, dtype_name(d));
        return message_set(message, STATUS_INVALID, "%s has no %s; the dtypes that it has are: %s",
                           operation->name, piece, known);
    }
    return STATUS_OK;
}
