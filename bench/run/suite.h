/* `lockstep verify`: every implementation on awkward shapes, settings and special values, untimed.
 */
#ifndef LOCKSTEP_BENCH_RUN_SUITE_H
#define LOCKSTEP_BENCH_RUN_SUITE_H

#include "bench/devices/devices.h"
#include "bench/operations/operation.h"

#include <stddef.h>
#include <stdio.h>

struct suite_options {
    const struct operation *const *operations; /* what to go through … */
    int operation_count;                       /* … and how many */
    const char *implementations;               /* comma-separated, or NULL for all */
    const char *dtypes;                        /* comma-separated, or NULL for all */
    const char *shapes;                        /* … or NULL for the awkward ones */
    int threads;                               /* CPU rows run with this many and with one */
    uint64_t seed;
    struct devices *devices;
    bool (*stop)(void *); /* asked between cases; may be NULL */
    void *stop_argument;
    FILE *log; /* a line an operation and implementation, a line a failure */
};

struct suite_totals {
    size_t passed, failed, skipped; /* cases times implementations times thread counts */
};

/* STATUS_OK: something was checked and nothing failed.
 * STATUS_WRONG: something failed, and the log names it.
 * STATUS_INVALID: no implementation took part.
 * STATUS_UNSUPPORTED: every case was skipped. */
enum status suite_run(const struct suite_options *options, struct suite_totals *totals,
                      struct message *message);

#endif
