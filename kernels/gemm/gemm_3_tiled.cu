/* gemm, rung 3: a block computes a TILE x TILE square of C from tiles in shared memory.
 *
 * What it adds: the block loads each TILE x TILE square of A and B once, with neighbouring threads
 * on neighbouring addresses (4 sectors a request, all of them used), and every element is then used
 * TILE times from shared memory. Global traffic falls by TILE against one thread an element.
 *
 * Shared memory without bank conflicts: a warp is one row of the block, so it reads one element of
 * A (a broadcast) and 32 neighbours of B. Where B is stored transposed, its tile is turned round
 * while it is stored; the odd row length then spreads a column over all 32 banks.
 *
 * Elements outside the matrices are loaded as zero and add nothing, so any m, n and k work.
 * Grid: the tiles of C in one dimension, row by row (a grid's y ends at 65,535). Block: TILE x
 * TILE.
 */
#include "kernels/arguments.h"
#include "kernels/device.cuh"

static const int TILE = GEMM_SIDE;
static_assert(TILE == WARP_LANES, "a warp must be one row of the block");

/* A is stored [m,k], or [k,m] when transposed; B [k,n], or [n,k]. */
template <bool a_transposed, bool b_transposed>
static __device__ void gemm_tiled(const struct gemm_arguments &g) {
    /* a_tile[row][k], or [k][row] when transposed: as A is stored. b_tile[k][column]. */
    __shared__ __align__(16) float a_tile[TILE][TILE];
    __shared__ float b_tile[TILE][b_transposed ? TILE + 1 : TILE];
    const int x = threadIdx.x, y = threadIdx.y;
    const int64_t tiles_across = (g.n + TILE - 1) / TILE;
    const int64_t row0 = blockIdx.x / tiles_across * TILE;
    const int64_t column0 = blockIdx.x % tiles_across * TILE;

    const int64_t a_line = a_transposed ? row0 + x : row0 + y;       /* of C's rows */
    const int64_t b_line = b_transposed ? column0 + y : column0 + x; /* of C's columns */
    const bool a_inside = a_line < g.m, b_inside = b_line < g.n;
    const float *a = a_transposed ? g.a + y * g.lda + a_line : g.a + a_line * g.lda + x;
    const float *b = b_transposed ? g.b + b_line * g.ldb + x : g.b + y * g.ldb + b_line;
    const int64_t a_step = a_transposed ? TILE * g.lda : TILE;
    const int64_t b_step = b_transposed ? TILE : TILE * g.ldb;

    float sum = 0.0f;
    for (int64_t left = g.k; left > 0; left -= TILE) {
        a_tile[y][x] = a_inside && (a_transposed ? y : x) < left ? *a : 0.0f;
        (b_transposed ? b_tile[x][y] : b_tile[y][x]) =
            b_inside && (b_transposed ? x : y) < left ? *b : 0.0f;
        a += a_step;
        b += b_step;
        __syncthreads();
#pragma unroll
        for (int p = 0; p < TILE; p++)
            sum = fmaf(a_transposed ? a_tile[p][y] : a_tile[y][p], b_tile[p][x], sum);
        __syncthreads();
    }

    const int64_t row = row0 + y, column = column0 + x;
    if (row < g.m && column < g.n) {
        float *const c = &g.c[row * g.ldc + column];
        *c = g.beta == 0.0f ? g.alpha * sum : fmaf(g.alpha, sum, g.beta * *c);
    }
}

extern "C" __global__ void __launch_bounds__(TILE *TILE)
    gemm_tiled_nn(const struct gemm_arguments arguments) {
    gemm_tiled<false, false>(arguments);
}

extern "C" __global__ void __launch_bounds__(TILE *TILE)
    gemm_tiled_nt(const struct gemm_arguments arguments) {
    gemm_tiled<false, true>(arguments);
}

extern "C" __global__ void __launch_bounds__(TILE *TILE)
    gemm_tiled_tn(const struct gemm_arguments arguments) {
    gemm_tiled<true, false>(arguments);
}
