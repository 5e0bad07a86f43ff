/* What ceilings allow, told from ceilings that are made up. */
#include "bench/devices/device.h"
#include "bench/measure/ceilings.h"
#include "reference/peak.h"
#include "tests/support/test.h"

#include <math.h>

static const struct ceilings two = {.threads = 2,
                                    .flops_per_second = {200.0},
                                    .levels = {{100, 80}, {1000, 40}, {10000, 20}, {1e9, 10}}};

/* The smallest working set that is as large as the data decides; memory, when nothing does. */
TEST(the_level_follows_from_the_working_set) {
    static const struct {
        double working_set, bandwidth;
        bool cold;
    } cases[] = {{100, 80, false},   {101, 40, false},  {1000, 40, false},
                 {10000, 20, false}, {1e10, 10, false}, {50, 10, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(ceilings_limit(&two, DTYPE_F32, 1.0, 400.0, cases[i].working_set, cases[i].cold)
                        .seconds == 400.0 / cases[i].bandwidth);
}

TEST(the_slower_of_both_is_the_limit) {
    assert_true(ceilings_limit(&two, DTYPE_F32, 1000.0, 80.0, 50.0, false).seconds == 5.0);
    assert_true(ceilings_limit(&two, DTYPE_F32, 100.0, 80.0, 50.0, false).seconds == 1.0);
}

/* The peak of f32 says nothing about a dtype whose instruction was not measured. */
TEST(each_dtype_has_a_peak_of_its_own) {
    struct ceilings ceilings = two;
    ceilings.flops_per_second[DTYPE_BF16] = 500.0;
    assert_true(ceilings_limit(&ceilings, DTYPE_BF16, 1000.0, 80.0, 50.0, false).seconds == 2.0);
    assert_true(isnan(ceilings_limit(&ceilings, DTYPE_F16, 1000.0, 80.0, 50.0, false).seconds));
}

/* Of one CPU: what is measured once is the same for all that share the instruction. */
TEST(dtypes_share_an_instruction_or_have_none) {
    struct ceilings ceilings;
    struct message message;
    struct device cpu;
    assert_int_equal(device_cpu_open(&cpu, &message), STATUS_OK);
    assert_int_equal(ceilings_measure(&cpu, 1, true, &ceilings, &message), STATUS_OK);
    assert_int_equal(cpu.close(&cpu, &message), STATUS_OK);
    for (int d = 0; d < DTYPES; d++) {
        double peak = ceilings.flops_per_second[d];
        enum peak_instruction instruction = peak_instruction_of((enum dtype)d);
        if (instruction == PEAK_FMA)
            assert_true(peak == ceilings.flops_per_second[DTYPE_F32]);
        assert_true(instruction == PEAK_UNKNOWN ? peak == 0.0 : peak > 0.0);
    }
    assert_int_equal(peak_instruction_of(DTYPE_TF32), PEAK_FMA);
}

TEST(all_cores_reach_what_one_does) {
    const struct ceilings one = {.threads = 1,
                                 .flops_per_second = {100.0},
                                 .levels = {{50, 90}, {500, 30}, {10000, 30}, {1e9, 9}}};
    static const double raised[] = {90, 40, 30, 10};
    struct ceilings all = two;
    ceilings_raise(&all, &one);
    assert_int_equal(all.threads, 2);
    assert_true(all.flops_per_second[DTYPE_F32] == 200.0);
    for (int i = 0; i < CEILING_LEVELS; i++) {
        assert_true(all.levels[i].bytes_per_second == raised[i]);
        assert_true(all.levels[i].working_set == two.levels[i].working_set);
    }
    all.flops_per_second[DTYPE_F32] = 0.1;
    ceilings_raise(&all, &one);
    assert_true(all.flops_per_second[DTYPE_F32] == 100.0);
}

/* A ceiling that was clearly lower for all cores is doubtful, and so is what rests on it: by the
 * slower of work and traffic, at the level of the data. */
TEST(a_raised_ceiling_is_doubtful) {
    const struct ceilings one = {.threads = 1,
                                 .flops_per_second = {205.0},
                                 .levels = {{50, 90}, {500, 30}, {10000, 21}, {1e9, 11}}};
    struct ceilings all = two;
    char text[80];
    ceilings_describe_doubt(&all, text, sizeof text);
    assert_string_equal(text, "");
    ceilings_raise(&all, &one);
    assert_false(all.peak_doubtful[DTYPE_F32]); /* within a twentieth */
    assert_true(all.level_doubtful[0] && all.level_doubtful[3]);
    assert_false(all.level_doubtful[1] || all.level_doubtful[2]);
    ceilings_describe_doubt(&all, text, sizeof text);
    assert_string_equal(text, "the bandwidth of L1, of memory");
    assert_true(ceilings_limit(&all, DTYPE_F32, 1.0, 400.0, 100.0, false).doubtful);
    assert_false(ceilings_limit(&all, DTYPE_F32, 1.0, 400.0, 1000.0, false).doubtful);
    assert_true(ceilings_limit(&all, DTYPE_F32, 1.0, 400.0, 1000.0, true).doubtful);
    assert_false(ceilings_limit(&all, DTYPE_F32, 1e6, 400.0, 100.0, false).doubtful);
    all.flops_per_second[DTYPE_F32] = 150.0;
    ceilings_raise(&all, &one);
    assert_true(ceilings_limit(&all, DTYPE_F32, 1e6, 400.0, 100.0, false).doubtful);
    ceilings_describe_doubt(&all, text, sizeof text);
    assert_string_equal(text, "the peak");
}
