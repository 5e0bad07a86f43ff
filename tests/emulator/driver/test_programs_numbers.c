/* Programs that compute: integers, halves, floats, doubles, mathematical functions, tensor cores,
 * copies beside threads. */
#include "tests/support/emulator_programs.h"
#include "tests/support/test.h"

#include <math.h>

/* ---- numbers.cu: integers ---- */

static uint32_t reverse_bits(uint32_t value) {
    uint32_t reversed = 0;
    for (int i = 0; i < 32; i++)
        reversed |= (value >> i & 1) << (31 - i);
    return reversed;
}

static uint32_t permute_bytes(uint32_t a, uint32_t b, uint32_t selector) {
    uint64_t both = (uint64_t)b << 32 | a;
    uint32_t result = 0;
    for (int i = 0; i < 4; i++)
        result |= (uint32_t)(both >> 8 * (selector >> 4 * i & 7) & 0xFF) << 8 * i;
    return result;
}

static void integer_products(uint32_t a, uint32_t b, uint32_t *o) {
    int32_t sa = (int32_t)a, sb = (int32_t)b;
    uint64_t wide = (uint64_t)a * b + 12345;
    __int128 product = (__int128)(int64_t)wide * (int64_t)(wide ^ 0x123456789ABCDEFULL);
    int32_t dot = 5, low = 9;
    for (int i = 0; i < 4; i++)
        dot += (int8_t)(a >> 8 * i) * (int8_t)(b >> 8 * i);
    for (int i = 0; i < 2; i++)
        low += (int32_t)((a >> 16 * i & 0xFFFF) * (b >> 8 * i & 0xFF));
    o[4] = (uint32_t)((uint64_t)a * b >> 32);
    o[5] = (uint32_t)((int64_t)sa * sb >> 32);
    o[14] = (uint32_t)dot;
    o[17] = (uint32_t)(((int64_t)(int32_t)(a << 8) >> 8) * ((int64_t)(int32_t)(b << 8) >> 8));
    o[22] = (uint32_t)(wide / (b | 1024));
    o[23] = (uint32_t)(wide % 1000003);
    o[24] = (uint32_t)((int64_t)wide / -7);
    o[25] = (uint32_t)__builtin_clzll(wide) * 64 + (uint32_t)__builtin_popcountll(wide);
    o[26] = (uint32_t)(product >> 96);
    o[27] = (uint32_t)(product >> 32);
    o[30] = (uint32_t)low;
    o[31] = (uint32_t)((__int128)(int64_t)wide * -3 >> 64);
}

static void integer_bits(uint32_t a, uint32_t b, uint32_t *o) {
    int32_t sa = (int32_t)a, sb = (int32_t)b;
    uint32_t shift = b & 31, sums = 0, differences = 0;
    uint64_t joined = (uint64_t)b << 32 | a;
    for (int i = 0; i < 32; i += 8) {
        int x = (int)(a >> i & 0xFF), y = (int)(b >> i & 0xFF);
        sums |= (uint32_t)((x + y) & 0xFF) << i;
        differences |= (uint32_t)abs(x - y) << i;
    }
    o[6] = (uint32_t)__builtin_popcount(a);
    o[7] = a ? (uint32_t)__builtin_clz(a) : 32;
    o[8] = reverse_bits(a);
    o[9] = permute_bytes(a, b, 0x5140);
    o[10] = (uint32_t)(joined << shift >> 32);
    o[11] = (uint32_t)(joined >> shift);
    o[12] = (uint32_t)__builtin_ffs(sa);
    o[15] = sums;
    o[16] = differences;
    o[19] = a << shift;
    o[20] = (uint32_t)(sa >> shift);
    o[21] = (uint32_t)(sa < sb ? sa : sb) ^ (a > b ? a : b);
}

static void integer_rest(uint32_t a, uint32_t b, uint32_t *o) {
    int32_t sa = (int32_t)a, sb = (int32_t)b, divisor = sb / 2 + 1 ? sb / 2 + 1 : 3;
    int64_t difference = (int64_t)sa - sb;
    o[0] = a / b;
    o[1] = a % b;
    o[2] = (uint32_t)((int64_t)sa / divisor);
    o[3] = (uint32_t)(sa % 1000);
    o[13] = (uint32_t)(difference < 0 ? -difference : difference) + a;
    o[18] = (uint32_t)(((int64_t)sa + sb + 1) >> 1);
    o[28] = (uint32_t)((int8_t)a + (int16_t)b);
    o[29] = (uint32_t)((int32_t)(sa < 0 ? 0U - a : a) / 3 + (sb >> 31));
}

TEST_PROGRAM(integers_are_those_of_c, "numbers") {
    enum { COUNT = 200 };
    static const uint32_t corners[] = {0, 1, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0, 0x00FF00FF};
    uint32_t in[COUNT], expected[32], seed = 3;
    static uint32_t out[COUNT][32];
    int count = COUNT;
    for (int i = 0; i < COUNT; i++)
        in[i] = i < 7 ? corners[i] : random_next(&seed) >> random_next(&seed) % 30;
    CUdeviceptr from = device_buffer(in, sizeof in), at = device_buffer(NULL, sizeof out);
    RUN("integers", 2, 128, 0, &from, &at, &count);
    read_buffer(out, at, sizeof out);
    for (int i = 0; i + 1 < COUNT; i++) {
        integer_products(in[i], in[i + 1] | 1, expected);
        integer_bits(in[i], in[i + 1] | 1, expected);
        integer_rest(in[i], in[i + 1] | 1, expected);
        for (int k = 0; k < 32; k++)
            if (out[i][k] != expected[k])
                fail_msg("%08x and %08x, result %d: %08x instead of %08x", in[i], in[i + 1] | 1, k,
                         out[i][k], expected[k]);
    }
}

/* ---- numbers.cu: halves ---- */

/* To nearest, ties to even, with `bits` of precision: 11 for half, 8 for bfloat16. Normal numbers
 * only. */
static double round_to(double value, int bits) {
    int exponent;
    double fraction = frexp(value, &exponent);
    return ldexp(rint(ldexp(fraction, bits)), exponent - bits);
}

TEST_PROGRAM(halves_round_once, "numbers") {
    enum { COUNT = 32 };
    float in[COUNT + 1], out[COUNT][16];
    bool compute_80 = ((const struct program *)*state)->compute_80;
    for (int i = 0; i <= COUNT; i++)
        in[i] = (float)((i * 37 % 29 - 14) * 0.37 + 0.013 * i + 0.2);
    CUdeviceptr from = device_buffer(in, sizeof in), at = device_buffer(NULL, sizeof out);
    RUN("halves", 1, COUNT, 0, &from, &at);
    read_buffer(out, at, sizeof out);
    for (int i = 0; i < COUNT; i++) {
        double a = round_to(in[i], 11), b = round_to(in[i + 1], 11);
        double c = round_to(in[i], 8), d = round_to(in[i + 1], 8);
        const double expected[16] = {
            round_to(a + b, 11),
            round_to(a * b, 11),
            round_to(a * b + a, 11),
            round_to(a / b, 11),
            round_to(sqrt(fabs(a)), 11),
            round_to(a * 1.5 + a, 11),
            round_to(b * 1.5, 11),
            a<b, a> b ? a : b,
            trunc(a),
            round_to(i * 1000, 11),
            compute_80 ? round_to(c + d, 8) : 0,
            compute_80 ? round_to(c * d, 8) : 0,
            compute_80 ? round_to(c * d + c, 8) : 0,
            rint(a),
            round_to(-a - b, 11),
        };
        for (int k = 0; k < 16; k++)
            if (out[i][k] != (float)expected[k])
                fail_msg("%g and %g, result %d: %g instead of %g", a, b, k, out[i][k], expected[k]);
    }
}

/* ---- numbers.cu: mathematical functions ---- */

/* The distance in units of the last place of a type with `bits` of precision; 0 for two NaNs. */
static double ulps(long double value, long double expected, int bits) {
    int exponent;
    if (value == expected || (isnan(value) && isnan(expected)))
        return 0;
    (void)frexpl(expected, &exponent);
    return (double)fabsl(ldexpl(value - expected, bits - exponent));
}

/* The bounds are the greatest errors that the CUDA programming guide gives for the full range, plus
 * half an ulp. */
static const struct {
    const char *name;
    double bound;
} double_functions[24] = {
    {"sin", 2.5},   {"cos", 2.5},   {"tan", 2.5},    {"exp", 1.5},     {"log", 1.5},
    {"pow", 2.5},   {"erf", 2.5},   {"erfc", 5.5},   {"tgamma", 10.5}, {"lgamma", 4.5},
    {"cbrt", 1.5},  {"asin", 2.5},  {"atan2", 2.5},  {"sinh", 2.5},    {"tanh", 2.5},
    {"expm1", 1.5}, {"log1p", 1.5}, {"fmod", 0},     {"hypot", 2.5},   {"sqrt", 0.5},
    {"1/x", 0.5},   {"rsqrt", 1.5}, {"rounding", 0}, {"cast", 0},
};

static void double_expected(double x, long double *o) {
    long double positive = fabs(x) + 0.5;
    const long double values[24] = {
        sinl(x),
        cosl(x),
        tanl(x),
        expl(x),
        logl(positive),
        powl(positive, 1.7),
        erfl(x),
        erfcl(x),
        tgammal(positive),
        lgammal(positive),
        cbrtl(x),
        asinl(x / 8),
        atan2l(x, 0.7),
        sinhl(x),
        tanhl(x),
        expm1l(x),
        log1pl(positive),
        fmod(x, 0.3),
        hypotl(x, 3.0L),
        sqrtl(positive),
        1 / positive,
        1 / sqrtl(positive),
        floor(x) + ceil(x) + rint(x) + trunc(x),
        (double)(long long)(x * 1e6),
    };
    memcpy(o, values, sizeof values);
}

TEST_PROGRAM(double_functions_keep_their_bounds, "numbers") {
    enum { COUNT = 320 };
    static double in[COUNT], out[COUNT][24];
    double worst[24] = {0};
    int count = COUNT;
    for (int i = 0; i < COUNT; i++)
        in[i] = (2 * i - COUNT) * 0.02453125 + 1e-3 * (i % 7);
    CUdeviceptr from = device_buffer(in, sizeof in), at = device_buffer(NULL, sizeof out);
    RUN("doubles", 5, 64, 0, &from, &at, &count);
    read_buffer(out, at, sizeof out);
    for (int i = 0; i < COUNT; i++) {
        long double expected[24];
        double_expected(in[i], expected);
        for (int k = 0; k < 24; k++) {
            double error = ulps(out[i][k], expected[k], 53);
            worst[k] = error > worst[k] || isnan(error) ? error : worst[k];
        }
    }
    for (int k = 0; k < 24; k++)
        if (!(worst[k] <= double_functions[k].bound))
            fail_msg("%s: %g ulps", double_functions[k].name, worst[k]);
}

static const struct {
    const char *name;
    double bound;
} single_functions[20] = {
    {"sinf", 2.5},       {"cosf", 2.5},  {"tanf", 4.5},  {"expf", 2.5},     {"logf", 1.5},
    {"powf", 4.5},       {"erff", 2.5},  {"tanhf", 2.5}, {"division", 0.5}, {"sqrtf", 0.5},
    {"__fdividef", 2.5}, {"exp2f", 2.5}, {"log2f", 1.5}, {"atan2f", 3.5},   {"fmodf", 0},
    {"rounding", 0},     {"cbrtf", 1.5}, {"fmaf", 0.5},  {"conversion", 0}, {"ldexpf", 0},
};

static void single_expected(float x, double *o) {
    double wide = x, positive = fabsf(x) + 0.5f;
    const double values[20] = {
        sin((double)(x * 1000)),
        cos(wide),
        tan(wide),
        exp(wide),
        log(positive),
        pow(positive, (double)1.7f),
        erf(wide),
        tanh(wide),
        x / positive,
        sqrt(positive),
        x / positive,
        exp2(wide),
        log2(positive),
        atan2(wide, (double)0.7f),
        fmodf(x, 0.3f),
        rintf(x) + floorf(x) + roundf(x),
        cbrt(wide),
        (double)x * x - 1,
        floorf(x * 100) + (float)rint(positive),
        ldexpf(x, 3) + copysignf(2.0f, x),
    };
    memcpy(o, values, sizeof values);
}

TEST_PROGRAM(single_functions_keep_their_bounds, "numbers") {
    enum { COUNT = 320 };
    static float in[COUNT], out[COUNT][20];
    double worst[20] = {0};
    int count = COUNT;
    for (int i = 0; i < COUNT; i++)
        in[i] = (float)(2 * i - COUNT) * 0.03125f + (float)(i % 8) * 0.0078125f;
    CUdeviceptr from = device_buffer(in, sizeof in), at = device_buffer(NULL, sizeof out);
    RUN("singles", 5, 64, 0, &from, &at, &count);
    read_buffer(out, at, sizeof out);
    for (int i = 0; i < COUNT; i++) {
        double expected[20];
        single_expected(in[i], expected);
        for (int k = 0; k < 20; k++) {
            double error = ulps(out[i][k], expected[k], 24);
            worst[k] = error > worst[k] || isnan(error) ? error : worst[k];
        }
    }
    for (int k = 0; k < 20; k++)
        if (!(worst[k] <= single_functions[k].bound))
            fail_msg("%s: %g ulps", single_functions[k].name, worst[k]);
}

/* The bounds of the guide's table of intrinsic functions. */
TEST_PROGRAM(approximations_keep_their_bounds, "numbers") {
    enum { COUNT = 64 };
    float in[COUNT], out[COUNT][8];
    for (int i = 0; i < COUNT; i++)
        in[i] = (float)(i - 32) * 0.09375f + 0.01171875f;
    CUdeviceptr from = device_buffer(in, sizeof in), at = device_buffer(NULL, sizeof out);
    RUN("fast_singles", 1, COUNT, 0, &from, &at);
    read_buffer(out, at, sizeof out);
    for (int i = 0; i < COUNT; i++) {
        double x = in[i], positive = fabs(x) + 0.5, saturated = x < 0 ? 0 : x > 1 ? 1 : x;
        assert_true(fabs(out[i][0] - sin(x)) <= exp2(-21.41));
        assert_true(fabs(out[i][1] - cos(x)) <= exp2(-21.19));
        assert_true(ulps(out[i][2], exp(x), 24) <= 2.5 + floor(fabs(1.173 * x)));
        assert_true(positive <= 2 ? fabs(out[i][3] - log(positive)) <= exp2(-21.41)
                                  : ulps(out[i][3], log(positive), 24) <= 3.5);
        assert_true(fabs(out[i][4] / pow(positive, 1.5) - 1) <= exp2(-20));
        assert_true(ulps(out[i][5], 1 / sqrt(positive), 24) <= 2.5);
        assert_true(ulps(out[i][6], 1 / positive, 24) <= 0.5);
        double root = ldexp(floor(ldexp(sqrt(positive), sqrt(positive) < 1 ? 24 : 23)),
                            sqrt(positive) < 1 ? -24 : -23);
        assert_true(out[i][7] == (float)(saturated + root));
    }
}

/* ---- tensor.cu: products of small integers, which every type holds exactly ---- */

/* The bits of a small integer as half. */
static uint16_t half_of(int value) {
    int exponent;
    if (!value)
        return 0;
    double fraction = frexp(abs(value), &exponent);
    return (uint16_t)((value < 0) << 15 | (exponent + 14) << 10 |
                      ((int)ldexp(fraction, 11) & 0x3FF));
}

struct product {
    int m, n, k;
    bool left_by_columns, right_by_columns;
};

static int left_value(int i, int k) {
    return (i * 3 + k * 5) % 7 - 3;
}

static int right_value(int k, int j) {
    return (k * 4 + j) % 9 - 4;
}

static int product_value(const struct product *product, int i, int j) {
    int sum = 0;
    for (int k = 0; k < product->k; k++)
        sum += left_value(i, k) * right_value(k, j);
    return sum;
}

static size_t left_place(const struct product *product, int i, int k) {
    return (size_t)(product->left_by_columns ? k * product->m + i : i * product->k + k);
}

static size_t right_place(const struct product *product, int k, int j) {
    return (size_t)(product->right_by_columns ? j * product->k + k : k * product->n + j);
}

/* Fills a and b, arrays of the type, by the product's layouts. */
#define FILL_OPERANDS(product, a, b, convert)                                                      \
    do {                                                                                           \
        for (int i = 0; i < (product)->m; i++)                                                     \
            for (int k = 0; k < (product)->k; k++)                                                 \
                (a)[left_place(product, i, k)] = convert(left_value(i, k));                        \
        for (int k = 0; k < (product)->k; k++)                                                     \
            for (int j = 0; j < (product)->n; j++)                                                 \
                (b)[right_place(product, k, j)] = convert(right_value(k, j));                      \
    } while (0)

TEST_PROGRAM(tensor_cores_multiply_halves, "tensor") {
    static const struct product product = {16, 16, 16, false, true},
                                other = {16, 16, 16, true, false};
    uint16_t a[256], b[256], halves[256];
    float c[256];
    FILL_OPERANDS(&product, a, b, half_of);
    CUdeviceptr left = device_buffer(a, sizeof a), right = device_buffer(b, sizeof b);
    CUdeviceptr out = device_buffer(NULL, sizeof c);
    RUN("wmma_half", 1, 32, 0, &left, &right, &out);
    read_buffer(c, out, sizeof c);
    for (int i = 0; i < 256; i++)
        assert_true(c[i] == (float)(2 * (product_value(&product, i / 16, i % 16) + 1)));
    FILL_OPERANDS(&other, a, b, half_of);
    left = device_buffer(a, sizeof a);
    right = device_buffer(b, sizeof b);
    RUN("wmma_half_shared", 1, 32, 0, &left, &right, &out);
    read_buffer(halves, out, sizeof halves);
    for (int i = 0; i < 256; i++)
        assert_int_equal(halves[i], half_of(product_value(&other, i % 16, i / 16)));
}

TEST_PROGRAM(tensor_cores_multiply_bytes, "tensor") {
    static const struct product product = {16, 16, 16, false, true};
    int8_t a[256], b[256];
    int c[256];
    FILL_OPERANDS(&product, a, b, (int8_t));
    CUdeviceptr left = device_buffer(a, sizeof a), right = device_buffer(b, sizeof b);
    CUdeviceptr out = device_buffer(NULL, sizeof c);
    RUN("wmma_bytes", 1, 32, 0, &left, &right, &out);
    read_buffer(c, out, sizeof c);
    for (int i = 0; i < 256; i++)
        assert_int_equal(c[i], product_value(&product, i / 16, i % 16));
}

TEST_PROGRAM_80(tensor_cores_multiply_tf32, "tensor") {
    static const struct product product = {16, 16, 8, false, false};
    float a[128], b[128], c[256];
    FILL_OPERANDS(&product, a, b, (float));
    CUdeviceptr left = device_buffer(a, sizeof a), right = device_buffer(b, sizeof b);
    CUdeviceptr out = device_buffer(NULL, sizeof c);
    RUN("wmma_tf32", 1, 32, 0, &left, &right, &out);
    read_buffer(c, out, sizeof c);
    for (int i = 0; i < 256; i++)
        assert_true(c[i] == (float)product_value(&product, i / 16, i % 16));
}

TEST_PROGRAM_80(tensor_cores_multiply_doubles, "tensor") {
    static const struct product product = {8, 8, 4, false, true};
    double a[32], b[32], c[64];
    FILL_OPERANDS(&product, a, b, (double));
    CUdeviceptr left = device_buffer(a, sizeof a), right = device_buffer(b, sizeof b);
    CUdeviceptr out = device_buffer(NULL, sizeof c);
    RUN("wmma_double", 1, 32, 0, &left, &right, &out);
    read_buffer(c, out, sizeof c);
    for (int i = 0; i < 64; i++)
        assert_true(c[i] == product_value(&product, i / 8, i % 8));
}

/* ---- tensor.cu: copies and barrier objects ---- */

TEST_PROGRAM(copies_run_beside_the_threads, "tensor") {
    enum { TILES = 5 };
    int in[TILES * 128], out[TILES * 128], tiles = TILES;
    for (int i = 0; i < TILES * 128; i++)
        in[i] = i * 3;
    CUdeviceptr from = device_buffer(in, sizeof in), at = device_buffer(NULL, sizeof out);
    RUN("copy_primitives", 1, 32, 0, &from, &at, &tiles);
    read_buffer(out, at, sizeof out);
    for (int i = 0; i < TILES * 128; i++)
        assert_int_equal(out[i], in[i / 128 * 128 + 127 - i % 128] + i / 128);
    RUN("copy_pipeline", 1, 64, 0, &from, &at, &tiles);
    read_buffer(out, at, sizeof out);
    for (int i = 0; i < TILES * 128; i++)
        assert_int_equal(out[i], in[i / 128 * 128 + 127 - i % 128]);
    RUN("copy_group", 1, 64, 0, &from, &at);
    read_buffer(out, at, 1024);
    for (int i = 0; i < 256; i++)
        assert_int_equal(out[i], in[255 - i]);
}

TEST_PROGRAM(barrier_objects_have_phases, "tensor") {
    int out[4 * 96];
    CUdeviceptr at = device_buffer(NULL, sizeof out);
    RUN("barrier_object", 1, 96, 0, &at);
    read_buffer(out, at, sizeof out);
    for (int i = 0; i < 4 * 96; i++)
        assert_int_equal(out[i], (i / 96 + 1) * (i / 96 + 2) / 2);
}
