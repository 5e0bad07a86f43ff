/* Pairs of kernels. With ORDERED all accesses are ordered; without it one barrier, fence, wait or
 * mask is missing, and two accesses race. Their lines are marked with the kernel's name, which
 * tests/emulator/execute/test_ordered.c reads. Each thread has a word of memory, and more follow. */
#include <cooperative_groups.h>
#include <cuda/atomic>

namespace cg = cooperative_groups;

#define PAIR_OF(name, attributes)                                                                  \
    template <bool ORDERED> static __device__ __forceinline__ void name(unsigned *memory);         \
    extern "C" __global__ void attributes name##_ordered(unsigned *memory) {                       \
        name<true>(memory);                                                                        \
    }                                                                                              \
    extern "C" __global__ void attributes name##_racing(unsigned *memory) {                        \
        name<false>(memory);                                                                       \
    }                                                                                              \
    template <bool ORDERED> static __device__ __forceinline__ void name(unsigned *memory)
#define PAIR(name) PAIR_OF(name, )
#define PAIR_IN_CLUSTERS(name) PAIR_OF(name, __cluster_dims__(2))
#define PAIR_OF_BLOCKS(name) PAIR_OF(name, )

enum { WARP = 32, THREADS = 64 };

static __device__ void store_barrier(unsigned barrier, unsigned count) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(count) : "memory");
}

static __device__ void arrive(unsigned barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

static __device__ void wait(unsigned barrier, unsigned parity) {
    unsigned done = 0;
    while (!done)
        asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
                     "selp.u32 %0, 1, 0, p; }"
                     : "=r"(done)
                     : "r"(barrier), "r"(parity)
                     : "memory");
}

static __device__ unsigned place(const void *at) {
    return (unsigned)__cvta_generic_to_shared(at);
}

/* ---- Atomics: who has observed all others goes on alone ---- */

PAIR(ticket_reset) {
    __shared__ unsigned ticket;
    if (threadIdx.x == 0)
        ticket = 0;
    __syncthreads();
    const unsigned mine = atomicAdd(&ticket, 1); /* races: ticket_reset */
    if (mine == (ORDERED ? blockDim.x - 1 : blockDim.x - 2))
        ticket = 0; /* races: ticket_reset */
    memory[threadIdx.x] = mine;
}

PAIR(ticket_of_warps) {
    __shared__ unsigned ticket;
    if (threadIdx.x == 0)
        ticket = 0;
    __syncthreads();
    if (threadIdx.x % WARP == 0) {
        const unsigned mine = atomicAdd(&ticket, 1); /* races: ticket_of_warps */
        if (mine == (ORDERED ? 1 : 0))
            memory[0] = *(volatile unsigned *)&ticket + mine,
            ticket = 0; /* races: ticket_of_warps */
    }
}

/* Who has seen by a strong read that all have come is behind their atomics, and resets the ticket. */
PAIR(ticket_polled) {
    __shared__ unsigned ticket;
    if (threadIdx.x == 0)
        ticket = 0;
    __syncthreads();
    if (threadIdx.x < WARP) {
        atomicAdd(&ticket, 1); /* races: ticket_polled */
    } else {
        while (*(volatile unsigned *)&ticket < WARP && ORDERED) {}
        asm volatile("" ::: "memory");
        memory[threadIdx.x] = ticket; /* races: ticket_polled */
    }
}

/* What other lanes have written before their atomics, the last one's has not ordered. */
PAIR(ticket_without_fence) {
    __shared__ unsigned ticket, words[THREADS];
    if (threadIdx.x == 0)
        ticket = 0;
    __syncthreads();
    words[threadIdx.x] = threadIdx.x; /* races: ticket_without_fence */
    if (ORDERED)
        __threadfence_block();
    if (atomicAdd(&ticket, 1) == blockDim.x - 1) {
        if (ORDERED)
            __threadfence_block();
        unsigned sum = 0;
        for (unsigned k = 0; k < THREADS; k++)
            sum += words[k]; /* races: ticket_without_fence */
        memory[0] = sum;
    }
}

PAIR(histogram) {
    __shared__ unsigned bins[THREADS];
    bins[threadIdx.x] = 0;
    __syncthreads();
    atomicAdd(&bins[memory[threadIdx.x] % THREADS], 1); /* races: histogram */
    if (ORDERED)
        __syncthreads();
    memory[threadIdx.x] = bins[threadIdx.x]; /* races: histogram */
}

PAIR(histogram_of_zeros) {
    __shared__ unsigned bins[THREADS];
    bins[THREADS - 1 - threadIdx.x] = 0; /* races: histogram_of_zeros */
    if (ORDERED)
        __syncthreads();
    atomicAdd(&bins[memory[threadIdx.x] % THREADS], 1); /* races: histogram_of_zeros */
    __syncthreads();
    memory[threadIdx.x] = bins[threadIdx.x];
}

PAIR(spin_lock) {
    __shared__ unsigned lock, sum;
    if (threadIdx.x == 0)
        lock = sum = 0;
    __syncthreads();
    if (threadIdx.x % WARP == 0) {
        while (atomicCAS(&lock, 0, 1) != 0) {}
        __threadfence_block();
        sum += threadIdx.x + 1; /* races: spin_lock */
        if (ORDERED)
            __threadfence_block();
        atomicExch(&lock, 0);
    }
    __syncthreads();
    if (threadIdx.x == 0)
        memory[0] = sum;
}

PAIR(volatile_flag) {
    __shared__ unsigned flag, word;
    if (threadIdx.x == 0)
        flag = 0;
    __syncthreads();
    if (threadIdx.x == 0) {
        word = memory[1]; /* races: volatile_flag */
        if (ORDERED)
            __threadfence_block();
        *(volatile unsigned *)&flag = 1;
    } else if (threadIdx.x == WARP) {
        while (*(volatile unsigned *)&flag == 0) {}
        __threadfence_block();
        memory[0] = word; /* races: volatile_flag */
    }
}

PAIR(released_flag) {
    __shared__ unsigned flag, word;
    if (threadIdx.x == 0)
        flag = 0;
    __syncthreads();
    cuda::atomic_ref<unsigned, cuda::thread_scope_block> to(flag);
    if (threadIdx.x == 0) {
        word = memory[1]; /* races: released_flag */
        to.store(1, cuda::memory_order_release);
    } else if (threadIdx.x == WARP) {
        while (to.load(ORDERED ? cuda::memory_order_acquire : cuda::memory_order_relaxed) == 0) {}
        memory[0] = word; /* races: released_flag */
    }
}

/* ---- Barriers of the block ---- */

PAIR(sums_of_warps_twice) {
    __shared__ unsigned sums[2];
    unsigned value = memory[threadIdx.x];
    for (int turn = 0; turn < 2; turn++) {
        value = __reduce_add_sync(~0u, value);
        if (threadIdx.x % WARP == 0)
            sums[threadIdx.x / WARP] = value + turn; /* races: sums_of_warps_twice */
        __syncthreads();
        value = sums[0] + sums[1]; /* races: sums_of_warps_twice */
        if (ORDERED)
            __syncthreads();
    }
    memory[threadIdx.x] = value;
}

PAIR(scan_in_place) {
    __shared__ unsigned words[THREADS];
    words[threadIdx.x] = memory[threadIdx.x];
    __syncthreads();
    for (unsigned step = 1; step < THREADS; step *= 2) {
        const unsigned before =
            threadIdx.x >= step ? words[threadIdx.x - step] : 0; /* races: scan_in_place */
        if (ORDERED)
            __syncthreads();
        words[threadIdx.x] += before + 1; /* races: scan_in_place */
        __syncthreads();
    }
    memory[threadIdx.x] = words[threadIdx.x];
}

PAIR(tile_in_a_loop) {
    __shared__ unsigned tile[THREADS];
    unsigned sum = 0;
    for (unsigned turn = 0; turn < 3; turn++) {
        tile[threadIdx.x] = memory[threadIdx.x] + turn; /* races: tile_in_a_loop */
        __syncthreads();
        sum += tile[THREADS - 1 - threadIdx.x]; /* races: tile_in_a_loop */
        if (ORDERED)
            __syncthreads();
    }
    memory[threadIdx.x] = sum;
}

/* A word for all is written anew while some still read it. */
PAIR(word_for_all) {
    __shared__ unsigned word;
    unsigned sum = 0;
    for (unsigned turn = 0; turn < 3; turn++) {
        if (threadIdx.x == 0)
            word = memory[turn] + turn; /* races: word_for_all */
        __syncthreads();
        sum += word; /* races: word_for_all */
        __syncwarp();
        if (ORDERED)
            __syncthreads();
    }
    memory[threadIdx.x + THREADS] = sum;
}

enum { EMPTY = 1, FULL = 2, FULL_AGAIN = 3 };

template <int BARRIER> static __device__ void meet() {
    asm volatile("bar.sync %0, 64;" ::"n"(BARRIER) : "memory");
}

template <int BARRIER> static __device__ void come_by() {
    asm volatile("bar.arrive %0, 64;" ::"n"(BARRIER) : "memory");
}

/* One warp fills a buffer, the other empties it, twice. */
PAIR(named_barriers) {
    __shared__ unsigned words[WARP];
    const unsigned lane = threadIdx.x % WARP;
    for (unsigned turn = 0; turn < 2; turn++) {
        if (threadIdx.x < WARP) {
            if (ORDERED && turn > 0)
                meet<EMPTY>();
            words[lane] = lane + turn; /* races: named_barriers */
            turn == 0 ? come_by<FULL>() : come_by<FULL_AGAIN>();
        } else {
            turn == 0 ? meet<FULL>() : meet<FULL_AGAIN>();
            memory[lane] = words[WARP - 1 - lane]; /* races: named_barriers */
            if (turn == 0)
                come_by<EMPTY>();
        }
    }
}

PAIR(last_of_the_block) {
    __shared__ bool is_last;
    if (threadIdx.x == 0)
        is_last = atomicAdd(memory + 8, 1) == gridDim.x - 1; /* races: last_of_the_block */
    if (ORDERED)
        __syncthreads();
    if (is_last) /* races: last_of_the_block */
        memory[threadIdx.x % 8] = 1;
}

/* ---- Barriers of warps ---- */

PAIR(sum_of_a_warp) {
    __shared__ unsigned words[WARP];
    if (threadIdx.x >= WARP)
        return;
    words[threadIdx.x] = memory[threadIdx.x];
    __syncwarp();
    for (unsigned step = WARP / 2; step > 0; step /= 2) {
        if (threadIdx.x < step)
            words[threadIdx.x] += words[threadIdx.x + step] + 1; /* races: sum_of_a_warp */
        if (ORDERED)
            __syncwarp();
    }
    if (threadIdx.x == 0)
        memory[0] = words[0];
}

/* A shuffle brings lanes together, and orders none of what they have stored. */
PAIR(shuffle_for_a_barrier) {
    __shared__ unsigned words[THREADS];
    words[threadIdx.x] = threadIdx.x; /* races: shuffle_for_a_barrier */
    if (ORDERED)
        __syncwarp();
    const unsigned other = __shfl_xor_sync(~0u, threadIdx.x, 1);
    memory[threadIdx.x] = words[other]; /* races: shuffle_for_a_barrier */
}

PAIR(tile_of_a_group) {
    __shared__ unsigned words[THREADS];
    const auto tile = cg::tiled_partition<16>(cg::this_thread_block());
    words[threadIdx.x] = threadIdx.x; /* races: tile_of_a_group */
    if (ORDERED)
        tile.sync();
    memory[threadIdx.x] = words[threadIdx.x ^ 15]; /* races: tile_of_a_group */
}

/* Eight lanes meet, and one of them reads what another eight have stored. */
PAIR(tile_too_small) {
    __shared__ unsigned words[THREADS];
    const auto tile = cg::tiled_partition < ORDERED ? 16 : 8 > (cg::this_thread_block());
    words[threadIdx.x] = threadIdx.x; /* races: tile_too_small */
    tile.sync();
    memory[threadIdx.x] = words[threadIdx.x ^ 15]; /* races: tile_too_small */
}

PAIR(lanes_of_a_branch) {
    __shared__ unsigned words[THREADS];
    if (threadIdx.x % 2 == 0) {
        const auto active = cg::coalesced_threads();
        words[threadIdx.x] = threadIdx.x; /* races: lanes_of_a_branch */
        if (ORDERED)
            active.sync();
        memory[threadIdx.x] = words[threadIdx.x ^ 2]; /* races: lanes_of_a_branch */
    }
}

PAIR(mask_of_half_a_warp) {
    __shared__ unsigned words[THREADS];
    words[threadIdx.x] = threadIdx.x; /* races: mask_of_half_a_warp */
    __syncwarp(ORDERED ? ~0u : threadIdx.x % WARP < 16 ? 0xffffu : 0xffff0000u);
    memory[threadIdx.x] = words[threadIdx.x ^ 16]; /* races: mask_of_half_a_warp */
}

/* ---- mbarriers ---- */

struct stage {
    unsigned long long full, empty;
    unsigned words[WARP];
};

static __device__ void open_stage(stage *stage) {
    if (threadIdx.x == 0) {
        store_barrier(place(&stage->full), WARP);
        store_barrier(place(&stage->empty), WARP);
    }
    __syncthreads();
}

PAIR(full_stage) {
    __shared__ stage stage;
    open_stage(&stage);
    const unsigned lane = threadIdx.x % WARP;
    if (threadIdx.x < WARP) {
        stage.words[lane] = lane; /* races: full_stage */
        arrive(place(&stage.full));
    } else {
        if (ORDERED)
            wait(place(&stage.full), 0);
        memory[lane] = stage.words[WARP - 1 - lane]; /* races: full_stage */
    }
}

PAIR(empty_stage) {
    __shared__ stage stage;
    open_stage(&stage);
    const unsigned lane = threadIdx.x % WARP;
    for (unsigned turn = 0; turn < 2; turn++) {
        if (threadIdx.x < WARP) {
            if (ORDERED)
                wait(place(&stage.empty), turn ^ 1);
            stage.words[lane] = lane + turn; /* races: empty_stage */
            arrive(place(&stage.full));
        } else {
            wait(place(&stage.full), turn);
            memory[lane] = stage.words[WARP - 1 - lane]; /* races: empty_stage */
            arrive(place(&stage.empty));
        }
    }
}

/* One lane waits for its warp. */
PAIR(elected_waits) {
    __shared__ stage stage;
    open_stage(&stage);
    const unsigned lane = threadIdx.x % WARP;
    if (threadIdx.x >= WARP) {
        stage.words[lane] = lane; /* races: elected_waits */
        arrive(place(&stage.full));
    } else {
        if (lane == 0)
            wait(place(&stage.full), 0);
        if (ORDERED)
            __syncwarp();
        memory[lane] = stage.words[WARP - 1 - lane]; /* races: elected_waits */
    }
}

PAIR(elected_polls) {
    __shared__ unsigned flag, words[WARP];
    const unsigned lane = threadIdx.x % WARP;
    if (threadIdx.x == 0)
        flag = 0;
    __syncthreads();
    if (threadIdx.x >= WARP) {
        words[lane] = lane; /* races: elected_polls */
        __syncwarp();
        __threadfence_block();
        if (lane == 0)
            atomicExch(&flag, 1);
    } else {
        if (lane == 0)
            while (*(volatile unsigned *)&flag == 0) {}
        __threadfence_block();
        if (ORDERED)
            __syncwarp();
        memory[lane] = words[WARP - 1 - lane]; /* races: elected_polls */
    }
}

/* ---- Copies ---- */

static __device__ void copy(unsigned *to, const unsigned *from) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(place(to)), "l"(from) : "memory");
}

static __device__ void commit() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}

template <int GROUPS> static __device__ void wait_groups() {
    asm volatile("cp.async.wait_group %0;" ::"n"(GROUPS) : "memory");
}

/* The next tile comes while this one is read; behind the last one no copy is under way. */
PAIR(double_buffer) {
    __shared__ unsigned tiles[2][THREADS];
    unsigned sum = 0;
    copy(&tiles[0][threadIdx.x], memory + threadIdx.x);
    commit();
    for (unsigned turn = 0; turn < 3; turn++) {
        copy(&tiles[(turn + 1) % 2][threadIdx.x], memory + threadIdx.x); /* races: double_buffer */
        commit();
        wait_groups<1>();
        __syncthreads();
        sum += tiles[turn % 2][THREADS - 1 - threadIdx.x]; /* races: double_buffer */
        if (ORDERED)
            __syncthreads();
    }
    wait_groups<0>();
    memory[threadIdx.x + THREADS] = sum;
}

PAIR(one_group_too_few) {
    __shared__ unsigned tiles[2][THREADS];
    copy(&tiles[0][threadIdx.x], memory + threadIdx.x); /* races: one_group_too_few */
    commit();
    copy(&tiles[1][threadIdx.x], memory + threadIdx.x);
    commit();
    wait_groups<ORDERED ? 1 : 2>();
    __syncthreads();
    memory[threadIdx.x + THREADS] =
        tiles[0][THREADS - 1 - threadIdx.x]; /* races: one_group_too_few */
    wait_groups<0>();
}

PAIR(copy_told_to_mbarrier) {
    __shared__ unsigned tile[THREADS];
    __shared__ unsigned long long barrier;
    if (threadIdx.x == 0)
        store_barrier(place(&barrier), THREADS);
    __syncthreads();
    copy(&tile[threadIdx.x], memory + threadIdx.x); /* races: copy_told_to_mbarrier */
    asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(place(&barrier))
                 : "memory");
    if (ORDERED)
        wait(place(&barrier), 0);
    else
        __syncthreads();
    memory[threadIdx.x + THREADS] =
        tile[THREADS - 1 - threadIdx.x]; /* races: copy_told_to_mbarrier */
    wait_groups<0>();
    asm volatile("cp.async.wait_all;" ::: "memory");
}

static __device__ void store_bulk(unsigned *to, const void *from, unsigned bytes) {
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;\n"
                 "cp.async.bulk.commit_group;" ::"l"(to),
                 "r"(place(from)), "r"(bytes)
                 : "memory");
}

static __device__ void fence_proxy() {
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

/* The tile is filled anew when the copy has read it. */
PAIR(bulk_store_reads) {
    __shared__ alignas(128) unsigned tile[THREADS];
    for (unsigned turn = 0; turn < 2; turn++) {
        tile[threadIdx.x] = threadIdx.x + turn; /* races: bulk_store_reads */
        fence_proxy();
        __syncthreads();
        if (threadIdx.x == 0) {
            store_bulk(memory + turn * THREADS, tile, sizeof tile); /* races: bulk_store_reads */
            if (ORDERED)
                asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
        }
        __syncthreads();
    }
    asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
}

static __device__ void store_matrix(unsigned *tile) {
    asm volatile("stmatrix.sync.aligned.m8n8.x1.shared.b16 [%0], {%1};" ::"r"(place(tile) +
                                                                              threadIdx.x % 8 * 16),
                 "r"(threadIdx.x)
                 : "memory");
}

PAIR(matrix_without_proxy) {
    __shared__ alignas(128) unsigned tile[WARP];
    if (threadIdx.x < WARP) {
        store_matrix(tile); /* races: matrix_without_proxy */
        if (ORDERED)
            fence_proxy();
        __syncwarp();
        if (threadIdx.x == 0) {
            store_bulk(memory, tile, sizeof tile); /* races: matrix_without_proxy */
            asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
        }
    }
}

/* ---- Shared memory of a cluster ---- */

PAIR_IN_CLUSTERS(neighbour_reads) {
    __shared__ unsigned words[THREADS];
    const auto cluster = cg::this_cluster();
    words[threadIdx.x] = threadIdx.x; /* races: neighbour_reads */
    if (ORDERED)
        cluster.sync();
    const unsigned *other = cluster.map_shared_rank(words, cluster.block_rank() ^ 1);
    memory[threadIdx.x] = other[threadIdx.x]; /* races: neighbour_reads */
    cluster.sync();
}

PAIR_IN_CLUSTERS(neighbour_has_read) {
    __shared__ unsigned words[THREADS];
    const auto cluster = cg::this_cluster();
    words[threadIdx.x] = threadIdx.x;
    cluster.sync();
    const unsigned *other = cluster.map_shared_rank(words, cluster.block_rank() ^ 1);
    memory[threadIdx.x] = other[threadIdx.x]; /* races: neighbour_has_read */
    if (ORDERED)
        cluster.sync();
    words[threadIdx.x] = memory[threadIdx.x] + 1; /* races: neighbour_has_read */
    memory[threadIdx.x + THREADS] = words[threadIdx.x];
    cluster.sync();
}

static __device__ void store_far(unsigned *word, unsigned long long *barrier) {
    asm volatile(
        "{ .reg .b64 to, of; cvta.to.shared::cluster.u64 to, %0; cvta.to.shared::cluster.u64 of, "
        "%1;\n"
        "st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [to], 7, [of]; }" ::"l"(word),
        "l"(barrier)
        : "memory");
}

/* A store across the cluster is there when the other's mbarrier has counted its bytes. */
PAIR_IN_CLUSTERS(store_to_neighbour) {
    __shared__ unsigned word;
    __shared__ unsigned long long barrier;
    const auto cluster = cg::this_cluster();
    if (threadIdx.x == 0) {
        store_barrier(place(&barrier), 1);
        asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], 4;" ::"r"(place(&barrier))
                     : "memory");
    }
    cluster.sync();
    if (threadIdx.x == 0) {
        const unsigned other = cluster.block_rank() ^ 1;
        unsigned *const to = cluster.map_shared_rank(&word, other);
        store_far(to, cluster.map_shared_rank(&barrier, other)); /* races: store_to_neighbour */
    }
    if (ORDERED)
        wait(place(&barrier), 0);
    else
        cluster.sync();
    memory[threadIdx.x] = word; /* races: store_to_neighbour */
    wait(place(&barrier), 0);
    cluster.sync();
}

/* ---- Global memory between blocks ---- */

enum { LAST = 3, FLAGS = 256, SUMS = 320, LOCK = 384 };

/* Each block waits for the sum of the one before. */
PAIR_OF_BLOCKS(look_back) {
    volatile unsigned *flags = memory + FLAGS;
    if (threadIdx.x != 0)
        return;
    unsigned sum = blockIdx.x + 1;
    if (blockIdx.x > 0) {
        while (flags[blockIdx.x - 1] == 0) {}
        __threadfence();
        sum += memory[SUMS + blockIdx.x - 1]; /* races: look_back */
    }
    memory[SUMS + blockIdx.x] = sum; /* races: look_back */
    if (ORDERED)
        __threadfence();
    flags[blockIdx.x] = 1;
}

PAIR_OF_BLOCKS(look_back_without_acquire) {
    volatile unsigned *flags = memory + FLAGS;
    if (threadIdx.x != 0)
        return;
    unsigned sum = blockIdx.x + 1;
    if (blockIdx.x > 0) {
        while (flags[blockIdx.x - 1] == 0) {}
        if (ORDERED)
            __threadfence();
        sum += memory[SUMS + blockIdx.x - 1]; /* races: look_back_without_acquire */
    }
    memory[SUMS + blockIdx.x] = sum; /* races: look_back_without_acquire */
    __threadfence();
    flags[blockIdx.x] = 1;
}

PAIR_OF_BLOCKS(last_block) {
    if (threadIdx.x != 0)
        return;
    memory[SUMS + blockIdx.x] = blockIdx.x; /* races: last_block */
    if (ORDERED)
        __threadfence();
    if (atomicAdd(memory + FLAGS, 1) != LAST)
        return;
    __threadfence();
    unsigned sum = 0;
    for (unsigned k = 0; k <= LAST; k++)
        sum += memory[SUMS + k]; /* races: last_block */
    memory[0] = sum;
    memory[FLAGS] = 0;
}

/* A fence for the block orders nothing between blocks. */
PAIR_OF_BLOCKS(fence_of_a_block) {
    if (threadIdx.x != 0)
        return;
    memory[SUMS + blockIdx.x] = blockIdx.x; /* races: fence_of_a_block */
    if (ORDERED)
        __threadfence();
    else
        __threadfence_block();
    if (atomicAdd(memory + FLAGS, 1) != LAST)
        return;
    __threadfence();
    memory[0] = memory[SUMS] + memory[SUMS + 1]; /* races: fence_of_a_block */
}

/* Nor is an atomic for the block one for others. */
PAIR_OF_BLOCKS(atomic_of_a_block) {
    if (ORDERED)
        atomicAdd(memory + FLAGS, threadIdx.x);
    else
        atomicAdd_block(memory + FLAGS, threadIdx.x); /* races: atomic_of_a_block */
}

PAIR_OF_BLOCKS(lock_of_blocks) {
    if (threadIdx.x != 0)
        return;
    while (atomicCAS(memory + LOCK, 0, 1) != 0) {}
    __threadfence();
    memory[SUMS] += blockIdx.x + 1; /* races: lock_of_blocks */
    if (ORDERED)
        __threadfence();
    atomicExch(memory + LOCK, 0);
}

PAIR_OF_BLOCKS(grid_barrier) {
    memory[blockIdx.x * THREADS + threadIdx.x] = threadIdx.x; /* races: grid_barrier */
    __syncthreads();
    if (threadIdx.x == 0) {
        if (ORDERED)
            __threadfence();
        atomicAdd(memory + FLAGS, 1);
        while (*(volatile unsigned *)(memory + FLAGS) <= LAST) {}
        __threadfence();
    }
    __syncthreads();
    const unsigned other = (blockIdx.x + 1) % (LAST + 1);
    memory[SUMS + THREADS * (1 + blockIdx.x) + threadIdx.x] =
        memory[other * THREADS + threadIdx.x]; /* races: grid_barrier */
}

PAIR_OF_BLOCKS(released_to_blocks) {
    if (threadIdx.x != 0)
        return;
    cuda::atomic_ref<unsigned, cuda::thread_scope_device> flag(memory[FLAGS]);
    if (blockIdx.x == 0) {
        memory[SUMS] = 5; /* races: released_to_blocks */
        flag.store(1, ORDERED ? cuda::memory_order_release : cuda::memory_order_relaxed);
    } else {
        while (flag.load(cuda::memory_order_acquire) == 0) {}
        memory[blockIdx.x] = memory[SUMS]; /* races: released_to_blocks */
    }
}
