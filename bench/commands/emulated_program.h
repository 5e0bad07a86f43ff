/* A program of anybody's, run on the emulated GPU, and what the emulator wrote down about it. */
#ifndef LOCKSTEP_BENCH_COMMANDS_EMULATED_PROGRAM_H
#define LOCKSTEP_BENCH_COMMANDS_EMULATED_PROGRAM_H

#include "bench/commands/command.h"

#include <stdbool.h>
#include <stddef.h>

/* What is written down lies in a folder of its own, which emulated_program_forget removes. */
struct emulated_program {
    bool preload; /* filled in before: load the emulator's libraries before the program's */
    bool waits;   /* filled in before: wait for what the program leaves running, too */
    char folder[256];
    char counters[300];  /* a CSV file: a row a kernel; missing where none was launched */
    char findings[300];  /* a line a finding; missing where there are none */
    char processes[300]; /* a folder with the journals of processes */
    size_t unended; /* processes that used the emulated GPU, and ended by _exit, exec or a signal */
    size_t running; /* processes that go on using it */
    int exit_status; /* the program's; 128 and the signal's number where one ended it */
    int signal;      /* the one that ended it; 0: none */
};

/*
 * Starts `words` (ended by NULL; the first is looked up in PATH) with the emulated driver in front,
 * and waits for its end; and for the ends of processes that it has left, where that was asked for.
 * Keys of `configuration` stand in place of those in LOCKSTEP_EMULATOR; NULL: none. STATUS_INVALID:
 * there is no such program. STATUS_NO_GPU: there is no emulated driver.
 */
enum status emulated_program_run(struct emulated_program *program, char *const *words,
                                 const char *configuration, const struct command_context *context,
                                 struct message *message);
/* Whether the executable has NVIDIA's runtime library built in, which asks the driver for what is
 * NVIDIA's own: programs of the runtime run here when they load it as a shared library. */
bool emulated_program_has_static_runtime(const char *name);
void emulated_program_forget(const struct emulated_program *program);

#endif
