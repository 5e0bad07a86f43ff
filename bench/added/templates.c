/* The build writes templates_list.h: TEMPLATE_LIST(X), an operation and the end of a name for each
 * file of examples/new/. */
#include "bench/added/templates.h"
#include "bench/operations/operations.h"
#include "bench/selection/selection.h"

#include "templates_list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The assembler copies the file's bytes into read-only data. */
#define TEMPLATE_DATA(name, end)                                                                   \
    __asm__(".pushsection .rodata\n"                                                               \
            "template_" #name "_" #end ":\n"                                                       \
            ".incbin \"examples/new/" #name "." #end "\"\n"                                        \
            "template_end_" #name "_" #end ":\n"                                                   \
            ".popsection\n");                                                                      \
    extern const char template_##name##_##end[], template_end_##name##_##end[];
TEMPLATE_LIST(TEMPLATE_DATA)

static const struct template {
    const char *operation, *extension, *begin, *end;
}
templates[] = {
#define TEMPLATE_ROW(name, end)                                                                    \
    {#name, "." #end, template_##name##_##end, template_end_##name##_##end},
    TEMPLATE_LIST(TEMPLATE_ROW)};
enum { TEMPLATE_COUNT = sizeof templates / sizeof templates[0] };

/* The template of the operation whose name ends as the path does. */
static enum status template_find(const char *operation, const char *path,
                                 const struct template **found, struct message *message) {
    const char *dot = strrchr(path, '.');
    bool known = false;
    enum status status = operations_check(&operation, 1, message);
    for (int i = 0; i < TEMPLATE_COUNT && status == STATUS_OK; i++) {
        if (strcmp(templates[i].operation, operation) != 0)
            continue;
        known = true;
        if (dot && strcmp(dot, templates[i].extension) == 0) {
            *found = &templates[i];
            return STATUS_OK;
        }
    }
    if (status != STATUS_OK)
        return status;
    if (!known)
        return message_set(message, STATUS_INVALID,
                           operation_find(operation)->between_ranks
                               ? "%s goes on between ranks and takes no kernels: write one of "
                                 "another operation"
                               : "%s is made of other operations' kernels: write one of those",
                           operation);
    return message_set(message, STATUS_INVALID,
                       "the name of the file says what it is to be: .cu is CUDA C, .c the source "
                       "of a shared library, .py a process; %.300s ends in none of them",
                       path);
}

static enum status file_make(const struct template *template, const char *path,
                             struct message *message) {
    FILE *file = fopen(path, "wxe"); /* never over a file that is there */
    if (!file)
        return message_set(message, errno == EEXIST ? STATUS_INVALID : STATUS_IO,
                           "cannot make %.300s: %s%s", path, strerror(errno),
                           errno == EEXIST ? "; choose another name" : "");
    const size_t size = (size_t)(template->end - template->begin);
    const bool written = fwrite(template->begin, 1, size, file) == size;
    if (fclose(file) == 0 && written)
        return STATUS_OK;
    return message_set(message, STATUS_IO, "cannot write %.300s: %s", path, strerror(errno));
}

enum status template_write(const char *operation, const char *path, struct message *message) {
    const struct template *template = NULL;
    enum status status = template_find(operation, path, &template, message);
    return status == STATUS_OK ? file_make(template, path, message) : status;
}
