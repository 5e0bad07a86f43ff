/* layernorm, rung 3: every element of x and dy is read once and of y or dx written once, 16 bytes at a
 * time.
 *
 * What it adds: a row stays where it was first read to, in registers, until the result is written.
 * Short rows have a warp each; longer ones 256 threads, as many registers as the row needs
 * (ROW_FORM_LIST). A block takes several rows, so that gamma and beta are read from memory once a
 * block, into shared memory. Means and deviations wait there too, and are written side by side.
 * Rows that no registers hold have a block of LONG_THREADS, which keeps the first `kept` groups of
 * the row in shared memory and reads again only what is beyond, and gamma and beta. The sums over
 * rows are those of the rung before.
 *
 * How few blocks are enough: fewer blocks read gamma and beta fewer times and leave more
 * multiprocessors idle. By Little's law a memory of 1.6 TB/s and 600 ns, an A100's, is busy with
 * 0.9 MB under way, half of it reads; one of 3.4 TB/s and 700 ns, an H100's, with 2.3 MB. A block
 * of SHARE_THREADS asks for all groups of its rows before it needs the first: 48 KiB at 768
 * columns, 32 KiB at 4096. So 79 blocks have 2.6 to 3.9 MB of reads under way. These are
 * estimates; no GPU has timed it.
 *
 * Grid: the rows over `share`, rounded up; long, the rows. Block: SHARE_THREADS, backward, which
 * reads two matrices, half of them; or LONG_THREADS. Shared memory: gamma and beta; of long, 16
 * `kept` bytes, and twice that backward.
 */
#include "kernels/reductions/row_groups.cuh"

/* gamma and beta, the same for every row. */
struct row_scale {
    const float *gamma, *beta;

    /* One of them, in the groups of a row. */
    static __device__ row_view<const float> beside(const row_cut &cut, const float *vector) {
        return {vector, (phase_of(vector) - cut.phase) % GROUP == 0};
    }
    __device__ float4 gamma_load(const row_cut &cut, int64_t g) const {
        return group_load(cut, beside(cut, gamma), g, 0.0f);
    }
    __device__ float4 beta_load(const row_cut &cut, int64_t g) const {
        return group_load(cut, beside(cut, beta), g, 0.0f);
    }
};

extern __shared__ float4 dynamic_groups[];

/* The rows that a block works on, and what it reads once for all of them. */
struct row_share {
    int64_t first, columns;
    int rows;
    row_scale scale; /* in shared memory, each from a sector's beginning on */

    __device__ row_share(const struct layernorm_arguments &a, bool with_beta)
        : first(blockIdx.x * a.share), columns(a.columns), rows((int)min(a.share, a.rows - first)) {
        float *const gamma = reinterpret_cast<float *>(dynamic_groups);
        float *const beta = gamma + (columns + SECTOR - 1) / SECTOR * SECTOR;
        for (int64_t j = threadIdx.x; j < columns; j += blockDim.x) {
            gamma[j] = a.gamma[j];
            if (with_beta)
                beta[j] = a.beta[j];
        }
        scale = {gamma, beta};
        __syncthreads();
    }

    /* Row i of them; beyond the last, one without elements, for teams that wait for others. */
    __device__ row_cut cut(const float *x, int i) const {
        return row_cut(x, first + i, i < rows ? columns : 0);
    }
};

static __device__ inline float dot(float4 x, float4 y) {
    return fmaf(x.x, y.x, x.y * y.y) + fmaf(x.z, y.z, x.w * y.w);
}

static __device__ inline float4 product(float4 x, float4 y) {
    return make_float4(x.x * y.x, x.y * y.y, x.z * y.z, x.w * y.w);
}

/* (x - mean) * factor; 0 outside the row. */
static __device__ inline float4 group_deviation(const row_cut &cut, int64_t g, float4 v, float mean,
                                                float factor) {
    const int64_t i = GROUP * g - cut.phase;
    return make_float4(cut.holds(i) ? (v.x - mean) * factor : 0.0f,
                       cut.holds(i + 1) ? (v.y - mean) * factor : 0.0f,
                       cut.holds(i + 2) ? (v.z - mean) * factor : 0.0f,
                       cut.holds(i + 3) ? (v.w - mean) * factor : 0.0f);
}

/* --- forward --------------------------------------------------------------------------------- */

/* Writes y of group g, whose elements' deviations are given. */
template <bool rms>
static __device__ inline void write_normal(const row_scale &scale, const row_cut &cut,
                                           row_view<float> y, int64_t g, float4 deviation,
                                           float rstd) {
    const float4 normal = group_scale(deviation, rstd);
    const float4 gamma = scale.gamma_load(cut, g);
    const float4 beta = rms ? make_float4(0.0f, 0.0f, 0.0f, 0.0f) : scale.beta_load(cut, g);
    group_store(cut, y, g,
                make_float4(fmaf(normal.x, gamma.x, beta.x), fmaf(normal.y, gamma.y, beta.y),
                            fmaf(normal.z, gamma.z, beta.z), fmaf(normal.w, gamma.w, beta.w)));
}

template <bool rms>
static __device__ inline void write_moments(const struct layernorm_arguments &a, int64_t row,
                                            float mean, float rstd) {
    if (!rms)
        a.mean[row] = mean;
    a.rstd[row] = rstd;
}

template <bool rms, int THREADS_A_ROW, int GROUPS>
static __device__ void forward(const struct layernorm_arguments &a) {
    typedef row_team<THREADS_A_ROW, SHARE_THREADS / THREADS_A_ROW> team;
    __shared__ float2 moments[SHARE_ROWS];
    const row_share share(a, !rms);
    for (int turn = 0; turn < share.rows; turn += team::count()) {
        const int i = turn + team::index();
        const row_cut cut = share.cut(a.x, i);
        const row_view<const float> x = cut.view(a.x);
        float4 held[GROUPS];
        float sum = 0.0f, squares = 0.0f;
#pragma unroll
        for (int g = 0; g < GROUPS; g++) {
            held[g] = group_load(cut, x, team::thread() + g * THREADS_A_ROW, 0.0f);
            sum += group_sum(held[g]);
        }
        const float mean = rms ? 0.0f : team::template sum<0>(sum) / a.columns;
#pragma unroll
        for (int g = 0; g < GROUPS; g++) {
            held[g] = group_deviation(cut, team::thread() + g * THREADS_A_ROW, held[g], mean, 1.0f);
            squares += dot(held[g], held[g]);
        }
        const float rstd = 1.0f / sqrtf(team::template sum<1>(squares) / a.columns + a.epsilon);
#pragma unroll
        for (int g = 0; g < GROUPS; g++)
            write_normal<rms>(share.scale, cut, cut.view(a.output),
                              team::thread() + g * THREADS_A_ROW, held[g], rstd);
        if (team::thread() == 0 && i < share.rows)
            moments[i] = {mean, rstd};
        if (rms)
            team::wait(); /* its only sum is also the next row's first */
    }
    __syncthreads();
    for (int i = threadIdx.x; i < share.rows; i += blockDim.x)
        write_moments<rms>(a, share.first + i, moments[i].x, moments[i].y);
}

/* --- backward -------------------------------------------------------------------------------- */

/* rstd (g - mean of g - h mean of g h). */
static __device__ inline float4 gradient(float4 g, float4 h, float g_mean, float gh_mean,
                                         float rstd) {
    return make_float4(
        rstd * fmaf(-h.x, gh_mean, g.x - g_mean), rstd * fmaf(-h.y, gh_mean, g.y - g_mean),
        rstd * fmaf(-h.z, gh_mean, g.z - g_mean), rstd * fmaf(-h.w, gh_mean, g.w - g_mean));
}

template <bool rms, int THREADS_A_ROW, int GROUPS>
static __device__ void backward(const struct layernorm_arguments &a) {
    typedef row_team<THREADS_A_ROW, SHARE_THREADS / 2 / THREADS_A_ROW> team;
    const row_share share(a, false);
    for (int turn = 0; turn < share.rows; turn += team::count()) {
        const int i = turn + team::index();
        const int64_t row = share.first + min(i, share.rows - 1);
        const row_cut cut = share.cut(a.x, i);
        const row_view<const float> x = cut.view(a.x), dy = cut.view(a.dy);
        const float mean = rms ? 0.0f : a.mean[row], rstd = a.rstd[row];
        float4 held_g[GROUPS], held_h[GROUPS];
        float g_sum = 0.0f, gh_sum = 0.0f;
#pragma unroll
        for (int k = 0; k < GROUPS; k++) {
            const int64_t g = team::thread() + k * THREADS_A_ROW;
            held_h[k] = group_deviation(cut, g, group_load(cut, x, g, 0.0f), mean, rstd);
            held_g[k] = product(group_load(cut, dy, g, 0.0f), share.scale.gamma_load(cut, g));
            g_sum += group_sum(held_g[k]);
            gh_sum += dot(held_g[k], held_h[k]);
        }
        const float g_mean = rms ? 0.0f : team::template sum<0>(g_sum) / a.columns;
        const float gh_mean = team::template sum<1>(gh_sum) / a.columns;
#pragma unroll
        for (int k = 0; k < GROUPS; k++)
            group_store(cut, cut.view(a.output), team::thread() + k * THREADS_A_ROW,
                        gradient(held_g[k], held_h[k], g_mean, gh_mean, rstd));
        if (rms)
            team::wait(); /* its only sum is also the next row's first */
    }
}

/* --- long rows ------------------------------------------------------------------------------- */

/* Group g of x, from shared memory where it is kept. */
static __device__ inline float4 recall(const row_cut &cut, row_view<const float> x, int64_t g,
                                       const float4 *kept, int64_t kept_count) {
    return g < kept_count ? kept[g] : group_load(cut, x, g, 0.0f);
}

template <bool rms> static __device__ void forward_long(const struct layernorm_arguments &a) {
    typedef row_team<LONG_THREADS> team;
    const row_cut cut(a.x, team::row(), a.columns);
    const row_view<const float> x = cut.view(a.x);
    const row_view<float> y = cut.view(a.output);
    float sum = 0.0f, squares = 0.0f;
    for (int64_t g = team::thread(); g < cut.groups(); g += LONG_THREADS) {
        const float4 v = group_load(cut, x, g, 0.0f);
        if (g < a.kept)
            dynamic_groups[g] = v;
        sum += group_sum(v);
    }
    const float mean = rms ? 0.0f : team::template sum<0>(sum) / a.columns;
    for (int64_t g = team::thread(); g < cut.groups(); g += LONG_THREADS) {
        const float4 v =
            group_deviation(cut, g, recall(cut, x, g, dynamic_groups, a.kept), mean, 1.0f);
        squares += dot(v, v);
    }
    const float rstd = 1.0f / sqrtf(team::template sum<1>(squares) / a.columns + a.epsilon);
    for (int64_t g = team::thread(); g < cut.groups(); g += LONG_THREADS)
        write_normal<rms>(
            {a.gamma, a.beta}, cut, y, g,
            group_deviation(cut, g, recall(cut, x, g, dynamic_groups, a.kept), mean, 1.0f), rstd);
    if (team::thread() == 0)
        write_moments<rms>(a, team::row(), mean, rstd);
}

template <bool rms> static __device__ void backward_long(const struct layernorm_arguments &a) {
    typedef row_team<LONG_THREADS> team;
    const row_cut cut(a.x, team::row(), a.columns);
    const row_view<const float> x = cut.view(a.x), dy = cut.view(a.dy);
    const row_scale scale = {a.gamma, NULL};
    const row_view<float> dx = cut.view(a.output);
    const float mean = rms ? 0.0f : a.mean[team::row()], rstd = a.rstd[team::row()];
    float4 *const kept_x = dynamic_groups, *const kept_dy = dynamic_groups + a.kept;
    float g_sum = 0.0f, gh_sum = 0.0f;
    for (int64_t k = team::thread(); k < cut.groups(); k += LONG_THREADS) {
        const float4 v = group_load(cut, x, k, 0.0f), w = group_load(cut, dy, k, 0.0f);
        if (k < a.kept) {
            kept_x[k] = v;
            kept_dy[k] = w;
        }
        const float4 g = product(w, scale.gamma_load(cut, k));
        g_sum += group_sum(g);
        gh_sum += dot(g, group_deviation(cut, k, v, mean, rstd));
    }
    const float g_mean = rms ? 0.0f : team::template sum<0>(g_sum) / a.columns;
    const float gh_mean = team::template sum<1>(gh_sum) / a.columns;
    for (int64_t k = team::thread(); k < cut.groups(); k += LONG_THREADS) {
        const float4 v = recall(cut, x, k, kept_x, a.kept), w = recall(cut, dy, k, kept_dy, a.kept);
        group_store(cut, dx, k,
                    gradient(product(w, scale.gamma_load(cut, k)),
                             group_deviation(cut, k, v, mean, rstd), g_mean, gh_mean, rstd));
    }
}

/* --- kernels --------------------------------------------------------------------------------- */

#define LAYERNORM_KERNEL(name, threads, function)                                                  \
    extern "C" __global__ void __launch_bounds__(threads)                                          \
        layernorm_vectorised_##name(const struct layernorm_arguments a) {                          \
        function(a);                                                                               \
    }
#define LAYERNORM_KERNELS(form, threads, groups, ...)                                              \
    LAYERNORM_KERNEL(forward_##form, SHARE_THREADS, (forward<false, threads, groups>))             \
    LAYERNORM_KERNEL(backward_##form, SHARE_THREADS / 2, (backward<false, threads, groups>))       \
    LAYERNORM_KERNEL(rms_forward_##form, SHARE_THREADS, (forward<true, threads, groups>))          \
    LAYERNORM_KERNEL(rms_backward_##form, SHARE_THREADS / 2, (backward<true, threads, groups>))
ROW_FORM_LIST(LAYERNORM_KERNELS)
LAYERNORM_KERNEL(forward_long, LONG_THREADS, forward_long<false>)
LAYERNORM_KERNEL(backward_long, LONG_THREADS, backward_long<false>)
LAYERNORM_KERNEL(rms_forward_long, LONG_THREADS, forward_long<true>)
LAYERNORM_KERNEL(rms_backward_long, LONG_THREADS, backward_long<true>)
