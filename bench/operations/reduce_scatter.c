/* reduce_scatter: a sum over the ranks of a job, of which each gets a part. */
#include "bench/operations/collective.h"
#include "reference/collectives/collectives.h"

OPERATION_PROBLEM(reduce_scatter)

enum { BUFFER_IN, BUFFER_OUT };

static const char *const variants[] = {"sum"};

static void reduce_scatter_describe(const struct bench_case *c,
                                    struct buffer_spec specs[BUFFERS_MAX]) {
    specs[BUFFER_IN] = collective_array(c, "in", BUFFER_INPUT, c->sizes[0]);
    specs[BUFFER_OUT] = collective_array(c, "out", BUFFER_OUTPUT, collective_own_part(c).count);
}

static void reduce_scatter_prepare(const struct bench_case *c, void *const buffers[]) {
    collective_fill(c, collective_whole(c), buffers[BUFFER_IN]);
}

static void reduce_scatter_bind(const struct bench_case *c, void *const buffers[],
                                struct launch *launch) {
    *reduce_scatter_problem_in(launch) =
        (struct reduce_scatter_problem){.dtype = c->dtype,
                                        .count = c->sizes[0],
                                        .in = buffers[BUFFER_IN],
                                        .out = buffers[BUFFER_OUT]};
}

OPERATION_LAUNCH(reduce_scatter)

static double reduce_scatter_flops(const struct bench_case *c) {
    return collective_share(c) * (double)c->sizes[0];
}

/* What each rank must send: all parts but its own. Over the time it is the bus bandwidth of
 * nccl-tests (its doc/PERFORMANCE.md). */
static double reduce_scatter_bytes(const struct bench_case *c) {
    return collective_share(c) * collective_array_bytes(c);
}

static void reduce_scatter_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                                  int64_t rows, double *expected, double *tolerance) {
    (void)buffer;
    const struct bench_case *c = view->bench_case;
    collective_expect_sum(c, collective_own_part(c), first_row, rows, expected, tolerance);
}

/* --- rows ------------------------------------------------------------------------------------- */

static const struct implementation implementations[] = {
    {.name = "mpi",
     .file = "reference/collectives/mpi.c",
     .kind = KIND_LIBRARY,
     .summary = "MPI_Reduce_scatter_block, or MPI_Reduce_scatter where parts differ",
     .dtypes = COLLECTIVE_DTYPES,
     .one_thread = true,
     .over_ranks = true,
     .availability = collective_needs_parts,
     .run = RUN(reduce_scatter, reduce_scatter_mpi)},
};

static const struct preset_line preset_lines[] = {
    {"default", "sum", "1024 32768 1048576 16777216"}, {"quick", "sum", "1024 1048576"}, {0}};

const struct operation operation_reduce_scatter = {
    COLLECTIVE_OF(reduce_scatter),
    .summary = "a sum over ranks, a part for each of them",
};
