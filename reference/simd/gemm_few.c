/* Two ways for a matrix to stream past up to eight vectors, in rows as it is stored:
 *
 *   rows along k     a row gives one sum with each vector: dot products
 *   rows across k    a row is added to each vector's sums, times one element of the vector
 *
 * A row or more ahead is asked for: a processor's own prefetching stops at the end of a page.
 */
#include "reference/simd/gemm_few.h"
#include "reference/simd/cpu.h"
#include "reference/simd/operand.h"
#include "reference/simd/parallel.h"

#include <stdlib.h>

enum { FEW = 8, ROWS_MOST = 4, LINE_FLOATS = 16, LINE = LINE_FLOATS * sizeof(float) };
enum { PAGE = 4096, PAGE_FLOATS = PAGE / sizeof(float) };

/* The product as either way sees it: sums[i][j] = sum over k of stream[i, k] or [k, i] times
 * vectors[j][k]. */
struct few {
    const void *stream;
    enum dtype dtype;
    int64_t ld;             /* of the streaming matrix */
    int64_t count, k, sums; /* vectors, their elements, sums with each */
    int64_t places;         /* for vectors: 1, 2, 4 or FEW; zeros stand in the rest */
    bool along_k;
    bool far;        /* the matrix comes from memory */
    const void *few; /* element k of vector j is few[k * few_step + j * few_apart] */
    int64_t few_step, few_apart;
    float *c; /* sums[i][j] belongs to c[i * c_step + j * c_apart] */
    int64_t c_step, c_apart;
    float alpha, beta;
    float *vectors; /* the few as float32, `apart` from each other */
    int64_t apart;
    float *shares; /* NULL, or sums of each thread's share of k, SHARE_FLOATS apart */
};

static struct few few_of(const struct gemm_problem *p) {
    const bool a_turned = p->variant == GEMM_TN, b_turned = p->variant == GEMM_NT;
    struct few few = {.dtype = p->dtype, .k = p->k, .c = p->c, .alpha = p->alpha, .beta = p->beta};
    if (p->n <= FEW && (p->m > FEW || !a_turned)) {
        few.stream = p->a, few.ld = p->lda, few.along_k = !a_turned;
        few.count = p->n, few.sums = p->m;
        few.few = p->b, few.few_step = b_turned ? 1 : p->ldb, few.few_apart = b_turned ? p->ldb : 1;
        few.c_step = p->ldc, few.c_apart = 1;
    } else {
        few.stream = p->b, few.ld = p->ldb, few.along_k = b_turned;
        few.count = p->m, few.sums = p->n;
        few.few = p->a, few.few_step = a_turned ? p->lda : 1, few.few_apart = a_turned ? 1 : p->lda;
        few.c_step = 1, few.c_apart = p->ldc;
    }
    few.places = few.count <= 2 ? few.count : few.count <= 4 ? 4 : FEW;
    /* A line more, or vectors of a whole page would all meet in one set of a cache. */
    few.apart = (few.k + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS + LINE_FLOATS;
    return few;
}

bool SIMD_NAME(gemm_is_few)(const struct gemm_problem *problem) {
    enum { DEPTH_LEAST = 64 }; /* shorter rows give less than adding up their sums takes */
    if ((problem->m > FEW && problem->n > FEW) || problem->alpha == 0)
        return false;
    struct few few = few_of(problem);
    return few.along_k ? few.k >= DEPTH_LEAST : few.sums > FEW;
}

static inline void sum_put(const struct few *few, float beta, int64_t i, int64_t j, float sum) {
    float *c = few->c + i * few->c_step + j * few->c_apart;
    *c = few->alpha * sum + (beta != 0 ? beta * *c : 0);
}

/* Rows that are walked along at once share what is read of the vectors: as many as there are
 * registers for sums. Float32 has fewer, for a sum waits in a queue for what it adds, and full
 * queues ask memory for no more. A single vector has one row, which streams best, in several chains
 * to hide the latency of an addition. */
enum { SUMS_MOST = WIDTH == 16 ? 24 : 12, CHAINS = 4 };

SIMD_INLINE int rows_along(enum dtype dtype, int places) {
    const int most = (dtype_is_narrow(dtype) ? SUMS_MOST : SUMS_MOST * 2 / 3) / places;
    if (places == 1)
        return 1;
    return most < ROWS_MOST ? most : ROWS_MOST;
}

SIMD_INLINE int chains_along(int places) {
    return places == 1 ? CHAINS : 1;
}

/* What a step of k reads, as x86 addresses it: up to four of a kind are a base with 0, 1, 2 and 3
 * times their distance in bytes, of which the third is kept in a register. */
struct spaced {
    const char *base;
    int64_t apart, three_apart;
};

static inline struct spaced spaced_of(const void *base, int64_t apart) {
    return (struct spaced){base, apart, 3 * apart};
}

SIMD_INLINE const char *spaced_at(struct spaced spaced, int which) {
    return spaced.base + (which == 3 ? spaced.three_apart : which * spaced.apart);
}

struct walk {
    struct spaced rows; /* of the stream: those that are multiplied */
    struct spaced next; /* and as many behind them, which are asked for */
    struct spaced vectors[FEW / ROWS_MOST];
};

/* sums[r][j][chain] += elements of some rows times those of the vectors; only the first `left` of
 * them where that is less. `again`: each product loads the vector's elements itself, which the
 * compiler is kept from doing once. */
SIMD_INLINE void step_along(struct walk *walk, enum dtype dtype, int places, int rows, int chain,
                            bool again, int64_t left, vector sums[ROWS_MOST][FEW][CHAINS]) {
    vector x[ROWS_MOST];
    SIMD_FOR (r, rows) {
        const char *row = spaced_at(walk->rows, r);
        x[r] =
            left >= WIDTH ? operand_load(row, dtype, 0) : operand_load_first(row, dtype, 0, left);
        operand_fetch(spaced_at(walk->next, r), dtype, 0);
    }
    SIMD_FOR (j, places)
        SIMD_FOR (r, rows) {
            struct spaced *y = &walk->vectors[j / ROWS_MOST];
            if (again)
                __asm__("" : "+r"(y->base));
            vector elements =
                vector_load((const float *)(const void *)spaced_at(*y, j % ROWS_MOST));
            sums[r][j][chain] = vector_fma(x[r], elements, sums[r][j][chain]);
        }
    const int64_t bytes = dtype_is_narrow(dtype) ? 2 * (int64_t)WIDTH : 4 * (int64_t)WIDTH;
    walk->rows.base += bytes;
    walk->next.base += bytes;
    SIMD_FOR (g, (places + ROWS_MOST - 1) / ROWS_MOST)
        walk->vectors[g].base += WIDTH * sizeof(float);
}

SIMD_INLINE struct walk walk_of(const struct few *few, enum dtype dtype, int rows, int64_t i,
                                int64_t k) {
    const int64_t size = dtype_is_narrow(dtype) ? 2 : 4, ld = few->ld * size;
    const int64_t apart = few->apart * (int64_t)sizeof *few->vectors;
    const char *from = (const char *)few->stream + i * ld + k * size;
    const float *vectors = few->vectors + k;
    return (struct walk){
        spaced_of(from, ld),
        spaced_of(from + rows * ld, ld),
        {spaced_of(vectors, apart), spaced_of(vectors + ROWS_MOST * few->apart, apart)}};
}

/* Rows [i, i + rows), k from `first` to `last`. */
SIMD_INLINE void go_along(const struct few *few, enum dtype dtype, int places, int rows, bool again,
                          int64_t i, int64_t first, int64_t last) {
    const int chains = chains_along(places);
    vector sums[ROWS_MOST][FEW][CHAINS];
    SIMD_FOR (r, rows)
        SIMD_FOR (j, places)
            SIMD_FOR (u, chains)
                sums[r][j][u] = vector_set(0);
    struct walk walk = walk_of(few, dtype, rows, i, first);
    int64_t k = first;
    for (const int64_t pass = (int64_t)chains * WIDTH; k + pass <= last; k += pass)
        SIMD_FOR (u, chains)
            step_along(&walk, dtype, places, rows, u, again, WIDTH, sums);
    for (; k < last; k += WIDTH)
        step_along(&walk, dtype, places, rows, 0, again, last - k, sums);
    SIMD_FOR (r, rows)
        SIMD_FOR (j, places) {
            SIMD_FOR (u, chains - 1)
                sums[r][j][0] += sums[r][j][u + 1];
            if (j < few->count)
                sum_put(few, first == 0 ? few->beta : 1, i + r, j, vector_sum(sums[r][j][0]));
        }
}

/* `depth` of k at a time: the vectors stay in the first level of cache, and rows stream through
 * beside them. */
SIMD_INLINE void along_depth(const struct few *few, enum dtype dtype, int places, bool again,
                             int64_t depth, int64_t first, int64_t last) {
    const int rows = rows_along(dtype, places);
    for (int64_t k = 0; k < few->k; k += depth) {
        int64_t end = few->k - k < depth ? few->k : k + depth, i = first;
        for (; i + rows <= last; i += rows)
            go_along(few, dtype, places, rows, again, i, k, end);
        for (; i < last; i++)
            go_along(few, dtype, places, 1, again, i, k, end);
    }
}

/* From memory two pages of a row are better than one, and so are products that load the vectors'
 * elements anew: those that wait for the stream then leave its requests room. */
SIMD_INLINE void along(const struct few *few, enum dtype dtype, int places, int64_t first,
                       int64_t last) {
    if (places == 1)
        along_depth(few, dtype, places, false, (int64_t)4 * PAGE_FLOATS, first, last);
    else if (few->far && places < FEW)
        along_depth(few, dtype, places, true, (int64_t)2 * PAGE_FLOATS, first, last);
    else
        along_depth(few, dtype, places, false, PAGE_FLOATS, first, last);
}

/* The sums of a block of columns: in the first level of cache, beside the rows that stream. */
struct sums_block {
    float *sums;
    int64_t apart; /* from one vector's to the next's */
    int64_t first, width;
};

/* Columns [i, i + WIDTH), or the first `left` of them: sums += rows k … k + rows times factors. */
SIMD_INLINE void step_across(const struct few *few, enum dtype dtype, int places, int rows,
                             const struct sums_block *block, int64_t k, int64_t i, int64_t left,
                             int64_t ahead, vector factors[FEW][ROWS_MOST]) {
    vector x[ROWS_MOST];
    SIMD_FOR (r, rows) {
        int64_t at = (k + r) * few->ld + block->first + i;
        operand_fetch(few->stream, dtype, at + ahead * few->ld);
        x[r] = left >= WIDTH ? operand_load(few->stream, dtype, at)
                             : operand_load_first(few->stream, dtype, at, left);
    }
    SIMD_FOR (j, places) {
        float *to = block->sums + j * block->apart + i;
        vector sum = vector_load(to);
        SIMD_FOR (r, rows)
            sum = vector_fma(x[r], factors[j][r], sum);
        vector_store(to, sum);
    }
}

SIMD_INLINE void go_across(const struct few *few, enum dtype dtype, int places, int rows,
                           const struct sums_block block, int64_t k) {
    enum { AHEAD_BYTES = 4096 };
    const int64_t row_bytes = block.width * (dtype_is_narrow(dtype) ? 2 : 4);
    const int64_t ahead = AHEAD_BYTES / row_bytes > rows ? AHEAD_BYTES / row_bytes : rows;
    vector factors[FEW][ROWS_MOST];
    SIMD_FOR (j, places)
        SIMD_FOR (r, rows)
            factors[j][r] = vector_set(few->vectors[j * few->apart + k + r]);
    int64_t i = 0;
    for (; i + WIDTH <= block.width; i += WIDTH)
        step_across(few, dtype, places, rows, &block, k, i, WIDTH, ahead, factors);
    if (i < block.width)
        step_across(few, dtype, places, rows, &block, k, i, block.width - i, ahead, factors);
}

static void block_put(const struct few *few, const struct sums_block *block) {
    for (int64_t j = 0; j < few->count; j++) {
        const float *sums = block->sums + j * block->apart;
        float *c = few->c + block->first * few->c_step + j * few->c_apart;
        if (few->c_step == 1 && few->beta == 0)
            for (int64_t i = 0; i < block->width; i++)
                c[i] = few->alpha * sums[i];
        else
            for (int64_t i = 0; i < block->width; i++)
                sum_put(few, few->beta, block->first + i, j, sums[i]);
    }
}

/* A block's sums, and the room in which they begin where they like. */
enum { SUMS_FLOATS = 4096, SHARE_FLOATS = SUMS_FLOATS + PAGE_FLOATS };

/* Where sums of columns from `first` on begin in `room`, which has a page more: half a page from
 * the columns. Where both lie at one place of a page, loads of the columns wait for the stores of
 * sums before them. */
static float *sums_in(float *room, const struct few *few, int64_t first) {
    const int64_t size = dtype_is_narrow(few->dtype) ? 2 : 4;
    const uintptr_t columns = (uintptr_t)few->stream + (uintptr_t)(first * size);
    const uintptr_t bytes = (columns + PAGE / 2 - (uintptr_t)room) % PAGE;
    return room + bytes / LINE * LINE_FLOATS;
}

SIMD_INLINE void across(const struct few *few, enum dtype dtype, int places, int64_t first,
                        int64_t last) {
    const int rows = places == 1 ? ROWS_MOST : 3; /* more share the sums, but stream no faster */
    float room[SHARE_FLOATS] __attribute__((aligned(LINE)));
    const int64_t lines = SUMS_FLOATS / places / LINE_FLOATS;
    struct sums_block block = {sums_in(room, few, first), lines * LINE_FLOATS, first, 0};
    const int64_t most = block.apart - LINE_FLOATS; /* they do not all meet in one set of a cache */
    for (; block.first < last; block.first += most) {
        block.width = last - block.first < most ? last - block.first : most;
        memset(block.sums, 0, SUMS_FLOATS * sizeof *block.sums);
        int64_t k = 0;
        for (; k + rows <= few->k; k += rows)
            go_across(few, dtype, places, rows, block, k);
        for (; k < few->k; k++)
            go_across(few, dtype, places, 1, block, k);
        block_put(few, &block);
    }
}

static float *share_sums(const struct few *few, int part) {
    return sums_in(few->shares + (int64_t)part * SHARE_FLOATS, few, 0);
}

/* A thread's share of k for a single row, all columns in one block. */
SIMD_INLINE void across_share(const struct few *few, enum dtype dtype, int part, int64_t first,
                              int64_t last) {
    enum { ROWS = 2 }; /* more stream no faster where all threads ask the last level of cache */
    const struct sums_block block = {share_sums(few, part), SUMS_FLOATS, 0, few->sums};
    memset(block.sums, 0, SUMS_FLOATS * sizeof *block.sums);
    int64_t k = first;
    for (; k + ROWS <= last; k += ROWS)
        go_across(few, dtype, 1, ROWS, block, k);
    for (; k < last; k++)
        go_across(few, dtype, 1, 1, block, k);
}

static void shares_put(const struct few *few, int parts) {
    const struct sums_block all = {share_sums(few, 0), SUMS_FLOATS, 0, few->sums};
    for (int part = 1; part < parts; part++) {
        const float *sums = share_sums(few, part);
        for (int64_t i = 0; i < few->sums; i++)
            all.sums[i] += sums[i];
    }
    block_put(few, &all);
}

/* A copy of each way for each number of places and each dtype. */
#define PLACE(way, dtype, number)                                                                  \
    case number:                                                                                   \
        way(few, dtype, number, first, last);                                                      \
        break;
#define PLACES(way, dtype)                                                                         \
    switch (few->places) {                                                                         \
        PLACE(way, dtype, 1)                                                                       \
        PLACE(way, dtype, 2)                                                                       \
        PLACE(way, dtype, 4)                                                                       \
        PLACE(way, dtype, FEW)                                                                     \
    }
#define DTYPES(way)                                                                                \
    switch (few->dtype) {                                                                          \
    case DTYPE_F32:                                                                                \
    case DTYPE_TF32:                                                                               \
        PLACES(way, DTYPE_F32)                                                                     \
        break;                                                                                     \
    case DTYPE_BF16:                                                                               \
        PLACES(way, DTYPE_BF16)                                                                    \
        break;                                                                                     \
    case DTYPE_F16:                                                                                \
        PLACES(way, DTYPE_F16)                                                                     \
        break;                                                                                     \
    }

static void few_along(const struct few *few, int64_t first, int64_t last) {
    DTYPES(along)
}

static void few_across(const struct few *few, int64_t first, int64_t last) {
    DTYPES(across)
}

static void few_share(const struct few *few, int part, int64_t first, int64_t last) {
    if (few->dtype == DTYPE_BF16)
        across_share(few, DTYPE_BF16, part, first, last);
    else if (few->dtype == DTYPE_F16)
        across_share(few, DTYPE_F16, part, first, last);
    else
        across_share(few, DTYPE_F32, part, first, last);
}

static void few_body(const void *context, int part, int64_t first, int64_t last) {
    const struct few *few = context;
    if (few->shares != NULL)
        few_share(few, part, first, last);
    else if (!few->along_k)
        few_across(few, first, last);
    else
        few_along(few, first, last);
}

/* Zeros stand behind each: a last vector of them is read whole. */
static void pack_few(const struct few *few) {
    for (int64_t j = 0; j < few->count; j++) {
        float *to = few->vectors + j * few->apart;
        int64_t from = j * few->few_apart, k = 0;
        if (dtype_is_narrow(few->dtype))
            for (; k < few->k; k++)
                to[k] = dtype_element(few->few, few->dtype, from + k * few->few_step);
        else
            for (const float *f = few->few; k < few->k; k++)
                to[k] = f[from + k * few->few_step];
        memset(to + k, 0, (size_t)(few->apart - k) * sizeof *to);
    }
    memset(few->vectors + few->count * few->apart, 0,
           (size_t)((few->places - few->count) * few->apart) * sizeof *few->vectors);
}

/* Whether threads share k rather than the columns: each then reads one run of memory. With rows of
 * more than a page that is slower. */
static bool shares_k(const struct few *few, int parts) {
    enum { DEPTH_LEAST = 64 };
    return parts > 1 && few->places == 1 && !few->along_k && few->sums <= PAGE_FLOATS &&
           few->k >= (int64_t)parts * DEPTH_LEAST;
}

enum status SIMD_NAME(gemm_few)(const struct gemm_problem *problem, struct execution *execution) {
    enum { COLUMNS_LEAST = 128 }; /* of a row that threads share */
    struct few few = few_of(problem);
    const int64_t streamed = few.sums * few.k * (dtype_is_narrow(few.dtype) ? 2 : 4);
    const struct team team = parallel_team(streamed, execution->threads);
    const int64_t packed = few.places * few.apart;
    const bool shared = shares_k(&few, team.parts);
    const int64_t floats = packed + (shared ? (int64_t)team.parts * SHARE_FLOATS : 0);
    few.vectors = aligned_alloc(LINE, (size_t)floats * sizeof *few.vectors);
    if (few.vectors == NULL)
        return message_set(execution->message, STATUS_NO_MEMORY,
                           "cannot allocate %zu bytes for an operand of few rows or columns; free "
                           "some memory",
                           (size_t)floats * sizeof *few.vectors);
    pack_few(&few);
    few.far = cpu_streams(execution, streamed, few.stream, NULL, NULL);
    if (shared) {
        few.shares = few.vectors + packed;
        parallel_ranges(few.k, 1, team, few_body, &few);
        shares_put(&few, team.parts);
    } else
        parallel_ranges(few.sums, few.along_k ? 1 : COLUMNS_LEAST, team, few_body, &few);
    free(few.vectors);
    return STATUS_OK;
}
