/*
 * How lane operations are written: a macro a shape of operands, and names for several builds.
 *
 * MAP_2(f32_add, 32, 32, 32, (void)choice, add(a, b)) defines a lane_function of that name with a
 * result and two sources of 32 bits. The fourth argument runs once, before the lanes: it copies
 * what is needed of `choice` into constants, which must not be read in the loop (`choice` may
 * alias any array, as far as the compiler knows). The last is the result of a lane, from `a`, `b`,
 * `c` and `e`, the lane's sources as unsigned numbers.
 *
 * The files that include this are compiled once for each enum arithmetic_isa, with
 * ARITHMETIC_SUFFIX naming the build. The compiler flags must not allow contraction, reassociation
 * or any other change of results; -fno-math-errno and -fno-trapping-math are safe and needed for
 * speed (emulator.mk).
 */
#ifndef LOCKSTEP_EMULATOR_ARITHMETIC_KERNEL_H
#define LOCKSTEP_EMULATOR_ARITHMETIC_KERNEL_H

#include "emulator/lanes/lanes.h"

#if defined(__SSE2__)
#    include <immintrin.h>
#endif

/* Loops over lanes ask for vector code; that a rare instruction does not get it is no fault. */
#ifdef __clang__
#    pragma clang diagnostic ignored "-Wpass-failed"
#endif

#ifndef ARITHMETIC_SUFFIX
#    define ARITHMETIC_SUFFIX baseline
#endif

#define ARITHMETIC_JOIN(name, suffix) name##_##suffix
#define ARITHMETIC_JOIN_EXPANDED(name, suffix) ARITHMETIC_JOIN(name, suffix)
#define ARITHMETIC_BUILD(name) ARITHMETIC_JOIN_EXPANDED(name, ARITHMETIC_SUFFIX)

/* Exports an array of rows of the same file as the table `name` of this build. */
#define ARITHMETIC_TABLE(name, rows, flags)                                                        \
    extern const struct lane_table ARITHMETIC_BUILD(name);                                         \
    const struct lane_table ARITHMETIC_BUILD(name) = {rows, sizeof(rows) / sizeof(rows)[0], flags}

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#define LANE_FUNCTION(name)                                                                        \
    static void name(void *const to[], const void *const from[], const signed char choice[])

#define MAP_1(name, D, A, setup, result)                                                           \
    LANE_FUNCTION(name) {                                                                          \
        setup;                                                                                     \
        struct lanes##D *const map_d = to[0];                                                      \
        const struct lanes##A *const map_a = from[0];                                              \
        FOR_LANES(lane) {                                                                          \
            const uint##A##_t a = map_a->at[lane];                                                 \
            map_d->at[lane] = (uint##D##_t)(result);                                               \
        }                                                                                          \
    }

#define MAP_2(name, D, A, B, setup, result)                                                        \
    LANE_FUNCTION(name) {                                                                          \
        setup;                                                                                     \
        struct lanes##D *const map_d = to[0];                                                      \
        const struct lanes##A *const map_a = from[0];                                              \
        const struct lanes##B *const map_b = from[1];                                              \
        FOR_LANES(lane) {                                                                          \
            const uint##A##_t a = map_a->at[lane];                                                 \
            const uint##B##_t b = map_b->at[lane];                                                 \
            map_d->at[lane] = (uint##D##_t)(result);                                               \
        }                                                                                          \
    }

#define MAP_3(name, D, A, B, C, setup, result)                                                     \
    LANE_FUNCTION(name) {                                                                          \
        setup;                                                                                     \
        struct lanes##D *const map_d = to[0];                                                      \
        const struct lanes##A *const map_a = from[0];                                              \
        const struct lanes##B *const map_b = from[1];                                              \
        const struct lanes##C *const map_c = from[2];                                              \
        FOR_LANES(lane) {                                                                          \
            const uint##A##_t a = map_a->at[lane];                                                 \
            const uint##B##_t b = map_b->at[lane];                                                 \
            const uint##C##_t c = map_c->at[lane];                                                 \
            map_d->at[lane] = (uint##D##_t)(result);                                               \
        }                                                                                          \
    }

#define MAP_4(name, D, A, B, C, E, setup, result)                                                  \
    LANE_FUNCTION(name) {                                                                          \
        setup;                                                                                     \
        struct lanes##D *const map_d = to[0];                                                      \
        const struct lanes##A *const map_a = from[0];                                              \
        const struct lanes##B *const map_b = from[1];                                              \
        const struct lanes##C *const map_c = from[2];                                              \
        const struct lanes##E *const map_e = from[3];                                              \
        FOR_LANES(lane) {                                                                          \
            const uint##A##_t a = map_a->at[lane];                                                 \
            const uint##B##_t b = map_b->at[lane];                                                 \
            const uint##C##_t c = map_c->at[lane];                                                 \
            const uint##E##_t e = map_e->at[lane];                                                 \
            map_d->at[lane] = (uint##D##_t)(result);                                               \
        }                                                                                          \
    }

/* A predicate of flags that are 0 or 1 in each lane: bit l for lane l. */
ALWAYS_INLINE uint32_t predicate_of(const struct lanes32 *flags) {
    uint32_t bits = 0;
#if defined(__AVX512F__)
    for (unsigned lane = 0; lane < LANES; lane += 16) {
        const __m512i group = _mm512_load_si512(flags->at + lane);
        bits |= (uint32_t)_mm512_test_epi32_mask(group, group) << lane;
    }
#elif defined(__SSE2__)
    for (unsigned lane = 0; lane < LANES; lane += 4) {
        const __m128i group = _mm_load_si128((const __m128i *)(const void *)(flags->at + lane));
        const __m128 signs = _mm_castsi128_ps(_mm_slli_epi32(group, 31));
        bits |= (uint32_t)_mm_movemask_ps(signs) << lane;
    }
#else
    for (unsigned lane = 0; lane < LANES; lane++) {
        bits |= flags->at[lane] << lane;
    }
#endif
    return bits;
}

/* Comparisons give a predicate: the result of a lane is true or false. */
#define TEST_1(name, A, setup, result)                                                             \
    LANE_FUNCTION(name) {                                                                          \
        setup;                                                                                     \
        const struct lanes##A *const map_a = from[0];                                              \
        struct lanes32 flags;                                                                      \
        FOR_LANES(lane) {                                                                          \
            const uint##A##_t a = map_a->at[lane];                                                 \
            flags.at[lane] = (result) ? 1u : 0u;                                                   \
        }                                                                                          \
        *(uint32_t *)to[0] = predicate_of(&flags);                                                 \
    }

#define TEST_2(name, A, B, setup, result)                                                          \
    LANE_FUNCTION(name) {                                                                          \
        setup;                                                                                     \
        const struct lanes##A *const map_a = from[0];                                              \
        const struct lanes##B *const map_b = from[1];                                              \
        struct lanes32 flags;                                                                      \
        FOR_LANES(lane) {                                                                          \
            const uint##A##_t a = map_a->at[lane];                                                 \
            const uint##B##_t b = map_b->at[lane];                                                 \
            flags.at[lane] = (result) ? 1u : 0u;                                                   \
        }                                                                                          \
        *(uint32_t *)to[0] = predicate_of(&flags);                                                 \
    }

#endif
