/* Peak arithmetic: a register-only loop on all threads at once. */
#include "reference/peak.h"
#include "reference/simd/parallel.h"
#include "reference/simd/simd.h"

#include <cpuid.h>
#include <immintrin.h>

/* The bits of Intel's manual, volume 2, CPUID leaf 7 ("Structured Extended Feature Flags"). */
enum peak_instruction peak_instruction_of(enum dtype dtype) {
    enum { LEAF = 7, AMX_BF16 = 1 << 22, AVX512_BF16 = 1 << 5, AMX_FP16 = 1 << 21 };
    unsigned eax, ebx, ecx, edx, one_eax = 0;
    if (dtype == DTYPE_F32 || dtype == DTYPE_TF32 ||
        !__get_cpuid_count(LEAF, 0, &eax, &ebx, &ecx, &edx))
        return PEAK_FMA;
    bool amx_bf16 = edx & AMX_BF16;
    if (eax < 1 || !__get_cpuid_count(LEAF, 1, &one_eax, &ebx, &ecx, &edx))
        one_eax = 0;
    if (dtype == DTYPE_F16)
        return one_eax & AMX_FP16 ? PEAK_UNKNOWN : PEAK_FMA;
    bool avx512_bf16 = one_eax & AVX512_BF16 && instruction_set_best() == INSTRUCTION_SET_AVX512;
    return amx_bf16 ? PEAK_UNKNOWN : avx512_bf16 ? PEAK_BF16 : PEAK_FMA;
}

/* As many independent chains as hide the latency on two pipes (6 cycles each on current cores). The
 * compiler must not see that all products are of zeros: it is not told what `zeros` holds. */
__attribute__((target("avx512f,avx512bf16"))) static double bf16_loop(int64_t repetitions) {
    enum { CHAINS = 16, UNROLL = 3, LANES = 16, OPERATIONS = 4 };
    __m512 chains[CHAINS];
    __m512i zeros = _mm512_setzero_si512();
    __asm__("" : "+v"(zeros));
    for (int k = 0; k < CHAINS; k++)
        chains[k] = _mm512_set1_ps((float)(3 + k));
    for (int64_t r = 0; r < repetitions; r++)
        for (int u = 0; u < UNROLL; u++)
            for (int k = 0; k < CHAINS; k++)
                chains[k] = _mm512_dpbf16_ps(chains[k], (__m512bh)zeros, (__m512bh)zeros);
    for (int k = 0; k < CHAINS; k++)
        __asm__ volatile("" : : "v"(chains[k])); /* the result is used, so the loop stays */
    return (double)OPERATIONS * LANES * CHAINS * UNROLL * (double)repetitions;
}

struct peak {
    double (*loop)(int64_t repetitions);
    int64_t repetitions;
    double *flops; /* a part */
};

static void peak_body(const void *context, int part, int64_t first, int64_t last) {
    const struct peak *peak = context;
    for (int64_t i = first; i < last; i++)
        peak->flops[part] = peak->loop(peak->repetitions);
}

double peak_flops(enum peak_instruction instruction, int threads, int64_t repetitions) {
    enum { THREADS_MOST = 1024 };
    double flops[THREADS_MOST] = {0};
    struct peak peak = {
        instruction == PEAK_BF16 ? bf16_loop : simd_kernels_of(instruction_set_best())->fma_loop,
        repetitions, flops};
    int parts = threads < THREADS_MOST ? threads : THREADS_MOST;
    parallel_ranges(parts, 1, (struct team){parts, parts}, peak_body, &peak);
    double sum = 0;
    for (int part = 0; part < parts; part++)
        sum += flops[part];
    return sum;
}
