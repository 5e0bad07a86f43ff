/* The tables of each build, the best build, and the floating-point environment. */
#include "emulator/arithmetic/arithmetic.h"

#include <stddef.h>

#if defined(__x86_64__)
#    include <immintrin.h>
#endif

enum { TABLE_COUNT = 19 };

/* The tables of a build, those that programs use most first. */
#define TABLES(build)                                                                              \
    {                                                                                              \
        &arithmetic_fma32_##build, &arithmetic_float32_##build, &arithmetic_integer_##build,       \
            &arithmetic_bits_##build, &arithmetic_compare_##build, &arithmetic_select_##build,     \
            &arithmetic_convert_integer_##build, &arithmetic_convert_float_##build,                \
            &arithmetic_float64_##build, &arithmetic_half_##build,                                 \
            &arithmetic_matrix_multiply_##build, &arithmetic_matrix_sparse_##build,                \
            &arithmetic_matrix_quads_##build, &arithmetic_matrix_scaled_##build,                   \
            &arithmetic_video_##build, &arithmetic_set_##build,                                    \
            &arithmetic_convert_packed_##build, &arithmetic_convert_stochastic_##build,            \
            &arithmetic_unrounded32_##build, NULL                                                  \
    }

#define DECLARE_TABLES(build)                                                                      \
    extern const struct lane_table arithmetic_fma32_##build;                                       \
    extern const struct lane_table arithmetic_float32_##build;                                     \
    extern const struct lane_table arithmetic_unrounded32_##build;                                 \
    extern const struct lane_table arithmetic_integer_##build;                                     \
    extern const struct lane_table arithmetic_bits_##build;                                        \
    extern const struct lane_table arithmetic_compare_##build;                                     \
    extern const struct lane_table arithmetic_select_##build;                                      \
    extern const struct lane_table arithmetic_set_##build;                                         \
    extern const struct lane_table arithmetic_convert_packed_##build;                              \
    extern const struct lane_table arithmetic_convert_stochastic_##build;                          \
    extern const struct lane_table arithmetic_convert_integer_##build;                             \
    extern const struct lane_table arithmetic_convert_float_##build;                               \
    extern const struct lane_table arithmetic_float64_##build;                                     \
    extern const struct lane_table arithmetic_half_##build;                                        \
    extern const struct lane_table arithmetic_matrix_multiply_##build;                             \
    extern const struct lane_table arithmetic_matrix_sparse_##build;                               \
    extern const struct lane_table arithmetic_video_##build;                                       \
    extern const struct lane_table arithmetic_matrix_quads_##build;                                \
    extern const struct lane_table arithmetic_matrix_scaled_##build;                               \
    extern warpgroup_function arithmetic_warpgroup_##build;                                        \
    extern tensor_function arithmetic_tensor_##build

DECLARE_TABLES(baseline);
#ifdef EMULATOR_HAS_X86_BUILDS
DECLARE_TABLES(avx2);
DECLARE_TABLES(avx512);
#endif

static const struct lane_table *const builds[ARITHMETIC_ISAS][TABLE_COUNT + 1] = {
    [ARITHMETIC_BASELINE] = TABLES(baseline),
#ifdef EMULATOR_HAS_X86_BUILDS
    [ARITHMETIC_AVX2] = TABLES(avx2),
    [ARITHMETIC_AVX512] = TABLES(avx512),
#endif
};

const struct lane_table *const *arithmetic_tables(enum arithmetic_isa isa) {
    return builds[isa];
}

warpgroup_function *arithmetic_warpgroup(enum arithmetic_isa isa) {
    static warpgroup_function *const functions[ARITHMETIC_ISAS] = {
        [ARITHMETIC_BASELINE] = arithmetic_warpgroup_baseline,
#ifdef EMULATOR_HAS_X86_BUILDS
        [ARITHMETIC_AVX2] = arithmetic_warpgroup_avx2,
        [ARITHMETIC_AVX512] = arithmetic_warpgroup_avx512,
#endif
    };
    return functions[isa];
}

tensor_function *arithmetic_tensor(enum arithmetic_isa isa) {
    static tensor_function *const functions[ARITHMETIC_ISAS] = {
        [ARITHMETIC_BASELINE] = arithmetic_tensor_baseline,
#ifdef EMULATOR_HAS_X86_BUILDS
        [ARITHMETIC_AVX2] = arithmetic_tensor_avx2,
        [ARITHMETIC_AVX512] = arithmetic_tensor_avx512,
#endif
    };
    return functions[isa];
}

/* What the compiler flags in emulator.mk let each build use. */
enum arithmetic_isa arithmetic_best_isa(void) {
#ifdef EMULATOR_HAS_X86_BUILDS
    const int has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                         __builtin_cpu_supports("bmi2");
    const int has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                           __builtin_cpu_supports("avx512bw") &&
                           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return has_avx512 ? ARITHMETIC_AVX512 : has_avx2 ? ARITHMETIC_AVX2 : ARITHMETIC_BASELINE;
#else
    return ARITHMETIC_BASELINE;
#endif
}

struct arithmetic_environment arithmetic_enter_environment(void) {
    struct arithmetic_environment previous = {0};
#if defined(__x86_64__)
    enum { ALL_EXCEPTIONS_MASKED = 0x1f80 };
    previous.control = _mm_getcsr();
    _mm_setcsr(ALL_EXCEPTIONS_MASKED);
#endif
    return previous;
}

void arithmetic_leave_environment(struct arithmetic_environment previous) {
#if defined(__x86_64__)
    _mm_setcsr(previous.control);
#else
    (void)previous;
#endif
}
