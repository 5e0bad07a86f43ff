/* Operands as they lie in memory, what they are as floats, and floats rounded to them (to nearest,
 * ties to even; NaN stays NaN). Written in PTX and integers, so that
 * no header of a toolkit is wanted and any compute capability will do.
 */
#ifndef LOCKSTEP_KERNELS_NARROW_CUH
#define LOCKSTEP_KERNELS_NARROW_CUH

#include "kernels/device.cuh"

struct operand_f32 {
    typedef float stored;
    static __device__ inline float widen(float value) {
        return value;
    }
};

/* bfloat16: the upper half of a float. */
struct operand_bf16 {
    typedef unsigned short stored;
    static __device__ inline float widen(unsigned short bits) {
        float value;
        asm("mov.b32 %0, {%1, %2};" : "=f"(value) : "h"((unsigned short)0), "h"(bits));
        return value;
    }
    /* Half a unit is added, less one bit where the upper half is even. */
    static __device__ inline unsigned short narrow(float value) {
        unsigned bits;
        asm("mov.b32 %0, %1;" : "=r"(bits) : "f"(value));
        const unsigned upper = bits >> 16, rounded = (bits + 0x7fffu + (upper & 1u)) >> 16;
        return (unsigned short)(value == value ? rounded : upper | 0x40u);
    }
};

/* IEEE 754 binary16. */
struct operand_f16 {
    typedef unsigned short stored;
    static __device__ inline float widen(unsigned short bits) {
        float value;
        asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
        return value;
    }
    static __device__ inline unsigned short narrow(float value) {
        unsigned short bits;
        asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
        return bits;
    }
};

#endif
