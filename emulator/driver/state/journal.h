/*
 * What a process has done so far, in a file that outlives it. It is there from cuInit to the
 * regular end, so one that is left is of a process that ended otherwise: by _exit, by exec or by a
 * signal.
 *
 * Its first line is the process's number, the allocations that it has, and their bytes; both are 0
 * where leaks are not looked for. Below lie the rows of a report, with its header. Lines may end
 * with blanks.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_STATE_JOURNAL_H
#define LOCKSTEP_EMULATOR_DRIVER_STATE_JOURNAL_H

#include "emulator/driver/state/report.h"

struct driver_journal {
    char path[4200]; /* empty: none is kept */
    int file;
    size_t first_row; /* the place of its first row */
};

/* In a folder. False where it cannot be made: errno says why. Each of the others does nothing where
 * none is kept, and returns false where it could not be written. */
bool journal_open(struct driver_journal *journal, const char *folder);
/* The row of this index stands anew, or behind the last. */
bool journal_put(const struct driver_journal *journal, size_t index, const struct report_row *row);
bool journal_put_memory(const struct driver_journal *journal, size_t allocations, size_t bytes);
/* The rows are in a report. */
bool journal_forget(const struct driver_journal *journal);
void journal_close(struct driver_journal *journal);

#endif
