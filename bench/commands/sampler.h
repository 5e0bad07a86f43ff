/* Times on request: what a process does that `lockstep ab` started.
 *
 * A line comes in, a line or more goes out. Two versions of lockstep talk to each other here, so
 * the first line names the version of this protocol, and it changes with any of the rest:
 *
 * - at the start: `lockstep-samples 1 CASES`
 *
 * - `open CASE [verify]`: `rows COUNT NAME`, and then COUNT lines of IMPLEMENTATION, DEVICE,
 *   THREADS, MODE, STATUS and REASON between tabs
 *
 * - `take ROW COUNT`: `times SECONDS…`, of one iteration each
 *
 * - anything that fails: `broke REASON`
 *
 * Cases and rows count from 0. Opening a case closes the one before; with `verify` its rows are
 * checked against the oracle first. A row's status is `ready`, `skipped`, `failed`, or `wrong`. The
 * first samples of a row come after a warm-up, and the first sample of every request is dropped:
 * another process may have run in between. The end of the input ends the process.
 */
#ifndef LOCKSTEP_BENCH_COMMANDS_SAMPLER_H
#define LOCKSTEP_BENCH_COMMANDS_SAMPLER_H

#include "bench/commands/run.h"

#include <stdio.h>

#define SAMPLER_GREETING "lockstep-samples 1 "
enum { SAMPLER_TAKE_MAX = 1000 };

/* Serves until `in` ends. STATUS_INVALID when the options select nothing or an emulated GPU, which
 * has no times; STATUS_IO when nobody listens any more. */
enum status sampler_serve(const struct run_options *options, FILE *in, FILE *out,
                          struct message *message);

#endif
