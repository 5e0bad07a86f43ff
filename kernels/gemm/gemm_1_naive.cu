/* gemm, rung 1: one thread computes one element of C, as the textbook's formula says.
 *
 * Threads that lie side by side in a warp take neighbouring rows. Each of their loads of A thus
 * hits another row, 32 sectors a request, and so does the store of C: this is what a first attempt
 * does, and what the next rungs are measured against.
 *
 * bf16 and f16 are widened as they are read, products and sums are f32.
 *
 * Grid: x over the rows of C, y over its columns (a grid has at most 65,535 blocks along y, so a
 * thread goes on with columns further right). Block: GEMM_SIDE x GEMM_SIDE.
 */
#include "kernels/arguments.h"
#include "kernels/narrow.cuh"

/* A is stored [m,k], or [k,m] when transposed; B [k,n], or [n,k]. */
template <class type, bool a_transposed, bool b_transposed>
static __device__ void gemm_naive(const struct gemm_arguments &g) {
    typedef typename type::stored stored;
    const stored *const a = reinterpret_cast<const stored *>(g.a);
    const stored *const b = reinterpret_cast<const stored *>(g.b);
    const int64_t row = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= g.m)
        return;
    const int64_t first = (int64_t)blockIdx.y * blockDim.y + threadIdx.y;
    for (int64_t column = first; column < g.n; column += (int64_t)gridDim.y * blockDim.y) {
        float sum = 0.0f;
        for (int64_t p = 0; p < g.k; p++) {
            const stored left = a_transposed ? a[p * g.lda + row] : a[row * g.lda + p];
            const stored right = b_transposed ? b[column * g.ldb + p] : b[p * g.ldb + column];
            sum = fmaf(type::widen(left), type::widen(right), sum);
        }
        float *const c = &g.c[row * g.ldc + column];
        *c = g.beta == 0.0f ? g.alpha * sum : fmaf(g.alpha, sum, g.beta * *c);
    }
}

#define GEMM_NAIVE_KERNEL(type, name, a_transposed, b_transposed)                                  \
    extern "C" __global__ void __launch_bounds__(GEMM_SIDE *GEMM_SIDE)                             \
        name(const struct gemm_arguments arguments) {                                              \
        gemm_naive<operand_##type, a_transposed, b_transposed>(arguments);                         \
    }

GEMM_NAIVE_KERNEL(f32, gemm_naive_nn, false, false)
GEMM_NAIVE_KERNEL(f32, gemm_naive_nt, false, true)
GEMM_NAIVE_KERNEL(f32, gemm_naive_tn, true, false)
GEMM_NAIVE_KERNEL(bf16, gemm_naive_bf16_nn, false, false)
GEMM_NAIVE_KERNEL(bf16, gemm_naive_bf16_nt, false, true)
GEMM_NAIVE_KERNEL(bf16, gemm_naive_bf16_tn, true, false)
GEMM_NAIVE_KERNEL(f16, gemm_naive_f16_nn, false, false)
GEMM_NAIVE_KERNEL(f16, gemm_naive_f16_nt, false, true)
GEMM_NAIVE_KERNEL(f16, gemm_naive_f16_tn, true, false)
