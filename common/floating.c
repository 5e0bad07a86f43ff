/* Flush-to-zero and denormals-are-zero, in the control register of each thread. */
#include "common/floating.h"

#include <float.h>
#include <stdint.h>

#if defined(__x86_64__)
#    include <immintrin.h>
#endif

/* Of the calling thread alone. */
static void thread_flush_denormals(bool on) {
#if defined(__x86_64__)
    /* Intel SDM volume 1, section 10.2.3: MXCSR bit 15 is flush-to-zero, bit 6
     * denormals-are-zero. */
    const unsigned flush = 1U << 15 | 1U << 6;
    unsigned control = _mm_getcsr();
    _mm_setcsr(on ? control | flush : control & ~flush);
#elif defined(__aarch64__)
    /* Arm Architecture Reference Manual, FPCR: bit 24 (FZ) flushes operands and results. */
    const uint64_t flush = UINT64_C(1) << 24;
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    control = on ? control | flush : control & ~flush;
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
#else
    (void)on;
#endif
}

/* The calling thread first: LLVM's OpenMP hands its mode to the team at the start of a region and
 * puts it back at the end, whereas GCC's leaves each thread its own. */
void floating_flush_denormals(bool on) {
    thread_flush_denormals(on);
#pragma omp parallel
    thread_flush_denormals(on);
}

/* The operands are volatile so that the compiler cannot do the sums in advance. */
static bool thread_denormals_flushed(void) {
    volatile float smallest_normal = FLT_MIN;
    volatile float denormal = FLT_MIN / 4.0F;
    volatile float half = 0.5F;
    volatile float large = 0x1p100F;
    volatile float result = smallest_normal * half;
    volatile float from_operand = denormal * large;
    return result == 0.0F && from_operand == 0.0F;
}

bool floating_denormals_flushed(void) {
    int threads_that_keep = 0;
#pragma omp parallel reduction(+ : threads_that_keep)
    threads_that_keep += thread_denormals_flushed() ? 0 : 1;
    return threads_that_keep == 0;
}
