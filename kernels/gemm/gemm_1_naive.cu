/* gemm, rung 1: one thread computes one element of C, as the textbook's formula says.
 *
 * Threads that lie side by side in a warp take neighbouring rows. Each of their loads of A thus
 * hits another row, 32 sectors a request, and so does the store of C: this is what a first attempt
 * does, and what the next rungs are measured against.
 *
 * Grid: x over the rows of C, y over its columns (a grid has at most 65,535 blocks along y, so a
 * thread goes on with columns further right). Block: GEMM_SIDE x GEMM_SIDE.
 */
#include "kernels/arguments.h"
#include "kernels/device.cuh"

/* A is stored [m,k], or [k,m] when transposed; B [k,n], or [n,k]. */
template <bool a_transposed, bool b_transposed>
static __device__ void gemm_naive(const struct gemm_arguments &g) {
    const int64_t row = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= g.m)
        return;
    const int64_t first = (int64_t)blockIdx.y * blockDim.y + threadIdx.y;
    for (int64_t column = first; column < g.n; column += (int64_t)gridDim.y * blockDim.y) {
        float sum = 0.0f;
        for (int64_t p = 0; p < g.k; p++) {
            const float a = a_transposed ? g.a[p * g.lda + row] : g.a[row * g.lda + p];
            const float b = b_transposed ? g.b[column * g.ldb + p] : g.b[p * g.ldb + column];
            sum = fmaf(a, b, sum);
        }
        float *const c = &g.c[row * g.ldc + column];
        *c = g.beta == 0.0f ? g.alpha * sum : fmaf(g.alpha, sum, g.beta * *c);
    }
}

extern "C" __global__ void __launch_bounds__(GEMM_SIDE *GEMM_SIDE)
    gemm_naive_nn(const struct gemm_arguments arguments) {
    gemm_naive<false, false>(arguments);
}

extern "C" __global__ void __launch_bounds__(GEMM_SIDE *GEMM_SIDE)
    gemm_naive_nt(const struct gemm_arguments arguments) {
    gemm_naive<false, true>(arguments);
}

extern "C" __global__ void __launch_bounds__(GEMM_SIDE *GEMM_SIDE)
    gemm_naive_tn(const struct gemm_arguments arguments) {
    gemm_naive<true, false>(arguments);
}
