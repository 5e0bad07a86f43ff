/* One case among implementations that do well and badly: what becomes of each of their rows. Some
 * run on the CPU alone; others on a GPU, the stand-in for the driver, whose every time is 1.5 ms.
 */
#include "bench/devices/gpu.h"
#include "bench/measure/case_memory.h"
#include "bench/measure/contest.h"
#include "bench/operations/operations.h"
#include "gpu/nvtx.h"
#include "kernels/kernels.h"
#include "tests/stand_in/client.h"
#include "tests/support/cmocka.h"
#include "tests/support/contenders.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 17 }; /* elements of a copy */

/* --- a contest -------------------------------------------------------------------------------- */

struct fixture {
    struct operation operation;
    struct bench_case c;
    struct devices devices;
    struct ceilings ceilings;
    struct predictions predictions;
    struct progress progress;
    struct nvtx ranges;
    struct contest_rules rules;
    struct stand_in driver;
    int threads;
    struct case_rows rows;
    struct message message;
};

/* A tenth of a second for an iteration, and samples that cost next to nothing. */
static const struct measure_limits limits = {.case_seconds = 0.06,
                                             .sample_seconds = 1e-6,
                                             .target_noise = 0.01,
                                             .samples_min = 4,
                                             .samples_few = 3,
                                             .samples_max = 6,
                                             .patience = 5.0};

/* Few samples and no warm-up: the stand-in keeps a log of every call. */
static const struct measure_limits limits_on_gpu = {.case_seconds = 0.01,
                                                    .sample_seconds = 1e-3,
                                                    .target_noise = 0.01,
                                                    .samples_min = 5,
                                                    .samples_few = 3,
                                                    .samples_max = 5,
                                                    .patience = 1000.0};
static const double stand_in_seconds = 1.5e-3;

/* All contenders, on one thread of the CPU. */
static int fixture_open(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    contenders_begin();
    f->operation = operation_transfer;
    f->operation.implementations = contenders;
    f->operation.implementation_count = contender_count;
    f->c = (struct bench_case){.operation = &f->operation,
                               .size_count = 1,
                               .sizes = {COUNT},
                               .settings = {.alpha = 1.0F, .seed = 1}};
    assert_int_equal(devices_open(&f->devices, "none", &f->message), STATUS_OK);
    f->threads = 1;
    f->rules = (struct contest_rules){.devices = &f->devices,
                                      .threads = &f->threads,
                                      .thread_count = 1,
                                      .ceilings = &f->ceilings,
                                      .limits = limits,
                                      .predictions = &f->predictions,
                                      .progress = &f->progress,
                                      .ranges = &f->ranges};
    *state = f;
    return 0;
}

/* `gemm` as it is, with a GPU beside the CPU. */
static int fixture_open_gpu(void **state) {
    const struct gpu_selection selection = {.driver = STAND_IN_CUDA, .cublas = STAND_IN_CUBLAS};
    stand_in_order(NULL);
    if (fixture_open(state) != 0)
        return -1;
    struct fixture *f = *state;
    f->operation = operation_gemm;
    f->driver = stand_in_attach(STAND_IN_CUDA);
    assert_int_equal(
        device_gpu_open_selection(&selection, &f->devices.list[f->devices.count++], &f->message),
        STATUS_OK);
    f->ceilings = (struct ceilings){.threads = 1, .flops_per_second = {1e9}};
    for (int i = 0; i < CEILING_LEVELS; i++)
        f->ceilings.levels[i] = (struct ceiling_level){1e9, 1e9};
    f->rules.limits = limits_on_gpu;
    f->rules.implementations = "openblas,cublas";
    return 0;
}

static int fixture_close(void **state) {
    struct fixture *f = *state;
    stand_in_order(NULL);
    contest_rows_release(&f->rows);
    predictions_close(&f->predictions);
    (void)devices_close(&f->devices, STATUS_OK, &f->message);
    free(f);
    return 0;
}

static void contest_of(struct fixture *f, const char *names, const struct result *done,
                       size_t done_count) {
    f->rules.implementations = names;
    contest_rows_release(&f->rows);
    if (contest_run(&f->rules, &f->c, done, done_count, &f->rows, &f->message) != STATUS_OK)
        fail_msg("%s", f->message.text);
}

/* Runs gemm/nn/f32 of a shape. */
static void contest_on_gpu(struct fixture *f, const char *shape) {
    f->driver.clear();
    assert_int_equal(case_shape_parse(shape, &f->c, &f->message), STATUS_OK);
    contest_of(f, f->rules.implementations, NULL, 0);
}

static const struct result *row_of(const struct fixture *f, const char *implementation) {
    for (size_t i = 0; i < f->rows.result_count; i++)
        if (strcmp(f->rows.results[i].key.implementation, implementation) == 0)
            return &f->rows.results[i];
    fail_msg("no row of %s", implementation);
    return NULL;
}

static void assert_near(double actual, double expected, double tolerance) {
    if (!(fabs(actual - expected) <= tolerance))
        fail_msg("%g is not %g within %g", actual, expected, tolerance);
}

/* How many samples the implementation's row has in the file of samples. */
static int64_t samples_of(const struct fixture *f, const char *name) {
    int64_t count = 0;
    for (size_t i = 0; i < f->rows.sample_count; i++)
        if (strcmp(f->rows.samples[i].key.implementation, name) == 0)
            assert_int_equal(f->rows.samples[i].sample, count++);
    return count;
}

static void check_measured(const struct fixture *f, const char *name) {
    const struct result *row = row_of(f, name);
    if (strcmp(row->status, "measured") != 0)
        fail_msg("%s: %s: %s", name, row->status, row->reason);
    assert_string_equal(row->verified, "yes");
    assert_string_equal(row->key.shape, "17");
    assert_string_equal(row->key.mode, "hot");
    assert_in_range(row->samples, limits.samples_min, limits.samples_max);
    assert_int_equal(samples_of(f, name), row->samples);
    assert_true(row->median_s > 0.0 && row->bytes == 8.0 * COUNT);
    assert_true(fabs(row->gbps * row->median_s * 1e9 - row->bytes) < 1e-6);
}

/* Neither a time, nor a rate, nor a sample. */
static void check_unmeasured(const struct fixture *f, const char *name, const char *status,
                             const char *verified, const char *reason) {
    const struct result *row = row_of(f, name);
    assert_string_equal(row->status, status);
    assert_string_equal(row->verified, verified);
    if (!strstr(row->reason, reason))
        fail_msg("'%s' should hold '%s'", row->reason, reason);
    assert_true(isnan(row->median_s) && isnan(row->gbps) && isnan(row->speedup));
    assert_int_equal(samples_of(f, name), 0);
}

/* --- on the CPU ------------------------------------------------------------------------------- */

static void test_bad_ones_are_told_and_good_ones_measured(void **state) {
    struct fixture *f = *state;
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
static void test_what_is_wrong_in_the_end_is_not_measured(void **state) {
    struct fixture *f = *state;
    contest_of(f, "good,wrong-later", NULL, 0);
    check_measured(f, "good");
    check_unmeasured(f, "wrong-later", "failed", "no", "out[0,3] is");
}

/* Verified once and then broken: it is not said to be verified, and what was not compared has no
 * error, not even one of 0. */
static void test_what_breaks_later_is_not_verified(void **state) {
    struct fixture *f = *state;
    contest_of(f, "failing-later", NULL, 0);
    check_unmeasured(f, "failing-later", "failed", "", "the library gave up");
    contest_of(f, "failing", NULL, 0);
    assert_true(isnan(row_of(f, "failing")->error) && isnan(row_of(f, "failing")->tolerance));
}

/* A cold row is timed on many sets of buffers: more than the first are looked at. */
static void test_a_cold_row_is_verified_on_other_buffers_too(void **state) {
    struct fixture *f = *state;
    f->rules.cold = true;
    f->devices.list[0].last_level_cache = 4096;
    contest_of(f, "one-place", NULL, 0);
    check_unmeasured(f, "one-place", "failed", "no", "out[0,3] is");
}

/* What stands between the buffers is not touched and so does not count; and a case of which too few
 * sets could be held is not timed in the cache under the name of cold. */
static void test_a_case_too_small_to_be_cold_is_skipped(void **state) {
    struct fixture *f = *state;
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
static void test_a_network_is_verified_on_another_batch_too(void **state) {
    struct fixture *f = *state;
    for (int right = 0; right < 2; right++)
        for (int variant = 0; variant < operation_mlp.variant_count; variant++) {
            f->operation = operation_mlp;
            f->c.variant = variant;
            if (!right)
                f->operation.launch = first_batch_always;
            assert_int_equal(case_shape_parse("3-4-2@5", &f->c, &f->message), STATUS_OK);
            contest_of(f, "openblas", NULL, 0);
            const struct result *row = row_of(f, "openblas");
            assert_string_equal(row->status, right ? "measured" : "failed");
            assert_string_equal(row->verified, right ? "yes" : "no");
        }
}

/* Whether the row's speedup is against that one, by name and by number. */
static void check_base(const struct result *row, const struct result *base) {
    char name[SPEEDUP_BASE_SIZE];
    row_key_base(&base->key, name);
    assert_string_equal(row->speedup_base, name);
    assert_near(row->speedup * row->median_s / base->median_s, 1.0, 1e-9);
}

/* A run that goes on may have half of a case: what is left is held against the fastest of all. */
static void test_speedups_count_against_rows_from_before(void **state) {
    struct fixture *f = *state;
    contest_of(f, "good,plain", NULL, 0);
    struct result before = *row_of(f, "good");
    before.median_s = 1e-9;
    contest_of(f, "good,plain", &before, 1);
    assert_int_equal(f->rows.result_count, 1);
    check_base(row_of(f, "plain"), &before);
    struct result others[] = {before, before, before, before, before};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        others[i].median_s = 1e-12;
    snprintf(others[0].key.shape, sizeof others[0].key.shape, "18");
    snprintf(others[1].key.mode, sizeof others[1].key.mode, "cold");
    snprintf(others[2].status, sizeof others[2].status, "failed");
    snprintf(others[3].key.device, sizeof others[3].key.device, "gpu0");
    others[4].verified[0] = '\0'; /* as a yardstick */
    contest_of(f, "plain", others, sizeof others / sizeof others[0]);
    check_base(row_of(f, "plain"), row_of(f, "plain"));
}

static void test_too_slow_for_its_time(void **state) {
    struct fixture *f = *state;
    contest_of(f, "good,slow", NULL, 0);
    check_measured(f, "good");
    check_unmeasured(f, "slow", "skipped", "", "--max-time");
}

static void test_a_slow_start_is_not_too_slow(void **state) {
    struct fixture *f = *state;
    contest_of(f, "slow-at-first", NULL, 0);
    check_measured(f, "slow-at-first");
}

static void test_too_slow_by_its_smaller_sizes(void **state) {
    struct fixture *f = *state;
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
static void test_too_slow_at_the_peak(void **state) {
    struct fixture *f = *state;
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
static void test_another_dtype_takes_part_only_when_named(void **state) {
    struct fixture *f = *state;
    contest_of(f, NULL, NULL, 0);
    assert_true(f->rows.result_count > 0);
    for (size_t i = 0; i < f->rows.result_count; i++)
        assert_string_not_equal(f->rows.results[i].key.implementation, "narrow");
    contest_of(f, "good,narrow", NULL, 0);
    assert_int_equal(f->rows.result_count, 2);
    check_measured(f, "good");
    const struct result *row = row_of(f, "narrow");
    assert_string_equal(row->status, "skipped");
    assert_string_equal(row->reason, "computes tf32 and f16 only");
}

/* A rung for teaching is what speedups are against where it is the fastest; a yardstick never. */
static void test_a_plain_row_that_wins_is_the_base(void **state) {
    struct fixture *f = *state;
    f->rules.yardsticks = true;
    contest_of(f, "napping,plain,bare", NULL, 0);
    check_measured(f, "napping");
    check_measured(f, "plain");
    check_base(row_of(f, "napping"), row_of(f, "plain"));
    check_base(row_of(f, "plain"), row_of(f, "plain"));
    assert_string_equal(row_of(f, "plain")->speedup_base, "plain on 1 thread");
    const struct result *bare = row_of(f, "bare");
    assert_string_equal(bare->status, "measured");
    assert_string_equal(bare->verified, "");
    assert_string_equal(bare->speedup_base, "");
    assert_true(isnan(bare->speedup));
}

/* Where two threads are slower than one, one is what speedups are against. */
static void test_a_row_of_one_thread_that_wins_is_the_base(void **state) {
    struct fixture *f = *state;
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

static void test_without_a_right_result_there_is_no_speedup(void **state) {
    struct fixture *f = *state;
    f->rules.yardsticks = true;
    contest_of(f, "wrong,bare", NULL, 0);
    check_unmeasured(f, "wrong", "failed", "no", "out[0,3] is");
    assert_true(isnan(row_of(f, "bare")->speedup));
    assert_string_equal(row_of(f, "wrong")->speedup_base, "");
}

static void test_who_takes_part(void **state) {
    struct fixture *f = *state;
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
static void test_every_thread_count_has_a_row(void **state) {
    struct fixture *f = *state;
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

static void test_an_interrupted_case_has_no_rows(void **state) {
    struct fixture *f = *state;
    struct message message;
    f->rules.implementations = "good";
    f->rules.stop = stop_now;
    assert_int_equal(contest_run(&f->rules, &f->c, NULL, 0, &f->rows, &message),
                     STATUS_INTERRUPTED);
    assert_int_equal(f->rows.result_count, 0);
    assert_int_equal(f->rows.sample_count, 0);
}

static void test_a_case_that_cannot_fit_is_skipped(void **state) {
    struct fixture *f = *state;
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

/* --- on a GPU --------------------------------------------------------------------------------- */

static void expect_row(const struct fixture *f, const char *implementation, const char *status,
                       const char *reason) {
    const struct result *row = row_of(f, implementation);
    if (strcmp(row->status, status) != 0 || strstr(row->reason, reason) == NULL)
        fail_msg("%s is %s: %s; expected %s: … %s …", implementation, row->status, row->reason,
                 status, reason);
}

static void need_kernels(void) {
    size_t images = 0;
    (void)kernels_images(&images);
    if (images == 0) {
        print_message("kernels built: %s\n", kernels_built());
        skip();
    }
}

/* --- transfers -------------------------------------------------------------------------------- */

static void test_a_gpu_row_has_both_speedups(void **state) {
    struct fixture *f = *state;
    contest_on_gpu(f, "17x19x23");
    const struct result *cpu = row_of(f, "openblas"), *gpu = row_of(f, "cublas");
    assert_string_equal(gpu->status, "measured");
    assert_string_equal(gpu->verified, "yes");
    assert_near(gpu->median_s, stand_in_seconds, 1e-9);
    assert_near(gpu->transfer_s, stand_in_seconds, 1e-9);
    assert_near(gpu->speedup_with_transfer * 2.0 * stand_in_seconds, cpu->median_s, 1e-12);
    assert_near(gpu->speedup, 2.0 * gpu->speedup_with_transfer, 1e-9);
    assert_string_equal(gpu->speedup_base, "openblas on 1 thread");
    assert_true(isnan(cpu->transfer_s));
    assert_true(isnan(cpu->speedup_with_transfer));
}

/* A of 17x23, B of 23x19 and C of 17x19: what is read goes up, what is written comes down. */
static void test_transfers_are_pinned_and_hold_no_guard_zone(void **state) {
    struct fixture *f = *state;
    contest_on_gpu(f, "17x19x23");
    char pinned[64];
    snprintf(pinned, sizeof pinned, "cuMemHostAlloc %d\n", 4 * (17 * 23 + 23 * 19 + 17 * 19));
    assert_non_null(strstr(f->driver.log(), pinned));
    assert_non_null(strstr(f->driver.log(), "cuEventRecord\n"
                                            "cuMemcpyHtoDAsync 1564\n"
                                            "cuMemcpyHtoDAsync 1748\n"
                                            "cuMemcpyDtoHAsync 1292\n"
                                            "cuEventRecord\n"));
}

static void test_transfers_that_fail_leave_the_row(void **state) {
    struct fixture *f = *state;
    stand_in_order("cuMemHostAlloc=2");
    contest_on_gpu(f, "17x19x23");
    expect_row(f, "cublas", "measured", "transfers not timed: cuMemHostAlloc");
    assert_true(isnan(row_of(f, "cublas")->speedup_with_transfer));
    assert_true(row_of(f, "cublas")->speedup > 0.0);
}

/* --- what goes wrong -------------------------------------------------------------------------- */

/* The error shows in the first call that waits; the case after it has a working GPU again. */
static void test_a_lost_gpu_fails_its_row_and_no_other_case(void **state) {
    static const char *const orders[] = {"cuStreamSynchronize=700", "cuEventSynchronize=700",
                                         "cuMemHostAlloc=719"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        stand_in_order(orders[i]);
        contest_on_gpu(f, "17x19x23");
        stand_in_order(NULL);
        expect_row(f, "cublas", "failed", i == 2 ? "CUDA_ERROR_LAUNCH_FAILED" : "ILLEGAL_ADDRESS");
        expect_row(f, "openblas", "measured", "");
        contest_on_gpu(f, "17x19x23");
        expect_row(f, "cublas", "measured", "");
    }
}

/* The other rows of the same GPU in that case get it anew. */
static void test_rows_beside_a_lost_gpu_are_measured(void **state) {
    struct fixture *f = *state;
    need_kernels();
    f->rules.implementations = "openblas,cuda-naive,cublas";
    stand_in_order("cuLaunchKernel=719");
    contest_on_gpu(f, "17x19x23");
    expect_row(f, "cuda-naive", "failed", "CUDA_ERROR_LAUNCH_FAILED");
    expect_row(f, "cublas", "measured", "");
    expect_row(f, "openblas", "measured", "");
}

/* So they do where the first timed launch fails, or what comes behind the samples. */
static void test_rows_beside_one_that_fails_late_are_measured(void **state) {
    static const char *const orders[] = {"cuEventSynchronize=719", "cuMemHostAlloc=719"};
    struct fixture *f = *state;
    const struct implementation *all = operation_gemm.implementations;
    struct implementation rows[] = {
        all[operation_implementation_find(&operation_gemm, "cublas")],
        all[operation_implementation_find(&operation_gemm, "cublas")],
        all[operation_implementation_find(&operation_gemm, "openblas")]};
    rows[0].name = "first";
    f->operation.implementations = rows;
    f->operation.implementation_count = 3;
    f->rules.implementations = NULL;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        stand_in_order(orders[i]);
        contest_on_gpu(f, "17x19x23");
        stand_in_order(NULL);
        expect_row(f, "first", "failed", "CUDA_ERROR_LAUNCH_FAILED");
        expect_row(f, "openblas", "measured", "");
        expect_row(f, "cublas", "measured", "");
        assert_string_equal(row_of(f, "cublas")->verified, "yes");
        assert_int_equal(samples_of(f, "cublas"), limits_on_gpu.samples_max);
    }
}

/* 1 GiB of memory and three matrices of 400 MB. */
static void test_what_does_not_fit_is_skipped_before_it_is_allocated(void **state) {
    struct fixture *f = *state;
    f->rules.implementations = "cublas";
    contest_on_gpu(f, "10000x10000x10000");
    expect_row(f, "cublas", "skipped", "needs 1200024576 bytes on gpu0, where 1073741568 of");
    assert_null(strstr(f->driver.log(), "cuMemAlloc"));
}

/* Memory that runs out all the same is the row's affair alone and leaves nothing behind. */
static void test_a_failed_allocation_skips_the_row(void **state) {
    struct fixture *f = *state;
    f->rules.implementations = "cublas";
    contest_on_gpu(f, "17x19x23");
    int live = f->driver.live();
    stand_in_order("cuMemAlloc_v2=2");
    contest_on_gpu(f, "17x19x23");
    expect_row(f, "cublas", "skipped", "CUDA_ERROR_OUT_OF_MEMORY");
    assert_int_equal(f->driver.live(), live);
}

/* --- ceilings --------------------------------------------------------------------------------- */

/* The CPU's ceilings are ten times as high; the operations bind, not the bytes. */
static void test_a_gpu_row_is_held_against_its_own_ceilings(void **state) {
    struct fixture *f = *state;
    struct ceilings gpu = {.flops_per_second = {1e8}};
    for (int i = 0; i < CEILING_LEVELS; i++)
        gpu.levels[i] = (struct ceiling_level){1e9, 1e9};
    f->rules.implementations = "cublas";
    contest_on_gpu(f, "17x19x23");
    assert_true(isnan(row_of(f, "cublas")->limit_fraction));
    f->rules.gpu_ceilings = &gpu;
    contest_on_gpu(f, "17x19x23");
    assert_near(row_of(f, "cublas")->limit_fraction, 2.0 * 17 * 19 * 23 / 1e8 / stand_in_seconds,
                1e-9);
}

/* Twice 100 MiB are copied in 1.5 ms. */
static void test_a_gpus_bandwidth_is_that_of_a_copy_beyond_its_cache(void **state) {
    struct fixture *f = *state;
    struct ceilings ceilings;
    need_kernels();
    if (ceilings_measure_gpu(&f->devices.list[1], true, &ceilings, &f->message) != STATUS_OK)
        fail_msg("%s", f->message.text);
    double bytes = 4.0 * (double)f->devices.list[1].last_level_cache;
    assert_near(ceilings.levels[0].bytes_per_second / (bytes / stand_in_seconds), 1.0, 1e-6);
    assert_near(ceilings.levels[CEILING_LEVELS - 1].working_set, bytes, 0.0);
    assert_true(ceilings.flops_per_second[DTYPE_F32] > 0.0);
    assert_non_null(strstr(f->driver.log(), "cuLaunchKernel ceiling_fma"));
}

static void test_ceilings_that_fail_are_none(void **state) {
    struct fixture *f = *state;
    struct ceilings ceilings = {.flops_per_second = {1.0}};
    int live = f->driver.live();
    need_kernels();
    stand_in_order("cuEventElapsedTime=801");
    assert_int_equal(ceilings_measure_gpu(&f->devices.list[1], true, &ceilings, &f->message),
                     STATUS_FAILED);
    assert_true(ceilings.flops_per_second[DTYPE_F32] == 0.0);
    assert_in_range(f->driver.live(), live, live + 2); /* the module and its kernel stay loaded */
}

/* Loading takes the time of many batches, and between two events it would pass for work. */
static void test_no_kernel_is_loaded_while_ceilings_are_timed(void **state) {
    struct fixture *f = *state;
    struct ceilings ceilings;
    need_kernels();
    f->driver.clear();
    if (ceilings_measure_gpu(&f->devices.list[1], true, &ceilings, &f->message) != STATUS_OK)
        fail_msg("%s", f->message.text);
    bool timing = false;
    int loads = 0;
    for (const char *line = f->driver.log(); *line; line = strchr(line, '\n') + 1) {
        timing ^= strncmp(line, "cuEventRecord", strlen("cuEventRecord")) == 0;
        bool load = strncmp(line, "cuModuleLoadDataEx", strlen("cuModuleLoadDataEx")) == 0;
        assert_false(load && timing);
        loads += load;
    }
    assert_int_equal(loads, 2);
}

static enum status no_time_passes(struct device *device, double *seconds, struct message *message) {
    enum status status = gpu_timer_stop(device->gpu, seconds, message);
    *seconds = 0.0;
    return status;
}

static void test_ceilings_by_a_clock_that_stands_still_end(void **state) {
    struct fixture *f = *state;
    struct device *gpu = &f->devices.list[1];
    struct ceilings ceilings = {.flops_per_second = {1.0}};
    need_kernels();
    gpu->timer_stop = no_time_passes;
    assert_int_equal(ceilings_measure_gpu(gpu, true, &ceilings, &f->message), STATUS_FAILED);
    assert_non_null(strstr(f->message.text, "time does not grow"));
    assert_true(ceilings.flops_per_second[DTYPE_F32] == 0.0);
}

static void test_a_cache_of_unknown_size_has_a_bandwidth_behind_it(void **state) {
    struct fixture *f = *state;
    struct ceilings ceilings;
    need_kernels();
    f->devices.list[1].last_level_cache = 0;
    if (ceilings_measure_gpu(&f->devices.list[1], true, &ceilings, &f->message) != STATUS_OK)
        fail_msg("%s", f->message.text);
    assert_true(ceilings.levels[0].bytes_per_second > 0.0);
}

/* Of the eight batches of a network's data, an iteration takes one. */
static void test_an_iteration_transfers_its_own_batch(void **state) {
    (void)state;
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

#define ON_CPU(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)
#define ON_GPU(test) cmocka_unit_test_setup_teardown(test, fixture_open_gpu, fixture_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_CPU(test_bad_ones_are_told_and_good_ones_measured),
        ON_CPU(test_what_is_wrong_in_the_end_is_not_measured),
        ON_CPU(test_what_breaks_later_is_not_verified),
        ON_CPU(test_a_cold_row_is_verified_on_other_buffers_too),
        ON_CPU(test_a_case_too_small_to_be_cold_is_skipped),
        ON_CPU(test_a_network_is_verified_on_another_batch_too),
        ON_CPU(test_speedups_count_against_rows_from_before),
        ON_CPU(test_too_slow_for_its_time),
        ON_CPU(test_a_slow_start_is_not_too_slow),
        ON_CPU(test_too_slow_by_its_smaller_sizes),
        ON_CPU(test_too_slow_at_the_peak),
        ON_CPU(test_a_plain_row_that_wins_is_the_base),
        ON_CPU(test_a_row_of_one_thread_that_wins_is_the_base),
        ON_CPU(test_without_a_right_result_there_is_no_speedup),
        ON_CPU(test_who_takes_part),
        ON_CPU(test_another_dtype_takes_part_only_when_named),
        ON_CPU(test_every_thread_count_has_a_row),
        ON_CPU(test_an_interrupted_case_has_no_rows),
        ON_CPU(test_a_case_that_cannot_fit_is_skipped),
        ON_GPU(test_a_gpu_row_has_both_speedups),
        ON_GPU(test_transfers_are_pinned_and_hold_no_guard_zone),
        ON_GPU(test_transfers_that_fail_leave_the_row),
        ON_GPU(test_a_lost_gpu_fails_its_row_and_no_other_case),
        ON_GPU(test_rows_beside_a_lost_gpu_are_measured),
        ON_GPU(test_rows_beside_one_that_fails_late_are_measured),
        ON_GPU(test_what_does_not_fit_is_skipped_before_it_is_allocated),
        ON_GPU(test_a_failed_allocation_skips_the_row),
        ON_GPU(test_a_gpu_row_is_held_against_its_own_ceilings),
        ON_GPU(test_a_gpus_bandwidth_is_that_of_a_copy_beyond_its_cache),
        ON_GPU(test_ceilings_that_fail_are_none),
        ON_GPU(test_no_kernel_is_loaded_while_ceilings_are_timed),
        ON_GPU(test_ceilings_by_a_clock_that_stands_still_end),
        ON_GPU(test_a_cache_of_unknown_size_has_a_bandwidth_behind_it),
        cmocka_unit_test(test_an_iteration_transfers_its_own_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
