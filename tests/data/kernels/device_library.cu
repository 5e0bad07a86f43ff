// What device code takes from CUDA's own libraries: the heap, random numbers, groups of several
// warps, algorithms of a warp, the C++ standard library.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include <cub/warp/warp_merge_sort.cuh>
#include <cub/warp/warp_reduce.cuh>
#include <cuda/std/array>
#include <cuda/std/complex>
#include <cuda/std/tuple>
#include <curand_kernel.h>

namespace groups = cooperative_groups;

// Philox by position, as the library's own reference tests have it.
extern "C" __global__ void random_philox(unsigned *out) {
    curandStatePhilox4_32_10_t generator;
    curand_init(1234ull, threadIdx.x, 0, &generator);
    uint4 numbers = curand4(&generator);
    out[4 * threadIdx.x] = numbers.x;
    out[4 * threadIdx.x + 1] = numbers.y;
    out[4 * threadIdx.x + 2] = numbers.z;
    out[4 * threadIdx.x + 3] = numbers.w;
}

// XORWOW with skips ahead, and the mean of many normal numbers.
extern "C" __global__ void random_normal(float *mean) {
    curandState generator;
    curand_init(42ull, threadIdx.x, 7, &generator);
    float sum = 0;
    for (int i = 0; i < 64; i++) {
        float2 pair = curand_normal2(&generator);
        sum += pair.x + pair.y;
    }
    atomicAdd(mean, sum / (128.0f * blockDim.x));
}

extern "C" __global__ void group_scan(const int *in, int *out) {
    auto tile = groups::tiled_partition<16>(groups::this_thread_block());
    out[threadIdx.x] = groups::inclusive_scan(tile, in[threadIdx.x]);
    out[64 + threadIdx.x] = groups::exclusive_scan(tile, in[threadIdx.x], groups::plus<int>());
}

extern "C" __global__ void warp_sort(const int *in, int *out) {
    using Sort = cub::WarpMergeSort<int, 2, 32>;
    __shared__ typename Sort::TempStorage storage;
    int keys[2] = {in[2 * threadIdx.x], in[2 * threadIdx.x + 1]};
    Sort(storage).Sort(keys, [](int a, int b) { return a < b; });
    out[2 * threadIdx.x] = keys[0];
    out[2 * threadIdx.x + 1] = keys[1];
}

extern "C" __global__ void standard_library(float *out) {
    cuda::std::complex<float> z(0.3f, (float)threadIdx.x / 8);
    cuda::std::array<int, 4> numbers = {4, 3, 2, 1};
    cuda::std::tuple<int, float> pair(numbers[threadIdx.x % 4], 0.5f);
    z = z * z + cuda::std::complex<float>(1, -1);
    out[2 * threadIdx.x] = z.real() + cuda::std::get<1>(pair);
    out[2 * threadIdx.x + 1] = z.imag() + (float)cuda::std::get<0>(pair);
}
