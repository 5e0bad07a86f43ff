/* A process that is talked to in lines over its standard input and output, and how it may end.
 *
 * It is started in a process group of its own, so that what it started ends with it. What it writes
 * to its standard error is kept: a pipe could fill up and stop it.
 */
#ifndef LOCKSTEP_COMMON_PROCESS_H
#define LOCKSTEP_COMMON_PROCESS_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

enum { PROCESS_LINE_MAX = 1 << 20, PROCESS_WORDS_MAX = 512 };

struct process {
    pid_t id;           /* 0: none */
    int socket;         /* its standard input and output */
    int errors;         /* a file without a name: its standard error */
    size_t used, taken; /* of `text`: received, and handed out before */
    size_t capacity;
    char *text; /* owned */
};

/* What became of waiting for a line. */
enum process_answer {
    PROCESS_LINE,        /* here it is */
    PROCESS_ENDED,       /* there will be no more */
    PROCESS_LATE,        /* none came in time */
    PROCESS_ENDLESS,     /* more than PROCESS_LINE_MAX bytes came without an end of line */
    PROCESS_INTERRUPTED, /* by a signal to this process */
    PROCESS_NO_MEMORY
};

/* STATUS_INVALID with why the program of that name could not be started. Where one lies in this
 * folder, which PATH does not name, it says how to call it. */
enum status process_refuse(const char *name, int error, struct message *message);

/* Starts the program of arguments[0], looked up in PATH; a NULL ends the arguments. On failure
 * there is nothing to end. STATUS_INVALID: there is no such program. */
enum status process_start(struct process *process, const char *const *arguments,
                          struct message *message);
/* Ends the process and what it started, however it is. May be called for one that never started or
 * has ended. */
void process_end(struct process *process);

/* Sends a line, given without its newline. False: the process has gone. */
bool process_send(struct process *process, const char *line);
/* The next line without its newline, valid until the next call. */
enum process_answer process_receive(struct process *process, double seconds, char **line);

/* Waits for an end that is near, for its output has ended, and says how it came: "was ended by
 * signal 9 (Killed)" or "ended with status 1". A process that lives on is ended after a second.
 * *code is the exit status, -1 after a signal. */
void process_await_end(struct process *process, int *code, char *text, size_t size);
/* The last line that it wrote to its standard error, or "it said nothing". */
void process_last_words(const struct process *process, char *text, size_t size);
/* Passes on what it wrote to its standard error, a line behind `name`. */
void process_errors_print(const struct process *process, const char *name, FILE *file);

#endif
