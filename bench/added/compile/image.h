/* From a file of kernels to an image that a GPU loads. */
#ifndef LOCKSTEP_BENCH_ADDED_COMPILE_IMAGE_H
#define LOCKSTEP_BENCH_ADDED_COMPILE_IMAGE_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { IMAGE_KERNELS_MAX = 256 };

struct image_request {
    const char *source; /* path of CUDA C (.cu, .cuh …), PTX (.ptx), a fat binary or a cubin */
    const char *flags;  /* more of the compiler's, separated by blanks; "" for none */
    /* As the source calls them: templates among them are instantiated. */
    const char *kernels[IMAGE_KERNELS_MAX];
    int kernel_count;
    int capability; /* of the GPU: 80 is 8.0 */
    bool ptx;       /* for the emulated GPU; else machine code */
};

/* Whether the path ends as one of those files does. */
bool image_is_source(const char *path);

/* The image, to be freed; PTX is ended by a NUL that *size does not count. CUDA C is compiled by
 * nvcc, else NVRTC, else clang, or by the one that the environment's LOCKSTEP_COMPILER names; what
 * nvcc and clang make is kept in a cache, where it is found again as long as nothing that it was
 * made of has changed.
 *
 * STATUS_INVALID: the source cannot be read, or the compiler refuses it; the message has its first
 * error and the command. STATUS_UNSUPPORTED: there is no compiler. STATUS_IO: another file cannot
 * be read or written. */
enum status image_make(const struct image_request *request, char **bytes, size_t *size,
                       struct message *message);

#endif
