/* What processes on the emulated GPU have left that did not come to their regular end. */
#ifndef LOCKSTEP_BENCH_COMMANDS_JOURNALS_H
#define LOCKSTEP_BENCH_COMMANDS_JOURNALS_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

struct journals {
    const char *folder;   /* a file a process, see docs/emulator.md, `processes` */
    const char *counters; /* the CSV file that their rows are appended to */
    const char *findings; /* the file that their leaks are appended to, a line each */
    bool seeks_leaks; /* false where a signal has ended the program, which had no chance to free */
    size_t ended;     /* filled in: by _exit, by exec or by a signal */
    size_t running;   /* filled in: they go on */
};

/* Takes them all, and removes them. STATUS_IO: one could not be read, or what it says not be
 * written. */
enum status journals_collect(struct journals *journals, struct message *message);
/* Removes them unread. */
void journals_remove(const char *folder);

#endif
