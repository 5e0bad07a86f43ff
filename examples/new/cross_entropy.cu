/* lockstep
 * operation cross_entropy
 * summary one thread a row
 * kernel losses
 *   grid ceil(rows/64)
 *   block 64
 *   args logits labels loss dlogits rows columns
 */

/* loss = log sum exp(x - max) - (x[label] - max), and its gradient over the rows' mean. The forward
 * variant has no dlogits, the backward variant no loss: what is NULL is not written. */
extern "C" __global__ void losses(const float *logits, const int *labels, float *loss,
                                  float *dlogits, long long rows, long long columns) {
    const long long row = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows)
        return;
    const float *x = logits + row * columns;
    const int label = labels[row];
    float max = -INFINITY, sum = 0.0f;
    for (long long c = 0; c < columns; c++)
        max = fmaxf(max, x[c]);
    for (long long c = 0; c < columns; c++)
        sum += expf(x[c] - max);
    if (loss)
        loss[row] = logf(sum) - (x[label] - max);
    for (long long c = 0; dlogits && c < columns; c++)
        dlogits[row * columns + c] =
            (expf(x[c] - max) / sum - (c == label ? 1.0f : 0.0f)) * (1.0f / (float)rows);
}
