/* Operands as they lie in memory, and what they are as floats. Written in PTX and integers, so that
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
};

/* IEEE 754 binary16. */
struct operand_f16 {
    typedef unsigned short stored;
    static __device__ inline float widen(unsigned short bits) {
        float value;
        asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
        return value;
    }
};

#endif
