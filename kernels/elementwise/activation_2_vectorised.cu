/* activation, rung 2: four elements a thread at once, as one 16-byte access.
 *
 * What it adds: a quarter of the load and store instructions for the same bytes; a grid of a fixed
 * size that strides over the buffer, so that blocks are not started and ended for every kilobyte;
 * and no division an element, because the column moves by a known step from one stride to the next.
 *
 * 16-byte accesses need 16-byte alignment. The split says where the aligned part begins and ends;
 * the elements before and after it, or all of them when the buffers are misaligned to each other,
 * are taken one by one at the end.
 *
 * Where a bias goes with rows that are aligned, threads keep their columns instead and stride down
 * the rows: the bias is loaded once, and backward its gradient, the sums of the columns, is added
 * up on the way and in a fixed order at the end. So nothing is read or written twice.
 *
 * Grid: one dimension, any. Block: THREADS. By columns: x over the groups of four columns, `across`
 * a block; y over parts of the rows, one where there are sums. Block: THREADS, `across` side by
 * side.
 */
#include "kernels/arguments.h"
#include "kernels/elementwise/activation_math.cuh"

/* The column of the bias at element i, i + 1, … */
static __device__ inline int64_t next_column(int64_t column, int64_t columns) {
    return column + 1 == columns ? 0 : column + 1;
}

static __device__ inline float4 bias_load(const struct activation_arguments &a, int64_t column) {
    if (a.bias_in_vectors)
        return *reinterpret_cast<const float4 *>(a.bias + column);
    const int64_t second = next_column(column, a.columns);
    const int64_t third = next_column(second, a.columns);
    const int64_t fourth = next_column(third, a.columns);
    return make_float4(a.bias[column], a.bias[second], a.bias[third], a.bias[fourth]);
}

static __device__ inline float4 add(float4 x, float4 y) {
    return make_float4(x.x + y.x, x.y + y.y, x.z + y.z, x.w + y.w);
}

/* What becomes of one element: x is the input, with the bias if there is one. */
template <class function, bool backward> static __device__ inline float apply(float x, float dy) {
    return backward ? function::gradient(x, dy) : function::value(x);
}

template <class function, bool backward>
static __device__ void activation_vectorised(const struct activation_arguments &a) {
    const int64_t thread = grid_thread(), threads = grid_threads();
    const bool biased = a.bias && !(backward && function::keeps_output);
    const float4 *const input = reinterpret_cast<const float4 *>(a.input + a.split.head);
    const float4 *const dy = reinterpret_cast<const float4 *>(a.dy + a.split.head);
    float4 *const output = reinterpret_cast<float4 *>(a.output + a.split.head);

    int64_t column = biased ? (a.split.head + 4 * thread) % a.columns : 0;
    const int64_t column_step = biased ? 4 * threads % a.columns : 0;
    for (int64_t i = thread; i < a.split.vectors; i += threads) {
        float4 x = input[i];
        if (biased)
            x = add(x, bias_load(a, column));
        const float4 d = backward ? dy[i] : x;
        output[i] =
            make_float4(apply<function, backward>(x.x, d.x), apply<function, backward>(x.y, d.y),
                        apply<function, backward>(x.z, d.z), apply<function, backward>(x.w, d.w));
        column += column_step;
        if (column >= a.columns)
            column -= a.columns;
    }

    const int64_t left = a.split.count - 4 * a.split.vectors;
    for (int64_t j = thread; j < left; j += threads) {
        const int64_t i = j < a.split.head ? j : j + 4 * a.split.vectors;
        const float x = biased ? a.input[i] + a.bias[i % a.columns] : a.input[i];
        a.output[i] = apply<function, backward>(x, backward ? a.dy[i] : x);
    }
}

/* --- by columns ------------------------------------------------------------------------------ */

static const int ROWS_AT_ONCE = 4; /* of a thread: loads that are on their way together */

/* Adds up over the block's threads with the same columns; the first row of threads has the sums. */
static __device__ inline float4 sum_down(float4 value, int across) {
    __shared__ float4 parts[THREADS];
    const int thread = threadIdx.x;
    parts[thread] = value;
    for (int half = THREADS / 2; half >= across; half /= 2) {
        __syncthreads();
        if (thread < half)
            parts[thread] = add(parts[thread], parts[thread + half]);
    }
    return parts[thread];
}

template <class function, bool backward>
static __device__ inline float4 apply_group(float4 x, float4 d) {
    return make_float4(apply<function, backward>(x.x, d.x), apply<function, backward>(x.y, d.y),
                       apply<function, backward>(x.z, d.z), apply<function, backward>(x.w, d.w));
}

/* Rows `first` to `end` - 1, every `step`-th, of one group of four columns; gives their sum. */
template <class function, bool backward>
static __device__ inline float4 walk_down(const struct activation_arguments &a, int64_t column,
                                          int64_t first, int64_t end, int64_t step) {
    const bool biased = a.bias && !(backward && function::keeps_output);
    float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f), bias = sum;
    if (biased)
        bias = *reinterpret_cast<const float4 *>(a.bias + column);
    for (int64_t row = first; row < end; row += ROWS_AT_ONCE * step) {
        float4 x[ROWS_AT_ONCE], d[ROWS_AT_ONCE];
#pragma unroll
        for (int i = 0; i < ROWS_AT_ONCE; i++) {
            const int64_t at = (row + i * step) * a.columns + column;
            const bool inside = row + i * step < end;
            x[i] = inside ? *reinterpret_cast<const float4 *>(a.input + at) : bias;
            d[i] = backward && inside ? *reinterpret_cast<const float4 *>(a.dy + at) : x[i];
        }
#pragma unroll
        for (int i = 0; i < ROWS_AT_ONCE; i++) {
            if (row + i * step >= end)
                break;
            const float4 y = apply_group<function, backward>(biased ? add(x[i], bias) : x[i], d[i]);
            *reinterpret_cast<float4 *>(a.output + (row + i * step) * a.columns + column) = y;
            if (backward)
                sum = add(sum, y);
        }
    }
    return sum;
}

template <class function, bool backward>
static __device__ void activation_by_columns(const struct activation_arguments &a) {
    const int x = threadIdx.x % a.across, y = threadIdx.x / a.across;
    const int64_t column = 4 * ((int64_t)blockIdx.x * a.across + x);
    const int64_t rows = a.split.count / a.columns;
    const int64_t each = (rows + gridDim.y - 1) / gridDim.y, first = blockIdx.y * each;
    const int64_t end = first + each < rows ? first + each : rows;
    float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (column < a.columns)
        sum = walk_down<function, backward>(a, column, first + y, end, THREADS / a.across);
    if (!backward || !a.dbias)
        return;
    sum = sum_down(sum, a.across);
    if (y == 0 && column < a.columns)
        *reinterpret_cast<float4 *>(a.dbias + column) = sum;
}

/* --- kernels --------------------------------------------------------------------------------- */

#define ACTIVATION_KERNELS(enumerator, name)                                                       \
    extern "C" __global__ void __launch_bounds__(THREADS)                                          \
        activation_vectorised_##name##_forward(const struct activation_arguments arguments) {      \
        activation_vectorised<function_##name, false>(arguments);                                  \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(THREADS)                                          \
        activation_vectorised_##name##_backward(const struct activation_arguments arguments) {     \
        activation_vectorised<function_##name, true>(arguments);                                   \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(THREADS)                                          \
        activation_by_columns_##name##_forward(const struct activation_arguments arguments) {      \
        activation_by_columns<function_##name, false>(arguments);                                  \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(THREADS)                                          \
        activation_by_columns_##name##_backward(const struct activation_arguments arguments) {     \
        activation_by_columns<function_##name, true>(arguments);                                   \
    }
ACTIVATION_LIST(ACTIVATION_KERNELS)
