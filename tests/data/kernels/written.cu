/* Pairs of kernels. With WRITTEN all values that are used were written; without it one write is
 * missing. The line that uses what nothing has written is marked with the kernel's name, which
 * tests/emulator/execute/test_written.c reads. The host has written `memory` and not `fresh`. */

#define PAIR(name)                                                                                 \
    template <bool WRITTEN>                                                                        \
    static __device__ __forceinline__ void name(unsigned *memory, unsigned *fresh);                \
    extern "C" __global__ void name##_written(unsigned *memory, unsigned *fresh) {                 \
        name<true>(memory, fresh);                                                                 \
    }                                                                                              \
    extern "C" __global__ void name##_lacking(unsigned *memory, unsigned *fresh) {                 \
        name<false>(memory, fresh);                                                                \
    }                                                                                              \
    template <bool WRITTEN>                                                                        \
    static __device__ __forceinline__ void name(unsigned *memory, unsigned *fresh)

enum { WARP = 32, THREADS = 64 };

/* ---- Structs, which have gaps between their members ---- */

struct mixed {
    double value;
    char letter;
};

PAIR(struct_with_gaps) {
    __shared__ mixed things[THREADS];
    things[threadIdx.x].value = threadIdx.x;
    if (WRITTEN)
        things[threadIdx.x].letter = 'a';
    __syncthreads();
    ((mixed *)memory)[threadIdx.x] = things[THREADS - 1 - threadIdx.x]; /* uses: struct_with_gaps */
}

struct alignas(16) point {
    float x, y, z;
};

PAIR(struct_with_a_tail) {
    __shared__ point points[THREADS];
    points[threadIdx.x].x = points[threadIdx.x].y = 1;
    if (WRITTEN)
        points[threadIdx.x].z = 2;
    __syncthreads();
    point *copies = (point *)memory;
    copies[threadIdx.x] = points[THREADS - 1 - threadIdx.x];
    __syncthreads();
    if (copies[threadIdx.x ^ 1].z > 1) /* uses: struct_with_a_tail */
        memory[THREADS * 4 + threadIdx.x] = 1;
}

struct alignas(16) pair {
    unsigned key;
    alignas(8) unsigned char kind;
};

/* The copy takes the whole struct through a vector, if something of it was written. */
PAIR(struct_as_a_vector) {
    __shared__ pair pairs[THREADS];
    if (WRITTEN)
        pairs[threadIdx.x].key = 1;
    __syncthreads();
    const uint4 *words = (const uint4 *)pairs + THREADS - 1 - threadIdx.x;
    ((uint4 *)memory)[threadIdx.x] = *words; /* uses: struct_as_a_vector */
}

/* A vector that one lane lacks a part of is no struct. */
PAIR(copies_of_vectors) {
    __shared__ alignas(16) float words[4 * THREADS];
    for (unsigned k = 0; k < 4; k++)
        if (WRITTEN || 4 * threadIdx.x + k < 4 * THREADS - 1)
            words[4 * threadIdx.x + k] = k;
    __syncthreads();
    ((float4 *)memory)[threadIdx.x] = ((float4 *)words)[threadIdx.x]; /* uses: copies_of_vectors */
}

/* What is computed from a part of a vector is no copy. */
PAIR(sums_as_a_vector) {
    __shared__ alignas(16) float words[4 * THREADS];
    for (unsigned k = 0; k < (WRITTEN ? 4 : 3); k++)
        words[4 * threadIdx.x + k] = k;
    __syncthreads();
    float4 four = *(const float4 *)&words[4 * (threadIdx.x ^ 1)];
    four.x += 1, four.y += 1, four.z += 1, four.w += 1;
    ((float4 *)memory)[threadIdx.x] = four; /* uses: sums_as_a_vector */
}

/* ---- Vectors of which a part was written ---- */

PAIR(part_of_a_vector) {
    __shared__ alignas(16) float words[4 * THREADS];
    words[4 * threadIdx.x] = 1;
    if (WRITTEN)
        words[4 * threadIdx.x + 1] = 2;
    __syncthreads();
    const float4 four = *(const float4 *)&words[4 * threadIdx.x];
    ((float *)memory)[threadIdx.x] = four.x + four.y; /* uses: part_of_a_vector */
}

/* ---- Local arrays ---- */

PAIR(local_array) {
    unsigned words[8];
    for (unsigned k = 0; k < (WRITTEN ? 8 : 7); k++)
        words[(k + memory[THREADS]) % 8] = k;
    memory[threadIdx.x] = words[(threadIdx.x + memory[THREADS]) % 8]; /* uses: local_array */
}

PAIR(local_branch) {
    unsigned words[8];
    for (unsigned k = 0; k < (WRITTEN ? 8 : 7); k++)
        words[(k + memory[THREADS]) % 8] = k;
    if (words[(threadIdx.x + memory[THREADS]) % 8] > 3) /* uses: local_branch */
        memory[threadIdx.x] = 1;
    else
        atomicAdd(memory, 1);
}

/* ---- Lanes ---- */

/* What a shuffle brings from beyond the row is dropped. */
PAIR(shuffle_beyond_a_row) {
    __shared__ unsigned words[THREADS];
    if (threadIdx.x % WARP < 20)
        words[threadIdx.x] = 1;
    __syncwarp();
    unsigned value = words[threadIdx.x];
    const unsigned other = __shfl_down_sync(~0u, value, 4);
    if (threadIdx.x % WARP < (WRITTEN ? 16 : 20))
        memory[threadIdx.x] = value + other; /* uses: shuffle_beyond_a_row */
}

PAIR(shuffle_from_who_left) {
    if (threadIdx.x % WARP >= 16)
        return;
    const unsigned other = __shfl_xor_sync(0xffff, threadIdx.x, WRITTEN ? 8 : 16);
    memory[threadIdx.x] = other; /* uses: shuffle_from_who_left */
}

PAIR(sums_of_few_warps) {
    __shared__ unsigned sums[WARP];
    const unsigned sum = __reduce_add_sync(~0u, threadIdx.x);
    if (threadIdx.x % WARP == 0)
        sums[threadIdx.x / WARP] = sum;
    __syncthreads();
    if (threadIdx.x < WARP) {
        const unsigned value = threadIdx.x < (WRITTEN ? 2 : 3) ? sums[threadIdx.x] : 0;
        memory[threadIdx.x] = __reduce_add_sync(~0u, value); /* uses: sums_of_few_warps */
    }
}

PAIR(histogram_not_zeroed) {
    __shared__ unsigned bins[THREADS];
    if (WRITTEN)
        bins[threadIdx.x] = 0;
    __syncthreads();
    atomicAdd(&bins[memory[threadIdx.x] % THREADS], 1); /* uses: histogram_not_zeroed */
    __syncthreads();
    memory[threadIdx.x] = bins[threadIdx.x];
}

/* ---- Edges of tiles ---- */

PAIR(edge_of_a_tile) {
    __shared__ unsigned tile[THREADS];
    if (threadIdx.x < 50)
        tile[threadIdx.x] = memory[threadIdx.x];
    else if (WRITTEN)
        tile[threadIdx.x] = 0;
    __syncthreads();
    unsigned sum = 0;
    for (unsigned k = 0; k < THREADS; k++)
        sum += tile[k];
    memory[threadIdx.x] = sum; /* uses: edge_of_a_tile */
}

/* Beyond the edge the copy writes zeros, and reads nothing. */
PAIR(copy_fills_with_zeros) {
    __shared__ unsigned tile[THREADS];
    const unsigned to = (unsigned)__cvta_generic_to_shared(&tile[threadIdx.x]);
    const unsigned bytes = threadIdx.x < 50 ? 4 : 0;
    const unsigned *from = bytes > 0 ? memory + threadIdx.x : memory;
    if (WRITTEN || bytes > 0)
        asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(from), "r"(bytes)
                     : "memory");
    asm volatile("cp.async.wait_all;" ::: "memory");
    __syncthreads();
    memory[threadIdx.x] = tile[THREADS - 1 - threadIdx.x]; /* uses: copy_fills_with_zeros */
}

PAIR(copy_of_a_part) {
    __shared__ alignas(16) unsigned tile[4 * THREADS];
    const unsigned to = (unsigned)__cvta_generic_to_shared(&tile[4 * threadIdx.x]);
    const unsigned *from = WRITTEN ? memory : fresh;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, 8;" ::"r"(to), "l"(from) : "memory");
    asm volatile("cp.async.wait_all;" ::: "memory");
    const unsigned *own = &tile[4 * threadIdx.x];
    memory[threadIdx.x] = own[1] + own[3]; /* uses: copy_of_a_part */
}

/* ---- Memory of the host's and the heap's ---- */

PAIR(fresh_memory) {
    if (WRITTEN)
        fresh[threadIdx.x] = threadIdx.x;
    const unsigned value = fresh[threadIdx.x] + 1;
    memory[threadIdx.x] = value > 3 ? value : 5; /* uses: fresh_memory */
}

PAIR(fresh_and_dropped) {
    const unsigned value = fresh[threadIdx.x];
    memory[threadIdx.x] = WRITTEN || threadIdx.x < 5 ? 5 : value; /* uses: fresh_and_dropped */
}

PAIR(heap_memory) {
    unsigned *words = (unsigned *)malloc(8);
    words[0] = threadIdx.x;
    if (WRITTEN)
        words[1] = 1;
    memory[threadIdx.x] = words[memory[THREADS] + 1]; /* uses: heap_memory */
    free(words);
}
