/* From two files to the words of two processes. */
#include "bench/commands/ab_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void word_add(struct ab_files *files, int side, const char *word) {
    files->words[side][files->word_counts[side]++] = word;
}

static bool row_exists(const struct added *added, const struct operation *operation,
                       const char *name) {
    for (int i = 0; i < added_count(added); i++) {
        const struct operation *other;
        const struct implementation *row = added_row(added, i, &other);
        if (other == operation && strcmp(row->name, name) == 0)
            return true;
    }
    return false;
}

/* The new file's rows that the baseline has by name too; of two files with one row each it is that
 * one. */
static enum status names_find(struct ab_files *files, bool single, struct message *message) {
    const struct added *baseline = files->added[AB_BASELINE], *changed = files->added[AB_NEW];
    size_t size = 0;
    FILE *list = open_memstream(&files->names, &size);
    if (!list)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the names of rows");
    for (int i = 0; i < added_count(changed); i++) {
        const struct operation *operation, *other;
        const struct implementation *row = added_row(changed, i, &operation);
        (void)added_row(baseline, 0, &other);
        if (single ? other == operation : row_exists(baseline, operation, row->name))
            fprintf(list, "%s%s", ftell(list) > 0 ? "," : "", row->name);
    }
    if (fclose(list) != 0)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the names of rows");
    return *files->names ? STATUS_OK
                         : message_set(message, STATUS_INVALID,
                                       "the two files have no row of one name and one operation");
}

static void words_make(struct ab_files *files, const char *const texts[AB_SIDES], bool single,
                       bool chosen, bool with_operation) {
    const struct operation *operation;
    (void)added_row(files->added[AB_NEW], 0, &operation);
    for (int side = 0; side < AB_SIDES; side++) {
        snprintf(files->add[side], sizeof files->add[side], "%s%s%s", single ? files->names : "",
                 single ? "=" : "", texts[side]);
        if (with_operation)
            word_add(files, side, operation->name);
        word_add(files, side, "--add");
        word_add(files, side, files->add[side]);
        if (chosen)
            continue;
        word_add(files, side, "--implementation");
        word_add(files, side, files->names);
    }
}

enum status ab_files_open(struct ab_files *files, const char *const texts[AB_SIDES], bool chosen,
                          bool operation, struct message *message) {
    *files = (struct ab_files){.names = NULL};
    enum status status = STATUS_OK;
    const ssize_t length = readlink("/proc/self/exe", files->program, sizeof files->program - 1);
    if (length < 0)
        return message_set(message, STATUS_IO, "cannot find this program: %s", strerror(errno));
    for (int side = 0; side < AB_SIDES && status == STATUS_OK; side++) {
        const struct added_list list = {{texts[side]}, 1};
        status = added_open(&list, &files->added[side], message);
    }
    const bool single = status == STATUS_OK && added_count(files->added[AB_BASELINE]) == 1 &&
                        added_count(files->added[AB_NEW]) == 1;
    if (status == STATUS_OK)
        status = names_find(files, single, message);
    if (status == STATUS_OK)
        words_make(files, texts, single, chosen, operation);
    else
        ab_files_close(files);
    return status;
}

void ab_files_close(struct ab_files *files) {
    for (int side = 0; side < AB_SIDES; side++)
        added_close(files->added[side]);
    free(files->names);
    *files = (struct ab_files){.names = NULL};
}

enum status ab_files_check(const struct ab_files *files, struct message *message) {
    enum status status = STATUS_OK;
    for (int side = 0; side < AB_SIDES && status == STATUS_OK; side++)
        status = added_check_unchanged(files->added[side], message);
    return status;
}
