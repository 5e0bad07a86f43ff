/* allgather: an array of which each rank has a part, for all. */
#include "bench/operations/collective.h"
#include "reference/collectives/collectives.h"

#include <string.h>

OPERATION_PROBLEM(allgather)

enum { BUFFER_IN, BUFFER_OUT };

static const char *const variants[] = {"copy"};

static void allgather_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    specs[BUFFER_IN] = collective_array(c, "in", BUFFER_INPUT, collective_own_part(c).count);
    specs[BUFFER_OUT] = collective_array(c, "out", BUFFER_OUTPUT, c->sizes[0]);
    specs[BUFFER_OUT].same_on_ranks = true;
}

static void allgather_prepare(const struct bench_case *c, void *const buffers[]) {
    collective_fill(c, collective_own_part(c), buffers[BUFFER_IN]);
}

static void allgather_bind(const struct bench_case *c, void *const buffers[],
                           struct launch *launch) {
    *allgather_problem_in(launch) = (struct allgather_problem){.dtype = c->dtype,
                                                               .count = c->sizes[0],
                                                               .in = buffers[BUFFER_IN],
                                                               .out = buffers[BUFFER_OUT]};
}

OPERATION_LAUNCH(allgather)

static double allgather_flops(const struct bench_case *c) {
    (void)c;
    return 0.0;
}

/* What each rank must receive: all parts but its own. Over the time it is the bus bandwidth of
 * nccl-tests (its doc/PERFORMANCE.md). */
static double allgather_bytes(const struct bench_case *c) {
    return collective_share(c) * collective_array_bytes(c);
}

/* Elements [first, first + count), each of the rank that has it. */
static void parts_draw(const struct bench_case *c, int64_t first, int64_t count, float *values) {
    for (int rank = 0; rank < c->settings.ranks; rank++) {
        const struct collective_part part = collective_part_of(c, rank);
        const int64_t part_end = part.first + part.count, end = first + count;
        const int64_t from = first > part.first ? first : part.first;
        const int64_t to = end < part_end ? end : part_end;
        if (from < to)
            collective_draw(c, rank, (struct collective_part){from, to - from},
                            values + (from - first));
    }
}

static void allgather_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                             int64_t rows, double *expected, double *tolerance) {
    (void)buffer;
    const struct bench_case *c = view->bench_case;
    for (int64_t row = first_row; row < first_row + rows; row++) {
        float values[COLLECTIVE_PIECE] = {0.0f};
        int64_t first;
        const int64_t count = buffer_flat_range(c->sizes[0], row, 1, &first);
        parts_draw(c, first, count, values);
        memset(tolerance, 0, (size_t)count * sizeof *tolerance);
        for (int64_t i = 0; i < count; i++)
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
     .summary = "MPI_Allgather, or MPI_Allgatherv where parts differ",
     .dtypes = COLLECTIVE_DTYPES,
     .one_thread = true,
     .over_ranks = true,
     .availability = collective_needs_parts,
     .run = RUN(allgather, allgather_mpi)},
};

static const struct preset_line preset_lines[] = {
    {"default", "copy", "1024 32768 1048576 16777216"}, {"quick", "copy", "1024 1048576"}, {0}};

const struct operation operation_allgather = {
    COLLECTIVE_OF(allgather),
    .summary = "the parts that ranks have of an array, for all of them",
};
