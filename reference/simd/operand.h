/* Elements of a product's operands as float32, whatever they are stored as. Each function is
 * inlined once a dtype, so that loops ask nothing. tf32 is stored as float32, and is not rounded:
 * what keeps more bits than asked is within the tolerance.
 */
#ifndef LOCKSTEP_REFERENCE_SIMD_OPERAND_H
#define LOCKSTEP_REFERENCE_SIMD_OPERAND_H

#include "common/narrow.h"
#include "reference/simd/vector.h"

#if defined(__AVX512F__)

SIMD_INLINE vector narrow_widen(__m256i bits, enum dtype dtype) {
    if (dtype == DTYPE_F16)
        return _mm512_cvtph_ps(bits);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

SIMD_INLINE vector narrow_load(const uint16_t *from, enum dtype dtype) {
    return narrow_widen(_mm256_loadu_si256((const __m256i *)from), dtype);
}

SIMD_INLINE vector narrow_load_first(const uint16_t *from, enum dtype dtype, int64_t count) {
    return narrow_widen(_mm256_maskz_loadu_epi16(vector_first(count), from), dtype);
}

#else

#    if defined(__AVX2__)

SIMD_INLINE vector narrow_load(const uint16_t *from, enum dtype dtype) {
    __m128i bits = _mm_loadu_si128((const __m128i *)from);
    if (dtype == DTYPE_F16)
        return _mm256_cvtph_ps(bits);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

#    else /* SSE2 has no conversion of half precision: element by element */

SIMD_INLINE vector narrow_load(const uint16_t *from, enum dtype dtype) {
    float lanes[WIDTH];
    for (int i = 0; i < WIDTH; i++)
        lanes[i] = dtype_element(from, dtype, i);
    return vector_load(lanes);
}

#    endif

SIMD_INLINE vector narrow_load_first(const uint16_t *from, enum dtype dtype, int64_t count) {
    uint16_t lanes[WIDTH] = {0};
    memcpy(lanes, from, (size_t)count * sizeof *from);
    return narrow_load(lanes, dtype);
}

#endif

/* Elements [at, at + WIDTH). */
SIMD_INLINE vector operand_load(const void *operand, enum dtype dtype, int64_t at) {
    return dtype_is_narrow(dtype) ? narrow_load((const uint16_t *)operand + at, dtype)
                                  : vector_load((const float *)operand + at);
}

/* Elements [at, at + count), then zeros; the memory behind them is not read. */
SIMD_INLINE vector operand_load_first(const void *operand, enum dtype dtype, int64_t at,
                                      int64_t count) {
    return dtype_is_narrow(dtype) ? narrow_load_first((const uint16_t *)operand + at, dtype, count)
                                  : vector_load_first((const float *)operand + at, count, 0);
}

/* Pairs of bf16, as vdpbf16ps multiplies them: those of two k that follow each other, side by side
 * in 32 bits. Where that instruction is not compiled for, no pair is loaded. */
#if defined(__AVX512F__)

enum { PAIRS_MULTIPLY = 1 };

SIMD_INLINE vector pairs_load_first(const uint16_t *from, int64_t elements) {
    uint32_t first = elements < (int64_t)2 * WIDTH ? (UINT32_C(1) << elements) - 1 : UINT32_MAX;
    return _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(first, from));
}

/* Of `count` columns each of two rows; NULL: zeros. */
SIMD_INLINE vector pairs_join(const uint16_t *low, const uint16_t *high, int64_t count) {
    __mmask16 first = vector_first(count);
    __m512i pairs = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(first, low));
    if (high != NULL) {
        __m512i above = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(first, high));
        pairs = _mm512_or_si512(pairs, _mm512_slli_epi32(above, 16));
    }
    return _mm512_castsi512_ps(pairs);
}

/* sum + the two products, summed. Not by its intrinsic, which a file for all processors with
 * AVX-512 may not call. */
SIMD_INLINE vector pairs_multiply(vector left, vector right, vector sum) {
    __asm__("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(left), "v"(right));
    return sum;
}

SIMD_INLINE __m256i narrow_round(vector x) {
    __m256i bits;
    __asm__("vcvtneps2bf16 %1, %0" : "=v"(bits) : "v"(x));
    return bits;
}

/* Each lane of two vectors rounded to bf16, side by side. */
SIMD_INLINE vector pairs_round(vector low, vector high) {
    __m512i above = _mm512_slli_epi32(_mm512_cvtepu16_epi32(narrow_round(high)), 16);
    return _mm512_castsi512_ps(_mm512_or_si512(_mm512_cvtepu16_epi32(narrow_round(low)), above));
}

#else

enum { PAIRS_MULTIPLY = 0 };

SIMD_INLINE vector pairs_load_first(const uint16_t *from, int64_t elements) {
    (void)from, (void)elements;
    return vector_set(0);
}

SIMD_INLINE vector pairs_join(const uint16_t *low, const uint16_t *high, int64_t count) {
    (void)low, (void)high, (void)count;
    return vector_set(0);
}

SIMD_INLINE vector pairs_multiply(vector left, vector right, vector sum) {
    (void)left, (void)right;
    return sum;
}

SIMD_INLINE vector pairs_round(vector low, vector high) {
    (void)high;
    return low;
}

#endif

/* Asks for the line of an element, which need not be one of the operand's. */
SIMD_INLINE void operand_fetch(const void *operand, enum dtype dtype, int64_t at) {
    vector_fetch((uintptr_t)operand + (uintptr_t)(at * (dtype_is_narrow(dtype) ? 2 : 4)));
}

#endif
