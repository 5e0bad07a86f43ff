/* The register-only multiply-add loop of one thread: as many independent chains as hide the latency
 * on two pipes (4 cycles each on current cores), none of which leaves its register.
 */
#include "reference/simd/level.h"

double SIMD_NAME(fma_loop)(int64_t repetitions) {
    enum { CHAINS = 12, UNROLL = 4 };
    vector chains[CHAINS];
    for (int k = 0; k < CHAINS; k++)
        chains[k] = vector_set((float)(3 + k));
    /* The chains converge to 2: no overflow, no subnormal. None starts there, or it would be a
     * constant. */
    vector factor = vector_set(0.5F);
    vector term = vector_set(1.0F);
    for (int64_t r = 0; r < repetitions; r++)
        for (int u = 0; u < UNROLL; u++)
            for (int k = 0; k < CHAINS; k++)
                chains[k] = vector_fma(chains[k], factor, term);
    vector total = vector_set(0);
    for (int k = 0; k < CHAINS; k++)
        total += chains[k];
    volatile float kept = vector_sum(total); /* the result is used, so the loop stays */
    (void)kept;
    return 2.0 * WIDTH * CHAINS * UNROLL * (double)repetitions;
}
