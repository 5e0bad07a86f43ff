/* gemm, rung 5: 128 bits an access, in global and in shared memory.
 *
 * What it adds: a thread's columns now come in groups of four neighbours, and so do its rows, so
 * that 16 scalar loads from shared memory for 64 multiply-adds become 4 of 128 bits; global memory
 * is read and C is written in fours too. Four rows of A are neighbours only in a tile that is
 * [k][row]: where A is stored [m,k] it is turned round on its way to shared memory, as B is where
 * it is stored [n,k].
 *
 * 16-byte accesses want everything divisible by four: the addresses of A, B and C, the leading
 * dimensions, and how many elements lie beside each other. The launcher looks; for the rest there
 * is the same kernel with `vectors` off, whose accesses to global memory are scalar. A group of
 * four is inside the matrix or outside, as a whole.
 *
 * The elements that a warp turns round at once lie two by two in one bank: the conflicts that are
 * left go with the next rung.
 *
 * Grid: the tiles of C, row by row. Block: THREADS.
 */
#include "kernels/gemm/gemm_write.cuh"

static const int BM = GEMM_VECTORISED_TILE, BN = GEMM_VECTORISED_TILE,
                 BK = 8;         /* the block's tile */
static const int TM = 8, TN = 8; /* the thread's */
static const int V = 4;          /* a float4 */
static const int SIDE = BM / TM; /* of the square of threads */
static_assert(SIDE * TM == BM && SIDE * TN == BN && SIDE * SIDE == THREADS,
              "threads fill the tile");
static_assert(BM == BN && BM * BK == THREADS * V, "a thread loads one group of A and one of B");
static_assert(TM % V == 0 && TN % V == 0 && BK % V == 0, "tiles are made of groups");

/* Where in an operand the thread begins to load: its lines have `length` elements beside each other
 * in global memory, and neighbouring threads take neighbours. */
template <int length, bool vectors>
static __device__ inline const float *thread_start(const float *tile, int64_t leading) {
    const int step = vectors ? V : 1;
    return tile + threadIdx.x / (length / step) * leading + threadIdx.x % (length / step) * step;
}

/* Copies a tile of an operand to shared memory, to [BK][BM]. In global memory its lines lie along k
 * where it is to be turned round. */
template <bool turn, bool vectors>
static __device__ inline void tile_load(const float *from, int64_t leading, int lines, int elements,
                                        float *tile) {
    const int length = turn ? BK : BM, step = vectors ? V : 1;
    const int element = threadIdx.x % (length / step) * step;
    int line = threadIdx.x / (length / step);
    lines = element < elements ? lines : 0;
#pragma unroll
    for (int i = 0; i < V / step; i++, line += THREADS / length) {
        if (vectors) {
            float4 group = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
            if (line < lines)
                group = *reinterpret_cast<const float4 *>(from);
            if (turn) {
                tile[(element + 0) * BM + line] = group.x;
                tile[(element + 1) * BM + line] = group.y;
                tile[(element + 2) * BM + line] = group.z;
                tile[(element + 3) * BM + line] = group.w;
            } else {
                *reinterpret_cast<float4 *>(&tile[line * BM + element]) = group;
            }
        } else {
            tile[turn ? element * BM + line : line * BM + element] = line < lines ? *from : 0.0f;
            from += THREADS / length * leading;
        }
    }
}

/* The thread's rows or columns in one line of a tile: groups of four, SIDE groups apart. */
static __device__ inline void part_load(const float *line, int index, float part[TM]) {
#pragma unroll
    for (int i = 0; i < TM; i += V) {
        const float4 group = *reinterpret_cast<const float4 *>(line + i * SIDE + index * V);
        part[i + 0] = group.x;
        part[i + 1] = group.y;
        part[i + 2] = group.z;
        part[i + 3] = group.w;
    }
}

/* A is stored [m,k], or [k,m] when transposed; B [k,n], or [n,k]. */
template <bool a_transposed, bool b_transposed, bool vectors>
static __device__ void gemm_vectorised(const struct gemm_arguments &g) {
    __shared__ __align__(16) float a_tile[BK * BM]; /* [k][row] */
    __shared__ __align__(16) float b_tile[BK * BN]; /* [k][column] */
    const int x = threadIdx.x % SIDE, y = threadIdx.x / SIDE;
    const gemm_tile tile = gemm_tile_of_block<BM, BN>(g);
    const int64_t row0 = (int64_t)tile.down * BM, column0 = (int64_t)tile.across * BN;
    const float *a = a_transposed ? thread_start<BM, vectors>(g.a + row0, g.lda)
                                  : thread_start<BK, vectors>(g.a + row0 * g.lda, g.lda);
    const float *b = b_transposed ? thread_start<BK, vectors>(g.b + column0 * g.ldb, g.ldb)
                                  : thread_start<BN, vectors>(g.b + column0, g.ldb);
    const int64_t a_step = a_transposed ? BK * g.lda : BK;
    const int64_t b_step = b_transposed ? BK : BK * g.ldb;

    float sums[TM][TN] = {};
    for (int64_t k = g.k; k > 0; k -= BK, a += a_step, b += b_step) {
        const int left = gemm_inside(k, BK);
        if (a_transposed)
            tile_load<false, vectors>(a, g.lda, left, tile.rows, a_tile);
        else
            tile_load<true, vectors>(a, g.lda, tile.rows, left, a_tile);
        if (b_transposed)
            tile_load<true, vectors>(b, g.ldb, tile.columns, left, b_tile);
        else
            tile_load<false, vectors>(b, g.ldb, left, tile.columns, b_tile);
        __syncthreads();
#pragma unroll
        for (int p = 0; p < BK; p++) {
            float a_part[TM], b_part[TN];
            part_load(a_tile + p * BM, y, a_part);
            part_load(b_tile + p * BN, x, b_part);
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
                for (int j = 0; j < TN; j++)
                    sums[i][j] = fmaf(a_part[i], b_part[j], sums[i][j]);
        }
        __syncthreads();
    }
    float *c = gemm_place<BM, BN>(g, tile, y * V, x * V);
#pragma unroll
    for (int i = 0; i < TM; i++) {
        const int inside = y * V + i / V * V * SIDE + i % V < tile.rows ? tile.columns - x * V : 0;
#pragma unroll
        for (int j = 0; j < TN; j += V)
            gemm_write4<vectors>(g, c + j * SIDE, inside - j * SIDE, &sums[i][j]);
        c += ((i + 1) % V ? 1 : V * SIDE - V + 1) * g.ldc;
    }
}

#define VECTORISED(variant, a_transposed, b_transposed)                                            \
    extern "C" __global__ void __launch_bounds__(THREADS, 2)                                       \
        gemm_vectorised_##variant(const struct gemm_arguments arguments) {                         \
        gemm_vectorised<a_transposed, b_transposed, true>(arguments);                              \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(THREADS, 2)                                       \
        gemm_vectorised_##variant##_scalar(const struct gemm_arguments arguments) {                \
        gemm_vectorised<a_transposed, b_transposed, false>(arguments);                             \
    }
VECTORISED(nn, false, false)
VECTORISED(nt, false, true)
VECTORISED(tn, true, false)
