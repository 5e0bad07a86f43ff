/* cross_entropy, rung 4: loss and gradient from one read of the logits, 16 bytes at a time.
 *
 * What it adds: what softmax's rung 4 adds. The row stays in registers (long rows: in shared memory
 * as far as it goes) between the sum and the gradient, so that a training step reads each logit
 * once and writes each gradient once. The logit of the label is the one element read twice.
 *
 * Each row's loss is written by one thread and no sum runs across rows, so that the loss has the
 * same bits at every run.
 *
 * Grid and block: as softmax's rung 4. Shared memory of long: 16 `kept` bytes.
 */
#include "kernels/reductions/row_groups.cuh"

/* What the threads of a row's team know of it. */
struct labelled_row {
    int64_t row;
    int32_t label;
    float chosen; /* the label's logit; read before dlogits, which may be the same buffer */

    /* `teller` is the thread that stores the loss. */
    __device__ labelled_row(const struct cross_entropy_arguments &a, int64_t row, bool teller)
        : row(row), label(a.labels[row]),
          chosen(teller ? a.logits[row * a.columns + label] : 0.0f) {}

    __device__ void store_loss(const struct cross_entropy_arguments &a, float max,
                               float sum) const {
        a.loss[row] = logf(sum) - (chosen - max);
    }
};

/* (e / sum - onehot(label)) / rows of a group whose first element is i. */
static __device__ inline float4 gradient(float4 e, float inverse_sum, int64_t i, int32_t label,
                                         float scale) {
    const float4 p = group_scale(e, inverse_sum);
    return make_float4((p.x - (i == label ? 1.0f : 0.0f)) * scale,
                       (p.y - (i + 1 == label ? 1.0f : 0.0f)) * scale,
                       (p.z - (i + 2 == label ? 1.0f : 0.0f)) * scale,
                       (p.w - (i + 3 == label ? 1.0f : 0.0f)) * scale);
}

template <bool has_loss, bool has_gradient, int THREADS_A_ROW, int GROUPS>
static __device__ void in_registers(const struct cross_entropy_arguments &a) {
    typedef row_team<THREADS_A_ROW> team;
    if (team::row() >= a.rows)
        return;
    const row_cut cut(a.logits, team::row(), a.columns);
    const row_view<const float> x = cut.view(a.logits);
    const labelled_row row(a, team::row(), has_loss && team::thread() == 0);
    float4 held[GROUPS];
    float max = -INFINITY, sum = 0.0f;
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
        held[g] = group_load(cut, x, team::thread() + g * THREADS_A_ROW, -INFINITY);
        max = fmaxf(max, group_max(held[g]));
    }
    max = team::template max<0>(max);
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
        held[g] = group_exp(held[g], max);
        sum += group_sum(held[g]);
    }
    sum = team::template sum<1>(sum);
    if (has_loss && team::thread() == 0)
        row.store_loss(a, max, sum);
    if (!has_gradient)
        return;
    __syncwarp();
    const row_view<float> dx = cut.view(a.dlogits);
    const float inverse_sum = 1.0f / sum;
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
        const int64_t group = team::thread() + g * THREADS_A_ROW;
        group_store(cut, dx, group,
                    gradient(held[g], inverse_sum, GROUP * group - cut.phase, row.label, a.scale));
    }
}

extern __shared__ float4 kept_groups[];

template <bool has_loss, bool has_gradient>
static __device__ void of_long_rows(const struct cross_entropy_arguments &a) {
    typedef row_team<LONG_THREADS> team;
    const row_cut cut(a.logits, team::row(), a.columns);
    const row_view<const float> x = cut.view(a.logits);
    const labelled_row row(a, team::row(), has_loss && team::thread() == 0);
    struct row_statistics all = {-FLT_MAX, 0.0f};
    for (int64_t g = team::thread(); g < cut.groups(); g += LONG_THREADS) {
        const float4 v = group_load(cut, x, g, -INFINITY);
        if (has_gradient && g < a.kept)
            kept_groups[g] = v;
        row_add_group(&all, v);
    }
    all = team::template merge<0>(all);
    if (has_loss && team::thread() == 0)
        row.store_loss(a, all.max, all.sum);
    if (!has_gradient)
        return;
    const row_view<float> dx = cut.view(a.dlogits);
    const float inverse_sum = 1.0f / all.sum;
    for (int64_t g = team::thread(); g < cut.groups(); g += LONG_THREADS) {
        const float4 v = g < a.kept ? kept_groups[g] : group_load(cut, x, g, -INFINITY);
        group_store(cut, dx, g,
                    gradient(group_exp(v, all.max), inverse_sum, GROUP * g - cut.phase, row.label,
                             a.scale));
    }
}

#define BLOCK_OF(threads) ((threads) == WARP_LANES ? WARP_ROWS * WARP_LANES : (threads))

#define CROSS_ENTROPY_KERNELS(form, threads, groups, ...)                                          \
    extern "C" __global__ void __launch_bounds__(BLOCK_OF(threads))                                \
        cross_entropy_vectorised_forward_##form(const struct cross_entropy_arguments a) {          \
        in_registers<true, false, threads, groups>(a);                                             \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(BLOCK_OF(threads))                                \
        cross_entropy_vectorised_backward_##form(const struct cross_entropy_arguments a) {         \
        in_registers<false, true, threads, groups>(a);                                             \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(BLOCK_OF(threads))                                \
        cross_entropy_vectorised_forward_backward_##form(const struct cross_entropy_arguments a) { \
        in_registers<true, true, threads, groups>(a);                                              \
    }
ROW_FORM_LIST(CROSS_ENTROPY_KERNELS)

extern "C" __global__ void __launch_bounds__(LONG_THREADS)
    cross_entropy_vectorised_forward_long(const struct cross_entropy_arguments a) {
    of_long_rows<true, false>(a);
}

extern "C" __global__ void __launch_bounds__(LONG_THREADS)
    cross_entropy_vectorised_backward_long(const struct cross_entropy_arguments a) {
    of_long_rows<false, true>(a);
}

extern "C" __global__ void __launch_bounds__(LONG_THREADS)
    cross_entropy_vectorised_forward_backward_long(const struct cross_entropy_arguments a) {
    of_long_rows<true, true>(a);
}
