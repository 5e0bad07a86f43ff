/* Counting what `lockstep explain` has no folder of. */
#ifndef LOCKSTEP_BENCH_COMMANDS_EXPLAIN_RUN_H
#define LOCKSTEP_BENCH_COMMANDS_EXPLAIN_RUN_H

#include "bench/commands/arguments.h"
#include "bench/model/limits.h"

enum { EXPLAIN_FOLDER_SIZE = 256 };

/* What is to be counted; NULL or empty where nothing was said. */
struct explain_request {
    const char *operation, *shapes, *dtypes, *case_glob;
    const char *implementation; /* with the rungs behind it in its ladder; NULL: all */
    struct added_list add;
};

/* Runs it on the emulated GPU, without a word, and gives the folder of the run under TMPDIR. The
 * folder is there where the status is STATUS_OK, or STATUS_WRONG: some rows failed. What broke off
 * leaves it, too, and the message names it. */
enum status explain_run(const struct explain_request *request,
                        const struct command_context *context, char folder[EXPLAIN_FOLDER_SIZE],
                        struct message *message);
/* Says why rows of the folder failed, a line a row. STATUS_WRONG says how many did. */
enum status explain_failures_tell(FILE *file, const char *folder, struct message *message);
/* Removes the folder with all that is in it. */
void explain_forget(const char *folder);

/* Says which rung of the ladder takes less of what limits the row: the first one behind it that was
 * counted. Rows are those of a run. */
void explain_rung_print(FILE *file, const struct counters_row *rows, size_t count,
                        const struct counters_row *row, const struct model_gpu *gpu,
                        enum limit_unit limited_by);

#endif
