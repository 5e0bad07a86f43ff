/* broadcast: the array of the first rank for all. */
#include "bench/operations/collective.h"
#include "reference/collectives/collectives.h"

#include <string.h>

OPERATION_PROBLEM(broadcast)

enum { BUFFER_DATA };

static const char *const variants[] = {"copy"};

static void broadcast_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    specs[BUFFER_DATA] = collective_array(c, "data", BUFFER_IN_OUT, c->sizes[0]);
    specs[BUFFER_DATA].same_on_ranks = true;
}

static void broadcast_prepare(const struct bench_case *c, void *const buffers[]) {
    collective_fill(c, collective_whole(c), buffers[BUFFER_DATA]);
}

static void broadcast_bind(const struct bench_case *c, void *const buffers[],
                           struct launch *launch) {
    *broadcast_problem_in(launch) = (struct broadcast_problem){
        .dtype = c->dtype, .count = c->sizes[0], .data = buffers[BUFFER_DATA]};
}

OPERATION_LAUNCH(broadcast)

static double broadcast_flops(const struct bench_case *c) {
    (void)c;
    return 0.0;
}

/* What all but one must receive: the whole array. Over the time it is the bus bandwidth of
 * nccl-tests (its doc/PERFORMANCE.md). */
static double broadcast_bytes(const struct bench_case *c) {
    return c->settings.ranks > 1 ? collective_array_bytes(c) : 0.0;
}

static void broadcast_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                             int64_t rows, double *expected, double *tolerance) {
    (void)buffer;
    const struct bench_case *c = view->bench_case;
    for (int64_t row = first_row; row < first_row + rows; row++) {
        float values[COLLECTIVE_PIECE];
        struct collective_part part;
        part.count = buffer_flat_range(c->sizes[0], row, 1, &part.first);
        collective_draw(c, 0, part, values);
        memset(tolerance, 0, (size_t)part.count * sizeof *tolerance);
        for (int64_t i = 0; i < part.count; i++)
            expected[i] = (double)values[i];
        expected += COLLECTIVE_PIECE;
        tolerance += COLLECTIVE_PIECE;
    }
}

/* --- rows ------------------------------------------------------------------------------------- */

static const struct implementation implementations[] = {
    {.name = "mpi",
     .file = "reference/collectives/mpi.c",
     .kind = KIND_LIBRARY,
     .summary = "MPI_Bcast, in place",
     .dtypes = COLLECTIVE_DTYPES,
     .one_thread = true,
     .over_ranks = true,
     .availability = collective_needs_ranks,
     .run = RUN(broadcast, broadcast_mpi)},
};

static const struct preset_line preset_lines[] = {
    {"default", "copy", "1024 32768 1048576 16777216"}, {"quick", "copy", "1024 1048576"}, {0}};

const struct operation operation_broadcast = {
    COLLECTIVE_OF(broadcast),
    .summary = "the first rank's array for all ranks",
};
