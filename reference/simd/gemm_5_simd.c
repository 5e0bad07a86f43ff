/* gemm, rung 5: nothing is copied that need not be, and nothing is waited for.
 *
 * Adds to rung 4: tiles as tall as the registers allow, cut so that no row is computed twice
 * (gemm_tile.h); A and B read where they are while that costs less than packing them
 * (gemm_block.h); C and the next columns of B asked for while the tiles before are computed; few
 * rows or columns streamed instead (gemm_few.h); bf16 and f16 widened on the way, but for bf16
 * where the processor multiplies pairs of it. What stays: tiles of a processor's own (AMX).
 */
#include "reference/simd/gemm_block.h"
#include "reference/simd/gemm_few.h"
#include "reference/simd/gemm_pack.h"
#include "reference/simd/level.h"
#include "reference/simd/linear_parts.h"
#include "reference/simd/operand.h"
#include "reference/simd/parallel.h"

#include <stdatomic.h>
#include <stdlib.h>

struct job {
    const struct gemm_problem *problem;
    const struct linear_problem *layer; /* NULL, or what the product belongs to */
    int64_t high, wide;                 /* C in parts below, and beside each other: one a thread */
    atomic_bool *starved;               /* a thread got no memory */
};

/* Packing A costs as much as so many columns of the product do, and packing strips of B as so many
 * rows: where a part of C is about as narrow or as low, A and B are read where they are. Rows of B
 * a page apart fall into the same few sets of a cache, and wear it out when many tiles pass. */
static bool packs_a(const struct gemm_problem *p, int64_t columns) {
    enum { COLUMNS_LEAST = 768 };
    return dtype_is_narrow(p->dtype) || columns > COLUMNS_LEAST;
}

static bool copies_strips(const struct gemm_problem *p, int64_t rows) {
    enum { ROWS_LEAST = 192, PAGE_FLOATS = 1024 };
    return dtype_is_narrow(p->dtype) || p->variant == GEMM_NT ||
           (rows > ROWS_LEAST && p->ldb % PAGE_FLOATS == 0);
}

/* Twice as many products an instruction, where the processor has it. */
static bool multiplies_pairs(enum dtype dtype) {
    return PAIRS_MULTIPLY && dtype == DTYPE_BF16 && __builtin_cpu_supports("avx512bf16");
}

/* Below this, everything stays in the second level of cache from one call to the next. Where k is
 * so short, a tile is done before a line comes. */
static bool fetches(const struct gemm_problem *p) {
    enum { FLOATS_LEAST = 128 << 10, DEPTH_SHORT = 16 };
    return p->k > DEPTH_SHORT && p->m * p->n + (p->m + p->n) * p->k > FLOATS_LEAST;
}

static void part_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    (void)last; /* one a thread */
    enum { ALIGNMENT = 64 };
    const struct job *job = context;
    const struct gemm_problem *p = job->problem;
    float strips[STRIPS_FLOATS] __attribute__((aligned(ALIGNMENT)));
    struct block_work work = {.problem = p,
                              .rows = range_piece(p->m, 1, job->high, first % job->high),
                              .columns =
                                  range_piece(p->n, TILE_COLUMNS, job->wide, first / job->high),
                              .strips = strips,
                              .fetches = fetches(p)};
    int64_t rows = work.rows.last - work.rows.first;
    if (job->layer != NULL) {
        work.bias = job->layer->bias;
        work.relu = job->layer->relu;
    }
    work.pairs = multiplies_pairs(p->dtype);
    work.copies_strips = copies_strips(p, rows);
    if (packs_a(p, work.columns.last - work.columns.first)) {
        int64_t floats =
            least(rows, ROWS_MOST) * least(part_steps(work.pairs, p->k), DEPTH_MOST) + WIDTH;
        size_t bytes = (size_t)pieces_of(floats * (int64_t)sizeof(float), ALIGNMENT) * ALIGNMENT;
        work.block = aligned_alloc(ALIGNMENT, bytes);
        if (work.block == NULL) {
            atomic_store(job->starved, true);
            return;
        }
    }
    SIMD_NAME(block_work)(&work);
    free(work.block);
}

/* At most so many parts: the grid whose largest part is the least work, each of its sides made
 * longer by what packing the operand along it costs. */
static void job_deal(struct job *job, int64_t parts) {
    enum { COLUMNS_TO_PACK = 12, ROWS_TO_COPY = 4, ROWS_TO_TURN = 12 };
    const struct gemm_problem *p = job->problem;
    const int64_t strips = pieces_of(p->n, TILE_COLUMNS);
    const int64_t rows_more = p->variant == GEMM_NT ? ROWS_TO_TURN : ROWS_TO_COPY;
    int64_t best = INT64_MAX;
    for (int64_t high = 1; high <= least(parts, p->m); high++) {
        int64_t wide = least(parts / high, strips);
        int64_t rows = pieces_of(p->m, high), columns = pieces_of(strips, wide) * TILE_COLUMNS;
        int64_t cost = (rows + rows_more) * (columns + COLUMNS_TO_PACK);
        if (cost < best) {
            best = cost;
            job->high = high;
            job->wide = wide;
        }
    }
}

/* A part takes two microseconds on one core of a Zen 5 machine, where two threads fork and join in
 * less. */
static int64_t parts_worth(const struct gemm_problem *p, int threads) {
    enum { FLOPS_LEAST = 1 << 19 };
    int64_t worth = 2 * p->m * p->n * p->k / FLOPS_LEAST;
    return worth < 1 ? 1 : least(worth, threads);
}

static enum status multiply(const struct gemm_problem *problem, const struct linear_problem *layer,
                            struct execution *execution) {
    atomic_bool starved = false;
    struct job job = {
        .problem = problem, .layer = layer, .high = 1, .wide = 1, .starved = &starved};
    job_deal(&job, parts_worth(problem, execution->threads));
    int64_t parts = job.high * job.wide;
    parallel_ranges(parts, 1, (struct team){execution->threads, (int)parts}, part_body, &job);
    if (starved)
        return message_set(execution->message, STATUS_NO_MEMORY,
                           "cannot allocate the packed blocks of %d threads; free some memory",
                           execution->threads);
    return STATUS_OK;
}

enum status SIMD_NAME(gemm_simd)(const struct gemm_problem *problem, struct execution *execution) {
    return SIMD_NAME(gemm_is_few)(problem) ? SIMD_NAME(gemm_few)(problem, execution)
                                           : multiply(problem, NULL, execution);
}

/* Each tile gets its bias and function while it is in the nearest cache. */
enum status SIMD_NAME(linear_simd)(const struct linear_problem *problem,
                                   struct execution *execution) {
    const struct gemm_problem product = linear_product(problem);
    if (!SIMD_NAME(gemm_is_few)(&product))
        return multiply(&product, problem, execution);
    const struct activation_problem epilogue = linear_epilogue(problem);
    enum status status = SIMD_NAME(gemm_few)(&product, execution);
    return status == STATUS_OK ? SIMD_NAME(activation_simd)(&epilogue, execution) : status;
}
