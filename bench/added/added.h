/* Rows from outside the build: what `--add` names, beside the built-in ones.
 *
 * Each way in makes rows of a text (rows.h); the harness sees operations with longer tables and
 * knows no way. A way of one's own is a function of struct added_way, listed in added.c.
 */
#ifndef LOCKSTEP_BENCH_ADDED_ADDED_H
#define LOCKSTEP_BENCH_ADDED_ADDED_H

#include "bench/devices/devices.h"

#include <cjson/cJSON.h>

enum { ADDED_MAX = 32 };

/* The texts of --add in their order, borrowed. */
struct added_list {
    const char *texts[ADDED_MAX];
    int count;
};

/* Wherever a function takes one, NULL means that nothing was added. */
struct added;

/* Whether the text names a file of rows: what `ab` compares instead of builds. */
bool added_is_file(const char *text);

/* Reads what is to be added; nothing is compiled yet. On success *added is the caller's to
 * added_close(), behind all that uses its rows and the devices that they ran on.
 *
 * STATUS_INVALID, STATUS_FAILED: something cannot be added; the message begins with its file. */
enum status added_open(const struct added_list *list, struct added **added,
                       struct message *message);
void added_close(struct added *added);

/* The built-in operations with the added rows behind their own; live as long as `added`. */
const struct operation_table *added_table(const struct added *added);

/* How many rows, and one of them with its operation. */
int added_count(const struct added *added);
const struct implementation *added_row(const struct added *added, int index,
                                       const struct operation **operation);
/* The names of all, separated by commas, each once; valid as long as `added`. */
const char *added_names(const struct added *added);

/* Refuses rows of which none is of an operation that is asked for; `names` are operations' names.
 * Without rows or without names there is nothing to refuse. STATUS_INVALID. */
enum status added_check_asked(const struct added *added, const char *const *names, size_t count,
                              struct message *message);

/* What "auto" of --gpu means: "emulated" where a row wants a GPU and there is none. The emulated
 * GPU then makes all its checks, unless LOCKSTEP_EMULATOR in the environment says `check` itself:
 * races, those between blocks among them, and reads of what was never written are found too. A
 * launch that goes on for some minutes is ended, unless `budget` is said there. `small`: shapes are
 * small, and a minute is enough. */
const char *added_gpu(const struct added *added, const char *gpu, bool small);

/* Compiles and loads what is not yet for the GPU among the devices. */
enum status added_load(struct added *added, struct devices *devices, struct message *message);

/* STATUS_FAILED names a file that is no longer what was read: what was measured is of no version.
 */
enum status added_check_unchanged(const struct added *added, struct message *message);

/* A line a row: what a folder's settings must have alike; and the list for environment.json. */
void added_settings_write(const struct added *added, FILE *file);
cJSON *added_to_json(const struct added *added);

#endif
