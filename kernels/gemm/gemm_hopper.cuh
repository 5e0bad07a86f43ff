/* gemm, rung 10: Hopper's tensor cores, operands in bf16 or f16, sums in f32.
 *
 * What it adds: nobody who multiplies copies any more, and nobody who copies computes an address.
 * TMA moves boxes of a matrix by itself, wgmma reads them where they land, and mbarriers in shared
 * memory tell each side about the other.
 *
 * A block computes a tile of C, usually of 128 x 256, with three warpgroups of 128 threads:
 *   - one thread of the first is the producer. It asks TMA for the tiles of A and B along k, as far
 *     ahead as there are free slots in a ring;
 *   - the second and third are consumers. Each multiplies half of the rows of A by the whole tile of
 *     B, and has its sums in registers: 128 a thread. So the producer's warpgroup gives registers
 *     away.
 *
 * One round of the ring, for a slot:
 *   1. the producer waits until the slot is empty, announces its bytes at the barrier `full`, and
 *      starts the boxes that fill it;
 *   2. TMA counts the bytes that have landed; with the last one the phase of `full` ends;
 *   3. the consumers, waiting for that, issue their wgmma, each for 64 rows and 16 of the slot's 64
 *      along k, and leave them running while they wait for the next slot;
 *   4. with the products of the next slot issued, those of this one are waited for, and the consumer
 *      arrives at the barrier `empty`.
 *
 * Blocks of a cluster compute tiles one above the other, a stack. They need the same tile of B: each
 * of two fetches half of it, and TMA writes that half to both. So a slot is only empty when the
 * consumers of all blocks have left it.
 *
 * The sums go to C through shared memory, a panel of 64 x 32 at a time, from where TMA stores them
 * while the next panel is written. TMA also keeps to the edges: outside of A and B there are zeros,
 * outside of C nothing is written. So no other code here looks at an edge, and k counts as a whole
 * number of rounds of the ring: the parity of the round is that of all its barriers.
 *
 * A cluster takes one stack of tiles after another, until none is left. Stacks are numbered down
 * groups of eight rows of them, so that what runs at the same time shares tiles in the L2 cache.
 *
 * Tile, slots and blocks of a cluster are a form (HOPPER_FORMS_… in kernels/arguments.h). A file
 * gemm_10_hopper_<tile>.cu has the kernels of a tile, and kernels/gemm/gemm_hopper.c picks a form.
 *
 * Grid: as many clusters as run at once, or as there are stacks. Block: HOPPER_THREADS. Dynamic
 * shared memory: HOPPER_SHARED() of the form.
 */
#ifndef LOCKSTEP_KERNELS_GEMM_GEMM_HOPPER_CUH
#define LOCKSTEP_KERNELS_GEMM_GEMM_HOPPER_CUH

#include "kernels/device.cuh"

#include "kernels/arguments.h"
#include "kernels/gemm/hopper.cuh"

enum { PANEL = 64, PANEL_BYTES = PANEL * HOPPER_DEPTH * 2, STEP = 16, STEPS = HOPPER_DEPTH / STEP };
enum { STORED = 32, STORED_BYTES = PANEL * STORED * 4 }; /* columns of a panel of C */
enum { CONSUMERS = 2, GROUP_THREADS = 128, GROUP_OF_STACKS = 8 };

extern __shared__ __align__(1024) char hopper_shared[];

template <int rows_, int columns_, int slots_, int blocks_> struct hopper_form {
    static const int ROWS = rows_, COLUMNS = columns_, SLOTS = slots_, BLOCKS = blocks_;
};

template <class type, bool a_across, bool b_across, class form> struct hopper_block {
    static const int ROWS = form::ROWS, COLUMNS = form::COLUMNS;
    static const int SLOTS = form::SLOTS, BLOCKS = form::BLOCKS;
    static const int A_PANELS = ROWS / PANEL, B_PANELS = COLUMNS / PANEL;
    static const int A_EACH = A_PANELS / CONSUMERS;
    static const int SLOT_BYTES = (A_PANELS + B_PANELS) * PANEL_BYTES;
    static const int STORES = SLOTS * SLOT_BYTES; /* where the panels of C begin */
    static const int BARRIERS = STORES + CONSUMERS * 2 * STORED_BYTES;
    static_assert(BARRIERS + 2 * SLOTS * 8 <= HOPPER_SHARED(ROWS, COLUMNS, SLOTS), "it all fits");

    /* A consumer's sums, 64 rows of its tile after the other. */
    typedef float sums_of_tile[A_EACH][COLUMNS / 2];

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
            for (unsigned slot = 0; slot < SLOTS; slot++) {
                barrier_make(full(slot), 1);
                barrier_make(empty(slot), CONSUMERS * BLOCKS);
            }
            barriers_publish();
        }
        cluster_sync();
    }

    /* How often a tile of C takes the ring round: what lies beyond k arrives as zeros. */
    __device__ inline int rounds() const {
        const int depth = SLOTS * HOPPER_DEPTH;
        return (int)((g.gemm.k + depth - 1) / depth);
    }

    /* --- which tile ---------------------------------------------------------------------------- */

    /* Calls body(row, column) for each tile of C of this block. */
    template <class function> __device__ inline void each_tile(const function &body) const {
        const int stacks_down = (int)((g.gemm.m + BLOCKS * ROWS - 1) / (BLOCKS * ROWS));
        const int across = (int)((g.gemm.n + COLUMNS - 1) / COLUMNS);
        const int clusters = gridDim.x / BLOCKS;
        for (int stack = blockIdx.x / BLOCKS; stack < stacks_down * across; stack += clusters) {
            const int group = stack / (GROUP_OF_STACKS * across) * GROUP_OF_STACKS;
            const int within = stack % (GROUP_OF_STACKS * across);
            const int high = min(stacks_down - group, (int)GROUP_OF_STACKS);
            const int down = group + within % high;
            body((down * BLOCKS + (int)rank) * ROWS, within / high * COLUMNS);
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
        for (int part = 0; part < B_PANELS / BLOCKS; part++) {
            const int p = rank * (B_PANELS / BLOCKS) + part;
            const unsigned to = b_in(slot) + p * PANEL_BYTES;
            const int x = x_of<b_across>(k, column, p), y = y_of<b_across>(k, column, p);
            if (BLOCKS > 1)
                box_load_all(to, &g.b, x, y, full(slot), all);
            else
                box_load(to, &g.b, x, y, full(slot));
        }
    }

    __device__ inline void produce() const {
        unsigned parity = 1; /* at first every slot is empty */
        each_tile([&](int row, int column) {
            const int end = rounds();
            for (int round = 0; round < end; round++, parity ^= 1)
#pragma unroll 1 /* so that 40 registers do */
                for (unsigned slot = 0; slot < SLOTS; slot++) {
                    barrier_wait(empty(slot), parity);
                    fill(slot, (round * SLOTS + slot) * HOPPER_DEPTH, row, column);
                }
        });
    }

    /* --- a consumer ---------------------------------------------------------------------------- */

    /* From one step along k to the next, in bytes. */
    static const int A_STEP = a_across ? STEP * PANEL * 2 : STEP * 2;
    static const int B_STEP = b_across ? STEP * PANEL * 2 : STEP * 2;

    /* The operands of all products of the ring: the loop computes no address. */
    struct operands {
        uint64_t a[SLOTS][A_EACH][STEPS], b[SLOTS][STEPS];
    };

    __device__ inline void find_operands(operands &all, int consumer) const {
        unrolled<SLOTS * STEPS>::each([&](auto n) {
            const int slot = n.value / STEPS, step = n.value % STEPS;
            all.b[slot][step] = operand_at(b_in(slot) + step * B_STEP, PANEL_BYTES);
            keep(all.b[slot][step]);
#pragma unroll
            for (int p = 0; p < A_EACH; p++) {
                const unsigned panel = a_in(slot) + (consumer * A_EACH + p) * PANEL_BYTES;
                all.a[slot][p][step] = operand_at(panel + step * A_STEP, PANEL_BYTES);
                keep(all.a[slot][p][step]);
            }
        });
    }

    /* Tells the producers of all blocks. */
    __device__ inline void leave(unsigned slot) const {
        if (threadIdx.x % GROUP_THREADS < BLOCKS)
            barrier_arrive(empty(slot), threadIdx.x % GROUP_THREADS);
    }

    /* The products of a round. A slot is left when those of the next are under way, so the first
     * round of a tile has nothing to leave at its first slot, nor sums to add to. */
    template <bool is_first>
    __device__ inline void multiply_round(sums_of_tile &sums, const operands &all,
                                          unsigned parity) const {
        unrolled<SLOTS>::each([&](auto slot) {
            const bool adds = !is_first || slot.value > 0;
            barrier_wait(full(slot.value), parity);
            products_begin();
#pragma unroll
            for (int p = 0; p < A_EACH; p++)
                type::template multiply<adds, a_across, b_across>(sums[p], all.a[slot.value][p],
                                                                  all.b[slot.value]);
            products_commit();
            products_wait<1>();
            if (adds)
                leave((slot.value + SLOTS - 1) % SLOTS);
        });
    }

    /* The products of one tile of C; all of them are done. The loop takes two rounds at a time, so
     * that the parities do not change from one turn to the next. */
    __device__ inline void multiply_all(sums_of_tile &sums, const operands &all,
                                        unsigned &parity) const {
        const int end = rounds();
        if (end == 0)
            return;
        unsigned other = parity ^ 1;
        keep(other);
        multiply_round<true>(sums, all, parity);
#pragma unroll 1
        for (int left = (end - 1) / 2; left > 0; left--) {
            multiply_round<false>(sums, all, other);
            multiply_round<false>(sums, all, parity);
        }
        if (end % 2 == 0)
            multiply_round<false>(sums, all, other);
        else
            parity = other;
        products_wait<0>();
        leave(SLOTS - 1);
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
    __device__ inline void store(const sums_of_tile &sums, int row, int column,
                                 int consumer) const {
        const bool leads = threadIdx.x % GROUP_THREADS == 0;
        const int first = STORES + consumer * 2 * STORED_BYTES, across = COLUMNS / STORED;
        unrolled<A_EACH * across>::each([&](auto panel) {
            const int at = first + panel.value % 2 * STORED_BYTES;
            const int down = panel.value / across, right = panel.value % across;
            const int y = row + down * PANEL, x = column + right * STORED;
            if (leads)
                boxes_wait<1>();
            threads_meet(1 + consumer, GROUP_THREADS);
            put_panel<reads>(hopper_shared + at, sums[down] + right * STORED / 2, y, x);
            stores_publish();
            threads_meet(1 + consumer, GROUP_THREADS);
            if (leads)
                box_store(shared + at, &g.c, x, y);
        });
    }

    __device__ inline void consume(int consumer) const {
        unsigned parity = 0;
        operands all;
        find_operands(all, consumer);
        each_tile([&](int row, int column) {
            sums_of_tile sums = {};
            multiply_all(sums, all, parity);
            row += consumer * A_EACH * PANEL;
            if (g.gemm.beta == 0.0f)
                store<false>(sums, row, column, consumer);
            else
                store<true>(sums, row, column, consumer);
        });
        if (threadIdx.x % GROUP_THREADS == 0)
            boxes_wait<0>();
    }
};

template <class type, bool a_across, bool b_across, class form>
static __device__ void gemm_hopper(const struct gemm_hopper_arguments &g) {
    const hopper_block<type, a_across, b_across, form> block(g);
    const int group = warp_uniform(threadIdx.x / GROUP_THREADS);
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

#define GEMM_HOPPER_KERNEL(rows, columns, slots, blocks, type, variant, a_across, b_across)        \
    extern "C" __global__ void __cluster_dims__(blocks, 1, 1) __launch_bounds__(HOPPER_THREADS, 1) \
        gemm_hopper_##type##_##variant##_##rows##x##columns##s##slots##c##blocks(                  \
            const __grid_constant__ struct gemm_hopper_arguments arguments) {                      \
        gemm_hopper<hopper_##type, a_across, b_across, hopper_form<rows, columns, slots, blocks>>( \
            arguments);                                                                            \
    }

/* By whether the elements of A, and of B, lie across k. */
#define GEMM_HOPPER_VARIANTS(rows, columns, slots, blocks, type)                                   \
    GEMM_HOPPER_KERNEL(rows, columns, slots, blocks, type, nn, false, true)                        \
    GEMM_HOPPER_KERNEL(rows, columns, slots, blocks, type, nt, false, false)                       \
    GEMM_HOPPER_KERNEL(rows, columns, slots, blocks, type, tn, true, true)

#define GEMM_HOPPER_FORM(rows, columns, slots, blocks)                                             \
    GEMM_HOPPER_VARIANTS(rows, columns, slots, blocks, bf16)                                       \
    GEMM_HOPPER_VARIANTS(rows, columns, slots, blocks, f16)

#endif
