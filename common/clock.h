/* The clock of every interval in the project. */
#ifndef LOCKSTEP_COMMON_CLOCK_H
#define LOCKSTEP_COMMON_CLOCK_H

#include <time.h>

/* Seconds since some fixed moment; monotonic, so that a change of the date does not show in an
 * interval. */
static inline double clock_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

#endif
