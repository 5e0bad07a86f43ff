/* A batch of products. Where one is worth all threads, they take it together and go on to the next.
 * Smaller ones go to a thread each, which costs one fork and join for all of them.
 *
 * The smallest go straight to their tiles: how rung 5 deals out a product takes as long as a
 * product of 16 x 16 x 16 does, and is the same for all. Both operands are read where they are, but
 * for strips of B whose columns do not lie side by side or fill no whole vectors. */
#include "common/gemm_batch.h"
#include "reference/simd/gemm_block.h"
#include "reference/simd/gemm_few.h"
#include "reference/simd/gemm_pack.h"
#include "reference/simd/level.h"
#include "reference/simd/parallel.h"

#include <math.h>

/* --- the smallest ----------------------------------------------------------------------------- */

/* What products of one size have in common. */
struct small {
    bool a_turned, b_turned;
    int64_t tiles, rows, higher; /* of C, one below the other; the first `higher` have a row more */
};

/* Whether nothing is gained by blocks, packing and lines that are asked for ahead. */
static bool is_small(const struct gemm_problem *p) {
    enum { FLOATS_MOST = 128 << 10 };
    return !dtype_is_narrow(p->dtype) && p->alpha != 0 && p->k <= DEPTH_MOST &&
           p->m <= FLOATS_MOST && p->n <= FLOATS_MOST &&
           p->m * p->n + (p->m + p->n) * p->k <= FLOATS_MOST && !SIMD_NAME(gemm_is_few)(p);
}

static struct small small_of(const struct gemm_problem *p) {
    const int64_t tiles = tiles_of(p->m);
    return (struct small){.a_turned = p->variant == GEMM_TN,
                          .b_turned = p->variant == GEMM_NT,
                          .tiles = tiles,
                          .rows = p->m / tiles,
                          .higher = p->m % tiles};
}

/* Columns from j on, in place or as a copy in `strip`. */
static void tile_take_strip(const struct gemm_problem *p, const struct small *small, int64_t j,
                            float *strip, struct tile *tile) {
    const int64_t whole = pieces_of(tile->columns, WIDTH) * WIDTH;
    const bool turned = small->b_turned;
    tile->b = (const float *)p->b + j;
    tile->b_step = p->ldb;
    if (turned || whole != tile->columns) {
        const struct part part = {.data = p->b,
                                  .dtype = p->dtype,
                                  .at = turned ? j * p->ldb : j,
                                  .step = turned ? p->ldb : 1,
                                  .k_step = turned ? 1 : p->ldb};
        SIMD_NAME(pack_strip)(&part, tile->columns, p->k, strip);
        tile->b = strip;
        tile->b_step = whole;
    }
    for (int f = 0; f < 2; f++)
        tile->fetch[f].from = (uintptr_t)tile->b;
}

static void small_multiply(const struct gemm_problem *p, const struct small *small, float *strip) {
    const int64_t a_row = small->a_turned ? 1 : p->lda;
    struct tile tile = {.a_row = a_row,
                        .a_step = small->a_turned ? p->lda : 1,
                        .depth = p->k,
                        .ldc = p->ldc,
                        .alpha = p->alpha,
                        .beta = p->beta,
                        .fetch_every = p->k};
    for (int64_t j = 0; j < p->n; j += TILE_COLUMNS) {
        tile.columns = least(TILE_COLUMNS, p->n - j);
        tile_take_strip(p, small, j, strip, &tile);
        tile.a = p->a;
        tile.c = p->c + j;
        for (int64_t t = 0; t < small->tiles; t++) {
            tile.rows = small->rows + (t < small->higher);
            SIMD_NAME(tile_multiply)(&tile);
            tile.a += tile.rows * a_row;
            tile.c += tile.rows * p->ldc;
        }
    }
}

static void small_each(const struct gemm_problem *problem, int64_t first, int64_t last) {
    enum { ALIGNMENT = 64 };
    float strip[TILE_COLUMNS * DEPTH_MOST] __attribute__((aligned(ALIGNMENT)));
    const struct small small = small_of(problem);
    for (int64_t i = first; i < last; i++) {
        const struct gemm_problem one = gemm_of_batch(problem, i);
        small_multiply(&one, &small, strip);
    }
}

/* --- the batch -------------------------------------------------------------------------------- */

/* Of a thread that failed; the others go on. */
struct failure {
    enum status status;
    struct message message;
};

struct batch {
    const struct gemm_problem *problem;
    struct failure *failure;
};

static void small_body(const void *context, int part, int64_t first, int64_t last) {
    const struct batch *batch = context;
    (void)part;
    small_each(batch->problem, first, last);
}

/* Products [first, last) on one thread. */
static void batch_body(const void *context, int part, int64_t first, int64_t last) {
    const struct batch *batch = context;
    struct failure mine = {.status = STATUS_OK};
    struct execution alone = {.threads = 1, .message = &mine.message};
    (void)part;
    for (int64_t i = first; i < last && mine.status == STATUS_OK; i++) {
        const struct gemm_problem one = gemm_of_batch(batch->problem, i);
        mine.status = SIMD_NAME(gemm_simd)(&one, &alone);
    }
    if (mine.status == STATUS_OK)
        return;
#pragma omp critical(gemm_batch_failure)
    *batch->failure = mine;
}

static enum status batch_share(const struct gemm_problem *problem, int parts,
                               struct execution *execution) {
    struct failure failure = {.status = STATUS_OK};
    const struct batch batch = {problem, &failure};
    parallel_ranges(problem->batch, 1, (struct team){execution->threads, parts},
                    is_small(problem) ? small_body : batch_body, &batch);
    if (failure.status != STATUS_OK)
        *execution->message = failure.message;
    return failure.status;
}

enum status SIMD_NAME(gemm_batch_simd)(const struct gemm_problem *problem,
                                       struct execution *execution) {
    /* As gemm_simd() takes the threads: a part of so many takes two microseconds. */
    const double part_flops = 1 << 19, parts_to_share = 8;
    if (problem->batch <= 1)
        return SIMD_NAME(gemm_simd)(problem, execution);
    const int threads = execution->threads;
    const double each =
        2.0 * (double)problem->m * (double)problem->n * (double)problem->k / part_flops;
    const double all = each * (double)problem->batch;
    if (threads > 1 && each >= parts_to_share * threads)
        return gemm_each(problem, SIMD_NAME(gemm_simd), execution);
    return batch_share(problem, all < threads ? (int)fmax(all, 1.0) : threads, execution);
}
