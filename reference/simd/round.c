/* Rounding float32 to 16 bits. Half precision has an instruction from AVX2 on; bfloat16 is the
 * upper half of a float, to which half a unit is added first, less one bit where that half is even
 * already.
 */
#include "common/narrow.h"
#include "reference/simd/level.h"
#include "reference/simd/parallel.h"

#if defined(__AVX512F__)

SIMD_INLINE __m256i round_vector(vector x, enum dtype dtype) {
    if (dtype == DTYPE_F16)
        return _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512i bits = _mm512_castps_si512(x), upper = _mm512_srli_epi32(bits, 16);
    const __m512i odd = _mm512_and_si512(upper, _mm512_set1_epi32(1));
    const __m512i half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));
    const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, half), 16);
    const __m512i quiet = _mm512_or_si512(upper, _mm512_set1_epi32(0x40));
    const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    return _mm512_cvtepi32_epi16(_mm512_mask_blend_epi32(nan, rounded, quiet));
}

SIMD_INLINE void round_store(uint16_t *to, vector x, enum dtype dtype) {
    _mm256_storeu_si256((__m256i *)to, round_vector(x, dtype));
}

#elif defined(__AVX2__)

SIMD_INLINE __m128i round_vector(vector x, enum dtype dtype) {
    if (dtype == DTYPE_F16)
        return _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m256i bits = _mm256_castps_si256(x), upper = _mm256_srli_epi32(bits, 16);
    const __m256i odd = _mm256_and_si256(upper, _mm256_set1_epi32(1));
    const __m256i half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
    const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, half), 16);
    const __m256i quiet = _mm256_or_si256(upper, _mm256_set1_epi32(0x40));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    const __m256i chosen = _mm256_blendv_epi8(rounded, quiet, nan);
    return _mm_packus_epi32(_mm256_castsi256_si128(chosen), _mm256_extracti128_si256(chosen, 1));
}

SIMD_INLINE void round_store(uint16_t *to, vector x, enum dtype dtype) {
    _mm_storeu_si128((__m128i *)to, round_vector(x, dtype));
}

#else

SIMD_INLINE void round_store(uint16_t *to, vector x, enum dtype dtype) {
    for (int i = 0; i < WIDTH; i++)
        to[i] = dtype == DTYPE_F16 ? f16_round(x[i]) : bf16_round(x[i]);
}

#endif

SIMD_INLINE void round_range(const struct round_problem *problem, enum dtype dtype, int64_t first,
                             int64_t last) {
    const vector scale = vector_set(problem->scale);
    int64_t i = first;
    for (; i + WIDTH <= last; i += WIDTH)
        round_store(problem->out + i, vector_load(problem->in + i) * scale, dtype);
    if (i < last) {
        uint16_t lanes[WIDTH];
        round_store(lanes, vector_load_first(problem->in + i, last - i, 0) * scale, dtype);
        memcpy(problem->out + i, lanes, (size_t)(last - i) * sizeof *lanes);
    }
}

static void round_body(const void *context, int part, int64_t first, int64_t last) {
    (void)part;
    const struct round_problem *problem = context;
    if (problem->dtype == DTYPE_F16)
        round_range(problem, DTYPE_F16, first, last);
    else
        round_range(problem, DTYPE_BF16, first, last);
}

enum status SIMD_NAME(round_simd)(const struct round_problem *problem,
                                  struct execution *execution) {
    enum { LINE = 32 }; /* elements of a cache line of the result */
    const int64_t bytes = problem->count * (int64_t)(sizeof(float) + sizeof(uint16_t));
    parallel_ranges(problem->count, LINE, parallel_team(bytes, execution->threads), round_body,
                    problem);
    return STATUS_OK;
}
