/* Finding the kernels of launch lines in an image, and holding their parameters against the lines.
 */
#include "bench/added/kernel_row.h"
#include "bench/added/mangled.h"
#include "common/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status refuse_at(const struct kernel_row *row, int line, int column,
                             struct message *message, const char *what) {
    return message_set(message, STATUS_INVALID, "%.250s:%d:%d: %s", row->lines->file, line, column,
                       what);
}

/* --- names ------------------------------------------------------------------------------------ */

/* The names in the image, as many as fit. */
static void names_list(const char *const *names, size_t count, char *text, size_t size) {
    size_t used = 0;
    snprintf(text, size, " none");
    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, " %s", names[i]);
}

static enum status name_resolve(const struct kernel_row *row, int index, const char *const *names,
                                size_t count, struct message *message) {
    const struct line_kernel *line = &row->lines->kernels[index];
    struct loaded_kernel *loaded = &row->kernels[index];
    const char *found = NULL;
    int matches = 0;
    for (size_t i = 0; i < count; i++) {
        if (!mangled_is(names[i], line->name))
            continue;
        found = names[i];
        matches++;
    }
    char what[700], known[400];
    names_list(names, count, known, sizeof known);
    if (matches != 1) {
        snprintf(what, sizeof what, "%s kernel is called %.100s; the image has:%s",
                 matches ? "more than one" : "no", line->name, known);
        return refuse_at(row, line->line, line->column, message, what);
    }
    if (strlen(found) >= sizeof loaded->name)
        return refuse_at(row, line->line, line->column, message, "the kernel's name is too long");
    snprintf(loaded->name, sizeof loaded->name, "%s", found);
    return STATUS_OK;
}

/* A driver that does not tell what an image has takes names as they are. */
static enum status names_resolve(struct kernel_row *row, struct gpu *gpu, const char *image,
                                 struct message *message) {
    const char **names = NULL;
    size_t count = 0;
    enum status status = gpu_image_kernels(gpu, image, &names, &count, message);
    const bool told = status == STATUS_OK;
    if (status == STATUS_UNSUPPORTED)
        status = STATUS_OK;
    for (int i = 0; i < row->lines->kernel_count && status == STATUS_OK; i++) {
        if (told)
            status = name_resolve(row, i, names, count, message);
        else
            snprintf(row->kernels[i].name, sizeof row->kernels[i].name, "%s",
                     row->lines->kernels[i].name);
    }
    free((void *)names);
    return status;
}

/* --- parameters ------------------------------------------------------------------------------- */

/* Whether an argument of that kind can have so many bytes. */
static bool bytes_fit(const struct kernel_row *row, const struct line_argument *argument,
                      size_t bytes) {
    switch (argument->kind) {
    case LINE_PROBLEM:
        return bytes == row->lines->operation->problem_bytes;
    case LINE_VALUE:
        return bytes == 4 || bytes == 8 || bytes == 1;
    default:
        return bytes == sizeof(void *);
    }
}

static enum status parameters_check(const struct kernel_row *row, int index,
                                    struct message *message) {
    const struct line_kernel *line = &row->lines->kernels[index];
    const struct loaded_kernel *loaded = &row->kernels[index];
    char what[300];
    if (line->argument_count != loaded->parameter_count) {
        snprintf(what, sizeof what, "kernel %.100s takes %s, and its `args` line has %d",
                 line->name, COUNTED(loaded->parameter_count, "argument"), line->argument_count);
        return refuse_at(row, line->line, line->column, message, what);
    }
    for (int a = 0; a < line->argument_count; a++) {
        const struct line_argument *argument = &line->arguments[a];
        if (bytes_fit(row, argument, loaded->bytes[a]))
            continue;
        snprintf(what, sizeof what, "parameter %d of kernel %.100s has %zu bytes, which is no %s",
                 a + 1, line->name, loaded->bytes[a],
                 argument->kind == LINE_VALUE     ? "number"
                 : argument->kind == LINE_PROBLEM ? "problem of this operation"
                                                  : "pointer");
        return refuse_at(row, argument->line, argument->column, message, what);
    }
    return STATUS_OK;
}

static enum status parameters_load(struct kernel_row *row, int index, struct gpu *gpu,
                                   struct message *message) {
    struct loaded_kernel *loaded = &row->kernels[index];
    const struct gpu_kernel kernel = {row->image, loaded->name};
    enum status status =
        gpu_kernel_parameters(gpu, kernel, loaded->bytes, &loaded->parameter_count, message);
    if (status != STATUS_UNSUPPORTED)
        return status == STATUS_OK ? parameters_check(row, index, message) : status;
    loaded->parameter_count = -1;
    return STATUS_OK;
}

enum status kernel_row_load(struct kernel_row *row, struct gpu *gpu, const char *image,
                            struct message *message) {
    row->image = image;
    row->kernels = calloc((size_t)row->lines->kernel_count, sizeof *row->kernels);
    if (!row->kernels)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the kernels of %.300s",
                           row->lines->file);
    enum status status = names_resolve(row, gpu, image, message);
    for (int i = 0; i < row->lines->kernel_count && status == STATUS_OK; i++)
        status = parameters_load(row, i, gpu, message);
    return status;
}

void kernel_row_close(struct kernel_row *row) {
    lines_free(row->lines);
    free(row->kernels);
    *row = (struct kernel_row){0};
}
