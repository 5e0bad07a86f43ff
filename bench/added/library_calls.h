/* What a shared library may call (include/lockstep/implementation.h). */
#ifndef LOCKSTEP_BENCH_ADDED_LIBRARY_CALLS_H
#define LOCKSTEP_BENCH_ADDED_LIBRARY_CALLS_H

#include "include/lockstep/implementation.h"

extern const struct lockstep_calls library_calls;

#endif
