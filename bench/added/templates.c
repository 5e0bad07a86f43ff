/* The build writes templates_list.h: TEMPLATE_LIST(X), the names of examples/new/. */
#include "bench/added/templates.h"
#include "bench/operations/operations.h"
#include "bench/operations/selection.h"

#include "templates_list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The assembler copies the file's bytes into read-only data. */
#define TEMPLATE_DATA(name)                                                                        \
    __asm__(".pushsection .rodata\n"                                                               \
            "template_" #name ":\n"                                                                \
            ".incbin \"examples/new/" #name ".cu\"\n"                                              \
            "template_end_" #name ":\n"                                                            \
            ".popsection\n");                                                                      \
    extern const char template_##name[], template_end_##name[];
TEMPLATE_LIST(TEMPLATE_DATA)

static const struct template {
    const char *operation, *begin, *end;
}
templates[] = {
#define TEMPLATE_ROW(name) {#name, template_##name, template_end_##name},
    TEMPLATE_LIST(TEMPLATE_ROW)};
enum { TEMPLATE_COUNT = sizeof templates / sizeof templates[0] };

static enum status template_find(const char *operation, const struct template **found,
                                 struct message *message) {
    enum status status = operations_check(&operation, 1, message);
    for (int i = 0; i < TEMPLATE_COUNT && status == STATUS_OK; i++)
        if (strcmp(templates[i].operation, operation) == 0) {
            *found = &templates[i];
            return STATUS_OK;
        }
    return status != STATUS_OK
               ? status
               : message_set(message, STATUS_INVALID,
                             "%s is made of other operations' kernels: write one of those",
                             operation);
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
    const char *dot = strrchr(path, '.');
    enum status status = template_find(operation, &template, message);
    if (status == STATUS_OK && (!dot || strcmp(dot, ".cu") != 0))
        status = message_set(message, STATUS_INVALID,
                             "there is a kernel to start from in CUDA C: let the name end in .cu, "
                             "unlike %.300s",
                             path);
    return status == STATUS_OK ? file_make(template, path, message) : status;
}
