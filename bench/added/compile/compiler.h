/* The compilers of CUDA C, and what they are called with. */
#ifndef LOCKSTEP_BENCH_ADDED_COMPILE_COMPILER_H
#define LOCKSTEP_BENCH_ADDED_COMPILE_COMPILER_H

#include "bench/added/compile/image.h"

#include <limits.h>

enum compiler_kind { COMPILER_NVCC, COMPILER_NVRTC, COMPILER_CLANG };

struct compiler {
    enum compiler_kind kind;
    char path[PATH_MAX];         /* of the program or the library */
    char identity[2 * PATH_MAX]; /* tells one installed version from another */
};

/* The first that there is. STATUS_UNSUPPORTED says what to install. */
enum status compiler_find(struct compiler *compiler, struct message *message);

/* Calls nvcc or clang; what it read is listed in `dependencies` as for make, what it says goes into
 * `log`. */
enum status compiler_run(const struct compiler *compiler, const struct image_request *request,
                         const char *source, const char *image, const char *dependencies,
                         const char *log, struct message *message);

#endif
