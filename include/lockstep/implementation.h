/* A kernel of one's own in a shared library: what `lockstep … --add mine.so` loads.
 *
 * The library exports one symbol, `lockstep_library`: a table of rows, each a function with the
 * signature of its operation. Shapes, formulas and what a function returns stand in
 * common/problem.h. docs/own-kernel.md has an example, and how to compile it.
 *
 *     static enum status mine(const struct gemm_problem *p, struct execution *execution) { … }
 *     static const struct lockstep_row rows[] = {
 *         {.operation = "gemm", .name = "mine", .summary = "what it is", .run.gemm = mine}};
 *     const struct lockstep_library lockstep_library = LOCKSTEP_LIBRARY(rows);
 *
 * A row of the CPU gets host memory. A row of the GPU gets device memory, and enqueues what it
 * likes on the stream that it is given: CUTLASS, cuBLASLt, a kernel that was compiled ahead of
 * time. The device's primary context is current, so the CUDA runtime works too on a real GPU.
 */
#ifndef LOCKSTEP_IMPLEMENTATION_H
#define LOCKSTEP_IMPLEMENTATION_H

#include "common/problem.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes with every declaration of this file and of common/problem.h. A library that was compiled
 * with another one is refused. */
enum { LOCKSTEP_IMPLEMENTATION_VERSION = 2 };

/* One kernel on the stream. */
struct lockstep_launch {
    const char *image;  /* the name that it was loaded by */
    const char *kernel; /* as the image calls it */
    int64_t grid[3];    /* blocks */
    int block[3];       /* threads */
    int shared_bytes;   /* dynamic shared memory */
    void **arguments;   /* a pointer to each of the kernel's arguments */
};

/* What a function may ask of lockstep while it runs; see struct lockstep_library. Whatever fails
 * has set execution->message. */
struct lockstep_calls {
    size_t bytes; /* of this struct: newer versions may have more */
    /* Sets the reason and returns `status`: `return calls->refuse(execution, STATUS_UNSUPPORTED,
     * "wants k %% 4 == 0");` */
    enum status (*refuse)(struct execution *execution, enum status status, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

    /* Of rows of the GPU alone. The stream is a CUstream, which a cudaStream_t is too. */
    void *(*gpu_stream)(struct execution *execution);
    bool (*gpu_is_emulated)(struct execution *execution);
    int (*gpu_capability)(struct execution *execution); /* 80 is compute capability 8.0 */
    /* Memory that stays until it is released. */
    enum status (*gpu_allocate)(struct execution *execution, size_t bytes, void **pointer);
    void (*gpu_release)(struct execution *execution, void *pointer);
    /* Makes an image known by its name: a fatbin, a cubin or PTX text ended by a NUL, which stays
     * where it is. To do so again changes nothing. */
    enum status (*gpu_load)(struct execution *execution, const char *name, const void *image,
                            size_t bytes);
    enum status (*gpu_launch)(struct execution *execution, const struct lockstep_launch *launch);
};

/* A member an operation, of its own name and signature. */
#define LOCKSTEP_MEMBER(name) name##_kernel *name;
union lockstep_function {
    LOCKSTEP_KERNELS(LOCKSTEP_MEMBER)
};
#undef LOCKSTEP_MEMBER

struct lockstep_row {
    const char *operation;       /* as `lockstep list operations` names it */
    const char *name;            /* of letters, digits and . _ + -, at most 31 */
    const char *summary;         /* in a few words */
    bool gpu;                    /* its pointers are to be device memory */
    bool one_thread;             /* runs on one thread whatever --threads says */
    bool batches;                /* of gemm: takes problems of a batch; else it gets none */
    unsigned dtypes;             /* bits 1u << DTYPE_F32 and so on; 0: f32 alone */
    union lockstep_function run; /* the member that is called as the operation */
};

struct lockstep_library {
    int version; /* LOCKSTEP_IMPLEMENTATION_VERSION */
    int row_count;
    size_t row_bytes;
    const struct lockstep_row *rows;
    /* Where lockstep puts its calls before the first row runs; NULL: they are not wanted. */
    const struct lockstep_calls **calls;
};

/* The table of an array of rows, without and with calls. */
#define LOCKSTEP_LIBRARY_CALLING(rows, calls)                                                      \
    {                                                                                              \
        LOCKSTEP_IMPLEMENTATION_VERSION, (int)(sizeof(rows) / sizeof((rows)[0])),                  \
            sizeof((rows)[0]), rows, calls                                                         \
    }
#define LOCKSTEP_LIBRARY(rows) LOCKSTEP_LIBRARY_CALLING(rows, NULL)

extern const struct lockstep_library lockstep_library;

#ifdef __cplusplus
}
#endif

#endif
