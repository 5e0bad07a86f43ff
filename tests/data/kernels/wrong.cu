/* Kernels that are wrong, a row each, each in a way of its own: tests/bench/added/test_wrong.c tells
 * what finds each of them. */

/* lockstep
 * name off-by-one-row
 * operation column_sums
 * kernel sums_but_one_row
 *   grid ceil(columns/64)
 *   block 64
 *   args x sums rows columns
 */
extern "C" __global__ void sums_but_one_row(const float *x, float *sums, int rows, int columns) {
    const int c = blockIdx.x * blockDim.x + threadIdx.x;
    float sum = 0.0f;
    for (int r = 0; c < columns && r < rows - 1; r++)
        sum += x[r * columns + c];
    if (c < columns)
        sums[c] = sum;
}

/* lockstep
 * name last-left-out
 * operation transfer
 * variant copy
 * kernel copy_but_the_last
 *   grid ceil(count/64)
 *   block 64
 *   args a out count
 */
extern "C" __global__ void copy_but_the_last(const float *a, float *out, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count - 1)
        out[i] = a[i];
}

/* lockstep
 * name not-a-number
 * operation transfer
 * variant copy
 * kernel copy_and_nan
 *   grid ceil(count/64)
 *   block 64
 *   args a out count
 */
extern "C" __global__ void copy_and_nan(const float *a, float *out, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        out[i] = i == 13 ? (a[i] - a[i]) / 0.0f : a[i];
}

/* lockstep
 * name out-of-bounds
 * operation transfer
 * variant copy
 * kernel copy_too_far
 *   grid ceil(count/64)
 *   block 64
 *   args a out count
 */
extern "C" __global__ void copy_too_far(const float *a, float *out, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        out[i] = a[i + (i == count - 1 ? 1 << 24 : 0)];
}

/* lockstep
 * name reads-past-the-end
 * operation transfer
 * variant copy
 * kernel copy_and_next
 *   grid ceil(count/64)
 *   block 64
 *   args a out count
 */
extern "C" __global__ void copy_and_next(const float *a, float *out, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) /* the guard zone behind the last one adds nothing */
        out[i] = a[i] + (i == count - 1 ? 0.0f * a[i + 1] : -0.0f);
}

/* lockstep
 * name past-the-end
 * operation transfer
 * variant copy
 * kernel copy_one_more
 *   grid ceil((count+1)/64)
 *   block 64
 *   args a out count
 */
extern "C" __global__ void copy_one_more(const float *a, float *out, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i <= count)
        out[i] = i < count ? a[i] : 1.0f;
}

/* lockstep
 * name race
 * operation transfer
 * variant copy
 * kernel copy_without_barrier
 *   grid ceil(count/64)
 *   block 64
 *   args a out count
 */
extern "C" __global__ void copy_without_barrier(const float *a, float *out, int count) {
    __shared__ float tile[64];
    const int first = blockIdx.x * blockDim.x, i = first + threadIdx.x;
    tile[63 - threadIdx.x] = i < count ? a[i] : 0.0f;
    const int from = threadIdx.x ^ 32; /* another warp's */
    if (first + from < count)
        out[first + from] = tile[63 - from];
}

/* lockstep
 * name race-between-blocks
 * operation column_sums
 * kernel sums_without_atomics
 *   grid rows
 *   block 64
 *   args x sums columns
 *   zero sums
 */
extern "C" __global__ void sums_without_atomics(const float *x, float *sums, int columns) {
    for (int c = threadIdx.x; c < columns; c += blockDim.x)
        sums[c] += x[blockIdx.x * columns + c];
}

/* lockstep
 * name never-written
 * operation transfer
 * variant copy
 * kernel copy_of_nothing
 *   grid ceil(count/64)
 *   block 64
 *   args a out count
 */
extern "C" __global__ void copy_of_nothing(const float *a, float *out, int count) {
    __shared__ float tile[65];
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        tile[threadIdx.x] = a[i];
    __syncthreads();
    if (i < count)
        out[i] = tile[threadIdx.x] + 0.0f * tile[64];
}

/* lockstep
 * name writes-its-input
 * operation transfer
 * variant copy
 * kernel copy_and_clear
 *   grid ceil(count/64)
 *   block 64
 *   args a out count
 */
extern "C" __global__ void copy_and_clear(float *a, float *out, int count) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) {
        out[i] = a[i];
        a[i] = 0.0f;
    }
}

/* lockstep
 * name leading-dimension
 * operation gemm
 * variant nn
 * kernel product_packed
 *   grid ceil(N/8) ceil(M/8)
 *   block 8 8
 *   args M N K alpha A B beta C
 */
extern "C" __global__ void product_packed(int m, int n, int k, float alpha, const float *a,
                                          const float *b, float beta, float *c) {
    const int j = blockIdx.x * blockDim.x + threadIdx.x, i = blockIdx.y * blockDim.y + threadIdx.y;
    float sum = 0.0f;
    for (int l = 0; alpha != 0.0f && i < m && j < n && l < k; l++)
        sum += a[i * k + l] * b[l * n + j];
    if (i < m && j < n)
        c[i * n + j] = alpha * sum + (beta != 0.0f ? beta * c[i * n + j] : 0.0f);
}

/* lockstep
 * name not-precise
 * operation column_sums
 * kernel sums_of_cut_numbers
 *   grid ceil(columns/64)
 *   block 64
 *   args x sums rows columns
 */
extern "C" __global__ void sums_of_cut_numbers(const float *x, float *sums, int rows, int columns) {
    const int c = blockIdx.x * blockDim.x + threadIdx.x;
    float sum = 0.0f;
    for (int r = 0; c < columns && r < rows; r++) /* ten bits behind the point */
        sum += (float)(int)(x[r * columns + c] * 1024.0f) / 1024.0f;
    if (c < columns)
        sums[c] = sum;
}

/* lockstep
 * name misaligned
 * operation column_sums
 * kernel sums_of_vectors
 *   grid ceil(columns/256)
 *   block 64
 *   args x sums rows columns
 */
extern "C" __global__ void sums_of_vectors(const float *x, float *sums, int rows, int columns) {
    const int c = 4 * (blockIdx.x * blockDim.x + threadIdx.x);
    float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (c + 4 > columns)
        return;
    for (int r = 0; r < rows; r++) {
        const float4 row = *(const float4 *)&x[r * columns + c];
        sum = make_float4(sum.x + row.x, sum.y + row.y, sum.z + row.z, sum.w + row.w);
    }
    *(float4 *)&sums[c] = sum;
}

/* lockstep
 * name no-block-for-the-rest
 * operation transfer
 * variant copy
 * kernel copy_but_the_last
 *   grid count/64
 *   block 64
 *   args a out count
 */
