/* A run's folder and what identifies it. */
#ifndef LOCKSTEP_BENCH_FILES_FOLDER_H
#define LOCKSTEP_BENCH_FILES_FOLDER_H

#include "common/status.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct folder {
    char path[2048];
    bool resumed;           /* an unfinished run lies there and is resumed */
    int lock;               /* descriptor that keeps other runs out of it; -1: none */
    struct message warning; /* what is not as it should be and stops nothing; empty: nothing */
};

/* Makes the folder that --out named and those that it lies in, as far as they are missing.
 * STATUS_INVALID: something else lies there. */
enum status folder_make(const char *path, struct message *message);

/* Opens `out`, or a new folder reports/runs/<UTC time>-<host> with reports/latest pointing to it
 * when out is NULL; a link that cannot be made is a warning. In the folder's name a host has
 * letters, digits, '.', '_' and '-', and '-' for all else. A folder that holds an unfinished run is
 * resumed; `settings` (what was asked for and by what, words of the form name=value) must be the
 * same then. A finished run, one that another process is writing, or anything else is left alone:
 * STATUS_INVALID. The caller closes what was opened; on failure there is nothing to close. */
enum status folder_open(const char *out, const char *host, const char *settings,
                        struct folder *folder, struct message *message);

/* Lets other runs in. A folder that was never opened has the lock -1. */
void folder_close(struct folder *folder);

/* Writes environment.json in one step: a reader sees the old or the new, never half. */
enum status folder_write_environment(const struct folder *folder, const cJSON *environment,
                                     struct message *message);

#endif
