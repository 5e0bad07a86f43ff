/* allreduce: a sum over the ranks of a job, known to all of them. */
#include "bench/operations/collective.h"
#include "kernels/collectives/collectives.h"
#include "ranks/ranks.h"
#include "reference/collectives/collectives.h"

OPERATION_PROBLEM(allreduce)

enum { BUFFER_IN, BUFFER_OUT, BUFFER_SCRATCH_OF_RANK };

static const char *const variants[] = {"sum"};

static void allreduce_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    specs[BUFFER_IN] = collective_array(c, "in", BUFFER_INPUT, c->sizes[0]);
    specs[BUFFER_OUT] = collective_array(c, "out", BUFFER_OUTPUT, c->sizes[0]);
    specs[BUFFER_OUT].same_on_ranks = true;
    specs[BUFFER_SCRATCH_OF_RANK] = collective_array(c, "scratch", BUFFER_SCRATCH, c->sizes[0]);
}

static void allreduce_prepare(const struct bench_case *c, void *const buffers[]) {
    collective_fill(c, collective_whole(c), buffers[BUFFER_IN]);
}

static void allreduce_bind(const struct bench_case *c, void *const buffers[],
                           struct launch *launch) {
    *allreduce_problem_in(launch) = (struct allreduce_problem){
        .dtype = c->dtype,
        .count = c->sizes[0],
        .in = buffers[BUFFER_IN],
        .out = buffers[BUFFER_OUT],
        .scratch = buffers[BUFFER_SCRATCH_OF_RANK],
    };
}

/* How a row is launched: `own` of an implementation. */
static const char replayed[] = "by a CUDA Graph";

static enum status allreduce_launch(const struct implementation *implementation,
                                    const struct launch *launch, int64_t iteration,
                                    struct execution *execution) {
    const struct allreduce_problem *problem = allreduce_problem_of(launch);
    (void)iteration;
    if (launch->kept)
        return collectives_graph_run(launch->kept, problem, execution);
    return ((allreduce_kernel *)implementation->run)(problem, execution);
}

static enum status allreduce_keep(const struct implementation *implementation,
                                  struct launch *launch, struct message *message) {
    struct collectives_graph *graph = NULL;
    enum status status = STATUS_OK;
    if (implementation->own == replayed)
        status = collectives_graph_open(&graph, message);
    launch->kept = graph;
    return status;
}

static void allreduce_release(struct launch *launch) {
    collectives_graph_close(launch->kept);
}

/* --- counts ----------------------------------------------------------------------------------- */

static double allreduce_flops(const struct bench_case *c) {
    return collective_share(c) * (double)c->sizes[0];
}

/* What each rank must send at least, and receive: 2 (P - 1) / P of the array. Over the time it is
 * the bus bandwidth of nccl-tests (its doc/PERFORMANCE.md). */
static double allreduce_bytes(const struct bench_case *c) {
    return 2.0 * collective_share(c) * collective_array_bytes(c);
}

static void allreduce_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                             int64_t rows, double *expected, double *tolerance) {
    (void)buffer;
    const struct bench_case *c = view->bench_case;
    collective_expect_sum(c, collective_whole(c), first_row, rows, expected, tolerance);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* The bare loop that the harness's own cost shows against. */
static enum status yardstick_loop(const struct launch *launch, int64_t iterations,
                                  struct execution *execution) {
    const struct allreduce_problem *p = allreduce_problem_of(launch);
    for (int64_t i = 0; i < iterations; i++)
        ranks_allreduce(execution->ranks, p->dtype, p->in, p->out, p->count);
    return STATUS_OK;
}

static const struct implementation implementations[] = {
    {.name = "mpi-ring",
     .file = "reference/collectives/allreduce_1_ring.c",
     .summary = "parts go around a ring: the least that can be sent",
     .dtypes = COLLECTIVE_DTYPES,
     .one_thread = true,
     .over_ranks = true,
     .availability = collective_needs_ranks,
     .run = RUN(allreduce, allreduce_ring)},
    {.name = "mpi-recursive",
     .file = "reference/collectives/allreduce_2_recursive.c",
     .summary = "partners at doubling distances swap whole sums",
     .adds = "log2(P) steps instead of 2 (P - 1), each of the whole array",
     .dtypes = COLLECTIVE_DTYPES,
     .one_thread = true,
     .over_ranks = true,
     .availability = collective_needs_ranks,
     .run = RUN(allreduce, allreduce_recursive)},
    {.name = "mpi-shared",
     .file = "ranks/shared.c",
     .summary = "each rank sums its part from the memory that ranks of a machine share",
     .adds = "neighbours read each other's memory (MPI_Win_allocate_shared) instead of messages",
     .dtypes = COLLECTIVE_DTYPES,
     .one_thread = true,
     .over_ranks = true,
     .without_link = true,
     .availability = collective_needs_ranks,
     .run = RUN(allreduce, allreduce_shared)},
    {.name = "mpi",
     .file = "reference/collectives/mpi.c",
     .kind = KIND_LIBRARY,
     .summary = "MPI_Allreduce",
     .dtypes = COLLECTIVE_DTYPES,
     .one_thread = true,
     .over_ranks = true,
     .availability = collective_needs_ranks,
     .run = RUN(allreduce, allreduce_mpi)},
    {.name = "nccl",
     .file = "kernels/collectives/nccl.c",
     .kind = KIND_LIBRARY,
     .summary = "ncclAllReduce, a GPU a rank",
     .device = DEVICE_GPU,
     .dtypes = COLLECTIVE_DTYPES,
     .over_ranks = true,
     .availability = collective_needs_ranks,
     .run = RUN(allreduce, allreduce_nccl)},
    {.name = "nccl-graph",
     .file = "kernels/collectives/nccl_graph.c",
     .kind = KIND_LIBRARY,
     .summary = "ncclAllReduce as a CUDA Graph, captured once and replayed",
     .device = DEVICE_GPU,
     .dtypes = COLLECTIVE_DTYPES,
     .over_ranks = true,
     .availability = collective_needs_ranks,
     .own = replayed},
    {.name = "mpi-loop",
     .file = "bench/operations/allreduce.c",
     .kind = KIND_YARDSTICK,
     .summary = "MPI_Allreduce in a bare loop",
     .dtypes = COLLECTIVE_DTYPES,
     .one_thread = true,
     .over_ranks = true,
     .availability = collective_needs_ranks,
     .yardstick = yardstick_loop},
};

static const struct preset_line preset_lines[] = {
    {"default", "sum", "1 1024 32768 1048576 16777216"}, {"quick", "sum", "1024 1048576"}, {0}};

const struct operation operation_allreduce = {
    COLLECTIVE_OF(allreduce),
    .summary = "a sum over ranks, known to all of them",
    .keep = allreduce_keep,
    .release = allreduce_release,
};
