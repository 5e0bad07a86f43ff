/* `lockstep ab` of two files of kernels: this build with one of them, and with the other. */
#ifndef LOCKSTEP_BENCH_COMMANDS_AB_FILES_H
#define LOCKSTEP_BENCH_COMMANDS_AB_FILES_H

#include "bench/added/added.h"
#include "bench/regression/ab.h"

#include <limits.h>

enum { AB_FILES_WORDS_MAX = 8 };

struct ab_files {
    struct added *added[AB_SIDES];                   /* the rows of each file, for their names */
    char add[AB_SIDES][PATH_MAX];                    /* the text of --add */
    char *names;                                     /* of the rows that both have */
    char program[PATH_MAX];                          /* this one's */
    const char *words[AB_SIDES][AB_FILES_WORDS_MAX]; /* for each side's process … */
    int word_counts[AB_SIDES];                       /* … so many */
};

/* Opens both files. The words add each side's rows, and ask for those alone unless `chosen`. Where
 * each file has one row both get the name of the new file's. With `operation` its operation is
 * asked for. On success the caller closes.
 *
 * STATUS_INVALID: they have no row of one name and one operation. */
enum status ab_files_open(struct ab_files *files, const char *const texts[AB_SIDES], bool chosen,
                          bool operation, struct message *message);
void ab_files_close(struct ab_files *files);

/* STATUS_FAILED: a file is no longer what was compared. */
enum status ab_files_check(const struct ab_files *files, struct message *message);

#endif
