/* From a part of C down to its tiles: blocks of rows and of k, groups of strips, tiles. */
#include "reference/simd/gemm_block.h"
#include "reference/simd/gemm_pack.h"
#include "reference/simd/operand.h"

enum { LINE = 64 }; /* of a cache, in bytes */

static inline struct part part_of_a(const struct block_work *work, int64_t i, int64_t k) {
    const struct gemm_problem *p = work->problem;
    bool turned = p->variant == GEMM_TN;
    int64_t step = turned ? 1 : p->lda, k_step = turned ? p->lda : 1;
    return (struct part){p->a, p->dtype, work->pairs, i * step + k * k_step, step, k_step};
}

static inline struct part part_of_b(const struct block_work *work, int64_t j, int64_t k) {
    const struct gemm_problem *p = work->problem;
    bool turned = p->variant == GEMM_NT;
    int64_t step = turned ? p->ldb : 1, k_step = turned ? 1 : p->ldb;
    return (struct part){p->b, p->dtype, work->pairs, j * step + k * k_step, step, k_step};
}

/* Strips of columns that meet the tiles of some rows together, for some k. */
struct group {
    const struct block_work *work;
    struct range rows, columns, k;
    int64_t depth, steps, tiles; /* a step is a pair, or one k */
    int64_t share;               /* of a strip's depth: what each tile asks for of the next group */
};

static bool strip_is_copied(const struct block_work *work, int64_t columns) {
    return work->copies_strips || columns % WIDTH != 0;
}

/* The rows of C that the tile below will want, and the first tile its own too. Of two lines the
 * last floats are named: a row that is not aligned reaches into a third, which the strip before has
 * brought. */
static void fetch_rows(const struct tile *tile, int64_t t, struct fetch *fetch) {
    const uintptr_t step = (uintptr_t)tile->ldc * sizeof *tile->c;
    fetch->from = (uintptr_t)tile->c + LINE - sizeof *tile->c;
    if (t > 0)
        fetch->from += (uintptr_t)tile->rows * step;
    fetch->step = step;
    fetch->apart = LINE;
    fetch->count = t == 0 ? 2 * tile->rows : tile->rows;
}

/* This tile's share of the strip that comes a group later: two of its columns where B is stored
 * along k, else some of its k. */
static void fetch_strip(const struct group *group, int64_t j, int64_t t, struct fetch *fetch) {
    const struct gemm_problem *p = group->work->problem;
    const uintptr_t size = dtype_is_narrow(p->dtype) ? 2 : 4;
    struct part part =
        part_of_b(group->work, j + group->columns.last - group->columns.first, group->k.first);
    fetch->from = (uintptr_t)part.data + (uintptr_t)part.at * size;
    if (p->variant == GEMM_NT) {
        fetch->from += (uintptr_t)(2 * t % TILE_COLUMNS * part.step) * size;
        fetch->step = LINE;
        fetch->apart = (uintptr_t)part.step * size;
        fetch->count = group->depth * (int64_t)size / LINE;
    } else {
        fetch->from += LINE - size + (uintptr_t)(t * group->share * part.k_step) * size;
        fetch->step = (uintptr_t)part.k_step * size;
        fetch->apart = LINE;
        fetch->count = group->share;
    }
}

static void fetch_ahead(const struct group *group, int64_t j, int64_t t, struct tile *tile) {
    int64_t count = 0;
    for (int f = 0; f < 2; f++) {
        tile->fetch[f].from = (uintptr_t)tile->b;
        tile->fetch[f].step = tile->fetch[f].apart = 0;
        tile->fetch[f].count = 0;
    }
    if (group->work->fetches) {
        fetch_rows(tile, t, &tile->fetch[0]);
        if (j + group->columns.last - group->columns.first < group->work->columns.last)
            fetch_strip(group, j, t, &tile->fetch[1]);
        count = tile->fetch[0].count + tile->fetch[1].count;
    }
    tile->fetch_every = count == 0 ? group->steps : count < group->steps ? group->steps / count : 1;
}

/* Rows of A: packed ones lie one tile behind the other. */
static void tile_take_a(const struct group *group, int64_t i, struct tile *tile) {
    if (group->work->block != NULL) {
        tile->a = group->work->block + i * group->steps;
        tile->a_row = 1;
        tile->a_step = tile->rows;
        return;
    }
    struct part part = part_of_a(group->work, group->rows.first + i, group->k.first);
    tile->a = (const float *)part.data + part.at;
    tile->a_row = part.step;
    tile->a_step = part.k_step;
}

static void tile_take_b(const struct group *group, int64_t j, struct tile *tile) {
    if (strip_is_copied(group->work, tile->columns)) {
        tile->b = group->work->strips + (j - group->columns.first) * group->steps;
        tile->b_step = pieces_of(tile->columns, WIDTH) * WIDTH;
        return;
    }
    struct part part = part_of_b(group->work, j, group->k.first);
    tile->b = (const float *)part.data + part.at;
    tile->b_step = part.k_step;
}

static void group_multiply(const struct group *group) {
    const struct gemm_problem *p = group->work->problem;
    struct tile tile = {.pairs = group->work->pairs,
                        .depth = group->steps,
                        .ldc = p->ldc,
                        .alpha = p->alpha,
                        .beta = group->k.first == 0 ? p->beta : 1,
                        .relu = group->work->relu};
    const bool finishes = group->work->bias != NULL && group->k.last == p->k;
    const int64_t height = group->rows.last - group->rows.first, tiles = group->tiles;
    for (int64_t t = 0, i = 0; t < tiles; t++, i += tile.rows) {
        tile.rows = height / tiles + (t < height % tiles);
        tile_take_a(group, i, &tile);
        for (int64_t j = group->columns.first; j < group->columns.last; j += TILE_COLUMNS) {
            tile.columns = least(TILE_COLUMNS, group->columns.last - j);
            tile.c = p->c + (group->rows.first + i) * p->ldc + j;
            tile.bias = finishes ? group->work->bias + j : NULL;
            tile_take_b(group, j, &tile);
            fetch_ahead(group, j, t, &tile);
            SIMD_NAME(tile_multiply)(&tile);
        }
    }
}

static void group_copy(const struct group *group) {
    for (int64_t j = group->columns.first; j < group->columns.last; j += TILE_COLUMNS) {
        int64_t columns = least(TILE_COLUMNS, group->columns.last - j);
        if (!strip_is_copied(group->work, columns))
            continue;
        struct part part = part_of_b(group->work, j, group->k.first);
        float *to = group->work->strips + (j - group->columns.first) * group->steps;
        SIMD_NAME(pack_strip)(&part, columns, group->depth, to);
    }
}

/* C[rows, the work's columns] += A[rows, k] B[k, the work's columns]. */
static void block_multiply(const struct block_work *work, struct range rows, struct range k) {
    const int64_t height = rows.last - rows.first, depth = k.last - k.first;
    const int64_t tiles = tiles_of(height);
    if (tiles == 0)
        return;
    if (work->block != NULL) {
        struct part part = part_of_a(work, rows.first, k.first);
        SIMD_NAME(pack_rows)(&part, height, depth, work->block);
    }
    struct group group = {.work = work,
                          .rows = rows,
                          .k = k,
                          .depth = depth,
                          .steps = part_steps(work->pairs, depth),
                          .tiles = tiles,
                          .share = pieces_of(depth, tiles)};
    int64_t strips = depth > 0 ? STRIPS_FLOATS / TILE_COLUMNS / group.steps : 1;
    for (int64_t j = work->columns.first; j < work->columns.last; j += strips * TILE_COLUMNS) {
        group.columns = (struct range){j, least(j + strips * TILE_COLUMNS, work->columns.last)};
        group_copy(&group);
        group_multiply(&group);
    }
}

void SIMD_NAME(block_work)(const struct block_work *work) {
    /* With an alpha of 0 there are no products: A and B are not read. */
    const int64_t products = work->problem->alpha != 0 ? work->problem->k : 0;
    const int64_t height = work->rows.last - work->rows.first;
    const int64_t blocks = pieces_of(height, ROWS_MOST);
    const int64_t depth_most = work->pairs ? 2 * DEPTH_MOST : DEPTH_MOST;
    const int64_t depths = products > 0 ? pieces_of(products, depth_most) : 1;
    for (int64_t block = 0; block < blocks; block++) {
        struct range rows = range_piece(height, TILE_ROWS, blocks, block);
        rows.first += work->rows.first;
        rows.last += work->rows.first;
        for (int64_t d = 0; d < depths; d++)
            block_multiply(work, rows, range_piece(products, WIDTH, depths, d));
    }
}
