/* gemm on tensor cores: the kernel of rung 9, for every type of operands.
 *
 * A block of four warps computes a square of C of TENSOR_TILE, each warp a quarter of 64 x 64 as 4
 * x 8 products of 16 x 8 a step: the larger the warp's square, the fewer loads a product. Tiles of
 * A and B go to shared memory by cp.async in two stages: while one is multiplied the other arrives.
 *
 * What the loop over k does besides mma is counted in warp instructions: 8 loads of fragments for
 * 32 products, 16 copies and 4 moves of a pointer for 128, a wait and a barrier. So the loop takes
 * two tiles at once, because the stage is then part of each instruction, and looks at no edge: that
 * is for a second loop, which takes the tiles that are left, and all tiles of blocks at the
 * matrix's edge.
 *
 * The sums start at zero, alpha and beta come at the end. `aligned`: addresses of A and B and their
 * leading dimensions are multiples of 16 bytes; without that elements are copied one by one.
 *
 * Grid: the tiles of C, row by row. Block: GEMM_TENSOR_THREADS. Dynamic shared memory:
 * GEMM_TENSOR_SHARED.
 */
#ifndef LOCKSTEP_KERNELS_GEMM_GEMM_TENSOR_CUH
#define LOCKSTEP_KERNELS_GEMM_GEMM_TENSOR_CUH

#include "kernels/gemm/gemm_tensor_operand.cuh"
#include "kernels/vector_store.cuh"

static_assert(GEMM_TENSOR_SHARED == 2 * 2 * OPERAND_BYTES, "two stages of two operands");
static_assert(GEMM_TENSOR_THREADS == 4 * WARP_LANES && TENSOR_TILE == 2 * WARP_TILE,
              "four warps share the tile");

static const int PAIRS = 2 * FRAGMENTS; /* n8 fragments of B */

extern __shared__ __align__(K_BYTES)
char tensor_stages[];

/* The four sums of a product: rows group and group + 8 of the fragment, two neighbours each. */
typedef float tensor_sums[FRAGMENTS][PAIRS][4];

template <class type, bool a_along_k, bool b_along_k> struct tensor_block {
    typedef tensor_operand<type, a_along_k, true> operand_a;
    typedef tensor_operand<type, b_along_k, false> operand_b;
    static const int K_TILE = operand_a::K_TILE;

    operand_a a;
    operand_b b;
    int64_t row, column; /* of C, where the warp's square begins */

    __device__ inline tensor_block(const struct gemm_arguments &g, int64_t row0, int64_t column0,
                                   int warp)
        : a(g.a, g.lda, row0, g.m, g.k, shared_address(tensor_stages), warp / 2),
          b(g.b, g.ldb, column0, g.n, g.k, shared_address(tensor_stages) + OPERAND_BYTES, warp % 2),
          row(row0 + warp / 2 * WARP_TILE), column(column0 + warp % 2 * WARP_TILE) {}

    /* The products of the tile in a stage. */
    template <int stage>
    __device__ inline void multiply(tensor_sums sums, unsigned stage_offset = 0) const {
        unrolled<STEPS>::each([&](auto step) {
            unsigned a_part[FRAGMENTS][4], b_part[FRAGMENTS][4];
            a.template load<stage, step.value>(a_part, stage_offset);
            b.template load<stage, step.value>(b_part, stage_offset);
#pragma unroll
            for (int i = 0; i < FRAGMENTS; i++)
#pragma unroll
                for (int j = 0; j < PAIRS; j++)
                    type::multiply(sums[i][j], a_part[i], &b_part[j / 2][j % 2 * 2]);
        });
    }

    /* Tile 0 to stage 0. */
    template <bool aligned> __device__ inline void copy_first(int full, int tiles) {
        if (full > 0) {
            a.template copy<0, false>();
            b.template copy<0, false>();
            a.leave_pair();
            b.leave_pair();
        } else if (tiles > 0) {
            a.template copy_edge<aligned>(0, 0);
            b.template copy_edge<aligned>(0, 0);
        }
    }

    /* All tiles from number `tile` on, the first of which is in stage 0 or on its way. */
    template <bool aligned>
    __device__ inline void multiply_rest(tensor_sums sums, int tile, int tiles) {
        for (unsigned stage_offset = 0; tile < tiles; tile++) {
            const unsigned other = 2 * OPERAND_BYTES - stage_offset;
            copies_wait();
            __syncthreads();
            if (tile + 1 < tiles) {
                a.template copy_edge<aligned>(tile + 1, other);
                b.template copy_edge<aligned>(tile + 1, other);
            }
            multiply<0>(sums, stage_offset);
            stage_offset = other;
        }
    }

    /* Pairs of the first `full` tiles, which lie wholly inside. Gives the number of the next tile,
     * which is then in stage 0 or on its way there. */
    __device__ inline int multiply_pairs(tensor_sums sums, int full, int tiles) {
        int tile = 0;
        for (; tile + 1 < full; tile += 2) {
            copies_wait();
            __syncthreads();
            a.template copy<1, false>();
            b.template copy<1, false>();
            multiply<0>(sums);
            copies_wait();
            __syncthreads();
            if (tile + 2 < full) {
                a.template copy<0, true>();
                b.template copy<0, true>();
            }
            multiply<1>(sums);
        }
        if (tile > 0 && tile == full && tile < tiles) { /* the last tile ends early */
            a.leave_pair();
            b.leave_pair();
            a.template copy_edge<true>(tile, 0);
            b.template copy_edge<true>(tile, 0);
        }
        return tile;
    }
};

/* --- sums to C ------------------------------------------------------------------------------- */

/* One element anywhere, with beta. */
static __device__ inline void tensor_write(const struct gemm_arguments &g, int64_t row,
                                           int64_t column, float scaled) {
    if (row >= g.m || column >= g.n)
        return;
    float *const c = &g.c[row * g.ldc + column];
    *c = g.beta == 0.0f ? scaled : fmaf(g.beta, *c, scaled);
}

/* A row of the warp's square that lies inside, beta 0, C aligned: sectors are written whole. `to`
 * is the thread's first element. */
template <bool shuffled, int half>
static __device__ inline void tensor_write_row(size_t to, const float sums[PAIRS][4]) {
    unrolled<shuffled ? 0 : PAIRS>::each([&](auto j) {
        store_vector<j.value * 8>(to, sums[j.value][2 * half], sums[j.value][2 * half + 1]);
    });
    unrolled<shuffled ? PAIRS / 2 : 0>::each([&](auto n) {
        const int first = n.value / 2 * 4, s = 2 * half + n.value % 2;
        store_vector<n.value * 16>(to, make_float4(sums[first][s], sums[first + 1][s],
                                                   sums[first + 2][s], sums[first + 3][s]));
    });
}

template <bool a_shuffled, bool b_shuffled>
static __device__ inline void tensor_write_all(const struct gemm_arguments &g, int64_t row0,
                                               int64_t column0, tensor_sums sums) {
    typedef tensor_place<a_shuffled> rows;
    typedef tensor_place<b_shuffled> columns;
    const int group = lane_of_thread() / 4, within = lane_of_thread() % 4;
    if (g.alpha != 1.0f)
#pragma unroll
        for (int i = 0; i < FRAGMENTS * PAIRS * 4; i++)
            sums[i / PAIRS / 4][i / 4 % PAIRS][i % 4] *= g.alpha;
    const bool whole = row0 + WARP_TILE <= g.m && column0 + WARP_TILE <= g.n;
    if (whole && g.beta == 0.0f && g.c_in_vectors) {
        const float *const c = g.c + (row0 + rows::of(0, 0, group)) * g.ldc + column0;
        size_t to = __cvta_generic_to_global(c + within * (b_shuffled ? 4 : 2));
        const size_t pitch = g.ldc * sizeof(float);
        unrolled<2 * FRAGMENTS>::each([&](auto n) {
            const int row = rows::of(n.value / 2, n.value % 2, 0);
            tensor_write_row<b_shuffled, n.value % 2>(to, sums[n.value / 2]);
            to += (rows::of((n.value + 1) / 2, (n.value + 1) % 2, 0) - row) * pitch;
        });
        return;
    }
#pragma unroll
    for (int i = 0; i < FRAGMENTS; i++)
#pragma unroll
        for (int j = 0; j < PAIRS; j++)
#pragma unroll
            for (int s = 0; s < 4; s++)
                tensor_write(g, row0 + rows::of(i, s / 2, group),
                             column0 + columns::of(j / 2, j % 2, 2 * within + s % 2),
                             sums[i][j][s]);
}

/* --- the kernel ------------------------------------------------------------------------------ */

template <class type, bool a_transposed, bool b_transposed, bool aligned>
static __device__ void gemm_tensor(const struct gemm_arguments &g) {
    typedef tensor_block<type, !a_transposed, b_transposed> block_of;
    const unsigned across = (unsigned)((g.n + TENSOR_TILE - 1) / TENSOR_TILE);
    const int64_t row0 = (int64_t)(blockIdx.x / across) * TENSOR_TILE;
    const int64_t column0 = (int64_t)(blockIdx.x % across) * TENSOR_TILE;
    const int tiles = (int)((g.k + block_of::K_TILE - 1) / block_of::K_TILE);
    const bool inside = aligned && row0 + TENSOR_TILE <= g.m && column0 + TENSOR_TILE <= g.n;
    const int full = inside ? (int)(g.k / block_of::K_TILE) : 0;

    block_of block(g, row0, column0, threadIdx.x / WARP_LANES);
    tensor_sums sums = {};
    block.template copy_first<aligned>(full, tiles);
    const int tile = block.multiply_pairs(sums, full, tiles);
    block.template multiply_rest<aligned>(sums, tile, tiles);
    tensor_write_all<block_of::operand_a::SHUFFLED, block_of::operand_b::SHUFFLED>(
        g, block.row, block.column, sums);
}

/* Two blocks a multiprocessor: up to 255 registers a thread. */
#define GEMM_TENSOR_KERNEL(type, name, a_transposed, b_transposed)                                 \
    extern "C" __global__ void __launch_bounds__(GEMM_TENSOR_THREADS, 2)                           \
        gemm_tensor_##type##_##name(const struct gemm_arguments arguments) {                       \
        gemm_tensor<tensor_##type, a_transposed, b_transposed, true>(arguments);                   \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(GEMM_TENSOR_THREADS, 2)                           \
        gemm_tensor_##type##_##name##_scalar(const struct gemm_arguments arguments) {              \
        gemm_tensor<tensor_##type, a_transposed, b_transposed, false>(arguments);                  \
    }

#define GEMM_TENSOR_KERNELS(type)                                                                  \
    GEMM_TENSOR_KERNEL(type, nn, false, false)                                                     \
    GEMM_TENSOR_KERNEL(type, nt, false, true)                                                      \
    GEMM_TENSOR_KERNEL(type, tn, true, false)

#endif
