/* lockstep
 * operation gemm
 * summary one thread an element of C
 *
 * variant nn
 * kernel product
 *   grid ceil(N/32) ceil(M/8)
 *   block 32 8
 *   args M N K alpha A lda 1 B ldb 1 beta C ldc
 * variant nt
 * kernel product
 *   grid ceil(N/32) ceil(M/8)
 *   block 32 8
 *   args M N K alpha A lda 1 B 1 ldb beta C ldc
 * variant tn
 * kernel product
 *   grid ceil(N/32) ceil(M/8)
 *   block 32 8
 *   args M N K alpha A 1 lda B ldb 1 beta C ldc
 */

/* C = alpha op(A) op(B) + beta C. An element of op(A) is at row * a_row + column * a_column. Where
 * alpha is 0 A and B are not read, where beta is 0 C is not: a NaN there does not survive. */
extern "C" __global__ void product(long long m, long long n, long long k, float alpha,
                                   const float *a, long long a_row, long long a_column,
                                   const float *b, long long b_row, long long b_column, float beta,
                                   float *c, long long ldc) {
    const long long column = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    const long long row = (long long)blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= m || column >= n)
        return;
    float sum = 0.0f;
    for (long long i = 0; alpha != 0.0f && i < k; i++)
        sum += a[row * a_row + i * a_column] * b[i * b_row + column * b_column];
    const float product = alpha * sum;
    c[row * ldc + column] = beta == 0.0f ? product : product + beta * c[row * ldc + column];
}
