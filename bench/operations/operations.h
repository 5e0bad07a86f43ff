/* All operations. */
#ifndef LOCKSTEP_BENCH_OPERATIONS_OPERATIONS_H
#define LOCKSTEP_BENCH_OPERATIONS_OPERATIONS_H

#include "bench/operations/operation.h"

#define OPERATION(name) extern const struct operation operation_##name;
#include "bench/operations/operations.def"
#undef OPERATION

/* In the order in which they are listed and run. */
extern const struct operation *const operations[];
extern const int operation_count;

/* The same as a table. */
extern const struct operation_table operations_built_in;

/* The built-in operation; NULL where there is none of that name. */
const struct operation *operation_find(const char *name);

/* The first operation with a tuner: whose choices `lockstep tune` measures. */
const struct operation *operation_tunable(void);

#endif
