/* lockstep
 * operation activation
 * summary ReLU, one thread an element
 *
 * variant relu.forward relu.forward_bias
 * kernel forward
 *   grid ceil(rows*columns/256)
 *   block 256
 *   args input bias output rows*columns columns
 *
 * variant relu.backward relu.backward_bias
 * kernel backward
 *   grid ceil(rows*columns/256)
 *   block 256
 *   args input dy output rows*columns
 *
 * variant relu.backward_bias
 * kernel column_sums
 *   grid ceil(columns/256)
 *   block 256
 *   args output dbias rows columns
 */

/* output = max(input + bias, 0); bias is NULL where there is none, and a NaN is kept. */
extern "C" __global__ void forward(const float *input, const float *bias, float *output,
                                   long long count, long long columns) {
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count)
        return;
    const float z = bias ? input[i] + bias[i % columns] : input[i];
    output[i] = z < 0.0f ? 0.0f : z;
}

/* output = dy where the kept y is above 0. */
extern "C" __global__ void backward(const float *y, const float *dy, float *output,
                                    long long count) {
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        output[i] = y[i] > 0.0f ? dy[i] : 0.0f;
}

extern "C" __global__ void column_sums(const float *x, float *sums, long long rows,
                                       long long columns) {
    const long long column = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= columns)
        return;
    float sum = 0.0f;
    for (long long r = 0; r < rows; r++)
        sum += x[r * columns + column];
    sums[column] = sum;
}
