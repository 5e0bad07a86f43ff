/* Elementwise, row and transposing kernels with the structure of published ones, for
 * docs/data/model-counts.csv. Each is launched so that no thread lies beyond the data. */

/* Sixteen bytes of each operand a thread, in blocks of 128. */
template <int OPERANDS> __global__ void elementwise(const float4 *a, const float4 *b, float4 *c) {
    const long long at = blockIdx.x * 128LL + threadIdx.x;
    const float4 x = a[at];
    float4 y = {1, 2, 3, 4};
    if (OPERANDS == 2)
        y = b[at];
    c[at] = {x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w};
}

/* Words, one a thread. */
template <int OPERANDS, typename NUMBER>
__global__ void words(const NUMBER *a, const NUMBER *b, NUMBER *c) {
    const long long at = blockIdx.x * (long long)blockDim.x + threadIdx.x;
    NUMBER sum = 3;
    if (OPERANDS >= 1)
        sum += a[at];
    if (OPERANDS >= 2)
        sum += 2 * b[at];
    c[at] = sum;
}

template <int RADIUS> __global__ void stencil(const double *a, double *c) {
    const long long at = blockIdx.x * (long long)blockDim.x + threadIdx.x + RADIUS;
    double sum = 0;
    for (int i = -RADIUS; i <= RADIUS; i++)
        sum += a[at + i];
    c[at] = sum;
}

__device__ float block_reduce(float value, bool is_maximum) {
    __shared__ float parts[32];
    for (int apart = 16; apart > 0; apart /= 2) {
        const float other = __shfl_xor_sync(0xffffffffu, value, apart);
        value = is_maximum ? fmaxf(value, other) : value + other;
    }
    __syncthreads();
    if (threadIdx.x % 32 == 0)
        parts[threadIdx.x / 32] = value;
    __syncthreads();
    value = parts[0];
    for (int i = 1; i < blockDim.x / 32; i++)
        value = is_maximum ? fmaxf(value, parts[i]) : value + parts[i];
    return value;
}

/* Two words a thread, summed over the block. */
template <typename NUMBER> __global__ void reduce_pairs(const NUMBER *x, NUMBER *sums) {
    const long long at = blockIdx.x * 2LL * blockDim.x + threadIdx.x;
    __shared__ NUMBER parts[256];
    parts[threadIdx.x] = x[at] + x[at + blockDim.x];
    for (int apart = blockDim.x / 2; apart > 0; apart /= 2) {
        __syncthreads();
        if (threadIdx.x < apart)
            parts[threadIdx.x] += parts[threadIdx.x + apart];
    }
    if (threadIdx.x == 0)
        sums[blockIdx.x] = parts[0];
}

/* A block a row, which is read three times and written once, 16 bytes an access. */
__global__ void softmax_rows(const float4 *x, float4 *y, int fours) {
    x += blockIdx.x * (long long)fours;
    y += blockIdx.x * (long long)fours;
    float most = -INFINITY, sum = 0;
    for (int i = threadIdx.x; i < fours; i += blockDim.x) {
        const float4 v = x[i];
        most = fmaxf(most, fmaxf(fmaxf(v.x, v.y), fmaxf(v.z, v.w)));
    }
    most = block_reduce(most, true);
    for (int i = threadIdx.x; i < fours; i += blockDim.x) {
        const float4 v = x[i];
        sum += __expf(v.x - most) + __expf(v.y - most) + __expf(v.z - most) + __expf(v.w - most);
    }
    sum = block_reduce(sum, false);
    for (int i = threadIdx.x; i < fours; i += blockDim.x) {
        const float4 v = x[i];
        y[i] = {__expf(v.x - most) / sum, __expf(v.y - most) / sum, __expf(v.z - most) / sum,
                __expf(v.w - most) / sum};
    }
}

/* A warp a row of 1024, held in registers. */
__global__ void softmax_warp(const float *x, float *y) {
    const long long row = blockIdx.x * (blockDim.x / 32LL) + threadIdx.x / 32;
    float v[32], most = -INFINITY, sum = 0;
    for (int i = 0; i < 32; i++)
        v[i] = x[row * 1024 + i * 32 + threadIdx.x % 32];
    for (int i = 0; i < 32; i++)
        most = fmaxf(most, v[i]);
    for (int apart = 16; apart > 0; apart /= 2)
        most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, apart));
    for (int i = 0; i < 32; i++)
        sum += v[i] = __expf(v[i] - most);
    for (int apart = 16; apart > 0; apart /= 2)
        sum += __shfl_xor_sync(0xffffffffu, sum, apart);
    for (int i = 0; i < 32; i++)
        y[row * 1024 + i * 32 + threadIdx.x % 32] = v[i] / sum;
}

/* A block of 128 threads a row: mean and variance in one reading by Welford, then a second one. */
__global__ void layernorm_rows(const float4 *x, const float4 *gamma, const float4 *beta, float4 *y,
                               int fours) {
    x += blockIdx.x * (long long)fours;
    y += blockIdx.x * (long long)fours;
    float mean = 0, squares = 0, count = 0;
    for (int i = threadIdx.x; i < fours; i += blockDim.x) {
        const float4 v = x[i];
        const float words[4] = {v.x, v.y, v.z, v.w};
        for (int w = 0; w < 4; w++) {
            const float delta = words[w] - mean;
            count += 1;
            mean += delta / count;
            squares += delta * (words[w] - mean);
        }
    }
    mean = block_reduce(mean, false) / blockDim.x;
    const float scale = rsqrtf(block_reduce(squares, false) / (4 * fours) + 1e-5f);
    for (int i = threadIdx.x; i < fours; i += blockDim.x) {
        const float4 v = x[i], g = gamma[i], b = beta[i];
        y[i] = {g.x * scale * (v.x - mean) + b.x, g.y * scale * (v.y - mean) + b.y,
                g.z * scale * (v.z - mean) + b.z, g.w * scale * (v.w - mean) + b.w};
    }
}

/* 32x16 threads move a tile of as many words. */
__global__ void copy_rows(const float *x, float *y, int side) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    y[row * side + column] = x[row * side + column];
}
__global__ void copy_columns(const float *x, float *y, int side) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    y[column * side + row] = x[column * side + row];
}
__global__ void transpose_from_rows(const float *x, float *y, int side) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    y[column * side + row] = x[row * side + column];
}
__global__ void transpose_from_columns(const float *x, float *y, int side) {
    const int column = blockIdx.x * blockDim.x + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    y[row * side + column] = x[column * side + row];
}
template <int PADDING> __global__ void transpose_shared(const float *x, float *y, int side) {
    __shared__ float tile[16][32 + PADDING];
    const int column = blockIdx.x * 32 + threadIdx.x, row = blockIdx.y * 16 + threadIdx.y;
    tile[threadIdx.y][threadIdx.x] = x[row * side + column];
    __syncthreads();
    const int at = threadIdx.y * 32 + threadIdx.x, low = at % 16, high = at / 16;
    y[(blockIdx.x * 32 + high) * side + blockIdx.y * 16 + low] = tile[low][high];
}

/* The same by four tiles a block: four words a thread. */
__global__ void transpose_four_from_rows(const float *x, float *y, int side) {
    const int column = blockIdx.x * blockDim.x * 4 + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    for (int i = 0; i < 4; i++)
        y[(column + 32 * i) * side + row] = x[row * side + column + 32 * i];
}
__global__ void transpose_four_from_columns(const float *x, float *y, int side) {
    const int column = blockIdx.x * blockDim.x * 4 + threadIdx.x;
    const int row = blockIdx.y * blockDim.y + threadIdx.y;
    for (int i = 0; i < 4; i++)
        y[row * side + column + 32 * i] = x[(column + 32 * i) * side + row];
}
/* By two tiles a block. */
template <int PADDING> __global__ void transpose_shared_two(const float *x, float *y, int side) {
    __shared__ float tile[16][64 + PADDING];
    const int column = blockIdx.x * 64 + threadIdx.x, row = blockIdx.y * 16 + threadIdx.y;
    tile[threadIdx.y][threadIdx.x] = x[row * side + column];
    tile[threadIdx.y][threadIdx.x + 32] = x[row * side + column + 32];
    __syncthreads();
    const int at = threadIdx.y * 32 + threadIdx.x, low = at % 16, high = at / 16;
    const int to = (blockIdx.x * 64 + high) * side + blockIdx.y * 16 + low;
    y[to] = tile[low][high];
    y[to + 32 * side] = tile[low][high + 32];
}

/* 16x16 threads: a warp has two rows of sixteen. */
__global__ void square_copy(const float *x, float *y, int side) {
    const int column = blockIdx.x * 16 + threadIdx.x, row = blockIdx.y * 16 + threadIdx.y;
    y[row * side + column] = x[row * side + column];
}
__global__ void square_copy_shared(const float *x, float *y, int side) {
    __shared__ float tile[16][16];
    const int column = blockIdx.x * 16 + threadIdx.x, row = blockIdx.y * 16 + threadIdx.y;
    tile[threadIdx.y][threadIdx.x] = x[row * side + column];
    __syncthreads();
    y[row * side + column] = tile[threadIdx.y][threadIdx.x];
}
__global__ void square_transpose(const float *x, float *y, int side) {
    const int column = blockIdx.x * 16 + threadIdx.x, row = blockIdx.y * 16 + threadIdx.y;
    y[column * side + row] = x[row * side + column];
}
template <int PADDING> __global__ void square_transpose_shared(const float *x, float *y, int side) {
    __shared__ float tile[16][16 + PADDING];
    tile[threadIdx.y][threadIdx.x] =
        x[(blockIdx.y * 16 + threadIdx.y) * side + blockIdx.x * 16 + threadIdx.x];
    __syncthreads();
    y[(blockIdx.x * 16 + threadIdx.y) * side + blockIdx.y * 16 + threadIdx.x] =
        tile[threadIdx.x][threadIdx.y];
}

#define INSTANCE(...) template __global__ void __VA_ARGS__;
INSTANCE(elementwise<1>(const float4 *, const float4 *, float4 *))
INSTANCE(elementwise<2>(const float4 *, const float4 *, float4 *))
INSTANCE(words<0, double>(const double *, const double *, double *))
INSTANCE(words<1, double>(const double *, const double *, double *))
INSTANCE(words<2, double>(const double *, const double *, double *))
INSTANCE(words<2, float>(const float *, const float *, float *))
INSTANCE(reduce_pairs<float>(const float *, float *))
INSTANCE(reduce_pairs<double>(const double *, double *))
INSTANCE(stencil<1>(const double *, double *))
INSTANCE(stencil<2>(const double *, double *))
INSTANCE(transpose_shared<0>(const float *, float *, int))
INSTANCE(transpose_shared<2>(const float *, float *, int))
INSTANCE(transpose_shared_two<0>(const float *, float *, int))
INSTANCE(transpose_shared_two<2>(const float *, float *, int))
INSTANCE(square_transpose_shared<0>(const float *, float *, int))
INSTANCE(square_transpose_shared<1>(const float *, float *, int))
