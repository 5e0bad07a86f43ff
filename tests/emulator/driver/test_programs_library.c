/* Programs that use CUDA's device libraries and heap, and instructions written as inline PTX. */
#include "tests/support/emulator_programs.h"
#include "tests/support/test.h"

#include <complex.h>
#include <fenv.h>
#include <math.h>

/* ---- heap.cu ---- */

TEST_PROGRAM(heap_gives_and_takes, "heap") {
    int out[64];
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("heap", 1, 64, 0, &at);
    read_buffer(out, at, sizeof out);
    for (int t = 0; t < 64; t++) {
        int sum = t; /* the byte */
        for (int i = 0; i <= t % 5; i++)
            sum += i + t;
        assert_int_equal(out[t], sum);
    }
}

TEST_PROGRAM(heap_has_an_end, "heap") {
    int out[2];
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("heap_limits", 1, 1, 0, &at);
    read_buffer(out, at, sizeof out);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 1);
    OK(cuLaunchKernel(program_kernel(state, "heap_twice_freed"), 1, 1, 1, 1, 1, 1, 0, NULL, NULL,
                      NULL));
    EXPECT(CUDA_ERROR_ILLEGAL_ADDRESS, cuCtxSynchronize());
}

/* ---- tiles.cu ---- */

TEST_PROGRAM(tiles_span_warps, "tiles") {
    int in[256], out[256], sums[4] = {0};
    for (int t = 0; t < 256; t++)
        sums[t / 64] += in[t] = t * 7 % 31;
    CUdeviceptr from = device_buffer(in, sizeof in), at = device_buffer(NULL, sizeof out);
    RUN("large_tiles", 1, 256, 0, &from, &at);
    read_buffer(out, at, sizeof out);
    for (int t = 0; t < 256; t++)
        assert_int_equal(out[t], sums[t / 64] + in[t / 64 * 64 + 5]);
}

/* ---- device_library.cu ---- */

/* Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC11): ten rounds on four words. */
static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c[4], k[2] = {key[0], key[1]};
    memcpy(c, counter, sizeof c);
    for (int round = 0; round < 10; round++) {
        uint64_t left = (uint64_t)c[0] * 0xD2511F53U, right = (uint64_t)c[2] * 0xCD9E8D57U;
        const uint32_t next[4] = {(uint32_t)(right >> 32) ^ c[1] ^ k[0], (uint32_t)right,
                                  (uint32_t)(left >> 32) ^ c[3] ^ k[1], (uint32_t)left};
        memcpy(c, next, sizeof c);
        k[0] += 0x9E3779B9U;
        k[1] += 0xBB67AE85U;
    }
    memcpy(out, c, sizeof c);
}

TEST_PROGRAM(random_numbers_are_philox, "device_library") {
    uint32_t out[64][4], expected[4], key[2] = {1234, 0};
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("random_philox", 1, 64, 0, &at);
    read_buffer(out, at, sizeof out);
    for (uint32_t t = 0; t < 64; t++) {
        const uint32_t counter[4] = {0, 0, t, 0}; /* the sequence is the upper half */
        philox(counter, key, expected);
        assert_memory_equal(out[t], expected, sizeof expected);
    }
}

/* The mean of 8192 numbers of unit variance: nine standard deviations away is a fault, zero is none
 * at all. */
TEST_PROGRAM(random_normals_have_their_mean, "device_library") {
    float mean = 0;
    CUdeviceptr at = device_buffer(NULL, sizeof mean);
    RUN("random_normal", 1, 64, 0, &at);
    read_buffer(&mean, at, sizeof mean);
    assert_true(fabsf(mean) < 0.1F && mean != 0);
}

TEST_PROGRAM(groups_scan, "device_library") {
    int in[64], out[128];
    for (int t = 0; t < 64; t++)
        in[t] = t * 5 % 17 - 3;
    CUdeviceptr from = device_buffer(in, sizeof in), at = device_buffer(NULL, sizeof out);
    RUN("group_scan", 1, 64, 0, &from, &at);
    read_buffer(out, at, sizeof out);
    for (int t = 0, sum = 0; t < 64; t++) {
        sum = t % 16 ? sum : 0;
        assert_int_equal(out[64 + t], sum);
        sum += in[t];
        assert_int_equal(out[t], sum);
    }
}

static int compare_integers(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

TEST_PROGRAM(warps_sort, "device_library") {
    int in[64], out[64];
    uint32_t seed = 11;
    for (int i = 0; i < 64; i++)
        in[i] = (int)random_next(&seed);
    CUdeviceptr from = device_buffer(in, sizeof in), at = device_buffer(NULL, sizeof out);
    RUN("warp_sort", 1, 32, 0, &from, &at);
    read_buffer(out, at, sizeof out);
    qsort(in, 64, sizeof *in, compare_integers);
    assert_memory_equal(in, out, sizeof in);
}

TEST_PROGRAM(standard_library_computes, "device_library") {
    float out[32][2];
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("standard_library", 1, 32, 0, &at);
    read_buffer(out, at, sizeof out);
    for (int t = 0; t < 32; t++) {
        double complex z = 0.3F + I * (t / 8.0);
        z = z * z + 1 - I;
        assert_true(fabs(out[t][0] - (creal(z) + 0.5)) < 1e-5);
        assert_true(fabs(out[t][1] - (cimag(z) + (4 - t % 4))) < 1e-5);
    }
}

/* ---- assembly.cu ---- */

static uint32_t nibble_bytes(uint32_t a, uint32_t b, unsigned first) {
    uint64_t both = (uint64_t)b << 32 | a;
    uint32_t result = 0;
    for (unsigned i = 0; i < 4; i++)
        result |= (uint32_t)(both >> 8 * ((first + i) % 8) & 0xFF) << 8 * i;
    return result;
}

static uint32_t saturate(int64_t value) {
    return (uint32_t)(int32_t)(value > INT32_MAX   ? INT32_MAX
                               : value < INT32_MIN ? INT32_MIN
                                                   : value);
}

/* The position of the third bit that is set, or all ones. */
static uint32_t third_bit(uint32_t value) {
    for (uint32_t bit = 0, seen = 0; bit < 32; bit++)
        if (value >> bit & 1 && ++seen == 3)
            return bit;
    return 0xFFFFFFFF;
}

static void assembly_bits(uint32_t a, uint32_t b, uint32_t c, uint32_t *o) {
    uint32_t mask = 0xFFFU << 7, sign = (int32_t)a < 0 ? ~a : a;
    o[0] = a >> 5 & 0x1FF;
    o[1] = (uint32_t)((int32_t)a >> 28); /* beyond bit 31 there are copies of the sign */
    o[2] = (b & ~mask) | (a << 7 & mask);
    o[3] = a ^ b ^ c;
    o[4] = (a & b) | (~a & c);
    o[5] = nibble_bytes(a, b, c & 3);
    o[6] = (a >> 16 * (c & 1) & 0xFFFF) * 0x10001;
    o[7] = a ? 31 - (uint32_t)__builtin_clz(a) : 0xFFFFFFFF;
    o[8] = sign ? (uint32_t)__builtin_clz(sign) : 0xFFFFFFFF;
    o[9] = a; /* a shift by 32 or more leaves the lower word */
    o[10] = (uint32_t)(((uint64_t)b << 32 | a) >> 8);
    o[19] = (int32_t)c >= 0 ? a : b;
    o[20] = (int32_t)a < (int32_t)b ? 0xFFFFFFFF : 0;
    o[21] = a > b ? 9 : 5; /* q is the comparison's opposite */
    o[22] = (uint32_t)((int32_t)(a << 21) >> 21);
    o[23] = 0x1FFU << 5;
    o[24] = third_bit(a);
    o[27] = a == 0;
}

static void assembly_sums(uint32_t a, uint32_t b, uint32_t c, uint32_t *o) {
    int32_t sa = (int32_t)a, sb = (int32_t)b, dot = (int32_t)c;
    uint64_t product = (uint64_t)a * b;
    int64_t difference = (int64_t)sa - sb;
    for (int i = 0; i < 2; i++)
        dot += (int16_t)(a >> 16 * i) * (int32_t)(b >> (16 + 8 * i) & 0xFF);
    o[11] = saturate((int64_t)sa + sb);
    o[12] = saturate((int64_t)sa - sb);
    o[13] = (uint32_t)(product >> 32) + c;
    o[14] = (uint32_t)product + c;
    o[15] = (a & 0xFFFFFF) * (b & 0xFFFFFF) + c;
    o[16] = c + (uint32_t)(((uint64_t)a + b) >> 32);
    o[17] = c - (a < b);
    o[18] = (uint32_t)((product + c) >> 32) + c;
    o[25] = (a & 0xFFFF) * (a >> 16) & 0xFFFF;
    o[26] = (uint32_t)((int64_t)sa * sb >> 20);
    o[28] = (uint32_t)dot;
    o[29] = (uint32_t)(difference < 0 ? -difference : difference) + c;
}

TEST_PROGRAM(assembly_of_integers_is_exact, "assembly") {
    enum { COUNT = 96 };
    uint32_t in[COUNT][3], out[COUNT][32], expected[32], seed = 17;
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < 3; k++)
            in[i][k] = i < 2 ? (i ? 0xFFFFFFFF : 0) : random_next(&seed) >> random_next(&seed) % 28;
    CUdeviceptr from = device_buffer(in, sizeof in), at = device_buffer(NULL, sizeof out);
    RUN("assembly_integers", 1, COUNT, 0, &from, &at);
    read_buffer(out, at, sizeof out);
    for (int i = 0; i < COUNT; i++) {
        assembly_bits(in[i][0], in[i][1], in[i][2], expected);
        assembly_sums(in[i][0], in[i][1], in[i][2], expected);
        for (int k = 0; k < 30; k++)
            if (out[i][k] != expected[k])
                fail_msg("%08x, %08x and %08x, result %d: %08x instead of %08x", in[i][0], in[i][1],
                         in[i][2], k, out[i][k], expected[k]);
    }
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* fma and add of single precision in another rounding; double holds the products exactly. */
static float rounded(int mode, double a, double b, double c) {
    volatile double exact = a * b;
    (void)fesetround(mode);
    volatile float result = (float)(exact + c);
    (void)fesetround(FE_TONEAREST);
    return result;
}

TEST_PROGRAM(assembly_of_floats_rounds_as_told, "assembly") {
    enum { COUNT = 40 };
    float in[COUNT + 1];
    uint32_t out[COUNT][8];
    for (int i = 0; i <= COUNT; i++)
        in[i] = (float)(i - 20) * 0.3671875F;
    CUdeviceptr from = device_buffer(in, sizeof in), at = device_buffer(NULL, sizeof out);
    RUN("assembly_floats", 1, COUNT, 0, &from, &at);
    read_buffer(out, at, sizeof out);
    for (int i = 0; i < COUNT; i++) {
        float a = in[i], b = in[i + 1], hundred = rintf(a * 100), large = a * 1e10F;
        volatile float tiny = b * 1e-7F; /* before the rounding changes */
        assert_int_equal(out[i][0], hundred < 0 ? 0 : hundred > 255 ? 255 : (int)hundred);
        assert_int_equal((int32_t)out[i][1], large >= 0x1p31F    ? INT32_MAX
                                             : large <= -0x1p31F ? INT32_MIN
                                                                 : (int32_t)large);
        assert_int_equal((int32_t)out[i][2], (int32_t)ceilf(a));
        assert_int_equal(out[i][3], bits_of(rounded(FE_TOWARDZERO, a, b, a)));
        assert_int_equal(out[i][4], bits_of(rounded(FE_UPWARD, 1, a, tiny)));
        assert_int_equal(out[i][5], bits_of(copysignf(b, a)));
        assert_int_equal(out[i][6], isinf(a * 1e38F * 100) ? 1 : 2);
        assert_int_equal(out[i][7] & 0xFFFF, out[i][7] >> 16);
    }
}
