/* gemm: the arithmetic of warp tiles, for the rungs from 6 on. They differ in how a tile of A and B
 * gets to shared memory; what is done with it there is the same and stands here.
 *
 * A block's tile of C is cut into warp tiles and these into thread tiles of TM x TN. The 32 lanes
 * stand 8 x 4, each with groups of four rows and of four columns:
 *
 *     rows    group * 32 + lane / 4 * 4 + 0..3     TM / 4 groups
 *     columns group * 16 + lane % 4 * 4 + 0..3     TN / 4 groups
 *
 * so a warp takes 8 + 4 different groups from shared memory for 32 x (4 x 4) products, where a row
 * of 16 threads beside another (rung 5) takes 2 + 16, and a warp's store of C covers 8 runs of 64
 * bytes.
 *
 * A tile lies in shared memory as its operand lies in global memory, so that it can be copied 16
 * bytes at a time, and is read 16 bytes at a time:
 *
 *     lines along m or n   [k][m] or [k][n]; four rows or columns of one k
 *     lines along k        [m][k] or [n][k]; four k of one row or column
 *
 * Lines along k have BK = 16 elements, four chunks of 16 bytes, and two lines fill the 32 banks.
 * Chunk c of line l lies at place c ^ (l / 4 % 4): the lanes of a quarter of a warp, whose lines
 * are four apart, then read from different banks, and a warp that copies neighbouring chunks still
 * writes to different ones.
 */
#ifndef LOCKSTEP_KERNELS_GEMM_GEMM_WARP_TILE_CUH
#define LOCKSTEP_KERNELS_GEMM_GEMM_WARP_TILE_CUH

#include "kernels/gemm/gemm_write.cuh"

static const int LANES_DOWN = 8, LANES_ACROSS = 4;
static const int V = 4; /* elements of a chunk of 16 bytes */

/* A block's tile BM x BN of warps' tiles WM x WN of threads' tiles TM x TN. */
template <int bm, int bn, int wm, int wn> struct warp_tile {
    static const int BM = bm, BN = bn, BK = 16, WM = wm, WN = wn;
    static const int TM = WM / LANES_DOWN, TN = WN / LANES_ACROSS;
    static const int WARPS_ACROSS = BN / WN;
    static const int BLOCK = BM / WM * WARPS_ACROSS * WARP_LANES; /* threads */
    /* Blocks that a multiprocessor is to hold: two, or twelve warps of small ones. */
    static const int RESIDENT = BLOCK >= THREADS ? 2 : 12 * WARP_LANES / BLOCK;
    static_assert(BM % WM == 0 && BN % WN == 0, "warps fill the block's tile");
    static_assert(TM % V == 0 && TN % V == 0, "thread tiles are made of groups of four");
    static_assert(BM * BK % (BLOCK * V) == 0 && BN * BK % (BLOCK * V) == 0,
                  "each thread copies as many chunks");
};

/* The same number, which the compiler is kept from computing anew, from the thread's index, for
 * each tile: the instruction that it cannot look into is empty. */
static __device__ inline int kept(int place) {
    asm("" : "+r"(place));
    return place;
}

/* What one thread copies of a tile that is `size` rows or columns by BK: of every APART-th line the
 * chunk (without `vectors`: the one element) at `element`. */
template <class shape, int size, bool along_k, bool vectors> struct tile_part {
    static const int LENGTH = along_k ? shape::BK : size; /* elements of a line */
    static const int STEP = vectors ? V : 1;
    static const int APART = shape::BLOCK / (LENGTH / STEP);
    static const int COUNT = size * shape::BK / STEP / shape::BLOCK;
    int line, element, first_place;

    __device__ inline tile_part()
        : line(threadIdx.x / (LENGTH / STEP)), element(threadIdx.x % (LENGTH / STEP) * STEP),
          first_place(kept(line * LENGTH + (element ^ swizzle(line)))) {}

    /* The first element to copy, `corner` being the tile's first in global memory. */
    __device__ inline const float *start(const float *corner, int64_t leading) const {
        return corner + line * leading + element;
    }

    /* Whether the copy number `i` lies inside the matrix, of which the tile has `inside` rows or
     * columns and `left` k. A chunk is inside or outside as a whole. */
    __device__ inline bool exists(int i, int inside, int left) const {
        const int lines = along_k ? inside : left, elements = along_k ? left : inside;
        return line + i * APART < (element < elements ? lines : 0);
    }

    static __device__ inline int swizzle(int line) {
        return along_k ? line / 4 % 4 * V : 0;
    }

    /* Where the copy number `i` goes in shared memory. Lines 16 apart are swizzled alike. */
    __device__ inline int place(int i) const {
        if (!along_k || APART % 16 == 0)
            return first_place + i * APART * LENGTH;
        return (line + i * APART) * LENGTH + (element ^ swizzle(line + i * APART));
    }
};

/* The first row or column of the thread's tile, in the block's. */
template <class shape> static __device__ inline int thread_row() {
    return threadIdx.x / WARP_LANES / shape::WARPS_ACROSS * shape::WM +
           threadIdx.x % WARP_LANES / LANES_ACROSS * V;
}

template <class shape> static __device__ inline int thread_column() {
    return threadIdx.x / WARP_LANES % shape::WARPS_ACROSS * shape::WN +
           threadIdx.x % LANES_ACROSS * V;
}

/* How far the thread's row or column number `i` is from its first, `lanes` lanes standing side by
 * side. */
static __device__ constexpr int group_offset(int i, int lanes) {
    return i / V * V * lanes + i % V;
}

static __device__ inline void group_read(const float *from, float group[V]) {
    const float4 four = *reinterpret_cast<const float4 *>(from);
    group[0] = four.x;
    group[1] = four.y;
    group[2] = four.z;
    group[3] = four.w;
}

/* Where the thread's first row or column begins in a tile. With lines along k, `^ k` then leads to
 * the group of four from k on (k % V == 0), in all rows or columns of the thread alike. The empty
 * instruction keeps the compiler from computing it anew, from the thread's number, for each tile.
 */
template <class shape, bool along_k> static __device__ inline int thread_place(int first) {
    return kept(along_k ? first * shape::BK + first / 4 % 4 * V : first);
}

/* Adds the products of one tile, BK along k, to the thread's sums. The places are thread_place()s
 * in `tiles`. */
template <class shape, bool a_along_k, bool b_along_k, bool vectors>
static __device__ inline void warp_tile_multiply(const float *tiles, int a_place, int b_place,
                                                 float sums[shape::TM][shape::TN]) {
    const int TM = shape::TM, TN = shape::TN;
    const float *a_line = tiles + a_place, *b_line = tiles + b_place; /* of lines along m or n */
    /* Unrolled where registers allow: the assembler reads ahead as far as it can see, and spills
     * what the sums leave no room for. */
    const int UNROLL = a_along_k || b_along_k || !vectors ? 1 : shape::BK / V;
#pragma unroll UNROLL
    for (int k = 0; k < shape::BK; k += V, a_line += V * shape::BM, b_line += V * shape::BN) {
        float a[TM][V];
#pragma unroll
        for (int i = 0; i < TM && a_along_k; i++)
            group_read(tiles + (a_place ^ k) + group_offset(i, LANES_DOWN) * shape::BK, a[i]);
#pragma unroll
        for (int q = 0; q < V && !b_along_k; q++) {
            float a_part[TM], b_part[TN];
#pragma unroll
            for (int i = 0; i < TM; i += V)
                if (a_along_k)
                    for (int r = 0; r < V; r++)
                        a_part[i + r] = a[i + r][q];
                else
                    group_read(a_line + q * shape::BM + i * LANES_DOWN, &a_part[i]);
#pragma unroll
            for (int j = 0; j < TN; j += V)
                group_read(b_line + q * shape::BN + j * LANES_ACROSS, &b_part[j]);
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
                for (int j = 0; j < TN; j++)
                    sums[i][j] = fmaf(a_part[i], b_part[j], sums[i][j]);
        }
#pragma unroll
        for (int j = 0; j < TN && b_along_k; j++) {
            float b[V];
            group_read(tiles + (b_place ^ k) + group_offset(j, LANES_ACROSS) * shape::BK, b);
#pragma unroll
            for (int q = 0; q < V; q++)
#pragma unroll
                for (int i = 0; i < TM; i++)
                    sums[i][j] = fmaf(a[i][q], b[q], sums[i][j]);
        }
    }
}

/* Writes the thread's sums to C; without `scaled` as they are, alpha and beta or not. */
template <class shape, bool vectors, bool scaled = true>
static __device__ inline void warp_tile_write(const struct gemm_arguments &g, const gemm_tile &tile,
                                              const float sums[shape::TM][shape::TN]) {
    const int row = thread_row<shape>(), column = thread_column<shape>();
    float *c = gemm_place<shape::BM, shape::BN>(g, tile, row, column);
#pragma unroll
    for (int i = 0; i < shape::TM; i++) {
        const int below = group_offset(i, LANES_DOWN);
        const int inside = row + below < tile.rows ? tile.columns - column : 0;
#pragma unroll
        for (int j = 0; j < shape::TN; j += V)
            (scaled ? gemm_write4<vectors>
                    : gemm_store4<vectors>)(g, c + group_offset(j, LANES_ACROSS),
                                            inside - group_offset(j, LANES_ACROSS), &sums[i][j]);
        c += (group_offset(i + 1, LANES_DOWN) - below) * g.ldc;
    }
}

#endif
