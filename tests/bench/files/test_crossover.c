/* From which size on a GPU wins, told from rows. */
#include "bench/files/crossover.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct result row(const char *variant, const char *shape, const char *device, double flops,
                         double speedup, double with_transfer) {
    struct result row = {.status = "measured",
                         .flops = flops,
                         .speedup = speedup,
                         .speedup_with_transfer = with_transfer};
    snprintf(row.key.operation, sizeof row.key.operation, "gemm");
    snprintf(row.key.variant, sizeof row.key.variant, "%s", variant);
    snprintf(row.key.dtype, sizeof row.key.dtype, "f32");
    snprintf(row.key.mode, sizeof row.key.mode, "hot");
    snprintf(row.key.shape, sizeof row.key.shape, "%s", shape);
    snprintf(row.key.device, sizeof row.key.device, "%s", device);
    return row;
}

static void expect_text(const struct result *rows, size_t count, const char *expected) {
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    crossover_print(file, rows, count);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, expected);
    free(text);
}

#define EXPECT(expected, ...)                                                                      \
    do {                                                                                           \
        const struct result rows[] = {__VA_ARGS__};                                                \
        expect_text(rows, sizeof rows / sizeof rows[0], expected);                                 \
    } while (0)
#define HEAD "\nGPU against the fastest CPU implementation:\n"

/* The large size comes first, and of two implementations the faster decides. */
TEST(the_crossover_is_above_the_largest_size_that_is_lost) {
    EXPECT(HEAD "  gemm/nn/f32, hot: gpu0 wins from b, from d with transfers\n",
           row("nn", "d", "gpu0", 4.0, 9.0, 2.0), row("nn", "a", "gpu0", 1.0, 0.5, 0.1),
           row("nn", "b", "gpu0", 2.0, 0.9, 0.2), row("nn", "b", "gpu0", 2.0, 1.5, 0.3),
           row("nn", "c", "gpu0", 3.0, 4.0, 0.9));
}

/* A size won between two lost ones is no crossover. */
TEST(a_size_won_below_a_lost_one_does_not_count) {
    EXPECT(HEAD "  gemm/nn/f32, hot: gpu0 wins from c, at no size with transfers\n",
           row("nn", "a", "gpu0", 1.0, 2.0, 1.5), row("nn", "b", "gpu0", 2.0, 1.0, 0.5),
           row("nn", "c", "gpu0", 3.0, 1.1, NAN));
}

TEST(each_variant_has_its_line) {
    EXPECT(HEAD "  gemm/nn/f32, hot: the CPU wins at the largest size\n"
                "  gemm/nt/f32, hot: gpu0 wins from a, from a with transfers\n",
           row("nn", "a", "gpu0", 1.0, 0.9, 0.5), row("nt", "a", "gpu0", 1.0, 3.0, 2.0));
}

TEST(a_run_without_a_gpu_has_none) {
    EXPECT("", row("nn", "a", "cpu", 1.0, 2.0, NAN), row("nn", "a", "emulated", 1.0, NAN, NAN));
}
