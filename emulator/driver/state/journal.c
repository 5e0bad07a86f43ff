/* What a process has done so far, for those that end without notice. */
#include "emulator/driver/state/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Lines are as long as any can be, so that each is written in place by one call. */
enum { FIRST_LINE = 64, ROW_LINE = 4096 };

static bool line_write(const struct driver_journal *journal, char *line, size_t size, size_t at) {
    const size_t used = strnlen(line, size);
    if (used + 1 > size)
        return false;
    memset(line + used, ' ', size - used);
    line[size - 1] = '\n';
    return pwrite(journal->file, line, size, (off_t)at) == (ssize_t)size;
}

bool journal_put_memory(const struct driver_journal *journal, size_t allocations, size_t bytes) {
    char line[FIRST_LINE];
    if (!*journal->path)
        return true;
    snprintf(line, sizeof line, "%ld %zu %zu", (long)getpid(), allocations, bytes);
    return line_write(journal, line, sizeof line, 0);
}

bool journal_put(const struct driver_journal *journal, size_t index, const struct report_row *row) {
    char line[ROW_LINE] = "";
    if (!*journal->path)
        return true;
    FILE *text = fmemopen(line, sizeof line, "w");
    if (!text)
        return false;
    report_print_row(text, row);
    if (fclose(text) != 0)
        return false;
    line[strcspn(line, "\n")] = '\0';
    return line_write(journal, line, sizeof line, journal->first_row + index * ROW_LINE);
}

static bool header_write(struct driver_journal *journal) {
    char *text = NULL;
    size_t size = 0;
    FILE *header = open_memstream(&text, &size);
    if (!header)
        return false;
    report_print_header(header);
    const bool done =
        fclose(header) == 0 && pwrite(journal->file, text, size, FIRST_LINE) == (ssize_t)size;
    journal->first_row = FIRST_LINE + size;
    free(text);
    return done;
}

bool journal_open(struct driver_journal *journal, const char *folder) {
    snprintf(journal->path, sizeof journal->path, "%s/XXXXXX", folder);
    journal->file = mkostemp(journal->path, O_CLOEXEC);
    if (journal->file < 0) {
        *journal->path = '\0';
        return false;
    }
    return journal_put_memory(journal, 0, 0) && header_write(journal);
}

bool journal_forget(const struct driver_journal *journal) {
    return !*journal->path || ftruncate(journal->file, (off_t)journal->first_row) == 0;
}

void journal_close(struct driver_journal *journal) {
    if (!*journal->path)
        return;
    (void)unlink(journal->path);
    (void)close(journal->file);
    *journal->path = '\0';
}
