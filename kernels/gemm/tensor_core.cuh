/* The instructions of gemm's tensor rung, as PTX: mma.sync, ldmatrix, cp.async (compute capability
 * 8.0; PTX ISA, "Warp Level Matrix Multiply-Accumulate Instructions" and "cp.async"). Offsets are
 * template parameters, so that they become part of the instruction and cost no addition.
 */
#ifndef LOCKSTEP_KERNELS_GEMM_TENSOR_CORE_CUH
#define LOCKSTEP_KERNELS_GEMM_TENSOR_CORE_CUH

#include "kernels/device.cuh"

/* body(constant<0>()), body(constant<1>()) … : a loop whose counter is a constant expression. */
template <int number> struct constant { static const int value = number; };

template <int count> struct unrolled {
    template <class function> static __device__ inline void each(const function &body) {
        unrolled<count - 1>::each(body);
        body(constant<count - 1>());
    }
};

template <> struct unrolled<0> {
    template <class function> static __device__ inline void each(const function &) {}
};

/* Makes the compiler forget how a value came about, so that it keeps it in a register instead of
 * computing it again in each round of a loop. */
static __device__ inline void keep(unsigned &value) {
    asm volatile("" : "+r"(value));
}

static __device__ inline void keep(int &value) {
    asm volatile("" : "+r"(value));
}

template <class eight_bytes> static __device__ inline void keep(eight_bytes &value) {
    asm volatile("" : "+l"(value));
}

/* An address in shared memory as these instructions take it. */
static __device__ inline unsigned shared_address(const void *shared) {
    return (unsigned)__cvta_generic_to_shared(shared);
}

/* --- copies from global to shared memory that pass no register -------------------------------- */

template <int to_offset, int from_offset>
static __device__ inline void copy_chunk(unsigned to, const char *from) {
    asm volatile("cp.async.cg.shared.global [%0+%2], [%1+%3], 16;" ::"r"(to), "l"(from),
                 "n"(to_offset), "n"(from_offset)
                 : "memory");
}

/* Copies the first `bytes` of the chunk, 0 to 16, and makes the rest zeros. */
static __device__ inline void copy_chunk_part(unsigned to, const char *from, int bytes) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes)
                 : "memory");
}

/* Waits for all copies of this thread. */
static __device__ inline void copies_wait() {
    asm volatile("cp.async.wait_all;" ::: "memory");
}

static __device__ inline void store_chunk(unsigned to, const unsigned words[4]) {
    asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(words[0]), "r"(words[1]),
                 "r"(words[2]), "r"(words[3])
                 : "memory");
}

/* --- from shared memory to registers ---------------------------------------------------------- */

/* Four 8x8 matrices of 16-bit elements, or 8x4 of 32 bits: lane l gives the address of row l % 8 of
 * matrix l / 8, and gets element l % 4 (of 32 bits) of row l / 4 of each. */
template <int offset> static __device__ inline void load_matrices(unsigned to[4], unsigned from) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4+%5];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(from), "n"(offset)
                 : "memory");
}

/* The same, each matrix transposed on the way; 16-bit elements only. */
template <int offset>
static __device__ inline void load_matrices_transposed(unsigned to[4], unsigned from) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4+%5];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(from), "n"(offset)
                 : "memory");
}

template <int offset> static __device__ inline void load_chunk(unsigned to[4], unsigned from) {
    asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4+%5];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(from), "n"(offset)
                 : "memory");
}

/* --- products --------------------------------------------------------------------------------- */

/* What the tensor cores know of a type of operands: bits in memory, and sums += a b of a 16 x K
 * fragment and a K x 8 one, with K of 32 bytes. */
struct tensor_bf16 {
    typedef unsigned short stored;
    static __device__ inline void multiply(float sums[4], const unsigned a[4],
                                           const unsigned b[2]) {
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
                     "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                     : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
};

struct tensor_f16 {
    typedef unsigned short stored;
    static __device__ inline void multiply(float sums[4], const unsigned a[4],
                                           const unsigned b[2]) {
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, "
                     "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                     : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
};

/* f32 in memory. The tensor cores read the top 19 bits of each operand and ignore the others: the
 * operand is truncated, an error of up to 2^-10 of it. Rounding it first (cvt.rna.tf32, 2^-11)
 * would cost an instruction a fragment's register, as many as there are products. */
struct tensor_tf32 {
    typedef float stored;
    static __device__ inline void multiply(float sums[4], const unsigned a[4],
                                           const unsigned b[2]) {
        asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, "
                     "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                     : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
    }
};

#endif
