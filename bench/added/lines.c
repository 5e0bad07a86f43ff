/* Finding blocks of launch lines in a file, and reading them line by line. */
#include "bench/added/lines.h"
#include "bench/added/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies one line without its comment and what begins lines of a C comment; columns stay. */
static void line_copy(const char *text, size_t length, bool in_comment, char *line, size_t size) {
    snprintf(line, size, "%.*s", (int)length, text);
    line[strcspn(line, "#\r")] = '\0';
    char *first = line + strspn(line, " \t");
    if (in_comment && *first == '*')
        *first = ' ';
}

static enum status workspace_check(const struct block *block, const struct line_argument *list,
                                   int count) {
    for (int i = 0; i < count && !block->lines->workspace; i++)
        if (list[i].kind == LINE_WORKSPACE)
            return message_set(block->message, STATUS_INVALID,
                               "%.250s:%d:%d: there is no `workspace` line, which says how many "
                               "bytes it has",
                               block->lines->file, list[i].line, list[i].column);
    return STATUS_OK;
}

static enum status block_end(struct block *block) {
    const struct lines *lines = block->lines;
    if (!lines->operation)
        return line_refuse(&block->reader, block->message,
                           "the launch lines end here without an `operation` line");
    if (lines->kernel_count == 0)
        return line_refuse(&block->reader, block->message,
                           "the launch lines end here without a `kernel` line");
    enum status status = STATUS_OK;
    for (int i = 0; i < lines->kernel_count && status == STATUS_OK; i++) {
        const struct line_kernel *kernel = &lines->kernels[i];
        status = workspace_check(block, kernel->arguments, kernel->argument_count);
        if (status == STATUS_OK)
            status = workspace_check(block, kernel->zeroed, kernel->zeroed_count);
        if (status == STATUS_OK && (!kernel->grid[0] || !kernel->block[0]))
            status = message_set(block->message, STATUS_INVALID,
                                 "%.250s:%d:%d: kernel %.100s has no `%s` line", lines->file,
                                 kernel->line, kernel->column, kernel->name,
                                 kernel->grid[0] ? "block" : "grid");
    }
    return status;
}

/* The lines from *text to the end of the comment, or of the text. */
static enum status block_read(struct block *block, bool whole, const char **text, int *line) {
    enum status status = STATUS_OK;
    while (status == STATUS_OK && **text != '\0') {
        const size_t length = strcspn(*text, "\n");
        const char *close = whole ? NULL : strstr(*text, "*/");
        const bool last = close && close < *text + length;
        const size_t used = last ? (size_t)(close - *text) : length;
        block->reader.line = *line;
        block->reader.text = block->reader.at = block->copy;
        if (used >= sizeof block->copy)
            return message_set(block->message, STATUS_INVALID,
                               "%.250s:%d:1: the line is longer than %zu letters",
                               block->lines->file, *line, sizeof block->copy - 1);
        line_copy(*text, used, !whole, block->copy, sizeof block->copy);
        if (line_has_more(&block->reader))
            status = launch_line_read(block);
        *text += last ? used + 2 : length + ((*text)[length] == '\n');
        *line += !last && (*text)[-1] == '\n';
        if (last)
            return status == STATUS_OK ? block_end(block) : status;
    }
    if (status == STATUS_OK && !whole)
        status = line_refuse(&block->reader, block->message,
                             "the comment of launch lines is not closed");
    return status == STATUS_OK ? block_end(block) : status;
}

/* Moves behind the next comment's beginning that is followed by the word lockstep alone. */
static bool block_find(const char **text, int *line) {
    for (const char *at = *text; *at != '\0'; at++) {
        *line += *at == '\n';
        if (strncmp(at, "/*", 2) != 0)
            continue;
        const char *word = at + 2 + strspn(at + 2, "* \t");
        const char *end =
            word + 8 + (strncmp(word, "lockstep", 8) == 0 ? strspn(word + 8, " \t\r") : 0);
        if (strncmp(word, "lockstep", 8) == 0 && *end == '\n') {
            *text = end + 1;
            ++*line;
            return true;
        }
    }
    return false;
}

enum status lines_read(const char *file, bool whole, const char **text, int *line,
                       struct lines **lines, struct message *message) {
    *lines = NULL;
    if (whole ? **text == '\0' : !block_find(text, line))
        return STATUS_OK;
    struct lines *read = calloc(1, sizeof *read);
    if (!read)
        return message_set(message, STATUS_NO_MEMORY, "no memory for launch lines");
    read->file = file;
    struct block block = {.lines = read,
                          .reader = {.file = file, .line = *line, .text = "", .at = ""},
                          .message = message,
                          .variants = ~(variant_set)0};
    enum status status = block_read(&block, whole, text, line);
    if (status == STATUS_OK)
        *lines = read;
    else
        lines_free(read);
    return status;
}

void lines_free(struct lines *lines) {
    if (!lines)
        return;
    expression_free(lines->workspace);
    for (int i = 0; i < lines->condition_count; i++)
        expression_free(lines->conditions[i].value);
    for (int i = 0; i < lines->constant_count; i++)
        expression_free(lines->constants[i].value);
    for (int k = 0; k < lines->kernel_count; k++) {
        struct line_kernel *kernel = &lines->kernels[k];
        for (int axis = 0; axis < 3; axis++) {
            expression_free(kernel->grid[axis]);
            expression_free(kernel->block[axis]);
        }
        expression_free(kernel->shared);
        for (int a = 0; a < kernel->argument_count; a++)
            expression_free(kernel->arguments[a].value);
        for (int z = 0; z < kernel->zeroed_count; z++)
            expression_free(kernel->zeroed[z].value);
    }
    free(lines);
}
