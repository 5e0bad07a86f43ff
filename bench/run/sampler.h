/* The process that `lockstep ab` starts: it takes samples on request (bench/regression/protocol.h).
 */
#ifndef LOCKSTEP_BENCH_RUN_SAMPLER_H
#define LOCKSTEP_BENCH_RUN_SAMPLER_H

#include "bench/run/run.h"

#include <stdio.h>

/* Serves until `in` ends. STATUS_INVALID when the options select nothing or an emulated GPU, which
 * has no times; STATUS_IO when nobody listens any more. */
enum status sampler_serve(const struct run_options *options, FILE *in, FILE *out,
                          struct message *message);

#endif
