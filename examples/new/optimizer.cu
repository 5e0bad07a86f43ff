/* lockstep
 * operation optimizer
 * summary one thread a parameter
 *
 * variant sgd
 * kernel sgd
 *   grid ceil(count/256)
 *   block 256
 *   args parameters gradients count learning_rate
 *
 * variant sgd_momentum
 * kernel sgd_momentum
 *   grid ceil(count/256)
 *   block 256
 *   args parameters gradients first_moment count learning_rate momentum
 *
 * variant adam
 * kernel adam
 *   grid ceil(count/256)
 *   block 256
 *   args parameters gradients first_moment second_moment count beta1 1-beta1 beta2 1-beta2
 *   args learning_rate/(1-pow(beta1,step)) sqrt(1-pow(beta2,step)) epsilon
 */

extern "C" __global__ void sgd(float *parameters, const float *gradients, long long count,
                               float rate) {
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        parameters[i] -= rate * gradients[i];
}

extern "C" __global__ void sgd_momentum(float *parameters, const float *gradients, float *moment,
                                        long long count, float rate, float momentum) {
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count)
        return;
    moment[i] = momentum * moment[i] + gradients[i];
    parameters[i] -= rate * moment[i];
}

/* `rate` and `correction` have the two bias corrections, which depend on the step alone. */
extern "C" __global__ void adam(float *parameters, const float *gradients, float *first,
                                float *second, long long count, float beta1, float one_minus_beta1,
                                float beta2, float one_minus_beta2, float rate, float correction,
                                float epsilon) {
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count)
        return;
    const float gradient = gradients[i];
    const float m = beta1 * first[i] + one_minus_beta1 * gradient;
    const float v = beta2 * second[i] + one_minus_beta2 * gradient * gradient;
    first[i] = m;
    second[i] = v;
    parameters[i] -= rate * (m / (sqrtf(v) / correction + epsilon));
}
