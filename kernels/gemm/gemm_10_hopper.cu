/* gemm, rung 10: Hopper's tensor cores, operands in bf16 or f16, sums in f32.
 *
 * What it adds: nobody who multiplies copies any more, and nobody who copies computes an address.
 * TMA moves boxes of a matrix by itself, wgmma reads them where they land, and mbarriers in shared
 * memory tell each side about the other.
 *
 * A block computes a tile of C of 128 x 256 (or 128 x 128) with three warpgroups of 128 threads:
 *   - one thread of the first is the producer. It asks TMA for the tiles of A and B along k, as far
 *     ahead as there are free slots in a ring of four;
 *   - the second and third are consumers. Each multiplies 64 rows of A by the whole tile of B, and
 *     has its sums in registers: 128 a thread. So the producer's warpgroup gives registers away.
 *
 * One round of the ring, for a slot:
 *   1. the producer waits until the slot is empty, announces its bytes at the barrier `full`, and
 *      starts the boxes that fill it;
 *   2. TMA counts the bytes that have landed; with the last one the phase of `full` ends;
 *   3. the consumers, waiting for that, issue four wgmma, each 16 of the slot's 64 along k, and leave
 *      them running while they wait for the next slot;
 *   4. with the products of the next slot issued, those of this one are waited for, and the consumer
 *      arrives at the barrier `empty`.
 *
 * Two blocks are a cluster. They compute tiles one above the other, which need the same tile of B:
 * each fetches half of it, and TMA writes that half to both blocks. So a slot is only empty when the
 * consumers of both blocks have left it.
 *
 * The sums go to C through shared memory, a panel of 64 x 32 at a time, from where TMA stores them
 * while the next panel is written. TMA also keeps to the edges: outside of A and B there are zeros,
 * outside of C nothing is written. So no other code here looks at an edge, and k counts as a whole
 * number of rounds of the ring: the parity of the round is that of all its barriers.
 *
 * A cluster takes one pair of tiles after another, until none is left. Pairs are numbered down
 * groups of eight pairs of rows, so that what runs at the same time shares tiles in the L2 cache.
 *
 * Grid: as many clusters as run at once, or as there are pairs. Block: HOPPER_THREADS. Dynamic
 * shared memory: HOPPER_SHARED(columns of the tile).
 */
#include "kernels/device.cuh"

#include "kernels/arguments.h"
#include "kernels/gemm/hopper.cuh"

enum { PANEL = 64, PANEL_BYTES = PANEL * HOPPER_DEPTH * 2, STEP = 16, STEPS = HOPPER_DEPTH / STEP };
enum { STORED = 32, STORED_BYTES = PANEL * STORED * 4 }; /* columns of a panel of C */
enum { CONSUMERS = 2, GROUP_THREADS = 128, GROUP_OF_PAIRS = 8, BLOCKS = HOPPER_CLUSTER };

extern __shared__ __align__(1024) char hopper_shared[];

template <class type, bool a_across, bool b_across, int columns> struct hopper_block {
    static const int A_PANELS = HOPPER_ROWS / PANEL, B_PANELS = columns / PANEL;
    static const int SLOT_BYTES = (A_PANELS + B_PANELS) * PANEL_BYTES;
    static const int STORES = HOPPER_SLOTS * SLOT_BYTES; /* where the panels of C begin */
    static const int BARRIERS = STORES + CONSUMERS * 2 * STORED_BYTES;
    static_assert(BARRIERS + 2 * HOPPER_SLOTS * 8 <= HOPPER_SHARED(columns), "it all fits");

    const struct gemm_hopper_arguments &g;
    const unsigned shared, rank;

    __device__ inline hopper_block(const struct gemm_hopper_arguments &arguments)
        : g(arguments), shared(shared_address(hopper_shared)), rank(cluster_rank()) {}

    __device__ inline unsigned full(unsigned slot) const {
        return shared + BARRIERS + slot * 16;
    }
    __device__ inline unsigned empty(unsigned slot) const {
        return full(slot) + 8;
    }
    __device__ inline unsigned a_in(unsigned slot) const {
        return shared + slot * SLOT_BYTES;
    }
    __device__ inline unsigned b_in(unsigned slot) const {
        return a_in(slot) + A_PANELS * PANEL_BYTES;
    }

    /* Full: the producer arrives, and the bytes. Empty: each consumer of each block. */
    __device__ inline void make_barriers() const {
        if (threadIdx.x == 0) {
            for (unsigned slot = 0; slot < HOPPER_SLOTS; slot++) {
                barrier_make(full(slot), 1);
                barrier_make(empty(slot), CONSUMERS * BLOCKS);
            }
            barriers_publish();
        }
        cluster_sync();
    }

    /* How often a tile of C takes the ring round: what lies beyond k arrives as zeros. */
    __device__ inline int rounds() const {
        const int depth = HOPPER_SLOTS * HOPPER_DEPTH;
        return (int)((g.gemm.k + depth - 1) / depth);
    }

    /* --- which tile ---------------------------------------------------------------------------- */

    /* Calls body(row, column) for each tile of C of this block. */
    template <class function> __device__ inline void each_tile(const function &body) const {
        const int pairs_down =
            (int)((g.gemm.m + BLOCKS * HOPPER_ROWS - 1) / (BLOCKS * HOPPER_ROWS));
        const int across = (int)((g.gemm.n + columns - 1) / columns);
        const int clusters = gridDim.x / BLOCKS;
        for (int pair = blockIdx.x / BLOCKS; pair < pairs_down * across; pair += clusters) {
            const int group = pair / (GROUP_OF_PAIRS * across) * GROUP_OF_PAIRS;
            const int within = pair % (GROUP_OF_PAIRS * across);
            const int high = min(pairs_down - group, (int)GROUP_OF_PAIRS);
            const int down = group + within % high;
            body((down * BLOCKS + (int)rank) * HOPPER_ROWS, within / high * columns);
        }
    }

    /* --- the producer -------------------------------------------------------------------------- */

    /* Where panel `number` of an operand begins, as TMA takes it: x along memory. */
    template <bool across> static __device__ inline int x_of(int k, int first, int number) {
        return across ? first + number * PANEL : k;
    }
    template <bool across> static __device__ inline int y_of(int k, int first, int number) {
        return across ? k : first + number * PANEL;
    }

    __device__ inline void fill(unsigned slot, int k, int row, int column) const {
        const unsigned short all = (1 << BLOCKS) - 1;
        barrier_expect(full(slot), SLOT_BYTES);
#pragma unroll
        for (int p = 0; p < A_PANELS; p++)
            box_load(a_in(slot) + p * PANEL_BYTES, &g.a, x_of<a_across>(k, row, p),
                     y_of<a_across>(k, row, p), full(slot));
#pragma unroll
        for (int half = 0; half < B_PANELS / BLOCKS; half++) {
            const int p = rank * (B_PANELS / BLOCKS) + half;
            box_load_all(b_in(slot) + p * PANEL_BYTES, &g.b, x_of<b_across>(k, column, p),
                         y_of<b_across>(k, column, p), full(slot), all);
        }
    }

    __device__ inline void produce() const {
        unsigned parity = 1; /* at first every slot is empty */
        each_tile([&](int row, int column) {
            const int end = rounds();
            for (int round = 0; round < end; round++, parity ^= 1)
                for (unsigned slot = 0; slot < HOPPER_SLOTS; slot++) {
                    barrier_wait(empty(slot), parity);
                    fill(slot, (round * HOPPER_SLOTS + slot) * HOPPER_DEPTH, row, column);
                }
        });
    }

    /* --- a consumer ---------------------------------------------------------------------------- */

    /* From one step along k to the next, in bytes. */
    static const int A_STEP = a_across ? STEP * PANEL * 2 : STEP * 2;
    static const int B_STEP = b_across ? STEP * PANEL * 2 : STEP * 2;

    /* The operands of all products of the ring: the loop computes no address. */
    struct operands {
        uint64_t a[HOPPER_SLOTS][STEPS], b[HOPPER_SLOTS][STEPS];
    };

    __device__ inline void find_operands(operands &all, int consumer) const {
        unrolled<HOPPER_SLOTS * STEPS>::each([&](auto n) {
            const int slot = n.value / STEPS, step = n.value % STEPS;
            const unsigned a = a_in(slot) + consumer * PANEL_BYTES + step * A_STEP;
            all.a[slot][step] = operand_at(a, PANEL_BYTES);
            all.b[slot][step] = operand_at(b_in(slot) + step * B_STEP, PANEL_BYTES);
            keep(all.a[slot][step]);
            keep(all.b[slot][step]);
        });
    }

    /* Tells the producers of all blocks. */
    __device__ inline void leave(unsigned slot) const {
        if (threadIdx.x % GROUP_THREADS < BLOCKS)
            barrier_arrive(empty(slot), threadIdx.x % GROUP_THREADS);
    }

    /* The products of one tile of C; all of them are done. A slot is left when those of the next
     * are under way. */
    __device__ inline void multiply_all(float (&sums)[columns / 2], const operands &all,
                                        unsigned &parity) const {
        int end = rounds();
        keep(end);
        for (int round = 0; round < end; round++) {
            unrolled<HOPPER_SLOTS>::each([&](auto slot) {
                barrier_wait(full(slot.value), parity);
                products_begin();
                type::template multiply<a_across, b_across>(sums, all.a[slot.value],
                                                            all.b[slot.value]);
                products_commit();
                products_wait<1>();
                if (slot.value > 0 || round > 0)
                    leave((slot.value + HOPPER_SLOTS - 1) % HOPPER_SLOTS);
            });
            parity ^= 1;
        }
        products_wait<0>();
        if (end > 0)
            leave(HOPPER_SLOTS - 1);
    }

    /* Two neighbours of a row of C, scaled; beta C is added where C is read. */
    template <bool reads>
    __device__ inline float2 scale(float left, float right, int row, int column) const {
        float2 pair = {g.gemm.alpha * left, g.gemm.alpha * right};
        const float *c = g.gemm.c + row * g.gemm.ldc + column;
        if (reads && row < g.gemm.m) {
            if (column < g.gemm.n)
                pair.x = fmaf(g.gemm.beta, c[0], pair.x);
            if (column + 1 < g.gemm.n)
                pair.y = fmaf(g.gemm.beta, c[1], pair.y);
        }
        return pair;
    }

    /* A panel of C to shared memory, swizzled as TMA expects it: chunk c of line l at c xor l % 8. */
    template <bool reads>
    __device__ inline void put_panel(char *to, const float *sums, int row, int column) const {
        const int warp = threadIdx.x / WARP_LANES % 4, lane = threadIdx.x % WARP_LANES;
#pragma unroll
        for (int i = 0; i < STORED / 8; i++)
#pragma unroll
            for (int half = 0; half < 2; half++) {
                const int line = warp * 16 + half * 8 + lane / 4, in_line = i * 8 + lane % 4 * 2;
                const int chunk = in_line / 4 ^ line % 8;
                *(float2 *)(to + line * STORED * 4 + chunk * 16 + in_line % 4 * 4) =
                    scale<reads>(sums[i * 4 + half * 2], sums[i * 4 + half * 2 + 1], row + line,
                                 column + in_line);
            }
    }

    /* The sums to C. Two panels take turns: while TMA reads one the other is written. */
    template <bool reads>
    __device__ inline void store(const float (&sums)[columns / 2], int row, int column,
                                 int consumer) const {
        const bool leads = threadIdx.x % GROUP_THREADS == 0;
        const int first = STORES + consumer * 2 * STORED_BYTES;
        unrolled<columns / STORED>::each([&](auto panel) {
            const int at = first + panel.value % 2 * STORED_BYTES;
            if (leads)
                boxes_wait<1>();
            threads_meet(1 + consumer, GROUP_THREADS);
            put_panel<reads>(hopper_shared + at, sums + panel.value * STORED / 2, row,
                             column + panel.value * STORED);
            stores_publish();
            threads_meet(1 + consumer, GROUP_THREADS);
            if (leads)
                box_store(shared + at, &g.c, column + panel.value * STORED, row);
        });
    }

    __device__ inline void consume(int consumer) const {
        unsigned parity = 0;
        operands all;
        find_operands(all, consumer);
        each_tile([&](int row, int column) {
            float sums[columns / 2] = {};
            multiply_all(sums, all, parity);
            if (g.gemm.beta == 0.0f)
                store<false>(sums, row + consumer * PANEL, column, consumer);
            else
                store<true>(sums, row + consumer * PANEL, column, consumer);
        });
        if (threadIdx.x % GROUP_THREADS == 0)
            boxes_wait<0>();
    }
};

template <class type, bool a_across, bool b_across, int columns>
static __device__ void gemm_hopper(const struct gemm_hopper_arguments &g) {
    const hopper_block<type, a_across, b_across, columns> block(g);
    const int group = threadIdx.x / GROUP_THREADS;
    block.make_barriers();
    if (group == 0) {
        registers_give<40>();
        if (threadIdx.x == 0)
            block.produce();
    } else {
        registers_take<232>();
        block.consume(group - 1);
    }
    cluster_sync(); /* nobody may write to a block that has ended */
}

#define GEMM_HOPPER_KERNEL(type, name, a_across, b_across, columns)                                \
    extern "C" __global__ void __cluster_dims__(HOPPER_CLUSTER, 1, 1)                              \
        __launch_bounds__(HOPPER_THREADS, 1) gemm_hopper_##type##_##name##_##columns(              \
            const __grid_constant__ struct gemm_hopper_arguments arguments) {                      \
        gemm_hopper<hopper_##type, a_across, b_across, columns>(arguments);                        \
    }

/* By whether the elements of A, and of B, lie across k. */
#define GEMM_HOPPER_KERNELS(type, columns)                                                         \
    GEMM_HOPPER_KERNEL(type, nn, false, true, columns)                                             \
    GEMM_HOPPER_KERNEL(type, nt, false, false, columns)                                            \
    GEMM_HOPPER_KERNEL(type, tn, true, true, columns)

GEMM_HOPPER_KERNELS(bf16, 256)
GEMM_HOPPER_KERNELS(bf16, 128)
GEMM_HOPPER_KERNELS(f16, 256)
GEMM_HOPPER_KERNELS(f16, 128)
