/* attention, rung 1: three kernels, as the formula reads.
 *
 * Scores, softmax and the weighted sums each go over a matrix of scores in memory, which grows with
 * the square of the sequence: it is written twice and read four times. Threads that lie side by side
 * take neighbouring keys, so that each load of K hits another row, 32 sectors a request.
 *
 * bf16 is widened as it is read; scores, probabilities and sums are f32.
 *
 * Grid: one dimension over scores, rows, and elements of O. Block: THREADS.
 */
#include "kernels/arguments.h"
#include "kernels/device.cuh"
#include "kernels/narrow.cuh"

/* Rows first_row … of all heads, `sequence` scores each. */
static __device__ float scores[ATTENTION_SCORES];

/* Which row of O is this one of the launch, and where its head begins. */
struct place {
    int64_t row, head_row;
};

static __device__ struct place place_of(const struct attention_arguments &a, int64_t r) {
    const int64_t row = a.first_row + r;
    return {row, row - row % a.sequence};
}

template <class type> static __device__ void attention_scores(const struct attention_arguments &a) {
    const int64_t i = grid_thread();
    if (i >= a.rows * a.sequence)
        return;
    const struct place at = place_of(a, i / a.sequence);
    const int64_t key = i % a.sequence;
    typedef typename type::stored stored;
    const stored *const q = reinterpret_cast<const stored *>(a.q) + at.row * a.q_stride;
    const stored *const k =
        reinterpret_cast<const stored *>(a.k) + (at.head_row + key) * a.k_stride;
    float sum = 0.0f;
    for (int64_t l = 0; l < a.dimension; l++)
        sum = fmaf(type::widen(q[l]), type::widen(k[l]), sum);
    scores[i] = a.causal && key > at.row - at.head_row ? -INFINITY : a.scale * sum;
}

/* A NaN is no maximum but makes the sum NaN, and with it the row. */
extern "C" __global__ void __launch_bounds__(THREADS)
    attention_naive_softmax(const struct attention_arguments a) {
    const int64_t r = grid_thread();
    if (r >= a.rows)
        return;
    float *const x = scores + r * a.sequence;
    float max = -INFINITY, sum = 0.0f;
    for (int64_t j = 0; j < a.sequence; j++)
        max = fmaxf(max, x[j]);
    for (int64_t j = 0; j < a.sequence; j++)
        sum += expf(x[j] - max);
    for (int64_t j = 0; j < a.sequence; j++)
        x[j] = expf(x[j] - max) / sum;
}

template <class type> static __device__ void attention_means(const struct attention_arguments &a) {
    const int64_t i = grid_thread();
    if (i >= a.rows * a.dimension)
        return;
    const int64_t r = i / a.dimension, column = i % a.dimension;
    const struct place at = place_of(a, r);
    typedef typename type::stored stored;
    const stored *const v = reinterpret_cast<const stored *>(a.v) + at.head_row * a.v_stride;
    float sum = 0.0f;
    for (int64_t key = 0; key < a.sequence; key++)
        sum = fmaf(scores[r * a.sequence + key], type::widen(v[key * a.v_stride + column]), sum);
    a.o[at.row * a.o_stride + column] = sum;
}

#define ATTENTION_NAIVE(type)                                                                      \
    extern "C" __global__ void __launch_bounds__(THREADS)                                          \
        attention_naive_scores_##type(const struct attention_arguments a) {                        \
        attention_scores<operand_##type>(a);                                                       \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(THREADS)                                          \
        attention_naive_means_##type(const struct attention_arguments a) {                         \
        attention_means<operand_##type>(a);                                                        \
    }

ATTENTION_NAIVE(f32)
ATTENTION_NAIVE(bf16)
