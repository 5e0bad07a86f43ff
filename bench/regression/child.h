/* A process of another build of lockstep that takes samples on request
 * (bench/regression/protocol.h), seen from the side that asks. Whatever becomes of it ends as a
 * status with a sentence: it never started, it is not a lockstep, it crashed, it no longer answers.
 */
#ifndef LOCKSTEP_BENCH_REGRESSION_CHILD_H
#define LOCKSTEP_BENCH_REGRESSION_CHILD_H

#include "common/process.h"

#include <stddef.h>
#include <stdio.h>

struct child {
    const char *name; /* for people; borrowed */
    struct process process;
    size_t cases; /* that it can open */
};

/* Starts `binary sample WORD…`, which messages call `name`, and awaits its greeting. On failure
 * there is nothing to end.
 *
 * STATUS_INVALID: there is no such program, it cannot be asked for samples, or refuses the words.
 * STATUS_NO_GPU: it lacks the GPU that was required.
 * STATUS_FAILED: it crashed. */
enum status child_start(struct child *child, const char *name, const char *binary,
                        const char *const *words, int word_count, struct message *message);

/* Ends the process, however it is. May be called for one that never started or has ended. */
void child_end(struct child *child);

/* Sends a request, a line without its newline, and gives the first line of the answer, valid until
 * the next call. A "broke …" is STATUS_FAILED with the reason, as is a process that has ended or
 * does not answer for ten minutes. */
enum status child_ask(struct child *child, const char *request, char **line,
                      struct message *message);
/* The next line of the answer. */
enum status child_next(struct child *child, char **line, struct message *message);

/* Passes on what the process has written to its standard error, a line behind its name. */
void child_errors_print(const struct child *child, FILE *file);

#endif
