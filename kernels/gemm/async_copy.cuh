/* Copies from global to shared memory that pass no register and that nobody waits for until it must
 * (cp.async, compute capability 8.0; PTX ISA, "Data Movement and Conversion Instructions:
 * cp.async").
 */
#ifndef LOCKSTEP_KERNELS_GEMM_ASYNC_COPY_CUH
#define LOCKSTEP_KERNELS_GEMM_ASYNC_COPY_CUH

#include "kernels/device.cuh"

/* What cp.async takes as its destination. */
static __device__ inline unsigned async_address(const void *shared) {
    return (unsigned)__cvta_generic_to_shared(shared);
}

/* Copies `bytes` bytes, 16 or 4; writes zeros, and does not look at `from`, unless `exists`. The
 * 16-byte copy passes by the L1 cache. */
template <int bytes>
static __device__ inline void async_copy(unsigned to, const float *from, bool exists) {
    static_assert(bytes == 16 || bytes == 4, "a chunk or one element");
    const int copied = exists ? bytes : 0;
    if (bytes == 16)
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                     :
                     : "r"(to), "l"(from), "r"(copied)
                     : "memory");
    else
        asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;"
                     :
                     : "r"(to), "l"(from), "r"(copied)
                     : "memory");
}

/* Ends a group of the thread's copies; an empty one counts too. */
static __device__ inline void async_commit() {
    asm volatile("cp.async.commit_group;" : : : "memory");
}

/* Waits for all of the thread's groups but the last `pending`. */
template <int pending> static __device__ inline void async_wait() {
    asm volatile("cp.async.wait_group %0;" : : "n"(pending) : "memory");
}

#endif
