/* The update of one parameter, as both optimizer rungs use it; formulas in common/problem.h. */
#ifndef LOCKSTEP_KERNELS_ELEMENTWISE_OPTIMIZER_MATH_CUH
#define LOCKSTEP_KERNELS_ELEMENTWISE_OPTIMIZER_MATH_CUH

#include "kernels/arguments.h"
#include "kernels/device.cuh"

/* What Adam computes from its step: an argument, or in memory when a graph replays the launch. */
static __device__ inline struct adam_step adam_step_load(const struct optimizer_arguments &a) {
    return a.step_in_memory ? *a.step_in_memory : a.step;
}

static __device__ inline float sgd_update(const struct optimizer_arguments &a, float p, float g) {
    return fmaf(-a.rate, g, p);
}

static __device__ inline float momentum_update(const struct optimizer_arguments &a, float p,
                                               float g, float *m) {
    *m = fmaf(a.momentum, *m, g);
    return fmaf(-a.rate, *m, p);
}

static __device__ inline float adam_update(const struct optimizer_arguments &a,
                                           struct adam_step step, float p, float g, float *m,
                                           float *v) {
    *m = fmaf(a.beta1, *m, a.one_minus_beta1 * g);
    *v = fmaf(a.beta2, *v, a.one_minus_beta2 * g * g);
    return fmaf(-step.rate, *m / (sqrtf(*v) / step.correction + a.epsilon), p);
}

#endif
