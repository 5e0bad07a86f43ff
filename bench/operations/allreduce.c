/* allreduce: a sum over the ranks of a job, known to all of them. */
#include "bench/operations/operation.h"
#include "common/narrow.h"
#include "common/random.h"
#include "ranks/ranks.h"
#include "reference/collectives/collectives.h"
#include "reference/oracle/oracle.h"

#include <math.h>
#include <string.h>

OPERATION_PROBLEM(allreduce)

enum { BUFFER_IN, BUFFER_OUT, BUFFER_SCRATCH_OF_RANK };

static const char *const variants[] = {"sum"};

static struct buffer_spec array(const struct bench_case *c, const char *name,
                                enum buffer_role role) {
    struct buffer_spec spec = buffer_flat(name, role, c->sizes[0]);
    spec.element = dtype_element_kind(c->dtype);
    spec.pattern = false; /* each rank has other numbers */
    return spec;
}

static void allreduce_describe(const struct bench_case *c, struct buffer_spec specs[BUFFERS_MAX]) {
    specs[BUFFER_IN] = array(c, "in", BUFFER_INPUT);
    specs[BUFFER_OUT] = array(c, "out", BUFFER_OUTPUT);
    specs[BUFFER_OUT].same_on_ranks = true;
    specs[BUFFER_SCRATCH_OF_RANK] = array(c, "scratch", BUFFER_SCRATCH);
}

/* --- inputs ----------------------------------------------------------------------------------- */

/* Numbers are drawn in pieces, so that the oracle has any rank's without the rest. */
enum { PIECE = 4096 };

/* What stands at every `stride`-th element of a rank's special inputs; ranks differ. */
static void strew(float *values, int64_t count, int64_t stride, int rank, const float *specials,
                  int64_t special_count) {
    for (int64_t i = stride / 2, which = rank; i < count; i += stride, which++)
        values[i] = specials[which % special_count];
}

static float rounded(enum dtype dtype, float value) {
    return dtype == DTYPE_BF16  ? bf16_widen(bf16_round(value))
           : dtype == DTYPE_F16 ? f16_widen(f16_round(value))
                                : value;
}

/* Elements [piece * PIECE, … + count) of one rank's input. */
static void piece_draw(const struct bench_case *c, int rank, int64_t piece, int64_t count,
                       float values[PIECE]) {
    static const float outliers[] = {1e4f, -1e4f, 80.0f};
    static const float specials[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f};
    const enum values kind = c->settings.values;
    const float reach = kind == VALUES_LARGE ? 1e15f : kind == VALUES_DENORMAL ? 1e-39f : 1.0f;
    const uint64_t stream = (uint64_t)(rank + 1) << 40 | (uint64_t)piece;
    random_fill(values, count, c->settings.seed, stream, -reach, reach);
    if (kind == VALUES_OUTLIERS)
        strew(values, count, 61, rank, outliers, sizeof outliers / sizeof outliers[0]);
    if (kind == VALUES_SPECIAL)
        strew(values, count, 97, rank, specials, sizeof specials / sizeof specials[0]);
    for (int64_t i = 0; i < count; i++)
        values[i] = rounded(c->dtype, values[i]);
}

static void values_store(enum dtype dtype, const float *values, int64_t first, int64_t count,
                         void *to) {
    if (!dtype_is_narrow(dtype)) {
        memcpy((float *)to + first, values, (size_t)count * sizeof *values);
        return;
    }
    uint16_t *narrow = (uint16_t *)to + first;
    for (int64_t i = 0; i < count; i++)
        narrow[i] = dtype == DTYPE_BF16 ? bf16_round(values[i]) : f16_round(values[i]);
}

static void allreduce_prepare(const struct bench_case *c, void *const buffers[]) {
    float values[PIECE];
    for (int64_t piece = 0; piece * PIECE < c->sizes[0]; piece++) {
        const int64_t left = c->sizes[0] - piece * PIECE, count = left < PIECE ? left : PIECE;
        piece_draw(c, c->settings.rank, piece, count, values);
        values_store(c->dtype, values, piece * PIECE, count, buffers[BUFFER_IN]);
    }
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

OPERATION_LAUNCH(allreduce)

/* --- counts ----------------------------------------------------------------------------------- */

/* Of an array, the share that a rank must add, and that it must send: nothing where it is alone. */
static double share_of_rank(const struct bench_case *c) {
    const double ranks = (double)c->settings.ranks;
    return ranks > 1.0 ? (ranks - 1.0) / ranks : 0.0;
}

static double allreduce_flops(const struct bench_case *c) {
    return share_of_rank(c) * (double)c->sizes[0];
}

/* What each rank must send at least, and receive: 2 (P - 1) / P of the array. Over the time it is
 * the bus bandwidth of nccl-tests (its doc/PERFORMANCE.md). */
static double allreduce_bytes(const struct bench_case *c) {
    const double array = (double)c->sizes[0] * (double)element_bytes(dtype_element_kind(c->dtype));
    return 2.0 * share_of_rank(c) * array;
}

static void allreduce_expect(const struct oracle_view *view, int buffer, int64_t first_row,
                             int64_t rows, double *expected, double *tolerance) {
    (void)buffer;
    const struct bench_case *c = view->bench_case;
    for (int64_t row = first_row; row < first_row + rows; row++) {
        float values[PIECE];
        int64_t first;
        const int64_t count = buffer_flat_range(c->sizes[0], row, 1, &first);
        memset(expected, 0, (size_t)count * sizeof *expected);
        memset(tolerance, 0, (size_t)count * sizeof *tolerance);
        for (int rank = 0; rank < c->settings.ranks; rank++) {
            piece_draw(c, rank, row, count, values);
            oracle_allreduce_add(values, count, expected, tolerance);
        }
        oracle_allreduce_settle(c->dtype, c->settings.ranks, count, expected, tolerance);
        expected += PIECE;
        tolerance += PIECE;
    }
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

static const char *needs_ranks(const struct bench_case *c) {
    if (!c || c->settings.ranks > 1)
        return NULL;
    const char *absence = ranks_absence();
    return absence ? absence
                   : "is a sum over ranks, and this process is alone: start it by `mpirun -n 2 "
                     "lockstep …`";
}

#define DTYPES_OF_ROWS (DTYPE_BIT(DTYPE_F32) | DTYPE_BIT(DTYPE_BF16) | DTYPE_BIT(DTYPE_F16))

static const struct implementation implementations[] = {
    {.name = "mpi-ring",
     .file = "reference/collectives/allreduce_1_ring.c",
     .summary = "parts go around a ring: the least that can be sent",
     .dtypes = DTYPES_OF_ROWS,
     .one_thread = true,
     .over_ranks = true,
     .availability = needs_ranks,
     .run = RUN(allreduce, allreduce_ring)},
    {.name = "mpi-recursive",
     .file = "reference/collectives/allreduce_2_recursive.c",
     .summary = "partners at doubling distances swap whole sums",
     .adds = "log2(P) steps instead of 2 (P - 1), each of the whole array",
     .dtypes = DTYPES_OF_ROWS,
     .one_thread = true,
     .over_ranks = true,
     .availability = needs_ranks,
     .run = RUN(allreduce, allreduce_recursive)},
    {.name = "mpi",
     .file = "reference/collectives/mpi.c",
     .kind = KIND_LIBRARY,
     .summary = "MPI_Allreduce",
     .dtypes = DTYPES_OF_ROWS,
     .one_thread = true,
     .over_ranks = true,
     .availability = needs_ranks,
     .run = RUN(allreduce, allreduce_mpi)},
    {.name = "mpi-loop",
     .file = "bench/operations/allreduce.c",
     .kind = KIND_YARDSTICK,
     .summary = "MPI_Allreduce in a bare loop",
     .dtypes = DTYPES_OF_ROWS,
     .one_thread = true,
     .over_ranks = true,
     .availability = needs_ranks,
     .yardstick = yardstick_loop},
};

static const struct preset_line preset_lines[] = {
    {"default", "sum", "1 1024 32768 1048576 16777216"}, {"quick", "sum", "1024 1048576"}, {0}};

static const char *const awkward_shapes[] = {"1", "2", "3", "7", "1023", "4097", "100003", NULL};
static const enum values special_values[] = {VALUES_LARGE, VALUES_DENORMAL, VALUES_OUTLIERS,
                                             VALUES_SPECIAL};

const struct operation operation_allreduce = {
    .name = "allreduce",
    .summary = "a sum over ranks, known to all of them",
    .shape_form = "COUNT",
    .variants = variants,
    .variant_count = sizeof variants / sizeof variants[0],
    .implementations = implementations,
    .implementation_count = sizeof implementations / sizeof implementations[0],
    .problem_bytes = sizeof(struct allreduce_problem),
    .preset_lines = preset_lines,
    .awkward_shapes = awkward_shapes,
    .special_values = special_values,
    .special_values_count = sizeof special_values / sizeof special_values[0],
    .describe = allreduce_describe,
    .prepare = allreduce_prepare,
    .bind = allreduce_bind,
    .launch = allreduce_launch,
    .between_ranks = true,
    .flops = allreduce_flops,
    .bytes = allreduce_bytes,
    .expect = allreduce_expect,
};
