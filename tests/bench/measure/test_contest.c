/* One case among implementations that do well and badly on the CPU: what becomes of each of their
 * rows. */
#include "tests/support/test.h"
#include "bench/measure/case_memory.h"
#include "bench/operations/operations.h"
#include "tests/support/contenders.h"
#include "tests/support/contest_fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TEST_OF_CONTEST(test) TEST_BETWEEN(test, contest_fixture_open, contest_fixture_close)

enum { COUNT = 17 }; /* elements of the fixture's copy */

static void check_measured(const struct contest_fixture *f, const char *name) {
    const struct result *row = contest_row(f, name);
    if (strcmp(row->status, "measured") != 0)
        fail_msg("%s: %s: %s", name, row->status, row->reason);
    assert_string_equal(row->verified, "yes");
    assert_string_equal(row->key.shape, "17");
    assert_string_equal(row->key.mode, "hot");
    assert_in_range(row->samples, contest_limits.samples_min, contest_limits.samples_max);
    assert_int_equal(contest_samples(f, name), row->samples);
    assert_true(row->median_s > 0.0 && row->bytes == 8.0 * COUNT);
    assert_true(fabs(row->gbps * row->median_s * 1e9 - row->bytes) < 1e-6);
}

/* Neither a time, nor a rate, nor a sample. */
static void check_unmeasured(const struct contest_fixture *f, const char *name, const char *status,
                             const char *verified, const char *reason) {
    const struct result *row = contest_row(f, name);
    assert_string_equal(row->status, status);
    assert_string_equal(row->verified, verified);
    if (!strstr(row->reason, reason))
        fail_msg("'%s' should hold '%s'", row->reason, reason);
    assert_true(isnan(row->median_s) && isnan(row->gbps) && isnan(row->speedup));
    assert_int_equal(contest_samples(f, name), 0);
}

TEST_OF_CONTEST(bad_ones_are_told_and_good_ones_measured) {
    struct contest_fixture *f = *state;
    contest_of(f, "good,wrong,failing,unable,refusing,absent", NULL, 0);
    assert_int_equal(f->rows.result_count, 6);
    check_measured(f, "good");
    check_unmeasured(f, "wrong", "failed", "no", "out[0,3] is");
    check_unmeasured(f, "failing", "failed", "", "the library gave up");
    check_unmeasured(f, "unable", "skipped", "", "not with 17 elements");
    check_unmeasured(f, "refusing", "skipped", "", "wants another shape");
    check_unmeasured(f, "absent", "skipped", "", "library was not there");
}

/* Right before the first sample and wrong after the last: nothing that it did counts. */
TEST_OF_CONTEST(what_is_wrong_in_the_end_is_not_measured) {
    struct contest_fixture *f = *state;
    contest_of(f, "good,wrong-later", NULL, 0);
    check_measured(f, "good");
    check_unmeasured(f, "wrong-later", "failed", "no", "out[0,3] is");
}

/* Verified once and then broken: it is not said to be verified, and what was not compared has no
 * error, not even one of 0. */
TEST_OF_CONTEST(what_breaks_later_is_not_verified) {
    struct contest_fixture *f = *state;
    contest_of(f, "failing-later", NULL, 0);
    check_unmeasured(f, "failing-later", "failed", "", "the library gave up");
    contest_of(f, "failing", NULL, 0);
    assert_true(isnan(contest_row(f, "failing")->error) &&
                isnan(contest_row(f, "failing")->tolerance));
}

/* A cold row is timed on many sets of buffers: more than the first are looked at. */
TEST_OF_CONTEST(a_cold_row_is_verified_on_other_buffers_too) {
    struct contest_fixture *f = *state;
    f->rules.cold = true;
    f->devices.list[0].last_level_cache = 4096;
    contest_of(f, "one-place", NULL, 0);
    check_unmeasured(f, "one-place", "failed", "no", "out[0,3] is");
}

/* What stands between the buffers is not touched and so does not count; and a case of which too few
 * sets could be held is not timed in the cache under the name of cold. */
TEST_OF_CONTEST(a_case_too_small_to_be_cold_is_skipped) {
    struct contest_fixture *f = *state;
    f->rules.cold = true;
    f->devices.list[0].last_level_cache = (size_t)8 << 20;
    contest_of(f, "good", NULL, 0);
    check_unmeasured(f, "good", "skipped", "",
                     "too small to be cold: 123363 sets of its 136 bytes");
}

static enum status first_batch_always(const struct implementation *implementation,
                                      const struct launch *launch, int64_t iteration,
                                      struct execution *execution) {
    (void)iteration;
    return operation_mlp.launch(implementation, launch, 0, execution);
}

/* A network is timed on eight batches in turn, and a graph of each: more than the first are looked
 * at. */
TEST_OF_CONTEST(a_network_is_verified_on_another_batch_too) {
    struct contest_fixture *f = *state;
    for (int right = 0; right < 2; right++)
        for (int variant = 0; variant < operation_mlp.variant_count; variant++) {
            f->operation = operation_mlp;
            f->c.variant = variant;
            if (!right)
                f->operation.launch = first_batch_always;
            assert_int_equal(case_shape_parse("3-4-2@5", &f->c, &f->message), STATUS_OK);
            contest_of(f, "openblas", NULL, 0);
            const struct result *row = contest_row(f, "openblas");
            assert_string_equal(row->status, right ? "measured" : "failed");
            assert_string_equal(row->verified, right ? "yes" : "no");
        }
}

/* Whether the row's speedup is against that one, by name and by number. */
static void check_base(const struct result *row, const struct result *base) {
    char name[SPEEDUP_BASE_SIZE];
    row_key_base(&base->key, name);
    assert_string_equal(row->speedup_base, name);
    assert_true(fabs(row->speedup * row->median_s / base->median_s - 1.0) <= 1e-9);
}

/* A run that goes on may have half of a case: what is left is held against the fastest of all. */
TEST_OF_CONTEST(speedups_count_against_rows_from_before) {
    struct contest_fixture *f = *state;
    contest_of(f, "good,plain", NULL, 0);
    struct result before = *contest_row(f, "good");
    before.median_s = 1e-9;
    contest_of(f, "good,plain", &before, 1);
    assert_int_equal(f->rows.result_count, 1);
    check_base(contest_row(f, "plain"), &before);
    struct result others[] = {before, before, before, before, before};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        others[i].median_s = 1e-12;
    snprintf(others[0].key.shape, sizeof others[0].key.shape, "18");
    snprintf(others[1].key.mode, sizeof others[1].key.mode, "cold");
    snprintf(others[2].status, sizeof others[2].status, "failed");
    snprintf(others[3].key.device, sizeof others[3].key.device, "gpu0");
    others[4].verified[0] = '\0'; /* as a yardstick */
    contest_of(f, "plain", others, sizeof others / sizeof others[0]);
    check_base(contest_row(f, "plain"), contest_row(f, "plain"));
}

TEST_OF_CONTEST(too_slow_for_its_time) {
    struct contest_fixture *f = *state;
    contest_of(f, "good,slow", NULL, 0);
    check_measured(f, "good");
    check_unmeasured(f, "slow", "skipped", "", "--max-time");
}

TEST_OF_CONTEST(a_slow_start_is_not_too_slow) {
    struct contest_fixture *f = *state;
    contest_of(f, "slow-at-first", NULL, 0);
    check_measured(f, "slow-at-first");
}

TEST_OF_CONTEST(too_slow_by_its_smaller_sizes) {
    struct contest_fixture *f = *state;
    struct bench_case smaller = f->c;
    smaller.sizes[0] = 1;
    const struct contender known = {.bench_case = &smaller,
                                    .implementation = &contenders[0],
                                    .device = &f->devices.list[0],
                                    .threads = 1};
    prediction_learn(&f->predictions, &known, 0.1);
    contest_of(f, "good,slow-at-first", NULL, 0);
    check_unmeasured(f, "good", "skipped", "", "predicted to take 1.7 s");
    check_measured(f, "slow-at-first");
}

static double seventeen_flops(const struct bench_case *c) {
    (void)c;
    return 17.0;
}

/* The first case has none before it: what no processor can do in time is not begun. */
TEST_OF_CONTEST(too_slow_at_the_peak) {
    struct contest_fixture *f = *state;
    f->operation.flops = seventeen_flops;
    f->ceilings = (struct ceilings){.threads = 1, .flops_per_second = {10.0}};
    for (int i = 0; i < CEILING_LEVELS; i++)
        f->ceilings.levels[i] = (struct ceiling_level){1e9, 1e9};
    contest_of(f, "good", NULL, 0);
    check_unmeasured(f, "good", "skipped", "", "takes at least 1.7 s at the measured peak");
    f->ceilings.flops_per_second[DTYPE_F32] = 1e9;
    contest_of(f, "good", NULL, 0);
    check_measured(f, "good");
    f->ceilings.flops_per_second[DTYPE_F32] = 0.0; /* not known */
    contest_of(f, "good", NULL, 0);
    check_measured(f, "good");
}

/* In an f32 case it is no contender, unless it is asked for. */
TEST_OF_CONTEST(another_dtype_takes_part_only_when_named) {
    struct contest_fixture *f = *state;
    contest_of(f, NULL, NULL, 0);
    assert_true(f->rows.result_count > 0);
    for (size_t i = 0; i < f->rows.result_count; i++)
        assert_string_not_equal(f->rows.results[i].key.implementation, "narrow");
    contest_of(f, "good,narrow", NULL, 0);
    assert_int_equal(f->rows.result_count, 2);
    check_measured(f, "good");
    const struct result *row = contest_row(f, "narrow");
    assert_string_equal(row->status, "skipped");
    assert_string_equal(row->reason, "computes tf32 and f16 only");
}

/* A rung for teaching is what speedups are against where it is the fastest; a yardstick never. */
TEST_OF_CONTEST(a_plain_row_that_wins_is_the_base) {
    struct contest_fixture *f = *state;
    f->rules.yardsticks = true;
    contest_of(f, "napping,plain,bare", NULL, 0);
    check_measured(f, "napping");
    check_measured(f, "plain");
    check_base(contest_row(f, "napping"), contest_row(f, "plain"));
    check_base(contest_row(f, "plain"), contest_row(f, "plain"));
    assert_string_equal(contest_row(f, "plain")->speedup_base, "plain on 1 thread");
    const struct result *bare = contest_row(f, "bare");
    assert_string_equal(bare->status, "measured");
    assert_string_equal(bare->verified, "");
    assert_string_equal(bare->speedup_base, "");
    assert_true(isnan(bare->speedup));
}

/* Where two threads are slower than one, one is what speedups are against. */
TEST_OF_CONTEST(a_row_of_one_thread_that_wins_is_the_base) {
    struct contest_fixture *f = *state;
    const int threads[] = {2, 1};
    const struct ceilings ceilings[2] = {{.threads = 2}, {.threads = 1}};
    f->rules.threads = threads;
    f->rules.thread_count = 2;
    f->rules.ceilings = ceilings;
    contest_of(f, "crowded,napping", NULL, 0);
    assert_int_equal(f->rows.result_count, 4);
    const struct result *alone = &f->rows.results[3];
    assert_string_equal(alone->key.implementation, "crowded");
    assert_int_equal(alone->key.threads, 1);
    for (size_t i = 0; i < f->rows.result_count; i++)
        check_base(&f->rows.results[i], alone);
    assert_true(result_is_base(alone) && !result_is_base(&f->rows.results[0]));
}

TEST_OF_CONTEST(without_a_right_result_there_is_no_speedup) {
    struct contest_fixture *f = *state;
    f->rules.yardsticks = true;
    contest_of(f, "wrong,bare", NULL, 0);
    check_unmeasured(f, "wrong", "failed", "no", "out[0,3] is");
    assert_true(isnan(contest_row(f, "bare")->speedup));
    assert_string_equal(contest_row(f, "wrong")->speedup_base, "");
}

TEST_OF_CONTEST(who_takes_part) {
    struct contest_fixture *f = *state;
    f->operation.implementation_count = 2;
    contest_of(f, NULL, NULL, 0);
    assert_int_equal(f->rows.result_count, 2);
    struct result done[2] = {f->rows.results[0], f->rows.results[1]};
    contest_rows_release(&f->rows);
    contest_of(f, NULL, done, 1); /* what a resumed run has already is left out */
    assert_int_equal(f->rows.result_count, 1);
    assert_string_equal(f->rows.results[0].key.implementation, "plain");
    contest_rows_release(&f->rows);
    contest_of(f, NULL, done, 2);
    assert_int_equal(f->rows.result_count, 0);
}

/* All threads and one, and one alone where it makes no more. */
TEST_OF_CONTEST(every_thread_count_has_a_row) {
    struct contest_fixture *f = *state;
    const int threads[] = {2, 1};
    const struct ceilings ceilings[2] = {{.threads = 2}, {.threads = 1}};
    f->rules.threads = threads;
    f->rules.thread_count = 2;
    f->rules.ceilings = ceilings;
    contest_of(f, "good,plain", NULL, 0);
    assert_int_equal(f->rows.result_count, 3);
    assert_int_equal(f->rows.results[0].key.threads, 2);
    assert_int_equal(f->rows.results[1].key.threads, 1);
    assert_string_equal(f->rows.results[2].key.implementation, "plain");
    assert_int_equal(f->rows.results[2].key.threads, 1);
}

static bool stop_now(void *argument) {
    (void)argument;
    return true;
}

TEST_OF_CONTEST(an_interrupted_case_has_no_rows) {
    struct contest_fixture *f = *state;
    struct message message;
    f->rules.implementations = "good";
    f->rules.stop = stop_now;
    assert_int_equal(contest_run(&f->rules, &f->c, NULL, 0, &f->rows, &message),
                     STATUS_INTERRUPTED);
    assert_int_equal(f->rows.result_count, 0);
    assert_int_equal(f->rows.sample_count, 0);
}

TEST_OF_CONTEST(a_case_that_cannot_fit_is_skipped) {
    struct contest_fixture *f = *state;
    f->operation = operation_gemm;
    f->c.size_count = 3;
    f->c.sizes[0] = f->c.sizes[1] = f->c.sizes[2] = 10000000;
    contest_of(f, "openblas", NULL, 0);
    assert_int_equal(f->rows.result_count, 1);
    assert_string_equal(f->rows.results[0].status, "skipped");
    assert_non_null(strstr(f->rows.results[0].reason, "bytes of memory"));
    f->c.sizes[0] = f->c.sizes[1] = f->c.sizes[2] = INT32_MAX;
    assert_true(case_memory_bytes(&f->c) == SIZE_MAX);
}

/* Of the eight batches of a network's data, an iteration takes one. */
TEST(an_iteration_transfers_its_own_batch) {
    struct bench_case bench_case = {.operation = &operation_mlp};
    struct message message;
    struct inputs inputs;
    struct buffer_set set;
    struct device cpu;
    assert_int_equal(case_shape_parse("6-5-4@3", &bench_case, &message), STATUS_OK);
    assert_int_equal(device_cpu_open(&cpu, &message), STATUS_OK);
    assert_int_equal(inputs_open(&bench_case, &inputs, &message), STATUS_OK);
    assert_int_equal(buffer_set_open(&set, &cpu, &inputs, &message), STATUS_OK);
    struct device_transfer transfers[BUFFERS_MAX];
    int count = buffer_set_transfers(&set, transfers), data = 0, labels = 0;
    for (int i = 0; i < count; i++) {
        bool only_up = transfers[i].up && !transfers[i].down;
        data += only_up && transfers[i].bytes == sizeof(float[3][6]);
        labels += only_up && transfers[i].bytes == sizeof(int32_t[3]);
    }
    assert_int_equal(data, 1);
    assert_int_equal(labels, 1);
    buffer_set_close(&set);
    inputs_close(&inputs);
    assert_int_equal(cpu.close(&cpu, &message), STATUS_OK);
}
