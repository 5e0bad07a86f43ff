/* Attention, a block of queries and of keys at a time, so that scores never leave the second level
 * of cache (Dao et al., "FlashAttention", arXiv:2205.14135; Rabe and Staats, "Self-attention does
 * not need O(n^2) memory", arXiv:2112.05682).
 *
 * Scores are computed transposed, a row a key and a column a query. So a lane is a query, and
 * softmax reduces down the lanes without ever crossing them; K, the probabilities and V are what
 * gemm's tiles take as they lie. Of f32 only the queries are packed; bf16 is widened once a head,
 * or multiplied in pairs where the processor does that, probabilities rounded to bf16 as well.
 */
#include "reference/simd/gemm_block.h"
#include "reference/simd/gemm_pack.h"
#include "reference/simd/level.h"
#include "reference/simd/math.h"
#include "reference/simd/operand.h"
#include "reference/simd/parallel.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { QUERIES = 64, KEYS = 512, ALIGNMENT = 64 };
_Static_assert(QUERIES % TILE_COLUMNS == 0 && KEYS % 2 == 0, "whole strips, and whole pairs");

struct job {
    const struct attention_problem *problem;
    bool pairs;           /* of bf16, multiplied as they are */
    int64_t blocks;       /* of queries, a head */
    atomic_bool *starved; /* a thread got no memory */
};

/* What one thread works with. A step is one k of a product, or two where bf16 is multiplied in
 * pairs. */
struct work {
    const struct attention_problem *problem;
    bool pairs;
    int64_t width; /* of a row of sums: the dimension in whole vectors */
    int64_t head;  /* that `keys` and `values` are of; -1: none yet */
    /* A head's K packed for tiles, KEYS rows after KEYS rows, and its V in strips. NULL where tiles
     * read them as they lie. */
    float *keys, *values;
    float *queries; /* a strip behind the other */
    float *scores;  /* KEYS x QUERIES: then probabilities, or pairs of them */
    float *sums;    /* QUERIES x width: O before the division */
    /* Of each query so far: the largest score, the sum of exponentials, and what the sums are
     * multiplied by when a block of keys raises the maximum. */
    float maxima[QUERIES] __attribute__((aligned(ALIGNMENT)));
    float totals[QUERIES] __attribute__((aligned(ALIGNMENT)));
    float factors[QUERIES] __attribute__((aligned(ALIGNMENT)));
};

/* Keys first to first + count - 1 of a head. */
struct keys {
    int64_t first, count;
    int64_t stored; /* of the block; a causal mask may leave some of them out */
};

/* --- operands --------------------------------------------------------------------------------- */

static bool copies_keys(const struct attention_problem *p) {
    return dtype_is_narrow(p->dtype);
}

/* Tiles read whole vectors of V. */
static bool copies_values(const struct attention_problem *p) {
    return dtype_is_narrow(p->dtype) || p->dimension % WIDTH != 0;
}

static struct part part_of(const struct work *work, const void *operand, int64_t at, int64_t step,
                           int64_t k_step) {
    return (struct part){operand, work->problem->dtype, work->pairs, at, step, k_step};
}

static void head_take(struct work *work, int64_t head) {
    const struct attention_problem *p = work->problem;
    const int64_t first = head * p->sequence;
    if (work->head == head)
        return;
    work->head = head;
    for (int64_t key = 0; work->keys != NULL && key < p->sequence; key += KEYS) {
        struct part part = part_of(work, p->k, (first + key) * p->k_stride, p->k_stride, 1);
        SIMD_NAME(pack_rows)
        (&part, least(KEYS, p->sequence - key), p->dimension,
         work->keys + key * part_steps(work->pairs, p->dimension));
    }
    for (int64_t c = 0; work->values != NULL && c < p->dimension; c += TILE_COLUMNS) {
        struct part part = part_of(work, p->v, first * p->v_stride + c, 1, p->v_stride);
        SIMD_NAME(pack_strip)
        (&part, least(TILE_COLUMNS, p->dimension - c), p->sequence,
         work->values + c * part_steps(work->pairs, p->sequence));
    }
}

static void queries_take(const struct work *work, int64_t first, int64_t count) {
    const struct attention_problem *p = work->problem;
    for (int64_t i = 0; i < count; i += TILE_COLUMNS) {
        struct part part = part_of(work, p->q, (work->head * p->sequence + first + i) * p->q_stride,
                                   p->q_stride, 1);
        SIMD_NAME(pack_strip)
        (&part, least(TILE_COLUMNS, count - i), p->dimension,
         work->queries + i * part_steps(work->pairs, p->dimension));
    }
}

/* --- products --------------------------------------------------------------------------------- */

/* Runs a tile whose operands are known. Nothing is asked for ahead: all but K and V is in the
 * caches, and those are read in order. */
static void tile_run(struct tile *tile, int64_t depth) {
    tile->depth = tile->fetch_every = depth;
    tile->fetch[0].from = tile->fetch[1].from = (uintptr_t)tile->b;
    SIMD_NAME(tile_multiply)(tile);
}

/* Row `row` of the block's keys, where tiles of `rows` rows begin. */
static void tile_take_keys(const struct work *work, const struct keys *keys, int64_t row,
                           struct tile *tile) {
    const struct attention_problem *p = work->problem;
    if (work->keys != NULL) {
        tile->a = work->keys + (keys->first + row) * part_steps(work->pairs, p->dimension);
        tile->a_row = 1;
        tile->a_step = tile->rows;
    } else {
        const int64_t head_row = work->head * p->sequence;
        tile->a = (const float *)p->k + (head_row + keys->first + row) * p->k_stride;
        tile->a_row = p->k_stride;
        tile->a_step = 1;
    }
}

/* scores[k, i] = scale times the dot product. Tiles are those of all keys that the block stores. */
static void scores_multiply(const struct work *work, const struct keys *keys, int64_t count) {
    const int64_t steps = part_steps(work->pairs, work->problem->dimension);
    for (int64_t t = 0, row = 0; row < keys->count; t++) {
        const int64_t next = tile_start(keys->stored, t + 1);
        for (int64_t i = 0; i < count; i += TILE_COLUMNS) {
            struct tile tile = {.pairs = work->pairs,
                                .b = work->queries + i * steps,
                                .c = work->scores + row * QUERIES + i,
                                .ldc = QUERIES,
                                .rows = next - row,
                                .columns = pieces_of(least(TILE_COLUMNS, count - i), WIDTH) * WIDTH,
                                .alpha = work->problem->scale};
            tile.b_step = tile.columns;
            tile_take_keys(work, keys, row, &tile);
            tile_run(&tile, steps);
        }
        row = next;
    }
}

/* Columns c and on of V. */
static void tile_take_values(const struct work *work, const struct keys *keys, int64_t c,
                             struct tile *tile) {
    const struct attention_problem *p = work->problem;
    if (work->values != NULL) {
        tile->b = work->values + c * part_steps(work->pairs, p->sequence) +
                  part_steps(work->pairs, keys->first) * tile->columns;
        tile->b_step = tile->columns;
    } else {
        const int64_t head_row = work->head * p->sequence;
        tile->b = (const float *)p->v + (head_row + keys->first) * p->v_stride + c;
        tile->b_step = p->v_stride;
    }
}

/* sums[i, c] += probabilities[k, i] V[k, c]; the first keys set the sums. */
static void sums_multiply(const struct work *work, const struct keys *keys, int64_t count) {
    for (int64_t c = 0; c < work->width; c += TILE_COLUMNS)
        for (int64_t t = 0; t < tiles_of(count); t++) {
            const int64_t row = tile_start(count, t);
            struct tile tile = {.pairs = work->pairs,
                                .a = work->scores + row,
                                .a_row = 1,
                                .a_step = QUERIES,
                                .c = work->sums + row * work->width + c,
                                .ldc = work->width,
                                .rows = tile_start(count, t + 1) - row,
                                .columns = least(TILE_COLUMNS, work->width - c),
                                .alpha = 1,
                                .beta = keys->first > 0 ? 1.0F : 0.0F};
            tile_take_values(work, keys, c, &tile);
            tile_run(&tile, part_steps(work->pairs, keys->count));
        }
}

/* --- softmax ---------------------------------------------------------------------------------- */

/* What query `first` + i does not meet is -infinity. */
static void scores_mask(const struct work *work, const struct keys *keys, int64_t first,
                        int64_t count) {
    static const float numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    _Static_assert(sizeof numbers / sizeof *numbers >= WIDTH, "a number a lane");
    const vector lanes = vector_load(numbers), none = vector_set(-INFINITY);
    for (int64_t k = first > keys->first ? first - keys->first : 0; k < keys->count; k++)
        for (int64_t i = 0; i < count; i += WIDTH) {
            float *at = work->scores + k * QUERIES + i;
            vector met = lanes + (float)(first + i + 1 - (keys->first + k));
            vector_store(at, vector_if_positive(met, vector_load(at), none));
        }
}

/* `vectors` vectors of queries from query i on: the new maximum, what that makes of the sums, and
 * probabilities in place of scores. The maximum starts at -FLT_MAX, so that -infinity - maximum is
 * never NaN; a NaN is no maximum but makes the sum NaN. */
SIMD_INLINE void columns_weigh(struct work *work, int64_t keys, int64_t i, int vectors) {
    enum { MOST = 4 };
    vector largest[MOST], total[MOST];
    float *scores = work->scores + i;
    SIMD_FOR (v, vectors)
        largest[v] = vector_load(work->maxima + i + (int64_t)v * WIDTH);
    for (int64_t k = 0; k < keys; k++)
        SIMD_FOR (v, vectors)
            largest[v] =
                vector_maximum(vector_load(scores + k * QUERIES + (int64_t)v * WIDTH), largest[v]);
    SIMD_FOR (v, vectors) {
        const int64_t at = i + (int64_t)v * WIDTH;
        vector factor = vector_exp_negative(vector_load(work->maxima + at) - largest[v]);
        vector_store(work->factors + at, factor);
        vector_store(work->maxima + at, largest[v]);
        total[v] = vector_load(work->totals + at) * factor;
    }
    for (int64_t k = 0; k < keys; k++)
        SIMD_FOR (v, vectors) {
            float *at = scores + k * QUERIES + (int64_t)v * WIDTH;
            vector term = vector_exp_negative(vector_load(at) - largest[v]);
            vector_store(at, term);
            total[v] += term;
        }
    SIMD_FOR (v, vectors)
        vector_store(work->totals + i + (int64_t)v * WIDTH, total[v]);
}

static void scores_weigh(struct work *work, int64_t keys, int64_t count) {
    enum { TOGETHER = 4 };
    int64_t i = 0;
    for (; i + (int64_t)(TOGETHER - 1) * WIDTH < count; i += (int64_t)TOGETHER * WIDTH)
        columns_weigh(work, keys, i, TOGETHER);
    for (; i < count; i += WIDTH)
        columns_weigh(work, keys, i, 1);
}

/* Probabilities of two keys side by side, in bf16; the last may stand alone. */
static void probabilities_pair(const struct work *work, int64_t keys, int64_t count) {
    for (int64_t k = 0; k < keys; k += 2)
        for (int64_t i = 0; i < count; i += WIDTH) {
            const float *from = work->scores + k * QUERIES + i;
            vector second = k + 1 < keys ? vector_load(from + QUERIES) : vector_set(0);
            vector_store(work->scores + k / 2 * QUERIES + i,
                         pairs_round(vector_load(from), second));
        }
}

static void sums_rescale(const struct work *work, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        for (int64_t c = 0; c < work->width; c += WIDTH) {
            float *at = work->sums + i * work->width + c;
            vector_store(at, vector_load(at) * work->factors[i]);
        }
}

/* --- blocks ----------------------------------------------------------------------------------- */

static void sums_divide(const struct work *work, int64_t first, int64_t count) {
    const struct attention_problem *p = work->problem;
    for (int64_t i = 0; i < count; i++) {
        const float *sums = work->sums + i * work->width;
        const float share = 1 / work->totals[i];
        float *o = p->o + (work->head * p->sequence + first + i) * p->o_stride;
        int64_t c = 0;
        for (; c + WIDTH <= p->dimension; c += WIDTH)
            vector_store(o + c, vector_load(sums + c) * share);
        if (c < p->dimension)
            vector_store_first(o + c, vector_load(sums + c) * share, p->dimension - c);
    }
}

static void block_answer(struct work *work, int64_t first, int64_t count) {
    const struct attention_problem *p = work->problem;
    const bool causal = p->variant == ATTENTION_CAUSAL;
    const int64_t end = causal ? first + count : p->sequence;
    for (int i = 0; i < QUERIES; i++) {
        work->maxima[i] = -FLT_MAX;
        work->totals[i] = 0;
    }
    queries_take(work, first, count);
    for (int64_t key = 0; key < end; key += KEYS) {
        const struct keys keys = {key, least(KEYS, end - key), least(KEYS, p->sequence - key)};
        scores_multiply(work, &keys, count);
        if (causal && key + keys.count > first)
            scores_mask(work, &keys, first, count);
        scores_weigh(work, keys.count, count);
        if (work->pairs)
            probabilities_pair(work, keys.count, count);
        if (key > 0)
            sums_rescale(work, count);
        sums_multiply(work, &keys, count);
    }
    sums_divide(work, first, count);
}

/* All of a thread's floats in one allocation; NULL where there is no memory. */
static float *work_open(struct work *work) {
    const struct attention_problem *p = work->problem;
    const int64_t steps = part_steps(work->pairs, p->dimension);
    const int64_t queries = QUERIES * steps, scores = (int64_t)KEYS * QUERIES;
    const int64_t sums = QUERIES * work->width;
    const int64_t values =
        copies_values(p) ? part_steps(work->pairs, p->sequence) * work->width : 0;
    const int64_t keys = copies_keys(p) ? p->sequence * steps + WIDTH : 0;
    const int64_t floats = queries + scores + sums + values + keys;
    const int64_t lines = pieces_of(floats * (int64_t)sizeof(float), ALIGNMENT);
    float *block = aligned_alloc(ALIGNMENT, (size_t)lines * ALIGNMENT);
    if (block == NULL)
        return NULL;
    work->scores = block;
    work->queries = work->scores + scores;
    work->sums = work->queries + queries;
    work->values = values > 0 ? work->sums + sums : NULL;
    work->keys = keys > 0 ? work->sums + sums + values : NULL;
    return block;
}

/* Items are blocks of queries, head after head. Those of a head come from both of its ends in turn:
 * under a causal mask the last meet the most keys, and any run of items gets its share of them. */
static void items_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct job *job = context;
    const struct attention_problem *p = job->problem;
    struct work work = {.problem = p,
                        .pairs = job->pairs,
                        .width = pieces_of(p->dimension, WIDTH) * WIDTH,
                        .head = -1};
    float *block = work_open(&work);
    if (block == NULL) {
        atomic_store(job->starved, true);
        return;
    }
    for (int64_t item = first; item < last; item++) {
        const int64_t turn = item % job->blocks;
        const int64_t place = turn % 2 == 0 ? turn / 2 : job->blocks - 1 - turn / 2;
        head_take(&work, item / job->blocks);
        block_answer(&work, place * QUERIES, least(QUERIES, p->sequence - place * QUERIES));
    }
    free(block);
}

/* As for a product: two microseconds a part. */
static int parts_worth(const struct attention_problem *p, int threads) {
    enum { FLOPS_LEAST = 1 << 19 };
    double flops = 4 * (double)p->batch * (double)p->heads * (double)p->sequence *
                   (double)p->sequence * (double)p->dimension;
    double parts = flops / FLOPS_LEAST;
    return parts < 1 ? 1 : parts < threads ? (int)parts : threads;
}

enum status SIMD_NAME(attention_simd)(const struct attention_problem *problem,
                                      struct execution *execution) {
    if (problem->dtype != DTYPE_F32 && problem->dtype != DTYPE_BF16)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "attention cpu-simd computes in f32 and bf16");
    atomic_bool starved = false;
    const bool pairs =
        PAIRS_MULTIPLY && problem->dtype == DTYPE_BF16 && __builtin_cpu_supports("avx512bf16");
    const struct job job = {problem, pairs, pieces_of(problem->sequence, QUERIES), &starved};
    const struct team team = {execution->threads, parts_worth(problem, execution->threads)};
    parallel_ranges(problem->batch * problem->heads * job.blocks, 1, team, items_body, &job);
    if (starved)
        return message_set(execution->message, STATUS_NO_MEMORY,
                           "cannot allocate the blocks of %d threads; free some memory",
                           execution->threads);
    return STATUS_OK;
}
