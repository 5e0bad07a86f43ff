/* lockstep
 * operation layernorm
 * summary one thread a row, and one a column
 *
 * variant forward rms_forward
 * kernel forward
 *   grid ceil(rows/64)
 *   block 64
 *   args x gamma beta mean rstd output rows columns epsilon
 *
 * variant backward rms_backward
 * kernel backward
 *   grid ceil(rows/64)
 *   block 64
 *   args x gamma dy mean rstd output rows columns
 * kernel columns
 *   grid ceil(columns/64)
 *   block 64
 *   args x dy mean rstd dgamma dbeta rows columns
 */

/* y = (x - mean) rstd gamma + beta. The rms variants have neither mean nor beta: NULL. */
extern "C" __global__ void forward(const float *input, const float *gamma, const float *beta,
                                   float *means, float *rstds, float *output, long long rows,
                                   long long columns, float epsilon) {
    const long long row = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows)
        return;
    const float *x = input + row * columns;
    float mean = 0.0f, squares = 0.0f;
    for (long long c = 0; means && c < columns; c++)
        mean += x[c] / (float)columns;
    for (long long c = 0; c < columns; c++)
        squares += (x[c] - mean) * (x[c] - mean);
    const float rstd = 1.0f / sqrtf(squares / (float)columns + epsilon);
    for (long long c = 0; c < columns; c++)
        output[row * columns + c] = (x[c] - mean) * rstd * gamma[c] + (beta ? beta[c] : 0.0f);
    if (means)
        means[row] = mean;
    rstds[row] = rstd;
}

/* dx = rstd (g - mean of g - h mean of g h), with h = (x - mean) rstd and g = dy gamma. */
extern "C" __global__ void backward(const float *input, const float *gamma, const float *gradient,
                                    const float *means, const float *rstds, float *output,
                                    long long rows, long long columns) {
    const long long row = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows)
        return;
    const float *x = input + row * columns, *dy = gradient + row * columns;
    const float mean = means ? means[row] : 0.0f, rstd = rstds[row];
    float g_sum = 0.0f, gh_sum = 0.0f;
    for (long long c = 0; c < columns; c++) {
        const float g = dy[c] * gamma[c];
        g_sum += means ? g : 0.0f;
        gh_sum += g * ((x[c] - mean) * rstd);
    }
    for (long long c = 0; c < columns; c++)
        output[row * columns + c] = rstd * (dy[c] * gamma[c] - g_sum / (float)columns -
                                            (x[c] - mean) * rstd * (gh_sum / (float)columns));
}

/* dgamma and dbeta, the sums of columns of dy h and of dy. */
extern "C" __global__ void columns(const float *x, const float *dy, const float *means,
                                   const float *rstds, float *dgamma, float *dbeta, long long rows,
                                   long long columns) {
    const long long column = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= columns)
        return;
    float gamma = 0.0f, beta = 0.0f;
    for (long long row = 0; row < rows; row++) {
        const float gradient = dy[row * columns + column];
        gamma +=
            gradient * ((x[row * columns + column] - (means ? means[row] : 0.0f)) * rstds[row]);
        beta += gradient;
    }
    dgamma[column] = gamma;
    if (dbeta)
        dbeta[column] = beta;
}
