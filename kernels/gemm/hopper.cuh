/* The instructions of gemm's Hopper rung, as PTX: mbarrier, cp.async.bulk.tensor (TMA), wgmma and
 * clusters (compute capability 9.0 with the features of sm_90a; PTX ISA, "Parallel Synchronization
 * and Communication Instructions" and "Asynchronous Warpgroup Level Matrix Instructions").
 * Addresses are those in shared memory.
 */
#ifndef LOCKSTEP_KERNELS_GEMM_HOPPER_CUH
#define LOCKSTEP_KERNELS_GEMM_HOPPER_CUH

#include "kernels/gemm/tensor_core.cuh"

/* A value that all lanes of the warp have, so that the assembler knows that they do. */
static __device__ inline int warp_uniform(int value) {
    return __shfl_sync(~0u, value, 0);
}

/* --- clusters: blocks that reach each other's shared memory ------------------------------------ */

static __device__ inline unsigned cluster_rank() {
    unsigned rank;
    asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}

/* All threads of all blocks of the cluster meet. */
static __device__ inline void cluster_sync() {
    asm volatile("barrier.cluster.arrive;\n\tbarrier.cluster.wait;" ::: "memory");
}

/* --- mbarriers: a phase ends when all have arrived and all bytes that were announced are there --- */

static __device__ inline void barrier_make(unsigned barrier, unsigned arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals)
                 : "memory");
}

/* Barriers made by this thread can be used by the whole cluster, and by TMA. */
static __device__ inline void barriers_publish() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

/* Arrives, and announces so many bytes. */
static __device__ inline void barrier_expect(unsigned barrier, unsigned bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
                 : "memory");
}

/* Arrives at the same barrier of block `rank` of the cluster. */
static __device__ inline void barrier_arrive(unsigned barrier, unsigned rank) {
    asm volatile("{\n\t"
                 ".reg .b32 there;\n\t"
                 "mapa.shared::cluster.u32 there, %0, %1;\n\t"
                 "mbarrier.arrive.shared::cluster.b64 _, [there];\n\t"
                 "}" ::"r"(barrier),
                 "r"(rank)
                 : "memory");
}

/* Waits for the end of the phase of this parity. */
static __device__ inline void barrier_wait(unsigned barrier, unsigned parity) {
    asm volatile("{\n\t"
                 ".reg .pred done;\n\t"
                 "again:\n\t"
                 "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n\t"
                 "@!done bra again;\n\t"
                 "}" ::"r"(barrier),
                 "r"(parity)
                 : "memory");
}

/* Some of the block's threads meet at one of its numbered barriers. */
static __device__ inline void threads_meet(int number, int threads) {
    asm volatile("bar.sync %0, %1;" ::"r"(number), "r"(threads) : "memory");
}

/* --- TMA: boxes between global and shared memory, as tensor maps describe them ------------------- */

/* The box at (x, y), x along memory, to shared memory; its bytes are counted at the barrier. What
 * lies outside the matrix arrives as zeros. */
static __device__ inline void box_load(unsigned to, const struct tensor_map *map, int x, int y,
                                       unsigned barrier) {
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes "
                 "[%0], [%1, {%2, %3}], [%4];" ::"r"(to),
                 "l"(map), "r"(x), "r"(y), "r"(barrier)
                 : "memory");
}

/* The same to the same place in all blocks whose bits are set, with their barriers. */
static __device__ inline void box_load_all(unsigned to, const struct tensor_map *map, int x, int y,
                                           unsigned barrier, unsigned short blocks) {
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes"
                 ".multicast::cluster [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(to),
                 "l"(map), "r"(x), "r"(y), "r"(barrier), "h"(blocks)
                 : "memory");
}

/* A box of shared memory to (x, y); what lies outside the matrix is not written. */
static __device__ inline void box_store(unsigned from, const struct tensor_map *map, int x, int y) {
    asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%1, %2}], [%3];\n\t"
                 "cp.async.bulk.commit_group;" ::"l"(map),
                 "r"(x), "r"(y), "r"(from)
                 : "memory");
}

/* Until all boxes but the last `pending` that this thread stored have been read. */
template <int pending> static __device__ inline void boxes_wait() {
    asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(pending) : "memory");
}

/* What this thread stored to shared memory can be seen by TMA. */
static __device__ inline void stores_publish() {
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

/* --- registers: a warpgroup gives some away, another takes them ---------------------------------- */

template <int registers> static __device__ inline void registers_give() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(registers));
}

template <int registers> static __device__ inline void registers_take() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(registers));
}

/* --- wgmma: four warps multiply 64 x 16 by 16 x N from shared memory ----------------------------- */

/* Registers that were written until now may be used by wgmma. */
static __device__ inline void products_begin() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

static __device__ inline void products_commit() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

/* Until all groups but the last `pending` are done. */
template <int pending> static __device__ inline void products_wait() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(pending) : "memory");
}

/* An operand in shared memory that is swizzled by 128 bytes, as TMA leaves it: eight lines of 128
 * bytes lie side by side, `leading` is from 64 elements to the next 64 where these lie across k. */
static __device__ inline uint64_t operand_at(unsigned address, unsigned leading) {
    const uint64_t SWIZZLED_128 = 1, EIGHT_LINES = 1024;
    return (address & 0x3ffff) >> 4 | (uint64_t)(leading >> 4) << 16 | EIGHT_LINES >> 4 << 32 |
           SWIZZLED_128 << 62;
}

/* The operands of inline PTX for sixteen registers, and their numbers. */
#define FOUR_SUMS(s, i) "+f"(s[i]), "+f"(s[i + 1]), "+f"(s[i + 2]), "+f"(s[i + 3])
#define SIXTEEN_SUMS(s, i)                                                                         \
    FOUR_SUMS(s, i), FOUR_SUMS(s, i + 4), FOUR_SUMS(s, i + 8), FOUR_SUMS(s, i + 12)
#define SUMS_64(s) SIXTEEN_SUMS(s, 0), SIXTEEN_SUMS(s, 16), SIXTEEN_SUMS(s, 32), SIXTEEN_SUMS(s, 48)
#define SUMS_128(s)                                                                                \
    SUMS_64(s), SIXTEEN_SUMS(s, 64), SIXTEEN_SUMS(s, 80), SIXTEEN_SUMS(s, 96), SIXTEEN_SUMS(s, 112)
#define NUMBERS_64                                                                                 \
    "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,"       \
    "%24,%25,%26,%27,%28,%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,"     \
    "%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define NUMBERS_128                                                                                \
    NUMBERS_64                                                                                     \
    ",%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,%80,%81,%82,%83,%84,%85,"    \
    "%86,%87,%88,%89,%90,%91,%92,%93,%94,%95,%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,"       \
    "%106,%107,%108,%109,%110,%111,%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,%122,%123,"   \
    "%124,%125,%126,%127"

/* A product of the four below; a_n and b_n are the numbers of its operands. */
#define HOPPER_PRODUCT(shape, count, type, a_n, b_n, adds, flags)                                  \
    "wgmma.mma_async.sync.aligned." shape "k16.f32." type "." type " {" NUMBERS_##count            \
        "}, " a_n ", " b_n ", " adds ", 1, 1, " flags ";\n\t"

/* sums += a b, or sums = a b, for four steps of k. a and b lie across k where that is said. */
#define HOPPER_FOUR_PRODUCTS(shape, count, type, a0, a1, a2, a3, b0, b1, b2, b3, flags, to_add)    \
    template <bool adds, bool a_across, bool b_across>                                             \
    static __device__ inline void multiply(float(&sums)[count], const uint64_t(&a)[4],             \
                                           const uint64_t(&b)[4]) {                                \
        asm volatile("{\n\t"                                                                       \
                     ".reg .pred first, others;\n\t"                                               \
                     "setp.ne.u32 first, " to_add ", 0;\n\t"                                       \
                     "setp.ne.u32 others, 1, 0;\n\t" HOPPER_PRODUCT(shape, count, type, a0, b0,    \
                                                                    "first", flags)                \
                         HOPPER_PRODUCT(shape, count, type, a1, b1, "others", flags)               \
                             HOPPER_PRODUCT(shape, count, type, a2, b2, "others", flags)           \
                                 HOPPER_PRODUCT(shape, count, type, a3, b3, "others", flags) "}"   \
                     : SUMS_##count(sums)                                                          \
                     : "l"(a[0]), "l"(a[1]), "l"(a[2]), "l"(a[3]), "l"(b[0]), "l"(b[1]),           \
                       "l"(b[2]), "l"(b[3]), "n"(a_across ? 1 : 0), "n"(b_across ? 1 : 0),         \
                       "n"(adds ? 1 : 0));                                                         \
    }

#define HOPPER_PRODUCTS(type)                                                                      \
    struct hopper_##type {                                                                         \
        HOPPER_FOUR_PRODUCTS("m64n256", 128, #type, "%128", "%129", "%130", "%131", "%132",        \
                             "%133", "%134", "%135", "%136, %137", "%138")                         \
        HOPPER_FOUR_PRODUCTS("m64n128", 64, #type, "%64", "%65", "%66", "%67", "%68", "%69",       \
                             "%70", "%71", "%72, %73", "%74")                                      \
    };

HOPPER_PRODUCTS(bf16)
HOPPER_PRODUCTS(f16)

#endif
