/*
 * The last lines that the driver had to say, for cuLogs*: what went wrong, and each call that
 * failed. Every line has its time, its thread and its level in front:
 * "[22:21:32.099][25642][CUDA][E] out of memory". They go to the file of CUDA_LOG_FILE too.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_STATE_LOG_H
#define LOCKSTEP_EMULATOR_DRIVER_STATE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "emulator/driver/state/types.h"

/* As many lines are kept; a copy in memory has at most so many bytes, its end included. */
enum { LOG_LINES = 100, LOG_COPY_BYTES = 25600 };

struct driver_log_line {
    CUlogLevel level;
    size_t head; /* bytes in front of the message */
    char text[1264];
};

/* Starts as all zeros. Lines are numbered from 0 on. */
struct driver_log {
    struct driver_log_line lines[LOG_LINES]; /* line n stands at n % LOG_LINES */
    unsigned count;                          /* the number of the next line */
    unsigned told;                           /* the first that callbacks have not been given */
};

void log_add(struct driver_log *log, CUlogLevel level, const char *message);
/* The next line for callbacks, copied, since others may follow while they run. False: there is
 * none. */
bool log_next(struct driver_log *log, struct driver_log_line *line);
/* The lines from a number on, a line each, after a note where older ones are gone. False: errno
 * says why. */
bool log_print(const struct driver_log *log, unsigned from, FILE *file);
/*
 * Likewise, as a string of at most `size` bytes. Where not all fit, the oldest are left out, and a
 * note says so. Returns the string's length. False in *fits: there are lines, and not one of them
 * fits.
 */
size_t log_copy(const struct driver_log *log, unsigned from, char *to, size_t size, bool *fits);

#endif
