/* gemm on tensor cores: one operand's tile, from global memory through shared memory to fragments.
 *
 * A tile is TENSOR_TILE rows (of A) or columns (of B) by K_BYTES of k, 16 KiB in all. It lies in
 * shared memory as in global memory, in lines: along k where the operand is stored so, else along
 * its rows or columns. Lines are cut into chunks of 16 bytes, and chunk c of line l lies at place c
 * xor l % 8. So eight lines' chunks of one number lie in eight different groups of banks, which is
 * what ldmatrix reads at once, without padding.
 *
 * Fragments of four matrices come by ldmatrix; transposed by it where 16-bit lines run across k.
 * There is no such instruction for 32 bits: those lines are read by 128-bit loads, a thread getting
 * four neighbouring rows or columns. Which row of C a fragment's row is may be chosen freely, so
 * these four become four fragments' worth, and tensor_place tells where the sums belong.
 */
#ifndef LOCKSTEP_KERNELS_GEMM_GEMM_TENSOR_OPERAND_CUH
#define LOCKSTEP_KERNELS_GEMM_GEMM_TENSOR_OPERAND_CUH

#include "kernels/arguments.h"
#include "kernels/gemm/tensor_core.cuh"

static const int K_BYTES = 128, CHUNK = 16;               /* bytes */
static const int STEPS = 4;                               /* of 32 bytes of k, in a tile */
static const int OPERAND_BYTES = TENSOR_TILE * K_BYTES;   /* of one tile of one operand */
static const int WARP_TILE = 64;                          /* a warp's square of C */
static const int FRAGMENTS = WARP_TILE / 16;              /* of four matrices */
static const int QUAD = 4;                                /* lanes with neighbouring chunks */
static const int PASS_LINES = GEMM_TENSOR_THREADS / QUAD; /* lines that a block copies at once */

static __device__ inline int lane_of_thread() {
    return threadIdx.x % WARP_LANES;
}

/* Where the rows (columns) of fragments lie in the warp's tile. */
template <bool shuffled> struct tensor_place {
    /* `half` of fragment `f`, 16 rows each in halves of 8; `group` is the row in the half. */
    static __device__ inline int of(int f, int half, int group) {
        return shuffled ? f / 2 * 32 + chunk_of(group) * 4 + f % 2 * 2 + half
                        : f * 16 + half * 8 + group;
    }
    /* Even groups have the first four chunks of 32 elements and odd ones the others: lanes that
     * store neighbouring columns of C then fill whole sectors. */
    static __device__ inline int chunk_of(int group) {
        return group / 2 + group % 2 * 4;
    }
};

/* `along_k`: k runs along the lines. `is_a`: fragments of A, which are ordered otherwise. */
template <class type, bool along_k, bool is_a> struct tensor_operand {
    typedef typename type::stored stored;
    static const int SIZE = sizeof(stored), PER_CHUNK = CHUNK / SIZE;
    static const int K_TILE = K_BYTES / SIZE;
    static const int LINES = along_k ? TENSOR_TILE : K_TILE;
    static const int LINE_BYTES = OPERAND_BYTES / LINES;
    static const int PASSES = LINES / PASS_LINES;         /* a thread's lines */
    static const int PARTS = LINE_BYTES / (QUAD * CHUNK); /* its chunks of a line */
    static const bool SHUFFLED = !along_k && SIZE == 4;
    static const int PLACES = SHUFFLED ? 2 : 4;

    const char *from[PASSES]; /* the thread's first chunk of each of its lines, in the next tile */
    int64_t step;             /* bytes from tile to tile */
    int line;                 /* the thread's first line */
    int element;              /* of the line, where its first chunk begins */
    int64_t lines, elements;  /* of the matrix, from the tile's first on */
    unsigned to[2];           /* the places of its even and odd chunks in the first stage */
    unsigned places[PLACES];  /* where its fragments begin */

    /* The tile begins at row or column `first`, of `count`; `base` is the operand's in shared
     * memory and `warp` the warp's number along it. */
    __device__ inline tensor_operand(const void *matrix, int64_t leading, int64_t first,
                                     int64_t count, int64_t k, unsigned base, int warp) {
        const int lane = lane_of_thread();
        /* Two lines that a quarter-warp writes at once differ in bit 2: no bank conflict. */
        line = threadIdx.x / WARP_LANES * 8 + lane / 8 + lane / 4 % 2 * 4;
        element = lane % QUAD * PER_CHUNK;
        const int64_t pitch = leading * SIZE;
        step = along_k ? K_BYTES : K_TILE * pitch;
        lines = along_k ? count - first : k;
        elements = along_k ? k : count - first;
        const int64_t tile = along_k ? first * pitch : first * SIZE;
#pragma unroll
        for (int p = 0; p < PASSES; p++)
            from[p] = reinterpret_cast<const char *>(matrix) + tile +
                      (line + p * PASS_LINES) * pitch + element * SIZE;
        to[0] = base + line * LINE_BYTES + ((lane % QUAD) ^ (line % 8)) * CHUNK;
        to[1] = to[0] ^ (QUAD * CHUNK);
        find_fragments(base, warp, lane);
        keep(step);
        keep(to[0]);
        keep(to[1]);
#pragma unroll
        for (int i = 0; i < PLACES; i++)
            keep(places[i]);
    }

    /* --- global to shared memory --- */

    /* The next tile, which lies wholly inside, to stage `stage`. Tiles are copied in pairs:
     * `second` of a pair, and the pointers move on behind it. */
    template <int stage, bool second> __device__ inline void copy() {
        unrolled<PASSES>::each([&](auto p) {
            unrolled<PARTS>::each([&](auto i) {
                copy_chunk<stage * 2 * OPERAND_BYTES + p.value * PASS_LINES * LINE_BYTES +
                               i.value / 2 * 2 * QUAD * CHUNK,
                           i.value * QUAD * CHUNK + (along_k && second ? K_BYTES : 0)>(
                    to[i.value % 2], from[p.value]);
            });
        });
        if (!along_k)
            advance(step);
        else if (second)
            advance(2 * K_BYTES);
    }

    /* What a pair's first copy left to its second. */
    __device__ inline void leave_pair() {
        if (along_k)
            advance(K_BYTES);
    }

    /* Tile number `tile`, any of which may lie outside, to the stage `stage_offset` bytes on. */
    template <bool aligned> __device__ inline void copy_edge(int tile, unsigned stage_offset) {
        const int64_t k = (int64_t)tile * K_TILE;
#pragma unroll
        for (int p = 0; p < PASSES; p++) {
            const int64_t l = line + p * PASS_LINES + (along_k ? 0 : k);
#pragma unroll
            for (int i = 0; i < PARTS; i++) {
                const int64_t e = element + i * QUAD * PER_CHUNK + (along_k ? k : 0);
                const int64_t left = l < lines ? elements - e : 0;
                const int count = left < 0 ? 0 : left < PER_CHUNK ? (int)left : PER_CHUNK;
                const unsigned place = to[i % 2] + stage_offset + p * PASS_LINES * LINE_BYTES +
                                       i / 2 * 2 * QUAD * CHUNK;
                copy_some<aligned>(place, from[p] + i * QUAD * CHUNK, count);
            }
        }
        advance(step);
    }

    /* --- shared memory to registers --- */

    /* The fragments of step `step`: for A a0 … a3 of m16 fragment f, for B b0, b1 of n8 fragment 2f
     * and then of 2f + 1. */
    template <int stage, int step>
    __device__ inline void load(unsigned fragments[FRAGMENTS][4], unsigned stage_offset) const {
        const int STAGE = stage * 2 * OPERAND_BYTES;
        if (SHUFFLED)
            load_shuffled<STAGE + step * 8 * LINE_BYTES>(fragments, stage_offset);
        else
            unrolled<FRAGMENTS>::each([&](auto f) {
                if (along_k)
                    load_matrices<STAGE + f.value * 16 * LINE_BYTES>(fragments[f.value],
                                                                     places[step] + stage_offset);
                else
                    load_matrices_transposed<STAGE + step * 16 * LINE_BYTES>(
                        fragments[f.value], places[f.value] + stage_offset);
            });
    }

  private:
    __device__ inline void advance(int64_t bytes) {
#pragma unroll
        for (int p = 0; p < PASSES; p++) {
            from[p] += bytes;
            keep(from[p]);
        }
    }

    /* `count` elements and zeros behind them; one by one where chunks are not aligned in global
     * memory. */
    template <bool aligned>
    static __device__ inline void copy_some(unsigned place, const char *chunk, int count) {
        if (aligned)
            copy_chunk_part(place, chunk, count * SIZE);
        else
            copy_elements(place, reinterpret_cast<const stored *>(chunk), count);
    }

    static __device__ inline void copy_elements(unsigned place, const stored *chunk, int count) {
        union {
            stored elements[PER_CHUNK];
            unsigned words[4];
        } copy;
#pragma unroll
        for (int e = 0; e < PER_CHUNK; e++)
            copy.elements[e] = e < count ? chunk[e] : stored(0);
        store_chunk(place, copy.words);
    }

    /* Matrices in ldmatrix's order: A's go first through the rows, B's first through k. */
    __device__ inline void find_fragments(unsigned base, int warp, int lane) {
        const int across = is_a ? lane / 8 % 2 : lane / 16; /* which eight rows or columns */
        const int beyond = is_a ? lane / 16 : lane / 8 % 2; /* which half of the step's k */
        const int group = lane / 4, within = lane % 4;
        const int r = lane % 8;
        if (along_k) {
            const unsigned first = base + (warp * WARP_TILE + across * 8 + r) * LINE_BYTES;
#pragma unroll
            for (int step = 0; step < STEPS; step++)
                places[step] = first + ((beyond + step * 2) ^ r) * CHUNK;
        } else if (!SHUFFLED) {
            const unsigned first = base + (beyond * 8 + r) * LINE_BYTES + warp * WARP_TILE * SIZE;
#pragma unroll
            for (int f = 0; f < FRAGMENTS; f++)
                places[f] = first + ((across + f * 2) ^ r) * CHUNK;
        } else {
            const unsigned first = base + within * LINE_BYTES + warp * WARP_TILE * SIZE;
            const int chunk = tensor_place<true>::chunk_of(group);
            places[0] = first + (chunk ^ within) * CHUNK;
            places[1] = first + 4 * LINE_BYTES + (chunk ^ (within + 4)) * CHUNK;
        }
    }

    /* Lines `within` and `within` + 4 of the step's eight, two chunks of 32 elements each. Element
     * e of half h belongs to A's fragment 2 h + e / 2, or to B's n8 fragment 4 h + e. */
    template <int offset>
    __device__ inline void load_shuffled(unsigned fragments[FRAGMENTS][4],
                                         unsigned stage_offset) const {
        unrolled<2>::each([&](auto h) {
            unrolled<2>::each([&](auto beyond) {
                unsigned chunk[4];
                load_chunk<offset + h.value * 32 * SIZE>(chunk,
                                                         places[beyond.value] + stage_offset);
#pragma unroll
                for (int e = 0; e < 4; e++) {
                    const int inner = is_a ? e % 2 + 2 * beyond.value : e % 2 * 2 + beyond.value;
                    fragments[2 * h.value + e / 2][inner] = chunk[e];
                }
            });
        });
    }
};

#endif
