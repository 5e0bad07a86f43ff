/* Starting programs as the ranks of a job, by the mpirun that is installed. */
#ifndef LOCKSTEP_TESTS_SUPPORT_LAUNCHING_H
#define LOCKSTEP_TESTS_SUPPORT_LAUNCHING_H

#include "tests/support/calling.h"

#include <stdbool.h>

/* Whether there is an mpirun, and the library of ranks/mpi beside `program`. */
bool launching_is_possible(const char *program);

/* `mpirun -n RANKS PROGRAM ARGUMENT…`, in the test's own place, on more ranks than processors and
 * as root too. In the first two forms it is waited for. */
struct call launch_of(const char *program, int ranks, const char *const *arguments);
#define LAUNCH(ranks, ...) launch_of(here.program, ranks, (const char *const[]){__VA_ARGS__, NULL})
struct call launch_start(const char *program, int ranks, const char *const *arguments);

/* Two programs, each with arguments of its own, as one job. */
struct call launch_pair(const char *program, const char *const *first, const char *const *second);

/* Where this test program lies; `size` bytes. */
void self_path(char *path, size_t size);

#endif
