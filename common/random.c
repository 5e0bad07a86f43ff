/* Philox4x32-10 and what the project draws from it. */
#include "common/random.h"

enum { PHILOX_ROUNDS = 10 };
static const uint32_t philox_multiplier[2] = {0xD2511F53u, 0xCD9E8D57u};
static const uint32_t philox_weyl[2] = {0x9E3779B9u, 0xBB67AE85u};

void philox_block(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        uint64_t product0 = (uint64_t)philox_multiplier[0] * c0;
        uint64_t product1 = (uint64_t)philox_multiplier[1] * c2;
        c0 = (uint32_t)(product1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(product0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)product1;
        c3 = (uint32_t)product0;
        k0 += philox_weyl[0];
        k1 += philox_weyl[1];
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

static void random_block(uint64_t seed, uint64_t stream, uint64_t block, uint32_t words[4]) {
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream,
                                 (uint32_t)(stream >> 32)};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    philox_block(counter, key, words);
}

uint32_t random_word(uint64_t seed, uint64_t stream, uint64_t index) {
    uint32_t words[4];
    random_block(seed, stream, index / 4, words);
    return words[index % 4];
}

static float uniform_from_word(uint32_t word, float low, float high) {
    float unit = (float)(word >> 8) * 0x1p-24f; /* [0, 1), exact */
    return low + (high - low) * unit;
}

float random_uniform(uint64_t seed, uint64_t stream, uint64_t index, float low, float high) {
    return uniform_from_word(random_word(seed, stream, index), low, high);
}

void random_fill(float *values, int64_t count, uint64_t seed, uint64_t stream, float low,
                 float high) {
    int64_t blocks = (count + 3) / 4;
/* Waking threads for less costs more than it saves, much more on a busy machine. */
#pragma omp parallel for schedule(static) if (blocks > 1 << 16)
    for (int64_t block = 0; block < blocks; block++) {
        uint32_t words[4];
        random_block(seed, stream, (uint64_t)block, words);
        for (int64_t i = 0; i < 4 && 4 * block + i < count; i++)
            values[4 * block + i] = uniform_from_word(words[i], low, high);
    }
}

uint32_t random_below(uint64_t seed, uint64_t stream, uint64_t index, uint32_t bound) {
    return (uint32_t)(((uint64_t)random_word(seed, stream, index) * bound) >> 32);
}
