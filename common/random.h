/* Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3" (SC 2011): the value at an index depends on seed, stream and index
 * alone, so CPU and GPU, one thread and many, draw the same numbers.
 */
#ifndef LOCKSTEP_COMMON_RANDOM_H
#define LOCKSTEP_COMMON_RANDOM_H

#include <stdint.h>

/* One Philox4x32-10 block: four 32-bit words from a 128-bit counter and a 64-bit key. */
void philox_block(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);

/* Word `index` of the sequence (seed, stream): block index/4 with counter {low, high, stream low,
 * stream high}. */
uint32_t random_word(uint64_t seed, uint64_t stream, uint64_t index);

/* Uniform in [low, high] from the upper 24 bits of one word: every value is exact in a float before
 * scaling. */
float random_uniform(uint64_t seed, uint64_t stream, uint64_t index, float low, float high);

/* Fills values[0, count) with random_uniform(seed, stream, i, low, high), on all OpenMP threads. */
void random_fill(float *values, int64_t count, uint64_t seed, uint64_t stream, float low,
                 float high);

/* Uniform in [0, bound), bound > 0, without modulo bias that matters (64-bit multiply-shift). */
uint32_t random_below(uint64_t seed, uint64_t stream, uint64_t index, uint32_t bound);

#endif
