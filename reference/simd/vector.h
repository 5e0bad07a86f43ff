/* Vectors of float32 as the kernels see them: one small set of operations, written once an
 * instruction set. Arithmetic is the compilers' own (+ - * / between vectors, or a vector and a
 * float). Included only by files that are compiled once an instruction set
 * (common/instruction_set.h).
 *
 * maximum(a, b) and minimum(a, b) return b where either is NaN, as x86 does; so a bound goes first.
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_VECTOR_H
#define LOCKSTEP_REFERENCE_SIMD_VECTOR_H

#include "common/instruction_set.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifndef SIMD_LEVEL
#    error "build this file once an instruction set, with -DSIMD_LEVEL=baseline, avx2 or avx512"
#endif

typedef float vector __attribute__((vector_size(WIDTH * sizeof(float))));

#define SIMD_INLINE static inline __attribute__((always_inline, unused))

/* A loop of few turns over an array of vectors, unrolled: with every index known they stay in
 * registers. */
#if defined(__clang__)
#    define SIMD_UNROLL _Pragma("clang loop unroll(full)")
#else
#    define SIMD_UNROLL _Pragma("GCC unroll 16")
#endif
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator takes none */
#define SIMD_FOR(index, count) SIMD_UNROLL for (int index = 0; index < (count); index++)

#if defined(__AVX512F__)

SIMD_INLINE __mmask16 vector_first(int64_t count) {
    return (__mmask16)((1U << count) - 1);
}

SIMD_INLINE vector vector_set(float x) {
    return _mm512_set1_ps(x);
}

SIMD_INLINE vector vector_load(const float *from) {
    return _mm512_loadu_ps(from);
}

/* Lanes from `count` on are `rest`. */
SIMD_INLINE vector vector_load_first(const float *from, int64_t count, float rest) {
    return _mm512_mask_loadu_ps(_mm512_set1_ps(rest), vector_first(count), from);
}

SIMD_INLINE void vector_store(float *to, vector x) {
    _mm512_storeu_ps(to, x);
}

SIMD_INLINE void vector_store_first(float *to, vector x, int64_t count) {
    _mm512_mask_storeu_ps(to, vector_first(count), x);
}

/* Past the caches; `to` is aligned to the vector. */
SIMD_INLINE void vector_stream(float *to, vector x) {
    _mm512_stream_ps(to, x);
}

SIMD_INLINE vector vector_fma(vector a, vector b, vector c) {
    return _mm512_fmadd_ps(a, b, c);
}

SIMD_INLINE vector vector_maximum(vector a, vector b) {
    return _mm512_max_ps(a, b);
}

SIMD_INLINE vector vector_minimum(vector a, vector b) {
    return _mm512_min_ps(a, b);
}

/* Within 1 ulp: the estimate of 1 / sqrt(x) (2^-14) and one step of Newton's method for the root
 * itself, a third of the instruction's time. 0 and infinity, where the estimate is the other of the
 * two, are their own roots. */
SIMD_INLINE vector vector_sqrt(vector x) {
    enum { POSITIVE_ZERO = 0x02, NEGATIVE_ZERO = 0x04, POSITIVE_INFINITY = 0x08 };
    vector inverse = _mm512_rsqrt14_ps(x);
    vector root = x * inverse;
    vector error = _mm512_fnmadd_ps(root, root, x);
    root = _mm512_fmadd_ps(error, inverse * 0.5F, root);
    __mmask16 own = _mm512_fpclass_ps_mask(x, POSITIVE_ZERO | NEGATIVE_ZERO | POSITIVE_INFINITY);
    return _mm512_mask_blend_ps(own, root, x);
}

SIMD_INLINE vector vector_round(vector x) {
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* x * 2^n for whole n in [-300, 300], rounded once. */
SIMD_INLINE vector vector_scale(vector x, vector n) {
    return _mm512_scalef_ps(x, n);
}

/* 1 / x for x in [1, 2^100] or NaN, within 1 ulp: the estimate (2^-14) and one step of Newton's
 * method, a third of a division's time. */
SIMD_INLINE vector vector_reciprocal(vector x) {
    vector estimate = _mm512_rcp14_ps(x);
    vector error = _mm512_fnmadd_ps(x, estimate, _mm512_set1_ps(1.0F));
    return _mm512_fmadd_ps(estimate, error, estimate);
}

SIMD_INLINE vector vector_absolute(vector x) {
    return _mm512_abs_ps(x);
}

SIMD_INLINE vector vector_negative_absolute(vector x) {
    return _mm512_or_ps(_mm512_set1_ps(-0.0F), x);
}

SIMD_INLINE vector vector_with_sign(vector magnitude, vector sign) {
    const __m512i sign_bit = _mm512_set1_epi32(INT32_MIN);
    enum { SIGN_FROM_B = 0xD8 }; /* c ? b : a, bit by bit */
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
        _mm512_castps_si512(magnitude), _mm512_castps_si512(sign), sign_bit, SIGN_FROM_B));
}

/* a > 0 ? yes : no; NaN is not. */
SIMD_INLINE vector vector_if_positive(vector a, vector yes, vector no) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_GT_OQ), no, yes);
}

SIMD_INLINE float vector_sum(vector x) {
    return _mm512_reduce_add_ps(x);
}

/* The largest lane; a NaN may or may not win. */
SIMD_INLINE float vector_largest(vector x) {
    return _mm512_reduce_max_ps(x);
}

#elif defined(__AVX2__)

SIMD_INLINE vector vector_set(float x) {
    return _mm256_set1_ps(x);
}

SIMD_INLINE vector vector_load(const float *from) {
    return _mm256_loadu_ps(from);
}

SIMD_INLINE __m256i vector_first(int64_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

SIMD_INLINE vector vector_load_first(const float *from, int64_t count, float rest) {
    __m256i first = vector_first(count);
    return _mm256_blendv_ps(_mm256_set1_ps(rest), _mm256_maskload_ps(from, first),
                            _mm256_castsi256_ps(first));
}

SIMD_INLINE void vector_store(float *to, vector x) {
    _mm256_storeu_ps(to, x);
}

SIMD_INLINE void vector_store_first(float *to, vector x, int64_t count) {
    _mm256_maskstore_ps(to, vector_first(count), x);
}

SIMD_INLINE void vector_stream(float *to, vector x) {
    _mm256_stream_ps(to, x);
}

SIMD_INLINE vector vector_fma(vector a, vector b, vector c) {
    return _mm256_fmadd_ps(a, b, c);
}

SIMD_INLINE vector vector_maximum(vector a, vector b) {
    return _mm256_max_ps(a, b);
}

SIMD_INLINE vector vector_minimum(vector a, vector b) {
    return _mm256_min_ps(a, b);
}

SIMD_INLINE vector vector_sqrt(vector x) {
    return _mm256_sqrt_ps(x);
}

SIMD_INLINE vector vector_round(vector x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* In two steps: 2^n alone may be out of range where x * 2^n is not. Only the second one rounds. */
SIMD_INLINE vector vector_scale(vector x, vector n) {
    const __m256i bias = _mm256_set1_epi32(127);
    __m256i whole = _mm256_cvtps_epi32(n);
    __m256i half = _mm256_srai_epi32(whole, 1);
    __m256i other = _mm256_sub_epi32(whole, half);
    x *= _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23));
    return x * _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(other, bias), 23));
}

/* Here the estimate has 12 bits only: two steps would cost what a division does. */
SIMD_INLINE vector vector_reciprocal(vector x) {
    return 1.0F / x;
}

SIMD_INLINE vector vector_absolute(vector x) {
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x);
}

SIMD_INLINE vector vector_negative_absolute(vector x) {
    return _mm256_or_ps(_mm256_set1_ps(-0.0F), x);
}

SIMD_INLINE vector vector_with_sign(vector magnitude, vector sign) {
    return _mm256_or_ps(vector_absolute(magnitude), _mm256_and_ps(_mm256_set1_ps(-0.0F), sign));
}

SIMD_INLINE vector vector_if_positive(vector a, vector yes, vector no) {
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, _mm256_setzero_ps(), _CMP_GT_OQ));
}

SIMD_INLINE float vector_sum(vector x) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

SIMD_INLINE float vector_largest(vector x) {
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

#else /* SSE2, which every x86-64 has */

SIMD_INLINE vector vector_set(float x) {
    return _mm_set1_ps(x);
}

SIMD_INLINE vector vector_load(const float *from) {
    return _mm_loadu_ps(from);
}

SIMD_INLINE vector vector_load_first(const float *from, int64_t count, float rest) {
    float lanes[WIDTH] = {rest, rest, rest, rest};
    memcpy(lanes, from, (size_t)count * sizeof *from);
    return _mm_loadu_ps(lanes);
}

SIMD_INLINE void vector_store(float *to, vector x) {
    _mm_storeu_ps(to, x);
}

SIMD_INLINE void vector_store_first(float *to, vector x, int64_t count) {
    float lanes[WIDTH];
    _mm_storeu_ps(lanes, x);
    memcpy(to, lanes, (size_t)count * sizeof *to);
}

SIMD_INLINE void vector_stream(float *to, vector x) {
    _mm_stream_ps(to, x);
}

/* No fused instruction here: two roundings. */
SIMD_INLINE vector vector_fma(vector a, vector b, vector c) {
    return a * b + c;
}

SIMD_INLINE vector vector_maximum(vector a, vector b) {
    return _mm_max_ps(a, b);
}

SIMD_INLINE vector vector_minimum(vector a, vector b) {
    return _mm_min_ps(a, b);
}

SIMD_INLINE vector vector_sqrt(vector x) {
    return _mm_sqrt_ps(x);
}

/* For |x| < 2^22: in the sum 1.5 * 2^23 + x an ulp is 1. */
SIMD_INLINE vector vector_round(vector x) {
    const vector shift = _mm_set1_ps(12582912.0F);
    return (x + shift) - shift;
}

SIMD_INLINE vector vector_scale(vector x, vector n) {
    const __m128i bias = _mm_set1_epi32(127);
    __m128i whole = _mm_cvtps_epi32(n);
    __m128i half = _mm_srai_epi32(whole, 1);
    __m128i other = _mm_sub_epi32(whole, half);
    x *= _mm_castsi128_ps(_mm_slli_epi32(_mm_add_epi32(half, bias), 23));
    return x * _mm_castsi128_ps(_mm_slli_epi32(_mm_add_epi32(other, bias), 23));
}

/* Here the estimate has 12 bits only: two steps would cost what a division does. */
SIMD_INLINE vector vector_reciprocal(vector x) {
    return 1.0F / x;
}

SIMD_INLINE vector vector_absolute(vector x) {
    return _mm_andnot_ps(_mm_set1_ps(-0.0F), x);
}

SIMD_INLINE vector vector_negative_absolute(vector x) {
    return _mm_or_ps(_mm_set1_ps(-0.0F), x);
}

SIMD_INLINE vector vector_with_sign(vector magnitude, vector sign) {
    return _mm_or_ps(vector_absolute(magnitude), _mm_and_ps(_mm_set1_ps(-0.0F), sign));
}

SIMD_INLINE vector vector_if_positive(vector a, vector yes, vector no) {
    __m128 positive = _mm_cmpgt_ps(a, _mm_setzero_ps());
    return _mm_or_ps(_mm_and_ps(positive, yes), _mm_andnot_ps(positive, no));
}

SIMD_INLINE float vector_sum(vector x) {
    __m128 two = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

SIMD_INLINE float vector_largest(vector x) {
    __m128 two = _mm_max_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

#endif

/* Asks for a line that will be read once. */
SIMD_INLINE void vector_prefetch(const float *from) {
    _mm_prefetch((const char *)from, _MM_HINT_NTA);
}

/* Asks for a line that will be needed soon; any address will do. */
SIMD_INLINE void vector_fetch(uintptr_t address) {
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): it need not point into an object */
    _mm_prefetch((const char *)address, _MM_HINT_T0);
}

/* Elements before the first address that is aligned to the vector, at most `count`. */
SIMD_INLINE int64_t vector_misalignment(const float *pointer, int64_t count) {
    int64_t past = (int64_t)(((uintptr_t)pointer / sizeof *pointer) % WIDTH);
    int64_t head = (WIDTH - past) % WIDTH;
    return head < count ? head : count;
}

#endif
