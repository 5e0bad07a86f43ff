/* Peak arithmetic: the register-only loop of the best instruction set on all threads at once. */
#include "reference/peak.h"
#include "reference/simd/parallel.h"
#include "reference/simd/simd.h"

struct peak {
    const struct simd_kernels *kernels;
    int64_t repetitions;
    double *flops; /* a part */
};

static void peak_body(const void *context, int part, int64_t first, int64_t last) {
    const struct peak *peak = context;
    for (int64_t i = first; i < last; i++)
        peak->flops[part] = peak->kernels->fma_loop(peak->repetitions);
}

double peak_flops(int threads, int64_t repetitions) {
    enum { THREADS_MOST = 1024 };
    double flops[THREADS_MOST] = {0};
    struct peak peak = {simd_kernels_of(instruction_set_best()), repetitions, flops};
    int parts = threads < THREADS_MOST ? threads : THREADS_MOST;
    parallel_ranges(parts, 1, (struct team){parts, parts}, peak_body, &peak);
    double sum = 0;
    for (int part = 0; part < parts; part++)
        sum += flops[part];
    return sum;
}
