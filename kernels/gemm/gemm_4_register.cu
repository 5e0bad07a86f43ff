/* gemm, rung 4: a thread computes TM x TN elements of C and keeps their sums in registers.
 *
 * What it adds: the tiled rung takes two loads from shared memory for each multiply-add. Here a
 * thread loads TM elements of A and TN of B and makes TM x TN products of them: 16 loads for 64
 * multiply-adds. The block's tile grows with it from 32 x 32 to 128 x 128, so that an element from
 * global memory is used 128 times instead of 32.
 *
 * The threads of a block stand in a square of SIDE x SIDE. Thread (x, y) has the rows y, y + SIDE,
 * … and the columns x, x + SIDE, … of the tile: a warp then reads 2 words of A and 16 neighbours of
 * B, without bank conflicts, and stores C in runs of 64 bytes.
 *
 * Elements outside the matrices are loaded as zero. Grid: the tiles of C, row by row. Block:
 * THREADS.
 */
#include "kernels/gemm/gemm_write.cuh"

static const int BM = GEMM_REGISTER_TILE, BN = GEMM_REGISTER_TILE, BK = 8; /* the block's tile */
static const int TM = 8, TN = 8;                                           /* the thread's */
static const int SIDE = BM / TM;                                           /* of the threads */
static_assert(SIDE * TM == BM && SIDE * TN == BN && SIDE * SIDE == THREADS,
              "threads fill the tile");
static_assert(WARP_LANES % BK == 0 && BM % WARP_LANES == 0 && BM == BN,
              "a warp loads whole sectors");
/* Four columns more where B is turned round, so that the 4 x 8 elements that a warp stores at once
 * lie in different banks. */
static const int TURNED = BN + 4;

/* Where in an operand the thread begins to load: its lines have `length` elements beside each other
 * in global memory, and neighbouring threads take neighbours. */
template <int length>
static __device__ inline const float *thread_start(const float *tile, int64_t leading) {
    return tile + threadIdx.x / length * leading + threadIdx.x % length;
}

/* Copies a tile of an operand to shared memory. `lines` and `elements` say how many of the tile lie
 * inside the matrix. Element e of line l goes to tile[l * line_step + e * element_step]. */
template <int length, int line_step, int element_step>
static __device__ inline void tile_load(const float *from, int64_t leading, int lines, int elements,
                                        float *tile) {
    const int element = threadIdx.x % length;
    int line = threadIdx.x / length;
    tile += line * line_step + element * element_step;
    lines = element < elements ? lines : 0;
#pragma unroll
    for (int i = 0; i < BM * BK / THREADS; i++, line += THREADS / length) {
        tile[i * (THREADS / length) * line_step] = line < lines ? *from : 0.0f;
        from += THREADS / length * leading;
    }
}

/* A is stored [m,k], or [k,m] when transposed; B [k,n], or [n,k]. */
template <bool a_transposed, bool b_transposed>
static __device__ void gemm_register(const struct gemm_arguments &g) {
    __shared__ float a_tile[BM * BK];     /* as A is stored */
    __shared__ float b_tile[BK * TURNED]; /* [k][column] */
    const int x = threadIdx.x % SIDE, y = threadIdx.x / SIDE;
    const gemm_tile tile = gemm_tile_of_block<BM, BN>(g);
    const int64_t row0 = (int64_t)tile.down * BM, column0 = (int64_t)tile.across * BN;
    const float *a = a_transposed ? thread_start<BM>(g.a + row0, g.lda)
                                  : thread_start<BK>(g.a + row0 * g.lda, g.lda);
    const float *b = b_transposed ? thread_start<BK>(g.b + column0 * g.ldb, g.ldb)
                                  : thread_start<BN>(g.b + column0, g.ldb);
    const int64_t a_step = a_transposed ? BK * g.lda : BK;
    const int64_t b_step = b_transposed ? BK : BK * g.ldb;

    float sums[TM][TN] = {};
    for (int64_t k = g.k; k > 0; k -= BK, a += a_step, b += b_step) {
        const int left = gemm_inside(k, BK);
        if (a_transposed)
            tile_load<BM, BM, 1>(a, g.lda, left, tile.rows, a_tile);
        else
            tile_load<BK, BK, 1>(a, g.lda, tile.rows, left, a_tile);
        if (b_transposed)
            tile_load<BK, 1, TURNED>(b, g.ldb, tile.columns, left, b_tile);
        else
            tile_load<BN, TURNED, 1>(b, g.ldb, left, tile.columns, b_tile);
        __syncthreads();
#pragma unroll
        for (int p = 0; p < BK; p++) {
            float a_part[TM], b_part[TN];
#pragma unroll
            for (int i = 0; i < TM; i++)
                a_part[i] =
                    a_transposed ? a_tile[p * BM + y + i * SIDE] : a_tile[(y + i * SIDE) * BK + p];
#pragma unroll
            for (int j = 0; j < TN; j++)
                b_part[j] = b_tile[p * TURNED + x + j * SIDE];
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
                for (int j = 0; j < TN; j++)
                    sums[i][j] = fmaf(a_part[i], b_part[j], sums[i][j]);
        }
        __syncthreads();
    }
    float *c = gemm_place<BM, BN>(g, tile, y, x);
#pragma unroll
    for (int i = 0; i < TM; i++, c += SIDE * g.ldc) {
        const int inside = y + i * SIDE < tile.rows ? tile.columns - x : 0;
#pragma unroll
        for (int j = 0; j < TN; j++)
            gemm_write(g, c + j * SIDE, j * SIDE < inside, sums[i][j]);
    }
}

#define REGISTER(variant, a_transposed, b_transposed)                                              \
    extern "C" __global__ void __launch_bounds__(THREADS, 2)                                       \
        gemm_register_##variant(const struct gemm_arguments arguments) {                           \
        gemm_register<a_transposed, b_transposed>(arguments);                                      \
    }
REGISTER(nn, false, false)
REGISTER(nt, false, true)
REGISTER(tn, true, false)
