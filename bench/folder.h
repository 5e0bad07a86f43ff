/* A run's folder and what identifies it. */
#ifndef LOCKSTEP_BENCH_FOLDER_H
#define LOCKSTEP_BENCH_FOLDER_H

#include "common/status.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct folder {
    char path[2048];
    bool resumed; /* an unfinished run lies there and is gone on with */
};

/* Opens `out`, or a new folder reports/runs/<UTC time>-<host> with reports/latest pointing to it
 * when out is NULL. A folder that holds an unfinished run is resumed; `settings` (what was asked
 * for, as text) must be the same then. A finished run or anything else is left alone:
 * STATUS_INVALID. */
enum status folder_open(const char *out, const char *host, const char *settings,
                        struct folder *folder, struct message *message);

/* Writes environment.json in one step: a reader sees the old or the new, never half. */
enum status folder_write_environment(const struct folder *folder, const cJSON *environment,
                                     struct message *message);

#endif
