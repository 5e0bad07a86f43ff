/* A case on the CPU and on a GPU, the stand-in for the driver, whose every time is 1.5 ms: rows,
 * transfers, failures, and the GPU's ceilings. */
#include "bench/operations/operations.h"
#include "tests/support/contest_fixture.h"
#include "tests/support/staging.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TEST_OF_CONTEST_ON_GPU(test)                                                               \
    TEST_BETWEEN(test, contest_fixture_open_gpu, contest_fixture_close)

static const double stand_in_seconds = 1.5e-3;

static void assert_near(double actual, double expected, double tolerance) {
    if (!(fabs(actual - expected) <= tolerance))
        fail_msg("%g is not %g within %g", actual, expected, tolerance);
}

static void expect_row(const struct contest_fixture *f, const char *implementation,
                       const char *status, const char *reason) {
    const struct result *row = contest_row(f, implementation);
    if (strcmp(row->status, status) != 0 || strstr(row->reason, reason) == NULL)
        fail_msg("%s is %s: %s; expected %s: … %s …", implementation, row->status, row->reason,
                 status, reason);
}

/* --- transfers -------------------------------------------------------------------------------- */

TEST_OF_CONTEST_ON_GPU(a_gpu_row_has_both_speedups) {
    struct contest_fixture *f = *state;
    contest_on_gpu(f, "17x19x23");
    const struct result *cpu = contest_row(f, "openblas"), *gpu = contest_row(f, "cublas");
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
TEST_OF_CONTEST_ON_GPU(transfers_are_pinned_and_hold_no_guard_zone) {
    struct contest_fixture *f = *state;
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

TEST_OF_CONTEST_ON_GPU(transfers_that_fail_leave_the_row) {
    struct contest_fixture *f = *state;
    stand_in_order("cuMemHostAlloc=2");
    contest_on_gpu(f, "17x19x23");
    expect_row(f, "cublas", "measured", "transfers not timed: cuMemHostAlloc");
    assert_true(isnan(contest_row(f, "cublas")->speedup_with_transfer));
    assert_true(contest_row(f, "cublas")->speedup > 0.0);
}

/* --- what goes wrong -------------------------------------------------------------------------- */

/* The error shows in the first call that waits; the case after it has a working GPU again. */
TEST_OF_CONTEST_ON_GPU(a_lost_gpu_fails_its_row_and_no_other_case) {
    static const char *const orders[] = {"cuStreamSynchronize=700", "cuEventSynchronize=700",
                                         "cuMemHostAlloc=719"};
    struct contest_fixture *f = *state;
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
TEST_OF_CONTEST_ON_GPU(rows_beside_a_lost_gpu_are_measured) {
    struct contest_fixture *f = *state;
    staging_need_kernels();
    f->rules.implementations = "openblas,cuda-naive,cublas";
    stand_in_order("cuLaunchKernel=719");
    contest_on_gpu(f, "17x19x23");
    expect_row(f, "cuda-naive", "failed", "CUDA_ERROR_LAUNCH_FAILED");
    expect_row(f, "cublas", "measured", "");
    expect_row(f, "openblas", "measured", "");
}

/* So they do where the first timed launch fails, or what comes behind the samples. */
TEST_OF_CONTEST_ON_GPU(rows_beside_one_that_fails_late_are_measured) {
    static const char *const orders[] = {"cuEventSynchronize=719", "cuMemHostAlloc=719"};
    struct contest_fixture *f = *state;
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
        assert_string_equal(contest_row(f, "cublas")->verified, "yes");
        assert_int_equal(contest_samples(f, "cublas"), contest_limits_on_gpu.samples_max);
    }
}

/* 1 GiB of memory and three matrices of 400 MB. */
TEST_OF_CONTEST_ON_GPU(what_does_not_fit_is_skipped_before_it_is_allocated) {
    struct contest_fixture *f = *state;
    f->rules.implementations = "cublas";
    contest_on_gpu(f, "10000x10000x10000");
    expect_row(f, "cublas", "skipped", "needs 1200024576 bytes on gpu0, where 1073741568 of");
    assert_null(strstr(f->driver.log(), "cuMemAlloc"));
}

/* Memory that runs out all the same is the row's affair alone and leaves nothing behind. */
TEST_OF_CONTEST_ON_GPU(a_failed_allocation_skips_the_row) {
    struct contest_fixture *f = *state;
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
TEST_OF_CONTEST_ON_GPU(a_gpu_row_is_held_against_its_own_ceilings) {
    struct contest_fixture *f = *state;
    struct ceilings gpu = {.flops_per_second = {1e8}};
    for (int i = 0; i < CEILING_LEVELS; i++)
        gpu.levels[i] = (struct ceiling_level){1e9, 1e9};
    f->rules.implementations = "cublas";
    contest_on_gpu(f, "17x19x23");
    assert_true(isnan(contest_row(f, "cublas")->limit_fraction));
    f->rules.gpu_ceilings = &gpu;
    contest_on_gpu(f, "17x19x23");
    assert_near(contest_row(f, "cublas")->limit_fraction,
                2.0 * 17 * 19 * 23 / 1e8 / stand_in_seconds, 1e-9);
}

/* Twice 100 MiB are copied in 1.5 ms. */
TEST_OF_CONTEST_ON_GPU(a_gpus_bandwidth_is_that_of_a_copy_beyond_its_cache) {
    struct contest_fixture *f = *state;
    struct ceilings ceilings;
    staging_need_kernels();
    if (ceilings_measure_gpu(&f->devices.list[1], true, &ceilings, &f->message) != STATUS_OK)
        fail_msg("%s", f->message.text);
    double bytes = 4.0 * (double)f->devices.list[1].last_level_cache;
    assert_near(ceilings.levels[0].bytes_per_second / (bytes / stand_in_seconds), 1.0, 1e-6);
    assert_near(ceilings.levels[CEILING_LEVELS - 1].working_set, bytes, 0.0);
    assert_true(ceilings.flops_per_second[DTYPE_F32] > 0.0);
    assert_non_null(strstr(f->driver.log(), "cuLaunchKernel ceiling_fma"));
}

TEST_OF_CONTEST_ON_GPU(ceilings_that_fail_are_none) {
    struct contest_fixture *f = *state;
    struct ceilings ceilings = {.flops_per_second = {1.0}};
    int live = f->driver.live();
    staging_need_kernels();
    stand_in_order("cuEventElapsedTime=801");
    assert_int_equal(ceilings_measure_gpu(&f->devices.list[1], true, &ceilings, &f->message),
                     STATUS_FAILED);
    assert_true(ceilings.flops_per_second[DTYPE_F32] == 0.0);
    assert_in_range(f->driver.live(), live, live + 2); /* the module and its kernel stay loaded */
}

/* Loading takes the time of many batches, and between two events it would pass for work. */
TEST_OF_CONTEST_ON_GPU(no_kernel_is_loaded_while_ceilings_are_timed) {
    struct contest_fixture *f = *state;
    struct ceilings ceilings;
    staging_need_kernels();
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

TEST_OF_CONTEST_ON_GPU(ceilings_by_a_clock_that_stands_still_end) {
    struct contest_fixture *f = *state;
    struct device *gpu = &f->devices.list[1];
    struct ceilings ceilings = {.flops_per_second = {1.0}};
    staging_need_kernels();
    gpu->timer_stop = no_time_passes;
    assert_int_equal(ceilings_measure_gpu(gpu, true, &ceilings, &f->message), STATUS_FAILED);
    assert_non_null(strstr(f->message.text, "time does not grow"));
    assert_true(ceilings.flops_per_second[DTYPE_F32] == 0.0);
}

TEST_OF_CONTEST_ON_GPU(a_cache_of_unknown_size_has_a_bandwidth_behind_it) {
    struct contest_fixture *f = *state;
    struct ceilings ceilings;
    staging_need_kernels();
    f->devices.list[1].last_level_cache = 0;
    if (ceilings_measure_gpu(&f->devices.list[1], true, &ceilings, &f->message) != STATUS_OK)
        fail_msg("%s", f->message.text);
    assert_true(ceilings.levels[0].bytes_per_second > 0.0);
}
