/* Squares of WIDTH x WIDTH floats turned in registers: log2(WIDTH) rounds, each of which interleaves
 * ever larger pieces of two vectors. */
#ifndef LOCKSTEP_REFERENCE_SIMD_TRANSPOSE_H
#define LOCKSTEP_REFERENCE_SIMD_TRANSPOSE_H

#include "reference/simd/vector.h"

#if defined(__AVX512F__)

/* In each group of four lanes, what a 4 x 4 transposition does. */
SIMD_INLINE void quarter_transpose(vector x[4]) {
    __m512d low = _mm512_castps_pd(_mm512_unpacklo_ps(x[0], x[1]));
    __m512d high = _mm512_castps_pd(_mm512_unpackhi_ps(x[0], x[1]));
    __m512d low2 = _mm512_castps_pd(_mm512_unpacklo_ps(x[2], x[3]));
    __m512d high2 = _mm512_castps_pd(_mm512_unpackhi_ps(x[2], x[3]));
    x[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, low2));
    x[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, low2));
    x[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high, high2));
    x[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high, high2));
}

SIMD_INLINE void vector_transpose(vector x[WIDTH]) {
    enum { EVEN = 0x88, ODD = 0xDD }; /* quarters 0 and 2, or 1 and 3, of each operand */
    for (int i = 0; i < WIDTH; i += 4)
        quarter_transpose(x + i);
    for (int i = 0; i < 4; i++) {
        vector even = _mm512_shuffle_f32x4(x[i], x[i + 4], EVEN);
        vector odd = _mm512_shuffle_f32x4(x[i], x[i + 4], ODD);
        vector even2 = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], EVEN);
        vector odd2 = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], ODD);
        x[i] = _mm512_shuffle_f32x4(even, even2, EVEN);
        x[i + 4] = _mm512_shuffle_f32x4(odd, odd2, EVEN);
        x[i + 8] = _mm512_shuffle_f32x4(even, even2, ODD);
        x[i + 12] = _mm512_shuffle_f32x4(odd, odd2, ODD);
    }
}

#elif defined(__AVX2__)

SIMD_INLINE void half_transpose(vector x[4]) {
    __m256d low = _mm256_castps_pd(_mm256_unpacklo_ps(x[0], x[1]));
    __m256d high = _mm256_castps_pd(_mm256_unpackhi_ps(x[0], x[1]));
    __m256d low2 = _mm256_castps_pd(_mm256_unpacklo_ps(x[2], x[3]));
    __m256d high2 = _mm256_castps_pd(_mm256_unpackhi_ps(x[2], x[3]));
    x[0] = _mm256_castpd_ps(_mm256_unpacklo_pd(low, low2));
    x[1] = _mm256_castpd_ps(_mm256_unpackhi_pd(low, low2));
    x[2] = _mm256_castpd_ps(_mm256_unpacklo_pd(high, high2));
    x[3] = _mm256_castpd_ps(_mm256_unpackhi_pd(high, high2));
}

SIMD_INLINE void vector_transpose(vector x[WIDTH]) {
    enum { LOWER = 0x20, UPPER = 0x31 };
    half_transpose(x);
    half_transpose(x + 4);
    for (int i = 0; i < 4; i++) {
        vector lower = _mm256_permute2f128_ps(x[i], x[i + 4], LOWER);
        x[i + 4] = _mm256_permute2f128_ps(x[i], x[i + 4], UPPER);
        x[i] = lower;
    }
}

#else

SIMD_INLINE void vector_transpose(vector x[WIDTH]) {
    _MM_TRANSPOSE4_PS(x[0], x[1], x[2], x[3]);
}

#endif

#endif
