/* Rounding to bf16 and f16 in plain C and for each instruction set of this CPU: around every tie of
 * every exponent, the edges of the range, NaN, counts round a vector, scaled. */
#define TESTS_OWN_MAIN
#include "common/narrow.h"
#include "reference/naive.h"
#include "reference/simd/simd.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* Lower halves of floats: on and beside the ties of bf16 (0x8000) and f16 (0x1000). */
static const uint16_t lower[] = {0,      1,      0x0fff, 0x1000, 0x1001, 0x1fff,
                                 0x3000, 0x7fff, 0x8000, 0x8001, 0xffff};

enum { LOWER = sizeof lower / sizeof lower[0], COUNT = LOWER << 16, PATTERN = 0xabcd };

struct rounding {
    float *in;
    uint16_t *out;
};

static int set_up(void **state) {
    static struct rounding rounding;
    rounding.in = malloc(COUNT * sizeof(float));
    rounding.out = malloc((COUNT + 1) * sizeof(uint16_t));
    if (!rounding.in || !rounding.out)
        return 1;
    for (uint32_t upper = 0; upper < 1U << 16; upper++)
        for (int i = 0; i < LOWER; i++)
            rounding.in[upper * LOWER + (uint32_t)i] = float_of_bits(upper << 16 | lower[i]);
    *state = &rounding;
    return 0;
}

static int tear_down(void **state) {
    struct rounding *rounding = *state;
    free(rounding->in);
    free(rounding->out);
    return 0;
}

static void check(const struct rounding *r, round_kernel *kernel, const char *name,
                  const struct round_problem *problem) {
    struct message message;
    struct execution execution = {.threads = 2, .message = &message};
    const int64_t count = problem->count;
    for (int64_t i = 0; i <= count; i++)
        r->out[i] = PATTERN;
    assert_int_equal(kernel(problem, &execution), STATUS_OK);
    for (int64_t i = 0; i < count; i++) {
        const float x = problem->in[i] * problem->scale;
        const uint16_t wanted = problem->dtype == DTYPE_F16 ? f16_round(x) : bf16_round(x);
        const float got = dtype_element(r->out, problem->dtype, i);
        if (isnan(x) ? !isnan(got) : r->out[i] != wanted)
            fail_msg("%s: dtype %d: %a becomes %a (%04x), wanted %04x", name, (int)problem->dtype,
                     (double)x, (double)got, r->out[i], wanted);
    }
    if (r->out[count] != PATTERN)
        fail_msg("%s: wrote past %lld elements", name, (long long)count);
}

static void check_all_of(const struct rounding *r, round_kernel *kernel, const char *name) {
    for (int narrow = 0; narrow < 2; narrow++) {
        struct round_problem problem = {.dtype = narrow ? DTYPE_F16 : DTYPE_BF16,
                                        .count = COUNT,
                                        .in = r->in,
                                        .scale = 1.0F,
                                        .out = r->out};
        check(r, kernel, name, &problem);
        problem.scale = 1024.0F;
        check(r, kernel, name, &problem);
        for (problem.count = 1; problem.count < 70; problem.count++) {
            problem.in = r->in + problem.count * 9001;
            check(r, kernel, name, &problem);
        }
    }
}

TEST(plain_c_rounds_to_nearest_even) {
    check_all_of(*state, round_naive, "naive");
}

TEST(every_instruction_set_rounds_to_nearest_even) {
    for (enum instruction_set set = INSTRUCTION_SET_BASELINE; set <= instruction_set_best(); set++)
        check_all_of(*state, simd_kernels_of(set)->round_simd, instruction_set_name(set));
    check_all_of(*state, round_simd, "best");
}

int main(void) {
    return tests_run(set_up, tear_down);
}
