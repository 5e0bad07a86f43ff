/* gemm, rung 2: the threads of a warp lie along a row of C instead of down a column.
 *
 * What it adds: neighbouring threads now read neighbouring elements of B and write neighbouring
 * elements of C, 32 floats in 4 sectors, and all read the same element of A, 1 sector for the warp.
 * A step along k thus costs a warp 5 sectors where the naive rung took 33. Nothing else differs:
 * only x and y have traded places.
 *
 * Where B is stored transposed (nt) its rows lie along k, and neighbouring threads still hit
 * different rows: no order of the threads alone can mend that. Shared memory can: the next rung.
 *
 * Grid: x over the columns of C, y over its rows (a grid has at most 65,535 blocks along y, so a
 * thread goes on with rows further down). Block: GEMM_SIDE x GEMM_SIDE.
 */
#include "kernels/gemm/gemm_write.cuh"

static_assert(GEMM_SIDE == WARP_LANES, "a warp must be one row of the block");

/* A is stored [m,k], or [k,m] when transposed; B [k,n], or [n,k]. */
template <bool a_transposed, bool b_transposed>
static __device__ void gemm_coalesced(const struct gemm_arguments &g) {
    const int64_t column = (int64_t)blockIdx.x * GEMM_SIDE + threadIdx.x;
    if (column >= g.n)
        return;
    const int64_t first = (int64_t)blockIdx.y * GEMM_SIDE + threadIdx.y;
    for (int64_t row = first; row < g.m; row += (int64_t)gridDim.y * GEMM_SIDE) {
        float sum = 0.0f;
        for (int64_t p = 0; p < g.k; p++) {
            const float a = a_transposed ? g.a[p * g.lda + row] : g.a[row * g.lda + p];
            const float b = b_transposed ? g.b[column * g.ldb + p] : g.b[p * g.ldb + column];
            sum = fmaf(a, b, sum);
        }
        float *const c = &g.c[row * g.ldc + column];
        *c = gemm_scaled(g, sum, g.beta == 0.0f ? 0.0f : *c);
    }
}

#define COALESCED(variant, a_transposed, b_transposed)                                             \
    extern "C" __global__ void __launch_bounds__(GEMM_SIDE *GEMM_SIDE)                             \
        gemm_coalesced_##variant(const struct gemm_arguments arguments) {                          \
        gemm_coalesced<a_transposed, b_transposed>(arguments);                                     \
    }
COALESCED(nn, false, false)
COALESCED(nt, false, true)
COALESCED(tn, true, false)
