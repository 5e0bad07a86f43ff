/* softmax, rung 4: every element is read once and written once, 16 bytes at a time.
 *
 * What it adds: a row stays where it was first read to, in registers, until the result is written.
 * Short rows have a warp each; longer ones a block, as many threads and registers as the row needs
 * (ROW_FORM_LIST). Since the whole row is there before the first exponential, the maximum comes
 * first and each element needs one exponential, not two as in the online form.
 *
 * Rows that no registers hold have a block of LONG_THREADS, which keeps the first `kept` groups of
 * the row in shared memory, works online and reads again only what is beyond.
 *
 * Grid: registers, the rows over WARP_ROWS for a warp a row, else the rows; long, the rows. Block:
 * WARP_ROWS warps, ROW_THREADS or LONG_THREADS. Shared memory of long: 16 `kept` bytes, and twice
 * that for `backward`.
 */
#include "kernels/reductions/row_groups.cuh"

/* --- what becomes of a group ----------------------------------------------------------------- */

static __device__ inline float dot(float4 x, float4 y) {
    return fmaf(x.x, y.x, x.y * y.y) + fmaf(x.z, y.z, x.w * y.w);
}

static __device__ inline float4 log_result(float4 x, float max, float log_sum) {
    return make_float4(x.x - max - log_sum, x.y - max - log_sum, x.z - max - log_sum,
                       x.w - max - log_sum);
}

/* y (dy - sum(dy y)), and dy - exp(y) sum(dy) for the logarithm. */
template <bool logarithm> static __device__ inline float4 gradient(float4 y, float4 dy, float sum) {
    if (logarithm)
        return make_float4(fmaf(-expf(y.x), sum, dy.x), fmaf(-expf(y.y), sum, dy.y),
                           fmaf(-expf(y.z), sum, dy.z), fmaf(-expf(y.w), sum, dy.w));
    return make_float4(y.x * (dy.x - sum), y.y * (dy.y - sum), y.z * (dy.z - sum),
                       y.w * (dy.w - sum));
}

template <bool logarithm> static __device__ inline float gradient_sum(float4 y, float4 dy) {
    return logarithm ? group_sum(dy) : dot(y, dy);
}

/* --- rows in registers ----------------------------------------------------------------------- */

template <bool logarithm, int THREADS_A_ROW, int GROUPS>
static __device__ void forward(const struct softmax_arguments &a) {
    typedef row_team<THREADS_A_ROW> team;
    if (team::row() >= a.rows)
        return;
    const row_cut cut(a.input, team::row(), a.columns);
    const row_view<const float> x = cut.view(a.input);
    const row_view<float> y = cut.view(a.output);
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
        const float4 e = group_exp(held[g], max);
        sum += group_sum(e);
        if (!logarithm)
            held[g] = e;
    }
    sum = team::template sum<1>(sum);
    const float last = logarithm ? logf(sum) : 1.0f / sum;
#pragma unroll
    for (int g = 0; g < GROUPS; g++)
        group_store(cut, y, team::thread() + g * THREADS_A_ROW,
                    logarithm ? log_result(held[g], max, last) : group_scale(held[g], last));
}

template <bool logarithm, int THREADS_A_ROW, int GROUPS>
static __device__ void backward(const struct softmax_arguments &a) {
    typedef row_team<THREADS_A_ROW> team;
    if (team::row() >= a.rows)
        return;
    const row_cut cut(a.input, team::row(), a.columns);
    const row_view<const float> y = cut.view(a.input), dy = cut.view(a.dy);
    const row_view<float> dx = cut.view(a.output);
    float4 held_y[GROUPS], held_dy[GROUPS];
    float sum = 0.0f;
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
        held_y[g] = group_load(cut, y, team::thread() + g * THREADS_A_ROW, 0.0f);
        held_dy[g] = group_load(cut, dy, team::thread() + g * THREADS_A_ROW, 0.0f);
        sum += gradient_sum<logarithm>(held_y[g], held_dy[g]);
    }
    sum = team::template sum<0>(sum);
#pragma unroll
    for (int g = 0; g < GROUPS; g++)
        group_store(cut, dx, team::thread() + g * THREADS_A_ROW,
                    gradient<logarithm>(held_y[g], held_dy[g], sum));
}

/* --- long rows ------------------------------------------------------------------------------- */

extern __shared__ float4 kept_groups[];

/* Group g of x, from shared memory where it is kept. */
static __device__ inline float4 recall(const row_cut &cut, row_view<const float> x, int64_t g,
                                       const float4 *kept, int64_t kept_count) {
    return g < kept_count ? kept[g] : group_load(cut, x, g, 0.0f);
}

template <bool logarithm> static __device__ void forward_long(const struct softmax_arguments &a) {
    typedef row_team<LONG_THREADS> team;
    const row_cut cut(a.input, team::row(), a.columns);
    const row_view<const float> x = cut.view(a.input);
    const row_view<float> y = cut.view(a.output);
    struct row_statistics row = {-FLT_MAX, 0.0f};
    for (int64_t g = team::thread(); g < cut.groups(); g += LONG_THREADS) {
        const float4 v = group_load(cut, x, g, -INFINITY);
        if (g < a.kept)
            kept_groups[g] = v;
        row_add_group(&row, v);
    }
    row = team::template merge<0>(row);
    const float last = logarithm ? logf(row.sum) : 1.0f / row.sum;
    for (int64_t g = team::thread(); g < cut.groups(); g += LONG_THREADS) {
        const float4 v = recall(cut, x, g, kept_groups, a.kept);
        group_store(cut, y, g,
                    logarithm ? log_result(v, row.max, last)
                              : group_scale(group_exp(v, row.max), last));
    }
}

template <bool logarithm> static __device__ void backward_long(const struct softmax_arguments &a) {
    typedef row_team<LONG_THREADS> team;
    const row_cut cut(a.input, team::row(), a.columns);
    const row_view<const float> y = cut.view(a.input), dy = cut.view(a.dy);
    const row_view<float> dx = cut.view(a.output);
    float4 *const kept_dy = kept_groups, *const kept_y = kept_groups + a.kept;
    float sum = 0.0f;
    for (int64_t g = team::thread(); g < cut.groups(); g += LONG_THREADS) {
        const float4 v = group_load(cut, dy, g, 0.0f);
        const float4 w = logarithm ? v : group_load(cut, y, g, 0.0f);
        if (g < a.kept) {
            kept_dy[g] = v;
            if (!logarithm)
                kept_y[g] = w;
        }
        sum += gradient_sum<logarithm>(w, v);
    }
    sum = team::template sum<0>(sum);
    for (int64_t g = team::thread(); g < cut.groups(); g += LONG_THREADS) {
        const float4 v = recall(cut, dy, g, kept_dy, a.kept);
        const float4 w = recall(cut, y, g, kept_y, logarithm ? 0 : a.kept);
        group_store(cut, dx, g, gradient<logarithm>(w, v, sum));
    }
}

/* --- kernels --------------------------------------------------------------------------------- */

#define BLOCK_OF(threads) ((threads) == WARP_LANES ? WARP_ROWS * WARP_LANES : (threads))

/* Threads that a multiprocessor holds at least, going forward. Where nothing is promised, ptxas for
 * sm_120 rather spills a part of a row of eight groups a lane than gives up a block. */
#define FORWARD_RESIDENT 640

#define SOFTMAX_KERNELS(form, threads, groups, ...)                                                \
    extern "C" __global__ void __launch_bounds__(BLOCK_OF(threads),                                \
                                                 FORWARD_RESIDENT / BLOCK_OF(threads))             \
        softmax_vectorised_forward_##form(const struct softmax_arguments a) {                      \
        forward<false, threads, groups>(a);                                                        \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(BLOCK_OF(threads),                                \
                                                 FORWARD_RESIDENT / BLOCK_OF(threads))             \
        softmax_vectorised_log_forward_##form(const struct softmax_arguments a) {                  \
        forward<true, threads, groups>(a);                                                         \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(BLOCK_OF(threads))                                \
        softmax_vectorised_backward_##form(const struct softmax_arguments a) {                     \
        backward<false, threads, groups>(a);                                                       \
    }                                                                                              \
    extern "C" __global__ void __launch_bounds__(BLOCK_OF(threads))                                \
        softmax_vectorised_log_backward_##form(const struct softmax_arguments a) {                 \
        backward<true, threads, groups>(a);                                                        \
    }
ROW_FORM_LIST(SOFTMAX_KERNELS)

extern "C" __global__ void __launch_bounds__(LONG_THREADS)
    softmax_vectorised_forward_long(const struct softmax_arguments a) {
    forward_long<false>(a);
}

extern "C" __global__ void __launch_bounds__(LONG_THREADS)
    softmax_vectorised_log_forward_long(const struct softmax_arguments a) {
    forward_long<true>(a);
}

extern "C" __global__ void __launch_bounds__(LONG_THREADS)
    softmax_vectorised_backward_long(const struct softmax_arguments a) {
    backward_long<false>(a);
}

extern "C" __global__ void __launch_bounds__(LONG_THREADS)
    softmax_vectorised_log_backward_long(const struct softmax_arguments a) {
    backward_long<true>(a);
}
