/* What the launchers of all families share. */
#ifndef LOCKSTEP_KERNELS_GEOMETRY_H
#define LOCKSTEP_KERNELS_GEOMETRY_H

#include "common/problem.h"
#include "gpu/gpu.h"
#include "kernels/arguments.h"

/* a / b rounded up; b > 0. */
int64_t geometry_ceil(int64_t a, int64_t b);

/* Blocks of THREADS threads for `items` items: one item a thread, or as many blocks as the GPU
 * holds at once when the kernel strides over the rest. */
int64_t geometry_blocks(int64_t items);
int64_t geometry_blocks_resident(const struct gpu *gpu, int64_t items);

/* The split for buffers of `count` floats that are accessed in step; NULL pointers are passed over.
 * Buffers whose addresses differ modulo 16 have no aligned part in common. */
struct vector_split geometry_split(int64_t count, const void *const *pointers, int pointer_count);

/* Launches a kernel with a grid of `blocks` and a block of `threads` along x and y. STATUS_INVALID
 * when the execution has no GPU. `arguments` is the kernel's struct from kernels/arguments.h. */
enum status geometry_launch(struct execution *execution, struct gpu_kernel kernel,
                            const int64_t blocks[2], const int threads[2], void *arguments);

/* The same in one dimension, THREADS threads a block. */
enum status geometry_launch_flat(struct execution *execution, struct gpu_kernel kernel,
                                 int64_t blocks, void *arguments);

#endif
