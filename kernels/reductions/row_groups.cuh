/* Rows in groups of four elements, 16 bytes an access, and their reductions: the vectorised rungs'
 * tool for softmax and cross_entropy.
 *
 * A row of any length starts anywhere. It is cut from the 32-byte boundary (a sector of memory)
 * below its start on: group g holds the elements from 4 g - phase on, where `phase` elements lie
 * between that boundary and the start. So only groups at the two ends can be partial; those are
 * accessed element by element, what lies outside the row reads as a value that changes nothing, all
 * other groups are one access, and a warp's access begins with a sector. The phase is that of the
 * row's input; a buffer that lies otherwise to 16 bytes has all its groups accessed element by
 * element.
 *
 * A team is the threads that share a row: a warp, or a block of more than one warp.
 */
#ifndef LOCKSTEP_KERNELS_REDUCTIONS_ROW_GROUPS_CUH
#define LOCKSTEP_KERNELS_REDUCTIONS_ROW_GROUPS_CUH

#include "kernels/vector_store.cuh"
#include "kernels/warp_reduce.cuh"

static const int GROUP = 4, SECTOR = 8; /* elements */

static __device__ inline int phase_of(const float *row) {
    return (int)((uintptr_t)row / sizeof(float) % SECTOR);
}

/* The row that a thread's team works on, in one buffer. */
template <class element> struct row_view {
    element *row;
    bool grouped; /* its groups are aligned */
};

struct row_cut {
    int64_t first; /* the row's first element in its matrix */
    int64_t columns;
    int phase;

    __device__ row_cut(const float *input, int64_t row, int64_t columns)
        : first(row * columns), columns(columns), phase(phase_of(input + row * columns)) {}

    template <class element> __device__ row_view<element> view(element *matrix) const {
        return {matrix + first, (phase_of(matrix + first) - phase) % GROUP == 0};
    }
    __device__ bool holds(int64_t i) const {
        return i >= 0 && i < columns;
    }
    __device__ int64_t groups() const {
        return (columns + phase + GROUP - 1) / GROUP;
    }
};

static __device__ inline float4 group_load(const row_cut &cut, row_view<const float> x, int64_t g,
                                           float outside) {
    const int64_t i = GROUP * g - cut.phase;
    if (x.grouped && i >= 0 && i + GROUP <= cut.columns)
        return *reinterpret_cast<const float4 *>(x.row + i);
    return make_float4(cut.holds(i) ? x.row[i] : outside, cut.holds(i + 1) ? x.row[i + 1] : outside,
                       cut.holds(i + 2) ? x.row[i + 2] : outside,
                       cut.holds(i + 3) ? x.row[i + 3] : outside);
}

static __device__ inline void group_store(const row_cut &cut, row_view<float> y, int64_t g,
                                          float4 v) {
    const int64_t i = GROUP * g - cut.phase;
    if (y.grouped && i >= 0 && i + GROUP <= cut.columns) {
        store_vector(y.row + i, v);
        return;
    }
    if (cut.holds(i))
        y.row[i] = v.x;
    if (cut.holds(i + 1))
        y.row[i + 1] = v.y;
    if (cut.holds(i + 2))
        y.row[i + 2] = v.z;
    if (cut.holds(i + 3))
        y.row[i + 3] = v.w;
}

static __device__ inline float group_max(float4 v) {
    return fmaxf(fmaxf(v.x, v.y), fmaxf(v.z, v.w));
}

static __device__ inline float group_sum(float4 v) {
    return (v.x + v.y) + (v.z + v.w);
}

static __device__ inline float4 group_exp(float4 v, float max) {
    return make_float4(expf(v.x - max), expf(v.y - max), expf(v.z - max), expf(v.w - max));
}

static __device__ inline float4 group_scale(float4 v, float factor) {
    return make_float4(v.x * factor, v.y * factor, v.z * factor, v.w * factor);
}

/* max(x) and sum exp(x - max) with four more elements; warp_reduce.cuh has the starting value. */
static __device__ inline void row_add_group(struct row_statistics *row, float4 v) {
    const float max = fmaxf(row->max, group_max(v));
    row->sum = fmaf(row->sum, expf(row->max - max), group_sum(group_exp(v, max)));
    row->max = max;
}

/* --- teams ----------------------------------------------------------------------------------- */

/* TEAMS: at most so many in a block, which go through their barriers together. */
template <int THREADS_A_ROW, int TEAMS = 1> struct row_team {
    static const int WARPS = THREADS_A_ROW / WARP_LANES;
    static_assert(THREADS_A_ROW % WARP_LANES == 0 && WARPS <= WARP_LANES,
                  "one lane of a warp can read each warp's part");

    static __device__ int64_t row() {
        return WARPS == 1 ? warp_row() : (int64_t)blockIdx.x;
    }
    static __device__ int thread() {
        if (WARPS == 1)
            return warp_lane();
        return TEAMS == 1 ? (int)threadIdx.x : (int)threadIdx.x % THREADS_A_ROW;
    }
    /* Which of the block's teams this is, and how many they are. */
    static __device__ int index() {
        return threadIdx.x / THREADS_A_ROW;
    }
    static __device__ int count() {
        return blockDim.x / THREADS_A_ROW;
    }
    /* For all teams of the block, where they have a barrier at all. */
    static __device__ void wait() {
        if (WARPS > 1)
            __syncthreads();
    }

    /* The results are known to every thread. Each call site has shared memory of its own (`site`),
     * so that one barrier a reduction is enough. */
    template <int site> static __device__ float max(float value) {
        value = warp_max(value);
        return WARPS == 1 ? value : warp_max(gather<site>(value, -INFINITY));
    }
    template <int site> static __device__ float sum(float value) {
        value = warp_sum(value);
        return WARPS == 1 ? value : warp_sum(gather<site>(value, 0.0f));
    }
    template <int site> static __device__ struct row_statistics merge(struct row_statistics row) {
        row = warp_row_merge(row);
        if (WARPS == 1)
            return row;
        const float part_max = gather<site>(row.max, -FLT_MAX);
        return warp_row_merge({part_max, gather<site + 1>(row.sum, 0.0f)});
    }

  private:
    /* Lane i of every warp gets warp i's value, lanes beyond the warps get `outside`. */
    template <int site> static __device__ float gather(float value, float outside) {
        __shared__ float parts[TEAMS * WARPS];
        if (warp_lane() == 0)
            parts[threadIdx.x / WARP_LANES] = value;
        __syncthreads();
        const int first = TEAMS == 1 ? 0 : index() * WARPS;
        return warp_lane() < WARPS ? parts[first + warp_lane()] : outside;
    }
};

#endif
