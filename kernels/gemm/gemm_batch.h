/* The arguments of gemm_batch.cu; read by C and by CUDA C, as kernels/arguments.h. */
#ifndef LOCKSTEP_KERNELS_GEMM_GEMM_BATCH_H
#define LOCKSTEP_KERNELS_GEMM_GEMM_BATCH_H

#include "kernels/arguments.h"

/* Block (x, z) is block x of product z, whose matrices lie z strides behind the first one's. */
struct gemm_batch_arguments {
    struct gemm_arguments gemm;
    int64_t stride_a, stride_b, stride_c;
};

#endif
