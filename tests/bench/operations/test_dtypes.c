/* The formats of tensor cores: rounding to them, GEMM cases in them from inputs to rows, and that
 * what computes in a coarser format, or gets one element wrong, does not pass. */
#include "bench/devices/gpu.h"
#include "bench/measure/contest.h"
#include "bench/measure/measure.h"
#include "bench/measure/verify.h"
#include "bench/operations/operations.h"
#include "common/narrow.h"
#include "reference/naive.h"
#include "tests/stand_in/client.h"
#include "tests/support/test.h"

/* --- rounding --------------------------------------------------------------------------------- */

/* Between neighbours in the format, `low` and `high`, of which one ends in an even digit. */
static void check_between(float low, float high, bool low_is_even, float (*round)(float)) {
    float middle = low + 0.5F * (high - low);
    assert_true(round(nextafterf(middle, low)) == low);
    assert_true(round(nextafterf(middle, high)) == high);
    assert_true(round(middle) == (low_is_even ? low : high));
    assert_true(round(-middle) == -(low_is_even ? low : high));
}

static float through_bf16(float value) {
    return bf16_widen(bf16_round(value));
}

static float through_f16(float value) {
    return f16_widen(f16_round(value));
}

TEST(sixteen_bits_are_rounded_to_nearest_even) {
    for (uint32_t bits = 0; bits < 0x7c00; bits++) { /* every finite positive binary16 */
        assert_int_equal(f16_round(f16_widen((uint16_t)bits)), bits);
        assert_int_equal(f16_round(-f16_widen((uint16_t)bits)), bits | 0x8000);
        if (bits + 1 < 0x7c00)
            check_between(f16_widen((uint16_t)bits), f16_widen((uint16_t)(bits + 1)), bits % 2 == 0,
                          through_f16);
    }
    for (uint32_t bits = 0; bits < 0x7f80; bits++) { /* and bfloat16 */
        assert_int_equal(bf16_round(bf16_widen((uint16_t)bits)), bits);
        if (bits > 0 && bits + 1 < 0x7f80)
            check_between(bf16_widen((uint16_t)bits), bf16_widen((uint16_t)(bits + 1)),
                          bits % 2 == 0, through_bf16);
    }
    assert_true(f16_widen(0x3c00) == 1.0F && f16_widen(0xc000) == -2.0F);
    assert_true(f16_widen(0x0001) == 0x1p-24F && f16_widen(0x7bff) == 65504.0F);
    assert_true(bf16_widen(0x3fc0) == 1.5F);
    assert_true(through_f16(65519.0F) == 65504.0F && isinf(through_f16(65520.0F)));
}

TEST(tf32_keeps_ten_fraction_bits) {
    for (uint32_t step = 0; step < 1024; step++)
        check_between(1.0F + (float)step * 0x1p-10F, 1.0F + (float)(step + 1) * 0x1p-10F,
                      step % 2 == 0, tf32_round);
    assert_true(tf32_round(-0.0F) == 0.0F && signbit(tf32_round(-0.0F)));
}

TEST(nan_and_infinity_stay_what_they_are) {
    static const uint32_t nans[] = {0x7f800001u, 0x7fffffffu, 0xff800001u, 0x7fc00000u};
    for (size_t i = 0; i < sizeof nans / sizeof nans[0]; i++) {
        float nan = float_of_bits(nans[i]);
        assert_true(isnan(tf32_round(nan)) && isnan(through_bf16(nan)) && isnan(through_f16(nan)));
    }
    assert_true(isinf(tf32_round(INFINITY)) && isinf(through_bf16(-INFINITY)) &&
                isinf(through_f16(INFINITY)));
}

/* --- cases ------------------------------------------------------------------------------------ */

struct bout {
    struct bench_case c;
    struct device device;
    struct inputs inputs;
    struct expectation *expectation;
    struct buffer_set set;
};

static struct bench_case case_of(const char *variant, enum dtype dtype, const char *shape) {
    struct message message;
    struct bench_case c = {.operation = &operation_gemm,
                           .variant = operation_variant_find(&operation_gemm, variant),
                           .dtype = dtype,
                           .settings = {.alpha = 1.0F, .seed = 5}};
    assert_int_equal(case_shape_parse(shape, &c, &message), STATUS_OK);
    return c;
}

/* `oracle_flops` as of expectation_open_within(). */
static void bout_open(struct bout *bout, struct bench_case c, bool stand_in, double oracle_flops) {
    const struct gpu_selection selection = {.driver = STAND_IN_CUDA, .cublas = STAND_IN_CUBLAS};
    struct message message = {""};
    *bout = (struct bout){.c = c};
    stand_in_order(NULL);
    assert_int_equal(stand_in ? device_gpu_open_selection(&selection, &bout->device, &message)
                              : device_cpu_open(&bout->device, &message),
                     STATUS_OK);
    assert_int_equal(inputs_open(&bout->c, &bout->inputs, &message), STATUS_OK);
    assert_int_equal(expectation_open_within(&bout->c, &bout->inputs, oracle_flops,
                                             &bout->expectation, &message),
                     STATUS_OK);
    assert_int_equal(buffer_set_open(&bout->set, &bout->device, &bout->inputs, &message),
                     STATUS_OK);
}

static void bout_close(struct bout *bout) {
    buffer_set_close(&bout->set);
    expectation_close(bout->expectation);
    inputs_close(&bout->inputs);
    struct message message;
    assert_int_equal(bout->device.close(&bout->device, &message), STATUS_OK);
}

static enum status bout_verify(struct bout *bout, const struct implementation *implementation,
                               struct message *message) {
    struct contender contender;
    struct check check;
    assert_int_equal(contender_open(&contender, &bout->c, implementation, &bout->device, 1,
                                    &bout->set, 1, message),
                     STATUS_OK);
    struct execution execution = contender_execution(&contender);
    execution.message = message;
    enum status status = verify_launch(bout->expectation, implementation, &contender.launches[0], 0,
                                       &bout->set, &execution, &check, message);
    contender_close(&contender);
    return status;
}

static const struct implementation *row_of(const char *name) {
    for (int i = 0; i < operation_gemm.implementation_count; i++)
        if (strcmp(operation_gemm.implementations[i].name, name) == 0)
            return &operation_gemm.implementations[i];
    fail_msg("gemm has no %s", name);
    return NULL;
}

/* The numbers are those of f32, rounded; so two dtypes can be compared. */
TEST(inputs_are_the_rounded_numbers_of_f32) {
    struct message message;
    struct inputs exact, rounded;
    const struct bench_case f32 = case_of("nn", DTYPE_F32, "7x9x11");
    const struct bench_case bf16 = case_of("nn", DTYPE_BF16, "7x9x11");
    assert_int_equal(inputs_open(&f32, &exact, &message), STATUS_OK);
    assert_int_equal(inputs_open(&bf16, &rounded, &message), STATUS_OK);
    for (int b = 0; b < 2; b++)
        for (int64_t i = 0; i < exact.specs[b].elements; i++)
            assert_int_equal(((const uint16_t *)rounded.data[b])[i],
                             bf16_round(((const float *)exact.data[b])[i]));
    inputs_close(&exact);
    inputs_close(&rounded);
    assert_true(operation_gemm.bytes(&f32) == 4.0 * (7 * 11 + 11 * 9 + 7 * 9));
    assert_true(operation_gemm.bytes(&bf16) == 2.0 * (7 * 11 + 11 * 9) + 4.0 * 7 * 9);
    assert_true(operation_gemm.flops(&bf16) == operation_gemm.flops(&f32));
}

static const enum dtype narrow[] = {DTYPE_TF32, DTYPE_BF16, DTYPE_F16};
enum { NARROW = sizeof narrow / sizeof narrow[0] };

static void check_passes(const char *name, bool stand_in, double oracle_flops, const char *shape) {
    static const char *const variants[] = {"nn", "nt", "tn"};
    struct message message = {""};
    for (int d = 0; d < NARROW; d++)
        for (int v = 0; v < 3; v++) {
            struct bout bout;
            bout_open(&bout, case_of(variants[v], narrow[d], shape), stand_in, oracle_flops);
            if (bout_verify(&bout, row_of(name), &message) != STATUS_OK)
                fail_msg("%s %s %s: %s", name, dtype_name(narrow[d]), variants[v], message.text);
            bout_close(&bout);
        }
}

TEST(cases_in_every_format_are_verified) {
    check_passes("cpu-naive", false, 1e9, "33x65x129");
    check_passes("cublas", true, 1e9, "33x65x129");
    check_passes("cpu-naive", false, 1.0, "67x65x130"); /* two rows and the projection */
}

/* --- what must not pass ----------------------------------------------------------------------- */

/* tf32 with the operands of bf16, eight bits instead of eleven. */
static enum status coarse(const struct gemm_problem *problem, struct execution *execution) {
    (void)execution;
    const float *a = problem->a, *b = problem->b;
    *problem->c = through_bf16(*a) * through_bf16(*b);
    return STATUS_OK;
}

/* One element far from the rows that are compared. */
static enum status one_wrong(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = gemm_naive(problem, execution);
    problem->c[problem->m / 2 * problem->ldc + problem->n / 2] +=
        problem->dtype == DTYPE_TF32 ? 1.0F : 0.01F;
    return status;
}

TEST(what_is_coarser_or_wrong_is_caught) {
    const struct implementation coarser = {.name = "coarse", .run = RUN(gemm, coarse)},
                                wrong = {.name = "wrong", .run = RUN(gemm, one_wrong)};
    struct message message;
    struct bout bout;
    bout_open(&bout, case_of("nn", DTYPE_TF32, "1x1x1"), false, 1e9);
    assert_int_equal(bout_verify(&bout, &coarser, &message), STATUS_WRONG);
    bout_close(&bout);
    for (int d = 0; d < NARROW; d++) {
        bout_open(&bout, case_of("nt", narrow[d], "67x65x130"), false, 1.0);
        assert_int_equal(bout_verify(&bout, &wrong, &message), STATUS_WRONG);
        assert_non_null(strstr(message.text, "a random projection of c"));
        bout_close(&bout);
    }
}

/* --- rows ------------------------------------------------------------------------------------- */

/* The peak of f32 multiply-adds says nothing about another format. */
TEST(another_format_is_not_measured_against_the_peak_of_f32) {
    struct devices devices;
    struct predictions predictions = {0};
    struct progress progress = {0};
    struct nvtx ranges = {0};
    struct message message = {""};
    const int threads = 1;
    const struct ceilings ceilings = {
        .threads = 1,
        .flops_per_second = {1e12},
        .levels = {{1e3, 1e12}, {1e4, 1e12}, {1e5, 1e12}, {1e6, 1e12}}};
    assert_int_equal(devices_open(&devices, "none", &message), STATUS_OK);
    struct measure_limits limits = measure_limits_default(true);
    limits.warm_up_seconds = limits.case_seconds = 1e-4;
    const struct contest_rules rules = {.devices = &devices,
                                        .implementations = "cpu-naive",
                                        .threads = &threads,
                                        .thread_count = 1,
                                        .ceilings = &ceilings,
                                        .limits = limits,
                                        .predictions = &predictions,
                                        .progress = &progress,
                                        .ranges = &ranges};
    for (enum dtype d = DTYPE_F32; d <= DTYPE_BF16; d++) {
        const struct bench_case c = case_of("nn", d, "8x8x8");
        struct case_rows rows;
        assert_int_equal(contest_run(&rules, &c, NULL, 0, &rows, &message), STATUS_OK);
        assert_int_equal(rows.result_count, 1);
        assert_string_equal(rows.results[0].status, "measured");
        assert_string_equal(rows.results[0].key.dtype, dtype_name(d));
        assert_true(isnan(rows.results[0].limit_fraction) == (d != DTYPE_F32));
        contest_rows_release(&rows);
    }
    predictions_close(&predictions);
    assert_int_equal(devices_close(&devices, STATUS_OK, &message), STATUS_OK);
}
