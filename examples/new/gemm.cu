/* lockstep
 * operation gemm
 * summary one thread an element of C
 *
 * variant nn
 * kernel product
 *   grid ceil(N/32) ceil(M/8) batch
 *   block 32 8
 *   args M N K alpha A lda 1 B ldb 1 beta C ldc stride_a stride_b stride_c
 * variant nt
 * kernel product
 *   grid ceil(N/32) ceil(M/8) batch
 *   block 32 8
 *   args M N K alpha A lda 1 B 1 ldb beta C ldc stride_a stride_b stride_c
 * variant tn
 * kernel product
 *   grid ceil(N/32) ceil(M/8) batch
 *   block 32 8
 *   args M N K alpha A 1 lda B ldb 1 beta C ldc stride_a stride_b stride_c
 */

/* C = alpha op(A) op(B) + beta C, for each product of a batch: the matrices of one lie a stride
 * behind those of the one before. An element of op(A) is at row * a_row + column * a_column. Where
 * alpha is 0 A and B are not read, where beta is 0 C is not: a NaN there does not survive. */
extern "C" __global__ void product(long long m, long long n, long long k, float alpha,
                                   const float *a, long long a_row, long long a_column,
                                   const float *b, long long b_row, long long b_column, float beta,
                                   float *c, long long ldc, long long stride_a, long long stride_b,
                                   long long stride_c) {
    const long long column = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    const long long row = (long long)blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= m || column >= n)
        return;
    a += blockIdx.z * stride_a;
    b += blockIdx.z * stride_b;
    c += blockIdx.z * stride_c;
    float sum = 0.0f;
    for (long long i = 0; alpha != 0.0f && i < k; i++)
        sum += a[row * a_row + i * a_column] * b[i * b_row + column * b_column];
    const float product = alpha * sum;
    c[row * ldc + column] = beta == 0.0f ? product : product + beta * c[row * ldc + column];
}
