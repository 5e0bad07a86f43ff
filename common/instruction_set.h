/* The instruction sets that vectorised code is built for, and which of them this CPU runs.
 *
 * A source file that says SIMD_NAME is compiled once for each of them (reference/reference.mk),
 * with SIMD_LEVEL defined as its name. SIMD_NAME(f) is then f_baseline, f_avx2 or f_avx512, and
 * WIDTH is how many floats a vector holds.
 */
#ifndef LOCKSTEP_COMMON_INSTRUCTION_SET_H
#define LOCKSTEP_COMMON_INSTRUCTION_SET_H

/* Each has what those before it have. */
enum instruction_set {
    INSTRUCTION_SET_BASELINE, /* SSE2, which every x86-64 has */
    INSTRUCTION_SET_AVX2,     /* with FMA, and with F16C, which is older than both */
    INSTRUCTION_SET_AVX512,   /* F, BW, DQ and VL */
    INSTRUCTION_SETS
};

/* The last that this CPU runs. Reads a word that the compiler's runtime filled at the start, which
 * is cheaper than keeping an answer. */
enum instruction_set instruction_set_best(void);

/* "baseline", "avx2", "avx512". */
const char *instruction_set_name(enum instruction_set set);

#ifdef SIMD_LEVEL

#    define SIMD_JOIN(name, level) name##_##level
#    define SIMD_JOIN_EXPANDED(name, level) SIMD_JOIN(name, level)
#    define SIMD_NAME(name) SIMD_JOIN_EXPANDED(name, SIMD_LEVEL)

#    if defined(__AVX512F__)
enum { WIDTH = 16 };
#    elif defined(__AVX2__)
enum { WIDTH = 8 };
#    else
enum { WIDTH = 4 };
#    endif

#endif

#endif
