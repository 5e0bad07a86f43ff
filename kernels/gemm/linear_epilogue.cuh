/* What a linear layer does with a finished sum: y = f(sum + bias), f being ReLU or nothing. */
#ifndef LOCKSTEP_KERNELS_GEMM_LINEAR_EPILOGUE_CUH
#define LOCKSTEP_KERNELS_GEMM_LINEAR_EPILOGUE_CUH

/* NaN stays NaN. */
static __device__ inline float linear_epilogue(float sum, float bias, bool relu) {
    const float z = sum + bias;
    return relu && z < 0.0f ? 0.0f : z;
}

#endif
