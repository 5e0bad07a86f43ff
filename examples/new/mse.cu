/* lockstep
 * operation mse
 * summary one thread a row
 * kernel losses
 *   grid ceil(rows/64)
 *   block 64
 *   args prediction target loss dprediction rows columns 2.0/(rows*columns)
 */

/* loss = sum (y - t)^2 / columns, dy = scale (y - t). The forward variant has no dprediction, the
 * backward variant no loss: what is NULL is not written. */
extern "C" __global__ void losses(const float *prediction, const float *target, float *loss,
                                  float *dprediction, long long rows, long long columns,
                                  float scale) {
    const long long row = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows)
        return;
    float sum = 0.0f;
    for (long long i = row * columns; i < (row + 1) * columns; i++) {
        const float difference = prediction[i] - target[i];
        sum += difference * difference;
        if (dprediction)
            dprediction[i] = scale * difference;
    }
    if (loss)
        loss[row] = sum / (float)columns;
}
