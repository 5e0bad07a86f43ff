/* Kernels to start from: the files of examples/new/, inside the program. */
#ifndef LOCKSTEP_BENCH_ADDED_TEMPLATES_H
#define LOCKSTEP_BENCH_ADDED_TEMPLATES_H

#include "common/status.h"

/* Writes the operation's kernel into a new file: CUDA C where its name ends in .cu, the source of a
 * shared library where it ends in .c, Python where it ends in .py.
 *
 * STATUS_INVALID: there is no such operation, it has no kernel to start from, the name ends in
 * something else, or the file is there already. STATUS_IO: it cannot be written. */
enum status template_write(const char *operation, const char *path, struct message *message);

#endif
