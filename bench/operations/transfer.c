/* transfer: memory traffic alone, on the device itself. */
#include "bench/operations/operation.h"
#include "kernels/kernels.h"
#include "reference/naive.h"
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

OPERATION_PROBLEM(transfer)

enum { BUFFER_A, BUFFER_B, BUFFER_OUT };

static const char *const variants[] = {[TRANSFER_COPY] = "copy", [TRANSFER_TRIAD] = "triad"};

static void transfer_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    specs[BUFFER_A] = buffer_flat("a", BUFFER_INPUT, c->sizes[0]);
    if (c->variant == TRANSFER_TRIAD)
        specs[BUFFER_B] = buffer_flat("b", BUFFER_INPUT, c->sizes[0]);
    specs[BUFFER_OUT] = buffer_flat("out", BUFFER_OUTPUT, c->sizes[0]);
}

static void transfer_bind(const struct bench_case *c, void *const buffers[],
                          struct launch *launch) {
    *transfer_problem_in(launch) = (struct transfer_problem){
        .variant = (enum transfer_variant)c->variant,
        .count = c->sizes[0],
        .a = buffers[BUFFER_A],
        .b = buffers[BUFFER_B],
        .scale = 0.5f,
        .out = buffers[BUFFER_OUT],
    };
}

OPERATION_LAUNCH(transfer)

static double transfer_flops(const struct bench_case *c) {
    return c->variant == TRANSFER_TRIAD ? 2.0 * (double)c->sizes[0] : 0.0;
}

/* STREAM's count: what the program names, not the line that an ordinary store reads first. */
static double transfer_bytes(const struct bench_case *c) {
    return (c->variant == TRANSFER_TRIAD ? 12.0 : 8.0) * (double)c->sizes[0];
}

static void transfer_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                            int64_t rows, double *expected, double *tolerance) {
    (void)buffer;
    const struct transfer_problem *problem = transfer_problem_of(view->launch);
    int64_t first;
    int64_t count = buffer_flat_range(problem->count, first_row, rows, &first);
    oracle_transfer(problem, first, count, expected, tolerance);
}

static const struct implementation implementations[] = {
    {.name = "cpu-naive",
     .file = "reference/transfer_1_naive.c",
     .kind = KIND_PLAIN,
     .summary = "a plain loop on one thread",
     .one_thread = true,
     .run = RUN(transfer, transfer_naive)},
    {.name = "cpu-plain",
     .file = "reference/simd/transfer.c",
     .summary = "vectorised and threaded with ordinary stores: what ratios to copy mean here",
     .adds = "vectors, and all cores",
     .run = RUN(transfer, transfer_plain)},
    {.name = "cpu-simd",
     .file = "reference/simd/transfer.c",
     .summary = "vectorised and threaded, non-temporal stores beyond the caches",
     .adds = "stores past the caches: no line is read to be overwritten",
     .run = RUN(transfer, transfer_simd)},
    {.name = "cuda-naive",
     .file = "kernels/elementwise/transfer_1_naive.cu",
     .kind = KIND_PLAIN,
     .summary = "one thread an element",
     .device = DEVICE_GPU,
     .run = RUN(transfer, transfer_cuda_naive)},
    {.name = "cuda-vectorised",
     .file = "kernels/elementwise/transfer_2_vectorised.cu",
     .summary = "float4 and a grid-stride loop",
     .adds = "16 bytes an access",
     .device = DEVICE_GPU,
     .run = RUN(transfer, transfer_cuda_vectorised)},
};

static const struct operation_argument arguments[] = {
    ARGUMENT(transfer, variant), ARGUMENT(transfer, count), ARGUMENT(transfer, a),
    ARGUMENT(transfer, b),       ARGUMENT(transfer, scale), ARGUMENT(transfer, out)};

static const struct preset_line preset_lines[] = {{"default", "copy,triad", "65536 16777216"},
                                                  {"quick", "copy,triad", "65536 1048576 16777216"},
                                                  {"emulated", "copy,triad", "65536"},
                                                  {"counters", "copy,triad", "1003 4096"},
                                                  {"verdicts", "triad", "4096"},
                                                  {0}};

static const char *const awkward_shapes[] = {"1", "2", "17", "127", "1025", "100003", NULL};
static const enum values special_values[] = {VALUES_LARGE, VALUES_DENORMAL, VALUES_SPECIAL};

const struct operation operation_transfer = {
    OPERATION_OF(transfer),
    .summary = "copy and STREAM triad",
    .shape_form = "N",
    OPERATION_ARGUMENTS(transfer),
    .preset_lines = preset_lines,
    .awkward_shapes = awkward_shapes,
    OPERATION_SPECIAL_VALUES(special_values),
};
