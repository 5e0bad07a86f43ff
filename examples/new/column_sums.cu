/* lockstep
 * operation column_sums
 * summary one thread a column
 * kernel sums_of_columns
 *   grid ceil(columns/256)
 *   block 256
 *   args x sums rows columns
 */

extern "C" __global__ void sums_of_columns(const float *x, float *sums, long long rows,
                                           long long columns) {
    const long long column = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= columns)
        return;
    float sum = 0.0f;
    for (long long r = 0; r < rows; r++)
        sum += x[r * columns + column];
    sums[column] = sum;
}
