/* The random projection finds what the sampled rows of a large product do not see, and lets
 * right results pass. */
#include "bench/operations/operations.h"
#include "tests/support/bout.h"
#include "tests/support/test.h"

#include <math.h>

enum { PROBE_M = 60, PROBE_N = 50, PROBE_K = 40, PROBE_ROWS = 5 };
static const char probe_shape[] = "60x50x40";
/* Enough for PROBE_ROWS rows of the oracle: 0, 14, 29, 44 and 59 of 60. */
static const double probe_flops = 4.0 * PROBE_N * PROBE_K * PROBE_ROWS;

static void catch_unsampled(struct bout *bout, const struct implementation *original) {
    const struct implementation broken = breakage_of(&operation_gemm, original);
    const struct buffer_spec *c = &bout->inputs.specs[2];
    static const int64_t columns[] = {0, 23, PROBE_N - 1};
    for (int64_t row = 0; row < PROBE_M; row++)
        for (int i = 0; i < 3; i++) {
            struct place place = {
                .bout = bout, .buffer = 2, .first = row * c->stride + columns[i], .count = 1};
            bool sampled = row == 0 || row == 14 || row == 29 || row == 44 || row == 59;
            bout_catch_damage(bout, &broken, damage_wrong, &place, "a wrong element",
                              sampled ? "c[" : "random projection of c is");
        }
    struct place nan = {.bout = bout, .buffer = 2, .first = 7 * c->stride + 3, .value = NAN};
    bout_catch_damage(bout, &broken, damage_write, &nan, "a NaN", "random projection");
    nan.value = -INFINITY;
    bout_catch_damage(bout, &broken, damage_write, &nan, "an infinity", "random projection");
    struct place row = {
        .bout = bout, .buffer = 2, .first = 58 * c->stride, .count = PROBE_N, .value = NAN};
    bout_catch_damage(bout, &broken, damage_unwritten, &row, "a missing row", "random projection");
}

TEST(the_probe_finds_one_wrong_element) {
    static const struct settings settings[] = {
        {.alpha = 1.0F, .seed = 1}, {.alpha = -0.5F, .beta = 2.0F, .padding = 3, .seed = 2}};
    for (int variant = 0; variant < operation_gemm.variant_count; variant++)
        for (int s = 0; s < 2; s++) {
            struct bout *bout =
                bout_open(&operation_gemm, variant, probe_shape, &settings[s], probe_flops);
            for (int i = 0; i < operation_gemm.implementation_count; i++)
                if (bout_takes(&bout->c, &operation_gemm.implementations[i])) {
                    bout_pass(bout, &operation_gemm.implementations[i]);
                    catch_unsampled(bout, &operation_gemm.implementations[i]);
                }
            bout_close(bout);
        }
}

static void pass_sampled(int variant, const char *shape, const struct settings *settings) {
    struct bout *bout = bout_open(&operation_gemm, variant, shape, settings, 1.0);
    for (int i = 0; i < operation_gemm.implementation_count; i++)
        if (bout_takes(&bout->c, &operation_gemm.implementations[i]))
            bout_pass(bout, &operation_gemm.implementations[i]);
    bout_close(bout);
}

/* Right results pass, whatever the seed, the values, and the order in which a library adds. */
TEST(the_probe_lets_right_results_pass) {
    static const char *const shapes[] = {"60x50x40", "3x300x7", "200x3x1", "40x30x3000"};
    static const enum values values[] = {VALUES_UNIFORM, VALUES_LARGE, VALUES_DENORMAL};
    for (uint64_t seed = 1; seed <= 15; seed++)
        for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
            const struct settings settings = {.alpha = seed % 2 ? 1.0F : -0.5F,
                                              .beta = seed % 3 ? 0.0F : 1.0F,
                                              .padding = (int64_t)seed % 4,
                                              .values = values[seed % 5 < 3 ? 0 : seed % 5 - 2],
                                              .seed = seed};
            pass_sampled((int)(seed % 3), shapes[s], &settings);
        }
}
