/* attention, rung 2: one kernel, in which no score reaches memory.
 *
 * What it adds: a block keeps ATTENTION_QUERIES queries and meets the keys in tiles of shared memory.
 * Scores, maxima, sums and the rows of O stay in registers: where a tile raises the maximum of a
 * query, what was summed is scaled down to it (Milakov and Gimelshein, arXiv:1805.02867; Dao et al.,
 * "FlashAttention", arXiv:2205.14135). K and V are read once a block of queries, Q and O once. Under
 * a causal mask tiles of which no query meets a key are passed over; the longest blocks go first.
 *
 * 256 threads stand in a square of 16: thread (x, y) has queries 4 y … 4 y + 3, of a tile's keys x,
 * x + 16 …, and of the columns of O groups of four x, x + 16 …. The 16 threads of a y are half a warp,
 * so a query's maximum and sum take four shuffles. Probabilities go through shared memory, where K
 * was.
 *
 * Shared memory holds groups of four floats. Where the threads of a warp read different rows at one
 * column, groups change places with the row's number, so that they lie in different banks without
 * padding: of K eight neighbouring rows, of queries and probabilities the rows of two y.
 *
 * bf16 is widened on the way to shared memory. Dimensions are filled up to 64 or 128 with zeros.
 *
 * Grid: blocks of queries of all heads. Block: THREADS. Shared memory: attention.c.
 */
#include "kernels/narrow.cuh"
#include "kernels/vector_store.cuh"
#include "kernels/warp_reduce.cuh"

enum { SIDE = 16, ROWS = ATTENTION_QUERIES / SIDE, GROUP = 4 };

extern __shared__ float4 groups[];

/* Rows of `WIDTH` floats in shared memory, groups exchanged by the bits `EXCHANGED` of the row. */
template <int WIDTH, int EXCHANGED> struct tile {
    enum { ACROSS = WIDTH / GROUP };
    float4 *data;
    /* Rows that agree in those bits lie ACROSS groups apart from there on. */
    __device__ inline float4 *at(int row, int group) const {
        return data + row * ACROSS + (group ^ (row & EXCHANGED));
    }
};
enum { OF_QUERIES = ROWS, OF_KEYS = 7, OF_VALUES = 0 };

/* A matrix in memory: where its rows from a tile's first on begin, and how many there are. */
template <class stored> struct source {
    const stored *data;
    int64_t stride;
    int rows, columns;
    bool in_vectors;
};

static __device__ inline float4 scaled(float4 v, float scale) {
    return make_float4(v.x * scale, v.y * scale, v.z * scale, v.w * scale);
}

static __device__ inline float4 group_load(const float *from) {
    return *reinterpret_cast<const float4 *>(from);
}

static __device__ inline float4 group_load(const unsigned short *from) {
    const unsigned long long four = *reinterpret_cast<const unsigned long long *>(from);
    return make_float4(operand_bf16::widen((unsigned short)four),
                       operand_bf16::widen((unsigned short)(four >> 16)),
                       operand_bf16::widen((unsigned short)(four >> 32)),
                       operand_bf16::widen((unsigned short)(four >> 48)));
}

/* Group `group` of row `row`, zeros outside. */
template <class type>
static __device__ inline float4 source_group(const source<typename type::stored> &s, int row,
                                             int group) {
    const int column = GROUP * group;
    if (row >= s.rows || column >= s.columns)
        return make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    const typename type::stored *const from = s.data + row * s.stride + column;
    if (s.in_vectors)
        return group_load(from);
    return make_float4(type::widen(from[0]), column + 1 < s.columns ? type::widen(from[1]) : 0.0f,
                       column + 2 < s.columns ? type::widen(from[2]) : 0.0f,
                       column + 3 < s.columns ? type::widen(from[3]) : 0.0f);
}

template <class type, int HEIGHT, int WIDTH, int EXCHANGED>
static __device__ inline void tile_load(const tile<WIDTH, EXCHANGED> to,
                                        const source<typename type::stored> &from, float scale) {
    const unsigned across = WIDTH / GROUP;
    for (unsigned i = threadIdx.x; i < HEIGHT * across; i += THREADS) {
        const int row = (int)(i / across), group = (int)(i % across);
        *to.at(row, group) = scaled(source_group<type>(from, row, group), scale);
    }
}

static __device__ inline void add_product(float &sum, float4 a, float4 b) {
    sum = fmaf(a.x, b.x, sum);
    sum = fmaf(a.y, b.y, sum);
    sum = fmaf(a.z, b.z, sum);
    sum = fmaf(a.w, b.w, sum);
}

static __device__ inline void add_multiple(float4 &sum, float factor, float4 v) {
    sum.x = fmaf(factor, v.x, sum.x);
    sum.y = fmaf(factor, v.y, sum.y);
    sum.z = fmaf(factor, v.z, sum.z);
    sum.w = fmaf(factor, v.w, sum.w);
}

/* Over the threads of a y. */
static __device__ inline float half_warp_max(float value) {
    for (int distance = SIDE / 2; distance > 0; distance /= 2)
        value = fmaxf(value, __shfl_xor_sync(ALL_LANES, value, distance));
    return value;
}

static __device__ inline float half_warp_sum(float value) {
    for (int distance = SIDE / 2; distance > 0; distance /= 2)
        value += __shfl_xor_sync(ALL_LANES, value, distance);
    return value;
}

/* Scores of this thread's queries and keys. */
template <int WIDTH, int COLUMNS>
static __device__ inline void scores_multiply(const tile<WIDTH, OF_QUERIES> queries,
                                              const tile<WIDTH, OF_KEYS> keys, int dimension,
                                              float scores[ROWS][COLUMNS]) {
    const int x = threadIdx.x % SIDE, y = threadIdx.x / SIDE;
#pragma unroll
    for (int i = 0; i < ROWS; i++)
#pragma unroll
        for (int j = 0; j < COLUMNS; j++)
            scores[i][j] = 0.0f;
    for (int group = 0; GROUP * group < dimension; group++) {
        const float4 *const from = queries.at(ROWS * y, group);
        const float4 *const key = keys.at(x, group);
        float4 q[ROWS];
#pragma unroll
        for (int i = 0; i < ROWS; i++)
            q[i] = from[i * queries.ACROSS];
#pragma unroll
        for (int j = 0; j < COLUMNS; j++) {
            const float4 k = key[SIDE * j * keys.ACROSS];
#pragma unroll
            for (int i = 0; i < ROWS; i++)
                add_product(scores[i][j], q[i], k);
        }
    }
}

/* Keys from `met` on of the tile's are not met by the thread's first query, and each query meets
 * `more` (0 or 1) more than the one before. */
template <int COLUMNS>
static __device__ inline void scores_mask(int64_t met, int more, float scores[ROWS][COLUMNS]) {
    const int x = threadIdx.x % SIDE;
#pragma unroll
    for (int i = 0; i < ROWS; i++)
#pragma unroll
        for (int j = 0; j < COLUMNS; j++)
            if (x + SIDE * j >= met + more * i)
                scores[i][j] = -INFINITY;
}

/* What a thread keeps of its queries; `sum` of its own keys alone. The maximum starts at -FLT_MAX,
 * see kernels/warp_reduce.cuh. */
template <int PARTS> struct answer {
    float max[ROWS], sum[ROWS];
    float4 o[ROWS][PARTS];
};

/* Scores become probabilities, relative to the maximum so far. */
template <int PARTS, int COLUMNS>
static __device__ inline void scores_weigh(answer<PARTS> &kept, float scores[ROWS][COLUMNS]) {
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
        float max = kept.max[i];
#pragma unroll
        for (int j = 0; j < COLUMNS; j++)
            max = fmaxf(max, scores[i][j]);
        max = half_warp_max(max);
        const float factor = expf(kept.max[i] - max);
        kept.max[i] = max;
        kept.sum[i] *= factor;
#pragma unroll
        for (int j = 0; j < COLUMNS; j++) {
            scores[i][j] = expf(scores[i][j] - max);
            kept.sum[i] += scores[i][j];
        }
#pragma unroll
        for (int part = 0; part < PARTS; part++)
            kept.o[i][part] = scaled(kept.o[i][part], factor);
    }
}

template <int KEYS, int COLUMNS>
static __device__ inline void probabilities_store(const tile<KEYS, OF_QUERIES> to,
                                                  const float scores[ROWS][COLUMNS]) {
    const int x = threadIdx.x % SIDE, y = threadIdx.x / SIDE;
#pragma unroll
    for (int j = 0; j < COLUMNS; j++) {
        const int key = x + SIDE * j;
        float *const place = reinterpret_cast<float *>(to.at(ROWS * y, key / GROUP)) + key % GROUP;
#pragma unroll
        for (int i = 0; i < ROWS; i++)
            place[i * KEYS] = scores[i][j];
    }
}

/* o += probabilities V. */
template <int WIDTH, int KEYS, int PARTS>
static __device__ inline void means_add(const tile<KEYS, OF_QUERIES> probabilities,
                                        const tile<WIDTH, OF_VALUES> values, answer<PARTS> &kept) {
    const int x = threadIdx.x % SIDE, y = threadIdx.x / SIDE;
    for (int group = 0; group < KEYS / GROUP; group++) {
        const float4 *const from = probabilities.at(ROWS * y, group);
        float4 p[ROWS];
#pragma unroll
        for (int i = 0; i < ROWS; i++)
            p[i] = from[i * probabilities.ACROSS];
#pragma unroll
        for (int part = 0; part < PARTS; part++) {
            const float4 *const value = values.at(GROUP * group, x + SIDE * part);
            const float4 v0 = value[0], v1 = value[values.ACROSS];
            const float4 v2 = value[2 * values.ACROSS], v3 = value[3 * values.ACROSS];
#pragma unroll
            for (int i = 0; i < ROWS; i++) {
                add_multiple(kept.o[i][part], p[i].x, v0);
                add_multiple(kept.o[i][part], p[i].y, v1);
                add_multiple(kept.o[i][part], p[i].z, v2);
                add_multiple(kept.o[i][part], p[i].w, v3);
            }
        }
    }
}

static __device__ inline void group_store(float *to, float4 v, int count, bool in_vectors) {
    if (in_vectors) {
        store_vector(to, v);
        return;
    }
    to[0] = v.x;
    if (count > 1)
        to[1] = v.y;
    if (count > 2)
        to[2] = v.z;
    if (count > 3)
        to[3] = v.w;
}

/* `rows` rows of O from row `row` on. */
template <int PARTS>
static __device__ inline void answer_write(const struct attention_arguments &a, int64_t row,
                                           int64_t rows, const answer<PARTS> &kept) {
    const int x = threadIdx.x % SIDE, y = threadIdx.x / SIDE;
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
        const float share = 1.0f / half_warp_sum(kept.sum[i]);
        if (ROWS * y + i >= rows)
            continue;
#pragma unroll
        for (int part = 0; part < PARTS; part++) {
            const int column = GROUP * (x + SIDE * part), left = (int)a.dimension - column;
            if (left > 0)
                group_store(a.o + (row + ROWS * y + i) * a.o_stride + column,
                            scaled(kept.o[i][part], share), left, a.in_vectors);
        }
    }
}

/* A tile of rows of Q, K or V, from row `row` of all on: at most `most`, and none past the head. */
template <class type>
static __device__ inline source<typename type::stored>
rows_from(const struct attention_arguments &a, const void *matrix, int64_t stride, int64_t row,
          int64_t left, int most) {
    return {reinterpret_cast<const typename type::stored *>(matrix) + row * stride, stride,
            (int)(left < most ? left : most), (int)a.dimension, a.in_vectors != 0};
}

template <class type, int WIDTH, int KEYS>
static __device__ void attention_fused(const struct attention_arguments &a) {
    enum { QUERIES = ATTENTION_QUERIES, PARTS = WIDTH / GROUP / SIDE, COLUMNS = KEYS / SIDE };
    const tile<WIDTH, OF_QUERIES> queries = {groups};
    const tile<WIDTH, OF_KEYS> keys = {groups + QUERIES * WIDTH / GROUP};
    const tile<WIDTH, OF_VALUES> values = {groups + (QUERIES + KEYS) * WIDTH / GROUP};
    const tile<KEYS, OF_QUERIES> probabilities = {keys.data};
    const int64_t blocks = (a.sequence + QUERIES - 1) / QUERIES;
    const int64_t head_row = blockIdx.x / blocks * a.sequence;
    const int64_t first = (blocks - 1 - blockIdx.x % blocks) * QUERIES;
    const int64_t last = first + QUERIES < a.sequence ? first + QUERIES : a.sequence;
    const int64_t end = a.causal ? last : a.sequence;
    answer<PARTS> kept;
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
        kept.max[i] = -FLT_MAX;
        kept.sum[i] = 0.0f;
#pragma unroll
        for (int part = 0; part < PARTS; part++)
            kept.o[i][part] = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    }
    tile_load<type, QUERIES>(
        queries, rows_from<type>(a, a.q, a.q_stride, head_row + first, a.sequence - first, QUERIES),
        a.scale);
    for (int64_t key = 0; key < end; key += KEYS) {
        const int64_t left = a.sequence - key;
        tile_load<type, KEYS>(keys, rows_from<type>(a, a.k, a.k_stride, head_row + key, left, KEYS),
                              1.0f);
        tile_load<type, KEYS>(
            values, rows_from<type>(a, a.v, a.v_stride, head_row + key, left, KEYS), 1.0f);
        __syncthreads();
        float scores[ROWS][COLUMNS];
        scores_multiply<WIDTH, COLUMNS>(queries, keys, (int)a.dimension, scores);
        const int64_t query = first + ROWS * (threadIdx.x / SIDE);
        if (left < KEYS)
            scores_mask<COLUMNS>(left, 0, scores);
        if (a.causal && key + KEYS > first)
            scores_mask<COLUMNS>(query + 1 - key, 1, scores);
        scores_weigh<PARTS, COLUMNS>(kept, scores);
        __syncthreads(); /* the keys have been read */
        probabilities_store<KEYS, COLUMNS>(probabilities, scores);
        __syncwarp();
        means_add<WIDTH, KEYS, PARTS>(probabilities, values, kept);
        __syncthreads();
    }
    answer_write<PARTS>(a, head_row + first, last - first, kept);
}

#define ATTENTION_FUSED(type, width, keys)                                                         \
    extern "C" __global__ void __launch_bounds__(THREADS)                                          \
        attention_fused_##type##_##width(const struct attention_arguments a) {                     \
        attention_fused<operand_##type, width, keys>(a);                                           \
    }

ATTENTION_FUSED(f32, 64, ATTENTION_KEYS_64)
ATTENTION_FUSED(f32, 128, ATTENTION_KEYS_128)
ATTENTION_FUSED(bf16, 64, ATTENTION_KEYS_64)
ATTENTION_FUSED(bf16, 128, ATTENTION_KEYS_128)
