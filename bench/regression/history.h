/* The history of a machine's runs: one SQLite file (docs/history.md).
 *
 * Runs are kept apart by the machine they ran on, known by its fingerprint: processor model,
 * processors, caches, memory and GPUs. To these comes the machine's own id, or else the name that
 * the run was recorded under. The host's name is not part of it: containers get a new one each
 * time.
 *
 * A file that is not a history, is damaged or was written by a newer version is refused and never
 * written to.
 */
#ifndef LOCKSTEP_BENCH_REGRESSION_HISTORY_H
#define LOCKSTEP_BENCH_REGRESSION_HISTORY_H

#include "bench/files/run_files.h"

#include <stdint.h>

struct history;

enum { HISTORY_MACHINE_SIZE = 768 }; /* of a machine's description */

/* LOCKSTEP_HISTORY, or reports/history.sqlite. */
const char *history_path(void);

/* With `write` a file (and its folder) that is not there is made; without it, STATUS_INVALID. The
 * caller closes `history` after STATUS_OK alone. */
enum status history_open(const char *path, bool write, struct history **history,
                         struct message *message);
void history_close(struct history *history);

/* Records a finished run with all its rows in one transaction; waits for other writers up to half a
 * minute. `name` stands for the machine's own id: machines alike and of one name then share their
 * history. It is NULL where the id is wanted. *fresh is false when the same run is there already:
 * then nothing changes. */
enum status history_record(struct history *history, const struct run_files *run, const char *name,
                           bool *fresh, struct message *message);

/* Whether a person who writes `wanted` means this machine: the beginning of its fingerprint, or the
 * name that it was recorded under. NULL means every machine. */
bool history_is_machine(const char *wanted, const char *fingerprint, const char *description);

/* --- reading ---------------------------------------------------------------------------------- */

struct history_run {
    int64_t id;
    const char *commit, *written, *fingerprint, *machine;
    int64_t rows;
};

/* Calls `each` for every run, oldest first; texts are valid during the call. */
enum status history_each_run(struct history *history,
                             void (*each)(const struct history_run *run, void *context),
                             void *context, struct message *message);

/* One row of results over the runs of one machine, oldest first. */
struct history_series {
    struct row_key key;
    char fingerprint[17], machine[HISTORY_MACHINE_SIZE];
    struct history_value {
        char commit[48], written[24];
        double median_s, low_s, high_s;
    } * values;
    size_t count;
};

/* Calls `each` for every measured series whose case matches the glob `pattern`. STATUS_INVALID when
 * none does. */
enum status history_each_series(struct history *history, const char *pattern,
                                enum status (*each)(const struct history_series *series,
                                                    void *context, struct message *message),
                                void *context, struct message *message);

#endif
