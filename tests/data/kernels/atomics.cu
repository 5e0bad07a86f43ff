// Atomics of every kind, on global and shared memory, and the memory model's orders.
#include <cuda/atomic>
#include <cuda_fp16.h>

extern "C" __global__ void histogram(const unsigned char *in, int count, unsigned *out) {
    __shared__ unsigned bins[256];
    for (int i = threadIdx.x; i < 256; i += blockDim.x)
        bins[i] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)
        atomicAdd(&bins[in[i]], 1u);
    __syncthreads();
    for (int i = threadIdx.x; i < 256; i += blockDim.x)
        atomicAdd(&out[i], bins[i]);
}

// Every thread of 256 takes part in each. Preset: min 1000, max 0, and all ones, or 0, xor 0, the
// rest 0.
struct atomic_results {
    int minimum, maximum;
    unsigned conjunction, disjunction, parity, wrapped_up, wrapped_down;
    int exchanged;
    unsigned long long wide;
    long long wide_minimum;
    float single_sum;
    float padding;
    double double_sum;
    int swaps;
    unsigned old_sum;
};

extern "C" __global__ void atomics(atomic_results *results) {
    int t = threadIdx.x;
    atomicMin(&results->minimum, 500 - t);
    atomicMax(&results->maximum, t * 3);
    atomicAnd(&results->conjunction, ~(1u << (t % 8)));
    atomicOr(&results->disjunction, 1u << (t % 16));
    atomicXor(&results->parity, (unsigned)t);
    unsigned old = atomicInc(&results->wrapped_up, 99);
    atomicAdd(&results->old_sum, old);
    atomicDec(&results->wrapped_down, 9);
    atomicExch(&results->exchanged, 7);
    atomicAdd(&results->wide, (1ull << 32) + 1);
    atomicMin(&results->wide_minimum, -(long long)t << 33);
    atomicAdd(&results->single_sum, 0.5f);
    atomicAdd(&results->double_sum, 0.25);
    // A sum by compare and swap, as one writes it where the device has no such atomic.
    int seen = results->swaps, expected;
    do {
        expected = seen;
        seen = atomicCAS(&results->swaps, expected, expected + t);
    } while (seen != expected);
}

extern "C" __global__ void atomics_shared(int *out, float *single_out) {
    __shared__ int sums[4];
    __shared__ float single;
    __shared__ unsigned long long wide;
    if (threadIdx.x < 4)
        sums[threadIdx.x] = 0;
    if (threadIdx.x == 0) {
        single = 0;
        wide = 0;
    }
    __syncthreads();
    int *generic = threadIdx.x % 2 ? &sums[threadIdx.x % 4] : &out[8 + threadIdx.x % 4];
    atomicAdd(generic, (int)threadIdx.x); // neither space is known at compile time
    atomicAdd(&single, 1.5f);
    atomicAdd(&wide, 1ull << 33);
    __syncthreads();
    if (threadIdx.x < 4)
        out[threadIdx.x] = sums[threadIdx.x];
    if (threadIdx.x == 0) {
        *single_out = single;
        out[4] = (int)(wide >> 33);
    }
}

extern "C" __global__ void atomics_half(__half2 *pairs, __half *single) {
    atomicAdd(pairs, __floats2half2_rn(1.0f, 0.5f));
    atomicAdd(single, __float2half(0.25f));
}

// Blocks hand a ticket on, each waiting for its turn: with acquire and release at the scope of the
// device.
extern "C" __global__ void tickets(int *turn, int *order, int *data) {
    if (threadIdx.x == 0) {
        cuda::atomic_ref<int, cuda::thread_scope_device> now(*turn);
        while (now.load(cuda::memory_order_acquire) != (int)blockIdx.x)
            __nanosleep(20);
        order[blockIdx.x] = ++*data;
        now.store((int)blockIdx.x + 1, cuda::memory_order_release);
    }
}

// The last block to arrive finishes the work, as reductions over a grid do.
extern "C" __global__ void last_block(const int *in, int *partial, unsigned *arrived, int *out) {
    __shared__ bool last;
    int sum = in[blockIdx.x * 32 + threadIdx.x];
#if __CUDA_ARCH__ >= 800
    sum = __reduce_add_sync(0xFFFFFFFF, sum);
#else
    for (int step = 16; step > 0; step /= 2)
        sum += __shfl_xor_sync(0xFFFFFFFF, sum, step);
#endif
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = sum;
        __threadfence();
        last = atomicAdd(arrived, 1) == gridDim.x - 1;
    }
    __syncthreads();
    if (last && threadIdx.x == 0) {
        int total = 0;
        for (unsigned i = 0; i < gridDim.x; i++)
            total += ((volatile int *)partial)[i];
        *out = total;
    }
}

// One lock for all threads, those of one warp too.
extern "C" __global__ void spin_lock(int *lock, int *counter) {
    bool done = false;
    while (!done) {
        if (atomicCAS(lock, 0, 1) == 0) {
            __threadfence();
            *(volatile int *)counter = *(volatile int *)counter + 1;
            __threadfence();
            atomicExch(lock, 0);
            done = true;
        }
    }
}

// The form that livelocks before Volta: the lock is awaited in a loop of its own.
extern "C" __global__ void spin_lock_plain(int *lock, int *counter) {
    while (atomicCAS(lock, 0, 1) != 0) {}
    __threadfence();
    *(volatile int *)counter = *(volatile int *)counter + 1;
    __threadfence();
    atomicExch(lock, 0);
}
