/* The rungs that round to bf16 and f16, on the emulated GPU: ties of every exponent, the edges of
 * the range, NaN, counts round four and round a block, buffers without alignment. */
#include "common/narrow.h"
#include "kernels/kernels.h"
#include "tests/support/staging.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 9999, PATTERN = 0xabcd };

static const struct {
    const char *name;
    round_kernel *kernel;
} rungs[] = {{"cuda-naive", round_cuda_naive}, {"cuda-vectorised", round_cuda_vectorised}};

/* Offsets in floats past alignment, of what is read and of what is written. */
static const int offsets[][2] = {{0, 0}, {1, 0}, {0, 1}, {4, 2}};

struct case_of_round {
    const char *rung;
    round_kernel *kernel;
    struct round_problem host;
    const int *offset;
};

static void check(const struct case_of_round *c, const uint16_t *out, const char *what) {
    for (int64_t i = 0; i < c->host.count; i++) {
        const float x = c->host.in[i] * c->host.scale;
        const uint16_t wanted = c->host.dtype == DTYPE_F16 ? f16_round(x) : bf16_round(x);
        const float got = dtype_element(out, c->host.dtype, i);
        if (isnan(x) ? !isnan(got) : out[i] != wanted)
            fail_msg("%s: %a becomes %a (%04x), wanted %04x", what, (double)x, (double)got, out[i],
                     wanted);
    }
    if (c->host.count % 2 == 1 && out[c->host.count] != PATTERN)
        fail_msg("%s: wrote past the last element", what);
}

static void run(struct staging *staging, const struct case_of_round *c) {
    struct round_problem problem = c->host;
    const int64_t words = (problem.count + 1) / 2; /* of 4 bytes, in the result */
    float image[(MOST + 1) / 2];
    uint16_t out[MOST + 1];
    char what[160];
    snprintf(what, sizeof what, "round %s dtype %d count %lld offsets %d %d", c->rung,
             (int)problem.dtype, (long long)problem.count, c->offset[0], c->offset[1]);
    for (int64_t i = 0; i <= MOST; i++)
        out[i] = PATTERN;
    memcpy(image, out, sizeof image);
    problem.in = staging_input(staging, c->host.in, problem.count, c->offset[0]);
    problem.out = (uint16_t *)(void *)staging_output(staging, image, words, c->offset[1]);
    if (c->kernel(&problem, &staging->execution) != STATUS_OK)
        fail_msg("%s: %s", what, staging->message.text);
    staging_finish(staging, what);
    memcpy(out, image, sizeof image);
    check(c, out, what);
}

TEST(rungs_round_to_nearest_even) {
    static const int64_t counts[] = {1, 3, 4, 255, 1029, MOST};
    static float in[MOST];
    struct staging *staging = staging_open_emulated();
    if (staging == NULL) {
        skip();
        return;
    }
    /* 0x800 walks through all fractions of a tie; the step, prime, through all exponents. */
    for (uint32_t i = 0; i < MOST; i++)
        in[i] = float_of_bits(i * 429509U / 0x800U * 0x800U + (i % 3U - 1U) * (i % 2U));
    for (size_t r = 0; r < sizeof rungs / sizeof rungs[0]; r++)
        for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++)
            for (size_t o = 0; o < sizeof offsets / sizeof offsets[0]; o++)
                for (int narrow = 0; narrow < 2; narrow++) {
                    const struct case_of_round c = {rungs[r].name,
                                                    rungs[r].kernel,
                                                    {.dtype = narrow ? DTYPE_F16 : DTYPE_BF16,
                                                     .count = counts[n],
                                                     .in = in,
                                                     .scale = o % 2 ? 1024.0F : 1.0F},
                                                    offsets[o]};
                    run(staging, &c);
                }
    staging_close(staging);
}
