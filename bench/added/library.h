/* Rows from a shared library (include/lockstep/implementation.h). */
#ifndef LOCKSTEP_BENCH_ADDED_LIBRARY_H
#define LOCKSTEP_BENCH_ADDED_LIBRARY_H

#include "bench/added/way.h"

/* Takes what ends in .so. The library is loaded in a process of its own first. It stays loaded
 * until the process ends: unloading what may have started threads is not safe.
 *
 * STATUS_INVALID: it cannot be loaded, lacks its table, or was compiled with another version of
 * the header. STATUS_FAILED: it crashed, hung or ended the process when it was loaded. */
extern const struct added_way added_way_library;

#endif
