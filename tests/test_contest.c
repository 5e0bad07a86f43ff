/* One case on the CPU and on a GPU that is the stand-in for the driver, whose every time is 1.5 ms.
 */
#include "bench/contest.h"
#include "bench/device_gpu.h"
#include "kernels/kernels.h"
#include "tests/stand_in/client.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const int threads[] = {1};
static const double stand_in_seconds = 1.5e-3;

static void assert_near(double actual, double expected, double tolerance) {
    if (!(fabs(actual - expected) <= tolerance))
        fail_msg("%g is not %g within %g", actual, expected, tolerance);
}

struct fixture {
    struct devices devices;
    struct predictions predictions;
    struct progress progress;
    struct ceilings ceilings;
    struct nvtx ranges;
    struct contest_rules rules;
    struct stand_in driver;
    struct case_rows rows;
    struct message message;
};

static int set_up(void **state) {
    const struct gpu_selection selection = {.driver = STAND_IN_CUDA, .cublas = STAND_IN_CUBLAS};
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    stand_in_order(NULL);
    f->driver = stand_in_attach(STAND_IN_CUDA);
    assert_int_equal(devices_open(&f->devices, "none", &f->message), STATUS_OK);
    assert_int_equal(
        device_gpu_open_selection(&selection, &f->devices.list[f->devices.count++], &f->message),
        STATUS_OK);
    f->ceilings = (struct ceilings){.threads = 1, .flops_per_second = 1e9};
    for (int i = 0; i < CEILING_LEVELS; i++)
        f->ceilings.levels[i] = (struct ceiling_level){1e9, 1e9};
    f->rules = (struct contest_rules){
        .devices = &f->devices,
        .implementations = "openblas,cublas",
        .threads = threads,
        .thread_count = 1,
        .ceilings = &f->ceilings,
        /* Few samples and no warm-up: the stand-in keeps a log of every call. */
        .limits = {.case_seconds = 0.01,
                   .sample_seconds = 1e-3,
                   .target_noise = 0.01,
                   .samples_min = 5,
                   .samples_few = 3,
                   .samples_max = 5,
                   .patience = 1000.0},
        .predictions = &f->predictions,
        .progress = &f->progress,
        .ranges = &f->ranges,
    };
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    stand_in_order(NULL);
    contest_rows_release(&f->rows);
    predictions_close(&f->predictions);
    devices_close(&f->devices);
    free(f);
    return 0;
}

/* Runs gemm/nn/f32 of a shape, and gives the row of an implementation. */
static void contest_of(struct fixture *f, const char *shape) {
    struct bench_case bench_case = {.operation = &operation_gemm,
                                    .settings = {.alpha = 1.0f, .seed = 1}};
    contest_rows_release(&f->rows);
    f->driver.clear();
    assert_int_equal(case_shape_parse(shape, &bench_case, &f->message), STATUS_OK);
    if (contest_run(&f->rules, &bench_case, NULL, 0, &f->rows, &f->message) != STATUS_OK)
        fail_msg("%s", f->message.text);
}

static const struct result *row_of(const struct fixture *f, const char *implementation) {
    for (size_t i = 0; i < f->rows.result_count; i++)
        if (strcmp(f->rows.results[i].key.implementation, implementation) == 0)
            return &f->rows.results[i];
    fail_msg("no row of %s", implementation);
    return NULL;
}

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

static void a_gpu_row_has_both_speedups(void **state) {
    struct fixture *f = *state;
    contest_of(f, "17x19x23");
    const struct result *cpu = row_of(f, "openblas"), *gpu = row_of(f, "cublas");
    assert_string_equal(gpu->status, "measured");
    assert_string_equal(gpu->verified, "yes");
    assert_near(gpu->median_s, stand_in_seconds, 1e-9);
    assert_near(gpu->transfer_s, stand_in_seconds, 1e-9);
    assert_near(gpu->speedup_with_transfer * 2.0 * stand_in_seconds, cpu->median_s, 1e-12);
    assert_near(gpu->speedup, 2.0 * gpu->speedup_with_transfer, 1e-9);
    assert_true(isnan(cpu->transfer_s));
    assert_true(isnan(cpu->speedup_with_transfer));
}

/* A of 17x23, B of 23x19 and C of 17x19: what is read goes up, what is written comes down. */
static void transfers_are_pinned_and_hold_no_guard_zone(void **state) {
    struct fixture *f = *state;
    contest_of(f, "17x19x23");
    char pinned[64];
    snprintf(pinned, sizeof pinned, "cuMemHostAlloc %d\n", 4 * (17 * 23 + 23 * 19 + 17 * 19));
    assert_non_null(strstr(f->driver.log(), pinned));
    assert_non_null(strstr(f->driver.log(), "cuEventRecord\n"
                                            "cuMemcpyHtoDAsync 1564\n"
                                            "cuMemcpyHtoDAsync 1748\n"
                                            "cuMemcpyDtoHAsync 1292\n"
                                            "cuEventRecord\n"));
}

static void transfers_that_fail_leave_the_row(void **state) {
    struct fixture *f = *state;
    stand_in_order("cuMemHostAlloc=2");
    contest_of(f, "17x19x23");
    expect_row(f, "cublas", "measured", "transfers not timed: cuMemHostAlloc");
    assert_true(isnan(row_of(f, "cublas")->speedup_with_transfer));
    assert_true(row_of(f, "cublas")->speedup > 0.0);
}

/* --- what goes wrong -------------------------------------------------------------------------- */

/* The error shows in the first call that waits; the case after it has a working GPU again. */
static void a_lost_gpu_fails_its_row_and_no_other_case(void **state) {
    static const char *const orders[] = {"cuStreamSynchronize=700", "cuEventSynchronize=700",
                                         "cuMemHostAlloc=719"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        stand_in_order(orders[i]);
        contest_of(f, "17x19x23");
        stand_in_order(NULL);
        expect_row(f, "cublas", "failed", i == 2 ? "CUDA_ERROR_LAUNCH_FAILED" : "ILLEGAL_ADDRESS");
        expect_row(f, "openblas", "measured", "");
        contest_of(f, "17x19x23");
        expect_row(f, "cublas", "measured", "");
    }
}

/* The other rows of the same GPU in that case are not blamed. */
static void rows_beside_a_lost_gpu_are_skipped(void **state) {
    struct fixture *f = *state;
    need_kernels();
    f->rules.implementations = "openblas,cuda-naive,cublas";
    stand_in_order("cuLaunchKernel=719");
    contest_of(f, "17x19x23");
    expect_row(f, "cuda-naive", "failed", "CUDA_ERROR_LAUNCH_FAILED");
    expect_row(f, "cublas", "skipped", "lost while another row");
    expect_row(f, "openblas", "measured", "");
}

/* 1 GiB of memory and three matrices of 400 MB. */
static void what_does_not_fit_is_skipped_before_it_is_allocated(void **state) {
    struct fixture *f = *state;
    f->rules.implementations = "cublas";
    contest_of(f, "10000x10000x10000");
    expect_row(f, "cublas", "skipped", "needs 1200024576 bytes on gpu0, where 1073741568 of");
    assert_null(strstr(f->driver.log(), "cuMemAlloc"));
}

/* Memory that runs out all the same is the row's affair alone and leaves nothing behind. */
static void a_failed_allocation_skips_the_row(void **state) {
    struct fixture *f = *state;
    f->rules.implementations = "cublas";
    contest_of(f, "17x19x23");
    int live = f->driver.live();
    stand_in_order("cuMemAlloc_v2=2");
    contest_of(f, "17x19x23");
    expect_row(f, "cublas", "skipped", "CUDA_ERROR_OUT_OF_MEMORY");
    assert_int_equal(f->driver.live(), live);
}

/* --- ceilings --------------------------------------------------------------------------------- */

/* The CPU's ceilings are ten times as high; the operations bind, not the bytes. */
static void a_gpu_row_is_held_against_its_own_ceilings(void **state) {
    struct fixture *f = *state;
    struct ceilings gpu = {.flops_per_second = 1e8};
    for (int i = 0; i < CEILING_LEVELS; i++)
        gpu.levels[i] = (struct ceiling_level){1e9, 1e9};
    f->rules.implementations = "cublas";
    contest_of(f, "17x19x23");
    assert_true(isnan(row_of(f, "cublas")->limit_fraction));
    f->rules.gpu_ceilings = &gpu;
    contest_of(f, "17x19x23");
    assert_near(row_of(f, "cublas")->limit_fraction, 2.0 * 17 * 19 * 23 / 1e8 / stand_in_seconds,
                1e-9);
}

/* Twice 100 MiB are copied in 1.5 ms. */
static void a_gpus_bandwidth_is_that_of_a_copy_beyond_its_cache(void **state) {
    struct fixture *f = *state;
    struct ceilings ceilings;
    need_kernels();
    if (ceilings_measure_gpu(&f->devices.list[1], true, &ceilings, &f->message) != STATUS_OK)
        fail_msg("%s", f->message.text);
    double bytes = 4.0 * (double)f->devices.list[1].last_level_cache;
    assert_near(ceilings.levels[0].bytes_per_second / (bytes / stand_in_seconds), 1.0, 1e-6);
    assert_near(ceilings.levels[CEILING_LEVELS - 1].working_set, bytes, 0.0);
    assert_true(ceilings.flops_per_second > 0.0);
    assert_non_null(strstr(f->driver.log(), "cuLaunchKernel ceiling_fma"));
}

static void ceilings_that_fail_are_none(void **state) {
    struct fixture *f = *state;
    struct ceilings ceilings = {.flops_per_second = 1.0};
    int live = f->driver.live();
    need_kernels();
    stand_in_order("cuEventElapsedTime=801");
    assert_int_equal(ceilings_measure_gpu(&f->devices.list[1], true, &ceilings, &f->message),
                     STATUS_UNSUPPORTED);
    assert_true(ceilings.flops_per_second == 0.0);
    assert_in_range(f->driver.live(), live, live + 2); /* the module and its kernel stay loaded */
}

/* Of the eight batches of a network's data, an iteration takes one. */
static void an_iteration_transfers_its_own_batch(void **state) {
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
    cpu.close(&cpu);
}

#define FIXTURE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_gpu_row_has_both_speedups),
        FIXTURE_TEST(transfers_are_pinned_and_hold_no_guard_zone),
        FIXTURE_TEST(transfers_that_fail_leave_the_row),
        FIXTURE_TEST(a_lost_gpu_fails_its_row_and_no_other_case),
        FIXTURE_TEST(rows_beside_a_lost_gpu_are_skipped),
        FIXTURE_TEST(what_does_not_fit_is_skipped_before_it_is_allocated),
        FIXTURE_TEST(a_failed_allocation_skips_the_row),
        FIXTURE_TEST(a_gpu_row_is_held_against_its_own_ceilings),
        FIXTURE_TEST(a_gpus_bandwidth_is_that_of_a_copy_beyond_its_cache),
        FIXTURE_TEST(ceilings_that_fail_are_none),
        cmocka_unit_test(an_iteration_transfers_its_own_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
