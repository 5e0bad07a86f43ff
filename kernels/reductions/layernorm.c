/* Launch geometry of the layernorm rungs; the kernels stand in layernorm_*.cu beside this file. */
#include "kernels/geometry.h"
#include "kernels/kernels.h"

#define KERNELS(image, prefix)                                                                     \
    {                                                                                              \
        [LAYERNORM_FORWARD] = {image, prefix "_forward"},                                          \
        [LAYERNORM_BACKWARD] = {image, prefix "_backward"},                                        \
        [LAYERNORM_RMS_FORWARD] = {image, prefix "_rms_forward"},                                  \
        [LAYERNORM_RMS_BACKWARD] = {image, prefix "_rms_backward"},                                \
    }
static const struct gpu_kernel naive_kernels[] = KERNELS("layernorm_1_naive", "layernorm_naive");
static const struct gpu_kernel warp_kernels[] = KERNELS("layernorm_2_warp", "layernorm_warp");

#define FORM_KERNELS(variant) ROW_KERNELS("layernorm_3_vectorised", "layernorm_vectorised_" variant)
static const struct gpu_kernel vectorised_kernels[][ROW_FORMS] = {
    [LAYERNORM_FORWARD] = FORM_KERNELS("forward"),
    [LAYERNORM_BACKWARD] = FORM_KERNELS("backward"),
    [LAYERNORM_RMS_FORWARD] = FORM_KERNELS("rms_forward"),
    [LAYERNORM_RMS_BACKWARD] = FORM_KERNELS("rms_backward"),
};

static struct layernorm_arguments arguments_of(const struct layernorm_problem *problem) {
    return (struct layernorm_arguments){.x = problem->x,
                                        .gamma = problem->gamma,
                                        .beta = problem->beta,
                                        .dy = problem->dy,
                                        .mean = problem->mean,
                                        .rstd = problem->rstd,
                                        .output = problem->output,
                                        .dgamma = problem->dgamma,
                                        .dbeta = problem->dbeta,
                                        .rows = problem->rows,
                                        .columns = problem->columns,
                                        .epsilon = problem->epsilon};
}

enum status layernorm_cuda_naive(const struct layernorm_problem *problem,
                                 struct execution *execution) {
    static const struct gpu_kernel columns = {"layernorm_1_naive", "layernorm_naive_columns"};
    static const struct gpu_kernel rms = {"layernorm_1_naive", "layernorm_naive_rms_columns"};
    struct layernorm_arguments arguments = arguments_of(problem);
    enum status status = geometry_launch_flat(execution, naive_kernels[problem->variant],
                                              geometry_blocks(problem->rows), &arguments);
    if (status != STATUS_OK || problem->dy == NULL)
        return status;
    return geometry_launch_flat(execution, problem->mean == NULL ? rms : columns,
                                geometry_blocks(problem->columns), &arguments);
}

/* dgamma and dbeta, as the warp rung takes them. */
static enum status launch_columns(const struct layernorm_problem *problem,
                                  struct layernorm_arguments *arguments,
                                  struct execution *execution) {
    static const struct gpu_kernel columns = {"layernorm_2_warp", "layernorm_warp_columns"};
    static const struct gpu_kernel rms = {"layernorm_2_warp", "layernorm_warp_rms_columns"};
    const int64_t blocks[2] = {geometry_ceil(problem->columns, WARP_LANES), 1};
    const int threads[2] = {WARP_LANES, COLUMN_WARPS};
    return geometry_launch(execution, problem->mean == NULL ? rms : columns, blocks, threads,
                           arguments);
}

enum status layernorm_cuda_warp(const struct layernorm_problem *problem,
                                struct execution *execution) {
    struct layernorm_arguments arguments = arguments_of(problem);
    const int64_t blocks[2] = {geometry_ceil(problem->rows, WARP_ROWS), 1};
    const int threads[2] = {WARP_ROWS * WARP_LANES, 1};
    enum status status =
        geometry_launch(execution, warp_kernels[problem->variant], blocks, threads, &arguments);
    return status == STATUS_OK && problem->dy != NULL
               ? launch_columns(problem, &arguments, execution)
               : status;
}

/* Rows of a block: one block for each multiprocessor. Where that makes gamma and beta, read once a
 * block, more than 2% of x and y, two fifths of the multiprocessors may stay idle. */
static int64_t rows_a_block(const struct gpu *gpu, int64_t rows) {
    enum { ENOUGH = 52 };
    const int64_t multiprocessors = gpu_properties(gpu)->multiprocessors;
    int64_t share = geometry_ceil(rows, multiprocessors);
    if (share < ENOUGH) {
        const int64_t fewer_blocks = geometry_ceil(5 * rows, 3 * multiprocessors);
        share = fewer_blocks < ENOUGH ? fewer_blocks : ENOUGH;
    }
    return share < SHARE_ROWS ? share : SHARE_ROWS;
}

/* Of gamma and, forward, beta, each a whole number of sectors. */
static int64_t scale_bytes(const struct layernorm_problem *problem) {
    enum { SECTOR = 32 };
    const int64_t bytes = problem->columns * (int64_t)sizeof(float);
    const int64_t vectors = problem->beta != NULL ? 2 : 1;
    return vectors * SECTOR * geometry_ceil(bytes, SECTOR);
}

/* ROW_LONG, too, where gamma and beta do not fit into shared memory beside the reductions. */
static enum row_form form_of(const struct layernorm_problem *problem, const struct gpu *gpu) {
    enum { REDUCTIONS = 4096 };
    const int64_t fit = (int64_t)gpu_properties(gpu)->shared_per_block_optin - REDUCTIONS;
    return scale_bytes(problem) <= fit
               ? geometry_row_form(problem->x, problem->rows, problem->columns)
               : ROW_LONG;
}

static enum status launch_long(const struct layernorm_problem *problem,
                               struct layernorm_arguments *arguments, struct execution *execution) {
    const int arrays = problem->dy != NULL ? 2 : 1; /* x and dy, or x alone */
    arguments->kept =
        geometry_row_kept(execution->gpu, arrays, problem->x, problem->rows, problem->columns);
    return geometry_launch_rows(execution, vectorised_kernels[problem->variant], ROW_LONG,
                                problem->rows, arguments->kept * arrays, arguments);
}

static enum status launch_shares(const struct layernorm_problem *problem, enum row_form form,
                                 struct layernorm_arguments *arguments,
                                 struct execution *execution) {
    static const int threads_a_row[] = {
#define ROW_FORM(name, threads, groups, ...) [ROW_##name] = (threads),
        ROW_FORM_LIST(ROW_FORM)
#undef ROW_FORM
    };
    arguments->share = rows_a_block(execution->gpu, problem->rows);
    const int64_t wanted = arguments->share * threads_a_row[form];
    const int most = problem->dy != NULL ? SHARE_THREADS / 2 : SHARE_THREADS;
    const struct gpu_launch launch = {
        .kernel = vectorised_kernels[problem->variant][form],
        .grid = {geometry_ceil(problem->rows, arguments->share), 1, 1},
        .block = {wanted < most ? (int)wanted : most, 1, 1},
        .shared_bytes = (int)scale_bytes(problem),
        .arguments = arguments};
    return gpu_launch(execution->gpu, &launch, execution->message);
}

enum status layernorm_cuda_vectorised(const struct layernorm_problem *problem,
                                      struct execution *execution) {
    if (execution->gpu == NULL)
        return message_set(execution->message, STATUS_INVALID,
                           "layernorm_vectorised is a GPU kernel and was called without a GPU");
    struct layernorm_arguments arguments = arguments_of(problem);
    const enum row_form form = form_of(problem, execution->gpu);
    enum status status = form == ROW_LONG ? launch_long(problem, &arguments, execution)
                                          : launch_shares(problem, form, &arguments, execution);
    return status == STATUS_OK && problem->dy != NULL
               ? launch_columns(problem, &arguments, execution)
               : status;
}
