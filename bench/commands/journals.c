/* The journals of processes, one after another: rows of kernels, and what was not freed. */
#include "bench/commands/journals.h"

#include "common/files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

static bool path_write(char *path, size_t size, const char *folder, const char *name) {
    const int length = snprintf(path, size, "%s/%s", folder, name);
    return *name != '.' && length > 0 && (size_t)length < size;
}

void journals_remove(const char *folder) {
    char path[PATH_MAX];
    DIR *entries = opendir(folder);
    if (!entries)
        return;
    for (struct dirent *entry; (entry = readdir(entries));)
        if (path_write(path, sizeof path, folder, entry->d_name))
            (void)unlink(path);
    (void)closedir(entries);
}

static enum status append_refuse(const char *path, struct message *message) {
    return message_set(message, STATUS_IO, "cannot write %s: %s", path, strerror(errno));
}

/* The rows, and the header before them where the file has none. Processes that go on may append,
 * too. */
static enum status rows_append(const char *path, const char *header, char *rows,
                               struct message *message) {
    char *rest = NULL;
    FILE *file = fopen(path, "ae");
    bool done = file && flock(fileno(file), LOCK_EX) == 0 && fseek(file, 0, SEEK_END) == 0;
    if (done && ftell(file) == 0)
        done = fprintf(file, "%s\n", header) > 0;
    for (char *row = strtok_r(rows, "\n", &rest); done && row; row = strtok_r(NULL, "\n", &rest)) {
        row[strcspn(row, " ")] = '\0';
        done = fprintf(file, "%s\n", row) > 0;
    }
    if (file && fclose(file) != 0)
        done = false;
    return done ? STATUS_OK : append_refuse(path, message);
}

static enum status leak_append(const char *path, unsigned long allocations, unsigned long bytes,
                               struct message *message) {
    FILE *file = fopen(path, "ae");
    const bool done =
        file && fprintf(file,
                        "leak: %lu bytes in %lu %s were never freed by a process "
                        "that ended by _exit, by exec or by a signal\n",
                        bytes, allocations, allocations == 1 ? "allocation" : "allocations") > 0;
    return (!file || fclose(file) == 0) && done ? STATUS_OK : append_refuse(path, message);
}

/* A process may have ended before it had written its header. */
static enum status text_take(struct journals *journals, char *text, struct message *message) {
    char *header = strchr(text, '\n'), *rows = header ? strchr(header + 1, '\n') : NULL, *end;
    const pid_t process = (pid_t)strtol(text, &end, 10);
    const unsigned long allocations = strtoul(end, &end, 10), bytes = strtoul(end, NULL, 10);
    const bool is_running = process > 0 && kill(process, 0) == 0;
    enum status status = STATUS_OK;
    journals->running += is_running;
    journals->ended += !is_running;
    if (rows && rows[1]) {
        *rows = '\0';
        status = rows_append(journals->counters, header + 1, rows + 1, message);
    }
    if (status == STATUS_OK && allocations && journals->seeks_leaks && !is_running)
        status = leak_append(journals->findings, allocations, bytes, message);
    return status;
}

static enum status journal_take(struct journals *journals, const char *path,
                                struct message *message) {
    enum { MOST = 1 << 30 };
    char *text = NULL;
    size_t size = 0;
    enum status status = file_read(path, MOST, &text, &size, message);
    if (status == STATUS_OK)
        status = text_take(journals, text, message);
    free(text);
    return status;
}

enum status journals_collect(struct journals *journals, struct message *message) {
    char path[PATH_MAX];
    enum status status = STATUS_OK;
    journals->ended = journals->running = 0;
    DIR *entries = opendir(journals->folder);
    if (!entries)
        return message_set(message, STATUS_IO, "cannot read %s: %s", journals->folder,
                           strerror(errno));
    for (;;) {
        errno = 0; /* the end of the folder leaves it alone */
        const struct dirent *entry = readdir(entries);
        if (!entry && errno != 0)
            status = message_set(message, STATUS_IO, "cannot read %s: %s", journals->folder,
                                 strerror(errno));
        if (!entry)
            break;
        if (path_write(path, sizeof path, journals->folder, entry->d_name))
            status = journal_take(journals, path, message);
        if (status != STATUS_OK)
            break;
    }
    (void)closedir(entries);
    journals_remove(journals->folder);
    return status;
}
