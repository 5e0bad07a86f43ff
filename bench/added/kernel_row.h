/* A row of launch lines: what its lines make of a shape, and the launches. */
#ifndef LOCKSTEP_BENCH_ADDED_KERNEL_ROW_H
#define LOCKSTEP_BENCH_ADDED_KERNEL_ROW_H

#include "bench/added/lines.h"
#include "gpu/gpu.h"

/* What a kernel of the lines is called in its image, and what it takes. */
struct loaded_kernel {
    char name[512];
    size_t bytes[GPU_PARAMETERS_MAX]; /* of each parameter */
    int parameter_count;              /* -1: the driver does not tell */
};

struct kernel_row {
    struct lines *lines;           /* owned */
    const char *image;             /* the name that the GPU knows it by */
    char unavailable[200];         /* why this GPU cannot run it; empty: it can */
    struct loaded_kernel *kernels; /* one for each of the lines; owned, NULL before it is loaded */
};

/* The row's own are a struct kernel_row. */
extern const struct implementation_methods kernel_row_methods;

/* Finds the row's kernels in the image, which the GPU has by that name, and holds their parameters
 * against the lines. STATUS_INVALID: a mistake, by file, line and column. */
enum status kernel_row_load(struct kernel_row *row, struct gpu *gpu, const char *image,
                            struct message *message);
void kernel_row_close(struct kernel_row *row);

#endif
