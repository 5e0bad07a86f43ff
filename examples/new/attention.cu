/* lockstep
 * operation attention
 * summary one thread a query, softmax as it goes
 *
 * variant full causal
 * kernel answer
 *   grid ceil(batch*heads*sequence/64)
 *   block 64
 *   args q k v o batch*heads*sequence sequence dimension
 *   args q_stride k_stride v_stride o_stride scale variant
 */

/* O = softmax(scale Q K^T) V over each head; causal (variant 1): query i meets keys 0 to i. Where a
 * score raises the maximum, what was summed is scaled down to it. The maximum starts at the least
 * float, so that -infinity less it is no NaN. The query is scaled, not the score: a compiler may fuse
 * a product into the difference below, and a large score would differ from itself. */
extern "C" __global__ void answer(const float *q, const float *k, const float *v, float *o,
                                  long long rows, long long sequence, long long dimension,
                                  long long q_stride, long long k_stride, long long v_stride,
                                  long long o_stride, float scale, int causal) {
    const long long row = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows)
        return;
    const long long head = row - row % sequence;
    const long long met = causal ? row % sequence + 1 : sequence;
    float *out = o + row * o_stride;
    for (long long c = 0; c < dimension; c++)
        out[c] = 0.0f;
    float maximum = -3.402823466e38f, sum = 0.0f;
    for (long long key = 0; key < met; key++) {
        float score = 0.0f;
        for (long long l = 0; l < dimension; l++)
            score += scale * q[row * q_stride + l] * k[(head + key) * k_stride + l];
        const float before = maximum;
        maximum = fmaxf(maximum, score);
        const float factor = expf(before - maximum), weight = expf(score - maximum);
        sum = sum * factor + weight;
        for (long long c = 0; c < dimension; c++)
            out[c] = out[c] * factor + weight * v[(head + key) * v_stride + c];
    }
    for (long long c = 0; c < dimension; c++)
        out[c] /= sum;
}
