/* NVIDIA's compiler as a library, found at run time. */
#ifndef LOCKSTEP_BENCH_ADDED_COMPILE_NVRTC_H
#define LOCKSTEP_BENCH_ADDED_COMPILE_NVRTC_H

#include "bench/added/compile/image.h"

/* Whether there is one; `path` is the name that it was loaded by. */
bool nvrtc_find(char *path, size_t size);

/* Compiles the text of request->source. STATUS_INVALID has the first error. */
enum status nvrtc_compile(const char *path, const struct image_request *request, const char *text,
                          char **bytes, size_t *size, struct message *message);

#endif
