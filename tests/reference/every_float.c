/* The vectorised functions of one argument on every float there is, against the oracle: what the
 * tests of shapes and special values only sample. Takes hours, so it is no part of `make test`.
 *
 *   every_float [STRIDE]    every STRIDE-th bit pattern only (default 1: all 2^32)
 *
 * Prints a line a function and instruction set: the worst error as a fraction of its tolerance, and
 * the input that has it. Exits with 1 where one is above its tolerance.
 */
#include "reference/oracle/oracle.h"
#include "reference/simd/simd.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 16 };
static const uint64_t patterns = UINT64_C(1) << 32;

struct subject {
    enum activation_function function;
    bool backward;
};

static const struct subject subjects[] = {
    {ACTIVATION_RELU, false},     {ACTIVATION_SIGMOID, false},   {ACTIVATION_TANH, false},
    {ACTIVATION_SILU, false},     {ACTIVATION_GELU_TANH, false}, {ACTIVATION_GELU_ERF, false},
    {ACTIVATION_GELU_TANH, true}, {ACTIVATION_GELU_ERF, true},   {ACTIVATION_SILU, true},
};

/* The worst element so far: its error over its tolerance, infinite where it is wrong altogether. */
struct worst {
    double ratio;
    float input;
};

static double error_ratio(float computed, double expected, double tolerance) {
    if (isnan(expected))
        return isnan(computed) ? 0 : INFINITY;
    if ((double)computed == expected || isinf(tolerance))
        return isnan(computed) ? INFINITY : 0;
    double error = fabs((double)computed - expected);
    return error <= tolerance ? error / tolerance : INFINITY;
}

/* Inputs first, first + stride … of one chunk. */
static void chunk_check(const struct simd_kernels *kernels, struct subject subject, uint64_t first,
                        uint64_t stride, struct worst *worst) {
    static _Thread_local float input[CHUNK], dy[CHUNK], output[CHUNK];
    static _Thread_local double expected[CHUNK], tolerance[CHUNK];
    for (uint64_t i = 0; i < CHUNK; i++) {
        uint32_t bits = (uint32_t)((first + i * stride) % patterns);
        memcpy(&input[i], &bits, sizeof bits);
        dy[i] = 1;
    }
    struct message message;
    struct execution execution = {.threads = 1, .message = &message};
    const struct activation_problem problem = {.function = subject.function,
                                               .backward = subject.backward,
                                               .rows = 1,
                                               .columns = CHUNK,
                                               .input = input,
                                               .dy = subject.backward ? dy : NULL,
                                               .output = output};
    bool ran = kernels->activation_simd(&problem, &execution) == STATUS_OK;
    oracle_activation(&problem, 0, 0, 1, expected, tolerance);
    for (int i = 0; i < CHUNK; i++) {
        double ratio = ran ? error_ratio(output[i], expected[i], tolerance[i]) : INFINITY;
        if (ratio > worst->ratio)
            *worst = (struct worst){ratio, input[i]};
    }
}

static struct worst subject_check(const struct simd_kernels *kernels, struct subject subject,
                                  uint64_t stride) {
    struct worst worst = {0, 0};
    uint64_t chunks = (patterns / stride + CHUNK - 1) / CHUNK;
#pragma omp parallel for schedule(dynamic, 16)
    for (uint64_t chunk = 0; chunk < chunks; chunk++) {
        struct worst here = {0, 0};
        chunk_check(kernels, subject, chunk * CHUNK * stride, stride, &here);
#pragma omp critical
        if (here.ratio > worst.ratio)
            worst = here;
    }
    return worst;
}

int main(int argc, char **argv) {
    unsigned long long stride = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    if (argc > 2 || stride < 1 || stride > 1 << 16) {
        fprintf(stderr, "every_float: give at most one stride, from 1 to %d\n", 1 << 16);
        return 2;
    }
    bool right = true;
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best(); set++)
        for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
            const struct simd_kernels *kernels = simd_kernels_of(set);
            struct worst worst = subject_check(kernels, subjects[i], stride);
            right = right && worst.ratio <= 1;
            printf("%-9s %s %-8s worst error %.3f of the tolerance, at %a\n",
                   instruction_set_name(set), activation_function_name(subjects[i].function),
                   subjects[i].backward ? "backward" : "forward", worst.ratio, (double)worst.input);
            fflush(stdout);
        }
    return right ? 0 : 1;
}
