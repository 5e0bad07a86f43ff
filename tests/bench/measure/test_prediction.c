/* Times predicted from the shapes before. */
#include "bench/measure/prediction.h"
#include "bench/operations/operations.h"
#include "tests/support/test.h"

#include <math.h>
#include <string.h>

static struct bench_case case_of(const char *operation, const char *variant, const char *shape) {
    struct bench_case c = {.operation = operation_find(operation)};
    struct message message;
    c.variant = operation_variant_find(c.operation, variant);
    assert_true(c.variant >= 0);
    assert_int_equal(case_shape_parse(shape, &c, &message), STATUS_OK);
    return c;
}

static struct device cpu;

static struct contender contender_of(const struct bench_case *c, int implementation, int threads) {
    return (struct contender){.bench_case = c,
                              .implementation = &c->operation->implementations[implementation],
                              .device = &cpu,
                              .threads = threads};
}

static void check_near(double actual, double expected) {
    assert_true(fabs(actual - expected) <= 1e-12 * expected);
}

TEST(nothing_is_known_at_first) {
    struct predictions predictions = {0};
    const struct bench_case c = case_of("gemm", "nn", "8x8x8");
    const struct contender contender = contender_of(&c, 0, 1);
    assert_true(prediction_seconds(&predictions, &contender) == 0.0);
    predictions_close(&predictions);
}

/* A product grows with its operations, an update with its bytes. */
TEST(times_grow_with_operations_and_bytes) {
    struct predictions predictions = {0};
    const struct bench_case small = case_of("gemm", "nn", "10x10x10");
    const struct bench_case large = case_of("gemm", "nn", "20x20x20");
    const struct contender before = contender_of(&small, 0, 1), after = contender_of(&large, 0, 1);
    prediction_learn(&predictions, &before, 0.5);
    check_near(prediction_seconds(&predictions, &before), 0.5);
    check_near(prediction_seconds(&predictions, &after), 8 * 0.5); /* bytes grow by 4 only */
    /* Three times as flat: operations by 9, bytes (1 + 9 + 9) / 3. */
    const struct bench_case thin = case_of("gemm", "nn", "1x100x100");
    const struct bench_case flat = case_of("gemm", "nn", "1x300x300");
    const struct contender one = contender_of(&thin, 1, 1), three = contender_of(&flat, 1, 1);
    prediction_learn(&predictions, &one, 1.0);
    check_near(prediction_seconds(&predictions, &three), 9.0);
    /* Copies have no operations at all. */
    const struct bench_case copy = case_of("transfer", "copy", "100");
    const struct bench_case longer = case_of("transfer", "copy", "700");
    const struct contender short_copy = contender_of(&copy, 0, 1);
    const struct contender long_copy = contender_of(&longer, 0, 1);
    prediction_learn(&predictions, &short_copy, 0.25);
    check_near(prediction_seconds(&predictions, &long_copy), 7 * 0.25);
    predictions_close(&predictions);
}

/* Where bytes grow faster than operations, they decide. */
TEST(the_larger_ratio_decides) {
    struct predictions predictions = {0};
    const struct bench_case deep = case_of("gemm", "nn", "10x10x90");
    const struct bench_case wide = case_of("gemm", "nn", "90x100x1");
    const struct contender before = contender_of(&deep, 0, 1), after = contender_of(&wide, 0, 1);
    prediction_learn(&predictions, &before, 2.0);
    /* Operations: the same. Elements: 900 + 900 + 100, then 90 + 100 + 9000. */
    check_near(prediction_seconds(&predictions, &after), 2.0 * 9190.0 / 1900.0);
    predictions_close(&predictions);
}

TEST(the_last_time_counts) {
    struct predictions predictions = {0};
    const struct bench_case small = case_of("gemm", "nn", "10x10x10");
    const struct bench_case large = case_of("gemm", "nn", "20x20x20");
    const struct contender first = contender_of(&small, 0, 1), last = contender_of(&large, 0, 1);
    prediction_learn(&predictions, &first, 0.5);
    prediction_learn(&predictions, &last, 1.0);
    check_near(prediction_seconds(&predictions, &last), 1.0);
    check_near(prediction_seconds(&predictions, &first), 1.0 / 4.0); /* by bytes */
    assert_int_equal(predictions.count, 1);
    predictions_close(&predictions);
}

/* A product of one element is all call: 512 cubed is not 134 million such calls. */
TEST(calls_teach_nothing) {
    struct predictions predictions = {0};
    const struct bench_case tiny = case_of("gemm", "nn", "1x1x1");
    const struct bench_case large = case_of("gemm", "nn", "512x512x512");
    const struct contender first = contender_of(&tiny, 0, 1), later = contender_of(&large, 0, 1);
    prediction_learn(&predictions, &first, 60e-9);
    assert_true(prediction_seconds(&predictions, &later) == 0.0);
    /* Nor is forgotten what is known. */
    prediction_learn(&predictions, &later, 0.5);
    prediction_learn(&predictions, &first, 60e-9);
    check_near(prediction_seconds(&predictions, &later), 0.5);
    predictions_close(&predictions);
}

/* What one contender took says nothing about another. */
TEST(every_contender_has_its_own) {
    struct predictions predictions = {0};
    const struct bench_case nn = case_of("gemm", "nn", "10x10x10");
    const struct bench_case nt = case_of("gemm", "nt", "10x10x10");
    struct bench_case narrow = nn;
    narrow.dtype = DTYPE_BF16;
    struct device gpu;
    const struct contender known = contender_of(&nn, 0, 1);
    prediction_learn(&predictions, &known, 0.5);
    struct contender other[5];
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        other[i] = known;
    other[0].implementation = &operation_gemm.implementations[1];
    other[1].threads = 2;
    other[2].device = &gpu;
    other[3].bench_case = &nt;
    other[4].bench_case = &narrow;
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        assert_true(prediction_seconds(&predictions, &other[i]) == 0.0);
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        prediction_learn(&predictions, &other[i], (double)(i + 1));
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        check_near(prediction_seconds(&predictions, &other[i]), (double)(i + 1));
    check_near(prediction_seconds(&predictions, &known), 0.5);
    predictions_close(&predictions);
}

TEST(there_is_room_for_many) {
    struct predictions predictions = {0};
    const struct bench_case c = case_of("gemm", "nn", "10x10x10");
    for (int threads = 1; threads <= 300; threads++) {
        const struct contender contender = contender_of(&c, 0, threads);
        prediction_learn(&predictions, &contender, threads);
    }
    for (int threads = 1; threads <= 300; threads++) {
        const struct contender contender = contender_of(&c, 0, threads);
        check_near(prediction_seconds(&predictions, &contender), threads);
    }
    predictions_close(&predictions);
    assert_int_equal(predictions.count, 0);
}
