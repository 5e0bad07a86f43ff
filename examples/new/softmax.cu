/* lockstep
 * operation softmax
 * summary one thread a row
 *
 * variant forward log_forward
 * kernel forward
 *   grid ceil(rows/64)
 *   block 64
 *   args input output rows columns variant==2
 *
 * variant backward log_backward
 * kernel backward
 *   grid ceil(rows/64)
 *   block 64
 *   args input dy output rows columns variant==3
 */

/* y = exp(x - max) / sum, or its logarithm. A NaN makes the sum NaN, and with it the row. */
extern "C" __global__ void forward(const float *input, float *output, long long rows,
                                   long long columns, int logarithm) {
    const long long row = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows)
        return;
    const float *x = input + row * columns;
    float *y = output + row * columns;
    float max = -INFINITY, sum = 0.0f;
    for (long long c = 0; c < columns; c++)
        max = fmaxf(max, x[c]);
    for (long long c = 0; c < columns; c++)
        sum += expf(x[c] - max);
    const float log_sum = logf(sum);
    for (long long c = 0; c < columns; c++)
        y[c] = logarithm ? x[c] - max - log_sum : expf(x[c] - max) / sum;
}

/* dx = y (dy - sum dy y), or dy - exp(y) sum dy of the logarithm; y is what forward gave. */
extern "C" __global__ void backward(const float *input, const float *gradient, float *output,
                                    long long rows, long long columns, int logarithm) {
    const long long row = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows)
        return;
    const float *y = input + row * columns, *dy = gradient + row * columns;
    float *dx = output + row * columns;
    float sum = 0.0f;
    for (long long c = 0; c < columns; c++)
        sum += logarithm ? dy[c] : dy[c] * y[c];
    for (long long c = 0; c < columns; c++)
        dx[c] = logarithm ? dy[c] - expf(y[c]) * sum : y[c] * (dy[c] - sum);
}
