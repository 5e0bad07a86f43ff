/* gemm, rung 4: explicit vectors, and all cores.
 *
 * Adds to rung 3: the tile of C is named as vectors, so that the compiler keeps it in registers and
 * issues fused multiply-adds of this processor's full width (the file is built once an instruction
 * set); and the rows of C are dealt out to the threads, each with blocks of its own. What is left
 * to the next rung: packing costs more than it gains where a matrix is small or narrow, edges of C
 * are computed as whole tiles, nothing is asked for ahead, and threads share rows alone.
 */
#include "reference/simd/gemm_blocks.h"
#include "reference/simd/level.h"
#include "reference/simd/parallel.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Vectors across a pass over the tile: two where one register holds 16 floats, so that 12 sums, two
 * vectors of B and one of A fit into the 16 registers that AVX2 has. */
enum { VECTORS = 2, PASS = VECTORS * WIDTH };
_Static_assert(TN % PASS == 0, "a tile is whole passes wide");

/* C[rows, columns] += columns [from, from + PASS) of the product of one packed tile of A and one of
 * B. */
static void pass_add(const float *a, const float *b, int64_t depth, float *c, int64_t ldc,
                     int64_t rows, int64_t columns) {
    vector sums[TM][VECTORS];
    for (int i = 0; i < TM; i++)
        for (int v = 0; v < VECTORS; v++)
            sums[i][v] = vector_set(0);
    for (int64_t k = 0; k < depth; k++) {
        vector right[VECTORS];
        for (int v = 0; v < VECTORS; v++)
            right[v] = vector_load(b + k * TN + (int64_t)v * WIDTH);
        SIMD_FOR (i, TM) {
            vector left = vector_set(a[k * TM + i]);
            for (int v = 0; v < VECTORS; v++)
                sums[i][v] = vector_fma(left, right[v], sums[i][v]);
        }
    }
    for (int64_t i = 0; i < rows; i++)
        for (int v = 0; v < VECTORS; v++) {
            int64_t at = (int64_t)v * WIDTH, left = columns - at;
            float *to = c + i * ldc + at;
            if (left >= WIDTH)
                vector_store(to, vector_load(to) + sums[i][v]);
            else if (left > 0)
                vector_store_first(to, vector_load_first(to, left, 0) + sums[i][v], left);
        }
}

static void block_add(const struct gemm_problem *problem, const float *a, const float *b,
                      int64_t depth, int64_t i, int64_t rows, int64_t j, int64_t columns) {
    for (int64_t c = 0; c < columns; c += PASS)
        for (int64_t r = 0; r < rows; r += TM)
            pass_add(a + r * depth, b + c / TN * TN * depth + c % TN, depth,
                     problem->c + (i + r) * problem->ldc + j + c, problem->ldc,
                     block_least(TM, rows - r), columns - c);
}

static void multiply_rows(const struct gemm_problem *problem, int64_t first, int64_t last,
                          float *packed_a, float *packed_b) {
    for (int64_t j = 0; j < problem->n; j += BN)
        for (int64_t l = 0; l < problem->k; l += BK) {
            int64_t columns = block_least(BN, problem->n - j);
            int64_t depth = block_least(BK, problem->k - l);
            pack_b(problem, j, columns, l, depth, packed_b);
            for (int64_t i = first; i < last; i += BM) {
                int64_t rows = block_least(BM, last - i);
                pack_a(problem, i, rows, l, depth, packed_a);
                block_add(problem, packed_a, packed_b, depth, i, rows, j, columns);
            }
        }
}

struct work {
    const struct gemm_problem *problem;
    atomic_bool *starved; /* a thread got no memory */
};

static void rows_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct work *work = context;
    const struct gemm_problem *problem = work->problem;
    for (int64_t i = first; i < last; i++)
        gemm_scale_row(problem, problem->c + i * problem->ldc);
    if (problem->alpha == 0)
        return;
    enum { ALIGNMENT = 64 };
    float *packed = aligned_alloc(ALIGNMENT, (BM * BK + BK * BN) * sizeof(float));
    if (packed == NULL)
        atomic_store(work->starved, true);
    else
        multiply_rows(problem, first, last, packed, packed + (size_t)BM * BK);
    free(packed);
}

enum status SIMD_NAME(gemm_parallel)(const struct gemm_problem *problem,
                                     struct execution *execution) {
    if (dtype_is_narrow(problem->dtype))
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "cpu-parallel multiplies f32 matrices only; use --dtype f32 or tf32");
    atomic_bool starved = false;
    struct work work = {problem, &starved};
    int64_t touched = problem->m * problem->n + (problem->m + problem->n) * problem->k;
    struct team team = parallel_team(touched * (int64_t)sizeof(float), execution->threads);
    parallel_ranges(problem->m, TM, team, rows_body, &work);
    if (starved)
        return message_set(execution->message, STATUS_NO_MEMORY,
                           "cannot allocate the packed blocks of %d threads; free some memory",
                           execution->threads);
    return STATUS_OK;
}
