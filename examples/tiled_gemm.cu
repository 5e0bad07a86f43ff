/* A product with tiles in shared memory: a template, a constant, and dynamic shared memory.
 *
 *     lockstep verify gemm --add tiled_gemm.cu
 *     lockstep run gemm --shape 1024x1024x1024 --add tiled_gemm.cu
 */

/* lockstep
 * operation gemm
 * summary tiles of 16x16 in shared memory
 * const TILE 16
 * variant nn
 * kernel tiled_gemm<16>
 *   grid ceil(N/TILE) ceil(M/TILE)
 *   block TILE TILE
 *   shared 2 * TILE * TILE * 4
 *   args M N K alpha A lda B ldb beta C ldc
 */

/* What lies outside of a matrix counts as 0. Where beta is 0, C is not read: a NaN there does not
 * survive; where alpha is 0, A and B are not. */
template <int TILE>
__global__ void tiled_gemm(int m, int n, int k, float alpha, const float *a, int lda,
                           const float *b, int ldb, float beta, float *c, int ldc) {
    extern __shared__ float tiles[];
    float *a_tile = tiles, *b_tile = tiles + TILE * TILE;
    const int x = threadIdx.x, y = threadIdx.y;
    const int column = blockIdx.x * TILE + x, row = blockIdx.y * TILE + y;
    float sum = 0.0f;
    for (int first = 0; alpha != 0.0f && first < k; first += TILE) {
        const bool in_a = row < m && first + x < k, in_b = first + y < k && column < n;
        a_tile[y * TILE + x] = in_a ? a[(long long)row * lda + first + x] : 0.0f;
        b_tile[y * TILE + x] = in_b ? b[(long long)(first + y) * ldb + column] : 0.0f;
        __syncthreads();
        for (int i = 0; i < TILE && first + i < k; i++)
            sum += a_tile[y * TILE + i] * b_tile[i * TILE + x];
        __syncthreads();
    }
    if (row >= m || column >= n)
        return;
    float *to = &c[(long long)row * ldc + column];
    *to = beta == 0.0f ? alpha * sum : alpha * sum + beta * *to;
}
