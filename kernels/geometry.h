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

/* How the vectorised rungs take the rows of a matrix (kernels/reductions/row_groups.cuh): the first form of
 * ROW_FORM_LIST that holds a row, or ROW_LONG. */
enum row_form {
#define ROW_FORM(name, threads, groups, ...) ROW_##name,
    ROW_FORM_LIST(ROW_FORM)
#undef ROW_FORM
        ROW_LONG,
    ROW_FORMS
};

/* The kernels of one function, one a form: prefix_warp1 … prefix_long. */
#define ROW_KERNEL(name, threads, groups, image, prefix) [ROW_##name] = {image, prefix "_" #name},
#define ROW_KERNELS(image, prefix)                                                                 \
    { ROW_FORM_LIST(ROW_KERNEL, image, prefix)[ROW_LONG] = {image, prefix "_long"}, }

/* The form for rows of `columns` floats, the first of which is at `input`. */
enum row_form geometry_row_form(const float *input, int64_t rows, int64_t columns);

/* How many groups of such a row ROW_LONG keeps in shared memory, in each of `arrays`: all, or as
 * many as fit. No more than the row has: what one block does not take lets another in. */
int64_t geometry_row_kept(const struct gpu *gpu, int arrays, const float *input, int64_t rows,
                          int64_t columns);

/* Launches the form's kernel over `rows` rows; ROW_LONG gets shared memory for `kept` groups. */
enum status geometry_launch_rows(struct execution *execution, const struct gpu_kernel *kernels,
                                 enum row_form form, int64_t rows, int64_t kept, void *arguments);

/* Launches a kernel with a grid of `blocks` and a block of `threads` along x and y. STATUS_INVALID
 * when the execution has no GPU. `arguments` is the kernel's struct from kernels/arguments.h. */
enum status geometry_launch(struct execution *execution, struct gpu_kernel kernel,
                            const int64_t blocks[2], const int threads[2], void *arguments);

/* The same in one dimension, THREADS threads a block. */
enum status geometry_launch_flat(struct execution *execution, struct gpu_kernel kernel,
                                 int64_t blocks, void *arguments);

#endif
