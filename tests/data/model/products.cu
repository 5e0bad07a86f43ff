/* f32 products C = alpha A B + beta C with the structure of published ladders: what a thread, a warp and
 * a block compute, what they load in which order, and the width of each access. scripts/model-counts
 * counts them for docs/data/model-counts.csv. Sizes are multiples of the tiles.
 */

/* One thread an element; neighbouring threads lie below each other, or beside each other. */
template <int SIDE, bool BESIDE>
__global__ void product_naive(int m, int n, int k, float alpha, const float *a, const float *b,
                              float beta, float *c) {
    const int row =
        BESIDE ? blockIdx.y * SIDE + threadIdx.x / SIDE : blockIdx.x * SIDE + threadIdx.x % SIDE;
    const int column =
        BESIDE ? blockIdx.x * SIDE + threadIdx.x % SIDE : blockIdx.y * SIDE + threadIdx.x / SIDE;
    if (row >= m || column >= n)
        return;
    float sum = 0;
    for (int i = 0; i < k; i++)
        sum += a[row * k + i] * b[i * n + column];
    c[row * n + column] = alpha * sum + beta * c[row * n + column];
}

/* Square tiles of both operands in shared memory. */
template <int SIDE>
__global__ void product_tiled(int m, int n, int k, float alpha, const float *a, const float *b,
                              float beta, float *c) {
    __shared__ float tile_a[SIDE * SIDE], tile_b[SIDE * SIDE];
    const int row = threadIdx.x / SIDE, column = threadIdx.x % SIDE;
    a += blockIdx.y * SIDE * k;
    b += blockIdx.x * SIDE;
    c += blockIdx.y * SIDE * n + blockIdx.x * SIDE;
    float sum = 0;
    for (int first = 0; first < k; first += SIDE) {
        tile_a[row * SIDE + column] = a[row * k + column];
        tile_b[row * SIDE + column] = b[row * n + column];
        __syncthreads();
        a += SIDE;
        b += SIDE * n;
        for (int i = 0; i < SIDE; i++)
            sum += tile_a[row * SIDE + i] * tile_b[i * SIDE + column];
        __syncthreads();
    }
    c[row * n + column] = alpha * sum + beta * c[row * n + column];
}

/* A column of sums a thread: each element of B in a register is used for all of them. */
template <int BM, int BN, int BK, int TM>
__global__ void product_column(int m, int n, int k, float alpha, const float *a, const float *b,
                               float beta, float *c) {
    __shared__ float tile_a[BM * BK], tile_b[BK * BN];
    const int row = threadIdx.x / BN, column = threadIdx.x % BN;
    const int row_a = threadIdx.x / BK, column_a = threadIdx.x % BK;
    a += blockIdx.y * BM * k;
    b += blockIdx.x * BN;
    c += blockIdx.y * BM * n + blockIdx.x * BN;
    float sums[TM] = {0};
    for (int first = 0; first < k; first += BK) {
        tile_a[row_a * BK + column_a] = a[row_a * k + column_a];
        tile_b[row * BN + column] = b[row * n + column];
        __syncthreads();
        a += BK;
        b += BK * n;
        for (int i = 0; i < BK; i++) {
            const float value = tile_b[i * BN + column];
            for (int t = 0; t < TM; t++)
                sums[t] += tile_a[(row * TM + t) * BK + i] * value;
        }
        __syncthreads();
    }
    for (int t = 0; t < TM; t++)
        c[(row * TM + t) * n + column] = alpha * sums[t] + beta * c[(row * TM + t) * n + column];
}

enum form {
    SCALAR, /* words in, A as it lies; words out */
    WIDE,   /* 16 bytes in, A transposed; 16 bytes out */
    LINEAR, /* as WIDE, but B so that neighbouring threads read neighbouring words */
    PADDED, /* as WIDE, but rows of B five words longer, read by words */
};

template <int BM, int BN, int BK, form FORM>
__device__ void load_tiles(int n, int k, const float *a, const float *b, float *tile_a,
                           float *tile_b, int threads) {
    if (FORM == SCALAR) {
        for (int at = threadIdx.x; at < BM * BK; at += threads)
            tile_a[at] = a[at / BK * k + at % BK];
        for (int at = threadIdx.x; at < BK * BN; at += threads)
            tile_b[at] = b[at / BN * n + at % BN];
        return;
    }
    for (int at = threadIdx.x; at < BM * BK / 4; at += threads) {
        const int row = at / (BK / 4), column = at % (BK / 4) * 4;
        const float4 four = *reinterpret_cast<const float4 *>(a + row * k + column);
        tile_a[(column + 0) * BM + row] = four.x;
        tile_a[(column + 1) * BM + row] = four.y;
        tile_a[(column + 2) * BM + row] = four.z;
        tile_a[(column + 3) * BM + row] = four.w;
    }
    for (int at = threadIdx.x; at < BK * BN / 4; at += threads) {
        const int row = at / (BN / 4), column = at % (BN / 4) * 4;
        const float4 four = *reinterpret_cast<const float4 *>(b + row * n + column);
        const float words[4] = {four.x, four.y, four.z, four.w};
        if (FORM == WIDE)
            *reinterpret_cast<float4 *>(tile_b + row * BN + column) = four;
        for (int w = 0; w < 4; w++) {
            if (FORM == LINEAR)
                tile_b[(row * 8 + column % 8 + w) * (BN / 8) + column / 8] = words[w];
            if (FORM == PADDED)
                tile_b[row * (BN + 5) + column + w] = words[w];
        }
    }
}

/* A square of sums a thread. */
template <int BM, int BN, int BK, int TM, int TN, form FORM>
__global__ void __launch_bounds__(BM *BN / (TM * TN), 1)
    product_square(int m, int n, int k, float alpha, const float *a, const float *b, float beta,
                   float *c) {
    __shared__ float tile_a[BM * BK], tile_b[BK * (BN + (FORM == PADDED ? 5 : 0))];
    constexpr int THREADS = BM * BN / (TM * TN);
    const int row = threadIdx.x / (BN / TN), column = threadIdx.x % (BN / TN);
    a += blockIdx.y * BM * k;
    b += blockIdx.x * BN;
    c += (blockIdx.y * BM + row * TM) * n + blockIdx.x * BN + column * TN;
    float sums[TM][TN] = {{0}}, from_a[TM], from_b[TN];
    for (int first = 0; first < k; first += BK) {
        load_tiles<BM, BN, BK, FORM>(n, k, a, b, tile_a, tile_b, THREADS);
        __syncthreads();
        a += BK;
        b += BK * n;
        for (int i = 0; i < BK; i++) {
            for (int t = 0; t < TM; t++)
                from_a[t] = FORM == SCALAR ? tile_a[(row * TM + t) * BK + i]
                                           : tile_a[i * BM + row * TM + t];
            for (int t = 0; t < TN; t++)
                from_b[t] = FORM == LINEAR   ? tile_b[(i * 8 + t) * (BN / 8) + column]
                            : FORM == PADDED ? tile_b[i * (BN + 5) + column * TN + t]
                                             : tile_b[i * BN + column * TN + t];
            for (int s = 0; s < TM; s++)
                for (int t = 0; t < TN; t++)
                    sums[s][t] += from_a[s] * from_b[t];
        }
        __syncthreads();
    }
    for (int s = 0; s < TM; s++)
        for (int t = 0; t < TN; t += FORM == SCALAR ? 1 : 4) {
            float *to = c + s * n + t;
            if (FORM == SCALAR) {
                *to = alpha * sums[s][t] + beta * *to;
                continue;
            }
            float4 four = *reinterpret_cast<float4 *>(to);
            four.x = alpha * sums[s][t] + beta * four.x;
            four.y = alpha * sums[s][t + 1] + beta * four.y;
            four.z = alpha * sums[s][t + 2] + beta * four.z;
            four.w = alpha * sums[s][t + 3] + beta * four.w;
            *reinterpret_cast<float4 *>(to) = four;
        }
}

/* A tile a warp, of which each thread has several small squares. */
template <int BM, int BN, int BK, int WM, int WN, int WNITER, int TM, int TN>
__global__ void __launch_bounds__(BM *BN / (WM * WN) * 32)
    product_warp(int m, int n, int k, float alpha, const float *a, const float *b, float beta,
                 float *c) {
    __shared__ float tile_a[BM * BK], tile_b[BK * BN];
    constexpr int THREADS = BM * BN / (WM * WN) * 32, WMITER = WM * WN / (32 * TM * TN * WNITER);
    constexpr int SUB_M = WM / WMITER, SUB_N = WN / WNITER;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int warp_row = warp / (BN / WN) * WM, warp_column = warp % (BN / WN) * WN;
    const int lane_row = lane / (SUB_N / TN) * TM, lane_column = lane % (SUB_N / TN) * TN;
    a += blockIdx.y * BM * k;
    b += blockIdx.x * BN;
    c += (blockIdx.y * BM + warp_row) * n + blockIdx.x * BN + warp_column;
    float sums[WMITER * TM][WNITER * TN] = {{0}}, from_a[WMITER * TM], from_b[WNITER * TN];
    for (int first = 0; first < k; first += BK) {
        load_tiles<BM, BN, BK, WIDE>(n, k, a, b, tile_a, tile_b, THREADS);
        __syncthreads();
        for (int i = 0; i < BK; i++) {
            for (int s = 0; s < WMITER * TM; s++)
                from_a[s] = tile_a[i * BM + warp_row + s / TM * SUB_M + lane_row + s % TM];
            for (int t = 0; t < WNITER * TN; t++)
                from_b[t] = tile_b[i * BN + warp_column + t / TN * SUB_N + lane_column + t % TN];
            for (int s = 0; s < WMITER * TM; s++)
                for (int t = 0; t < WNITER * TN; t++)
                    sums[s][t] += from_a[s] * from_b[t];
        }
        a += BK;
        b += BK * n;
        __syncthreads();
    }
    for (int s = 0; s < WMITER * TM; s++)
        for (int t = 0; t < WNITER * TN; t += 4) {
            float4 *to = reinterpret_cast<float4 *>(c + (s / TM * SUB_M + lane_row + s % TM) * n +
                                                    t / TN * SUB_N + lane_column + t % TN);
            float4 four = *to;
            four.x = alpha * sums[s][t] + beta * four.x;
            four.y = alpha * sums[s][t + 1] + beta * four.y;
            four.z = alpha * sums[s][t + 2] + beta * four.z;
            four.w = alpha * sums[s][t + 3] + beta * four.w;
            *to = four;
        }
}

#define PRODUCT(...)                                                                               \
    template __global__ void __VA_ARGS__(int, int, int, float, const float *, const float *,       \
                                         float, float *);
PRODUCT(product_naive<32, false>)
PRODUCT(product_naive<16, false>)
PRODUCT(product_naive<32, true>)
PRODUCT(product_naive<16, true>)
PRODUCT(product_tiled<32>)
PRODUCT(product_tiled<16>)
PRODUCT(product_column<64, 64, 8, 8>)
PRODUCT(product_square<128, 128, 8, 8, 8, SCALAR>)
PRODUCT(product_square<64, 64, 16, 4, 4, SCALAR>)
PRODUCT(product_square<128, 128, 8, 8, 8, WIDE>)
PRODUCT(product_square<128, 128, 16, 8, 8, WIDE>)
PRODUCT(product_square<128, 128, 8, 8, 8, LINEAR>)
PRODUCT(product_square<128, 128, 8, 8, 8, PADDED>)
PRODUCT(product_warp<128, 128, 16, 64, 64, 4, 8, 4>)
