/* What the parts of the history share. Inside it only: others include bench/regression/history.h.
 */
#ifndef LOCKSTEP_BENCH_REGRESSION_HISTORY_STORE_H
#define LOCKSTEP_BENCH_REGRESSION_HISTORY_STORE_H

#include "bench/regression/history.h"

#include <sqlite3.h>

struct history {
    sqlite3 *database;
    char path[2048];
};

/* STATUS_INVALID where the file is to blame (damaged, not a database), STATUS_IO else; says what
 * was tried. */
enum status history_failure(const struct history *history, const char *tried,
                            struct message *message);

enum status history_prepare(const struct history *history, const char *sql,
                            sqlite3_stmt **statement, struct message *message);

/* Whether the tables have the columns that this version writes, and each run a time: runs are put
 * in order by it. */
enum status history_check_tables(const struct history *history, struct message *message);

/* Whether a recording may be added: the file is whole, and every row refers to rows that are there.
 * Nothing is changed. */
enum status history_check_sound(const struct history *history, struct message *message);

/* A machine as it is known in the history. */
struct history_machine {
    char description[HISTORY_MACHINE_SIZE], fingerprint[17];
};

/* `name` stands for the machine's own id; NULL where the id is wanted. */
void history_machine_describe(const cJSON *environment, const char *name,
                              struct history_machine *machine);

/* What stands before the name that a machine was recorded under, at the end of its description. */
#define HISTORY_NAMED "; named "

/* The columns of results.csv behind the key: stored one by one under the same names, as far as all
 * versions have them. A run that is recorded anew by another version is then the same run. */
enum { HISTORY_FIRST_COLUMN = 8 };

#endif
