/* lockstep
 * operation linear
 * summary one thread an element of y
 * kernel layer
 *   grid ceil(outputs/32) ceil(rows/8)
 *   block 32 8
 *   args x weights bias y rows outputs inputs relu
 */

/* y = f(x W^T + bias). ReLU keeps a NaN. */
extern "C" __global__ void layer(const float *x, const float *weights, const float *bias, float *y,
                                 long long rows, long long outputs, long long inputs, int relu) {
    const long long output = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    const long long row = (long long)blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= rows || output >= outputs)
        return;
    float sum = 0.0f;
    for (long long i = 0; i < inputs; i++)
        sum += x[row * inputs + i] * weights[output * inputs + i];
    sum += bias[output];
    y[row * outputs + output] = relu && sum < 0.0f ? 0.0f : sum;
}
