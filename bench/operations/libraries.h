/* Whether this build has a library that it may lack: `availability` of struct implementation. */
#ifndef LOCKSTEP_BENCH_OPERATIONS_LIBRARIES_H
#define LOCKSTEP_BENCH_OPERATIONS_LIBRARIES_H

#include "bench/operations/operation.h"

const char *blis_availability(const struct bench_case *bench_case);
const char *onednn_availability(const struct bench_case *bench_case);

#endif
