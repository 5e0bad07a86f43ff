/* lockstep
 * operation transfer
 * summary one thread an element
 *
 * variant copy
 * kernel copy
 *   grid ceil(count/256)
 *   block 256
 *   args a out count
 *
 * variant triad
 * kernel triad
 *   grid ceil(count/256)
 *   block 256
 *   args a b scale out count
 */

extern "C" __global__ void copy(const float *a, float *out, long long count) {
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        out[i] = a[i];
}

extern "C" __global__ void triad(const float *a, const float *b, float scale, float *out,
                                 long long count) {
    const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        out[i] = a[i] + scale * b[i];
}
