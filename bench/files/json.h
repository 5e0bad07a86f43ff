/* A JSON object in a file: environment.json, as every run leaves one. */
#ifndef LOCKSTEP_BENCH_FILES_JSON_H
#define LOCKSTEP_BENCH_FILES_JSON_H

#include "common/status.h"

#include <cjson/cJSON.h>

/* Reads the object that the file holds. The caller deletes it; it is NULL unless STATUS_OK.
 * STATUS_INVALID: the file holds something else, or more, and the message names the line; or an
 * object has two members of one name, of which readers would take different ones. */
enum status json_read(const char *path, cJSON **json, struct message *message);

#endif
