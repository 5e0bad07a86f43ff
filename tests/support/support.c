/* See support.h. */
#include "tests/support/support.h"

#include "common/random.h"
#include "reference/libraries.h"
#include "reference/simd/cpu.h"

#include <immintrin.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 1024, ALIGNMENT = 64 };
static const unsigned char guard_byte = 0xA5;

float *guarded_new(int64_t count, int offset) {
    size_t floats = (size_t)count + 2 * (size_t)GUARD + (size_t)offset;
    size_t bytes = (floats * sizeof(float) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    unsigned char *memory = aligned_alloc(ALIGNMENT, bytes);
    assert_non_null(memory);
    memset(memory, guard_byte, bytes);
    float *data = (float *)(void *)memory + GUARD + offset;
    poison(data, count);
    return data;
}

void guarded_free(float *data, int offset) {
    if (data != NULL)
        free(data - GUARD - offset);
}

void guarded_check(const float *data, int64_t count, const char *what) {
    if (data == NULL)
        return;
    const unsigned char *before = (const unsigned char *)(data - GUARD);
    const unsigned char *after = (const unsigned char *)(data + count);
    for (size_t i = 0; i < GUARD * sizeof(float); i++)
        if (before[i] != guard_byte || after[i] != guard_byte)
            fail_msg("%s: wrote outside its buffer, byte %zu of the guard zones", what, i);
}

void poison(float *data, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        data[i] = NAN;
}

bool is_close(double expected, double tolerance, double actual) {
    if (isnan(expected) || isnan(actual))
        return isnan(expected) && isnan(actual);
    if (isinf(expected) || isinf(actual))
        return expected == actual || isinf(tolerance);
    return fabs(actual - expected) <= tolerance;
}

enum { FLUSH_TO_ZERO_AND_DENORMALS_ARE_ZERO = 0x8040 };

int64_t first_wrong(const double *expected, const double *tolerance, const float *actual,
                    int64_t count) {
    /* Under denormals-are-zero even the conversion to double would read a subnormal as zero. */
    unsigned int control = _mm_getcsr();
    _mm_setcsr(control & ~(unsigned int)FLUSH_TO_ZERO_AND_DENORMALS_ARE_ZERO);
    int64_t wrong = -1;
    for (int64_t i = 0; i < count && wrong < 0; i++)
        if (!is_close(expected[i], tolerance[i], (double)actual[i]))
            wrong = i;
    _mm_setcsr(control);
    return wrong;
}

void check_all(const char *what, const double *expected, const double *tolerance,
               const float *actual, int64_t count) {
    int64_t i = first_wrong(expected, tolerance, actual, count);
    if (i >= 0)
        fail_msg("%s: element %lld of %lld is %.9g, expected %.9g within %.3g", what, (long long)i,
                 (long long)count, (double)actual[i], expected[i], tolerance[i]);
}

void check_near(double actual, double expected, double tolerance) {
    if (!(fabs(actual - expected) <= tolerance))
        fail_msg("%.17g is not within %.3g of %.17g", actual, tolerance, expected);
}

void fill_inputs(enum inputs kind, uint64_t stream, float *values, int64_t count) {
    static const float special[] = {
        0.0F,      -0.0F,  1e-45F,   -3e-39F, 1.17549435e-38F, -1e-30F, 88.0F,
        -88.5F,    89.5F,  -100.0F,  -103.5F, -150.0F,         1e4F,    -1e4F,
        1e19F,     -1e19F, INFINITY, NAN,     3e38F,           -3e38F,  INFINITY,
        -INFINITY, 0.5F,   5.4F,     -5.6F,   0.000001F,       -9.1F};
    enum { SPECIALS = sizeof special / sizeof *special };
    const uint64_t seed = 42;
    float bound = kind == INPUTS_WIDE ? 30.0F : 1.0F;
    random_fill(values, count, seed, stream, -bound, bound);
    for (int64_t i = 0; kind == INPUTS_SPECIAL && i < count; i++)
        if (count < SPECIALS || random_below(seed, stream + 1000, (uint64_t)i, 3) == 0)
            values[i] = special[random_below(seed, stream + 2000, (uint64_t)i, SPECIALS)];
}

const struct setting settings[] = {
    {1, false, false}, {2, true, false}, {1, true, true}, {3, false, true}, {3, false, false},
};
const int settings_count = sizeof settings / sizeof *settings;

/* In every thread of the team; threads that start later inherit it. */
static void set_flush(bool flush, int threads) {
#pragma omp parallel num_threads(threads)
    {
        unsigned int cleared = _mm_getcsr() & ~(unsigned int)FLUSH_TO_ZERO_AND_DENORMALS_ARE_ZERO;
        _mm_setcsr(cleared | (flush ? FLUSH_TO_ZERO_AND_DENORMALS_ARE_ZERO : 0));
    }
}

void each_setting(int count, setting_body *body, void *context) {
    for (int i = 0; i < count; i++) {
        enum { TINY_CACHE = 64, NAME = 80 };
        char name[NAME];
        struct message message = {""};
        struct cpu *cpu = NULL;
        int written = snprintf(name, sizeof name, "%d threads%s%s", settings[i].threads,
                               settings[i].flush ? ", flush to zero" : "",
                               settings[i].stream ? ", streaming" : "");
        assert_in_range(written, 1, NAME - 1);
        if (settings[i].stream)
            assert_int_equal(cpu_open(TINY_CACHE, &cpu, &message), STATUS_OK);
        cpu_threads_set(settings[i].threads);
        set_flush(settings[i].flush, settings[i].threads);
        struct execution execution = {
            .threads = settings[i].threads, .cpu = cpu, .message = &message};
        body(&execution, name, context);
        set_flush(false, settings[i].threads);
        cpu_close(cpu);
    }
}
