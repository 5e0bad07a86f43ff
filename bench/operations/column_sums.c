/* column_sums: the gradient of a bias. */
#include "bench/operations/operation.h"
#include "kernels/kernels.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

OPERATION_PROBLEM(column_sums)

enum { SIZE_ROWS, SIZE_COLUMNS };
enum { BUFFER_X, BUFFER_SUMS };

static const char *const variants[] = {"forward"};

static void column_sums_describe(const struct bench_case *c,
                                 struct buffer_spec specs[BUFFERS_MAX]) {
    int64_t rows = c->sizes[SIZE_ROWS], columns = c->sizes[SIZE_COLUMNS];
    specs[BUFFER_X] = buffer_matrix("x", BUFFER_INPUT, rows, columns, 0);
    specs[BUFFER_SUMS] = buffer_matrix("sums", BUFFER_OUTPUT, 1, columns, 0);
}

static void column_sums_bind(const struct bench_case *c, void *const buffers[],
                             struct launch *launch) {
    *column_sums_problem_in(launch) = (struct column_sums_problem){
        .rows = c->sizes[SIZE_ROWS],
        .columns = c->sizes[SIZE_COLUMNS],
        .x = buffers[BUFFER_X],
        .sums = buffers[BUFFER_SUMS],
    };
}

OPERATION_LAUNCH(column_sums)

static double column_sums_flops(const struct bench_case *c) {
    return operation_element_count(c);
}

static double column_sums_bytes(const struct bench_case *c) {
    return 4.0 * (column_sums_flops(c) + (double)c->sizes[SIZE_COLUMNS]);
}

static void column_sums_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                               int64_t rows, double *expected, double *tolerance) {
    (void)buffer;
    (void)first_row;
    (void)rows; /* the output has one row */
    oracle_column_sums(column_sums_problem_of(view->launch), expected, tolerance);
}

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "reference/column_sums_1_naive.c",
     .kind = KIND_PLAIN,
     .summary = "one column after the other",
     .one_thread = true,
     .run = RUN(column_sums, column_sums_naive)},
    {.name = "cpu-simd",
     .file = "reference/simd/column_sums.c",
     .summary = "vectorised and threaded",
     .adds = "columns side by side in a vector, rows in the order of memory, all cores",
     .run = RUN(column_sums, column_sums_simd)},
    {.name = "cuda-naive",
     .file = "kernels/reductions/column_sums_1_naive.cu",
     .kind = KIND_PLAIN,
     .summary = "one thread a column",
     .device = DEVICE_GPU,
     .run = RUN(column_sums, column_sums_cuda_naive)},
    {.name = "cuda-tiled",
     .file = "kernels/reductions/column_sums_2_tiled.cu",
     .summary = "blocks of columns, shared memory",
     .adds = "warps that share the rows: more loads under way",
     .device = DEVICE_GPU,
     .run = RUN(column_sums, column_sums_cuda_tiled)},
};

static const struct operation_argument arguments[] = {
    ARGUMENT(column_sums, rows), ARGUMENT(column_sums, columns), ARGUMENT(column_sums, x),
    ARGUMENT(column_sums, sums)};

static const struct preset_line preset_lines[] = {{"default", "forward", "100x128 4096x4096"},
                                                  {"quick", "forward", "100x128"},
                                                  {"mnist", "forward", "100x128 100x10"},
                                                  {"emulated", "forward", "100x128"},
                                                  {"counters", "forward", "13x35 64x64"},
                                                  {"verdicts", "forward", "64x64"},
                                                  {0}};

static const char *const awkward_shapes[] = {"1x1",   "1x17",   "17x1",     "3x7", "33x65",
                                             "257x3", "2x1025", "1030x129", NULL};

const struct operation operation_column_sums = {
    OPERATION_OF(column_sums),
    .summary = "sum of every column: the gradient of a bias",
    .shape_form = "ROWSxCOLS",
    OPERATION_ARGUMENTS(column_sums),
    .preset_lines = preset_lines,
    .awkward_shapes = awkward_shapes,
    OPERATION_SPECIAL_VALUES(values_usual),
};
