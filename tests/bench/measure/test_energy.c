/* Joules and throttling, from a powercap folder of the test's own, the stand-in for NVML, and
 * devices that tell little: what reaches a row, what is dropped, what stays empty. */
#include "bench/devices/environment_gpu.h"
#include "bench/devices/gpu.h"
#include "bench/devices/powercap.h"
#include "bench/measure/contest.h"
#include "bench/measure/energy.h"
#include "bench/operations/operations.h"
#include "common/clock.h"
#include "kernels/kernels.h"
#include "tests/stand_in/client.h"
#include "tests/support/staging.h"
#include "tests/support/temporary.h"
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* --- powercap --------------------------------------------------------------------------------- */

static struct temporary folder;

static void zone_write(const char *zone, const char *name, double microjoules) {
    char path[64], text[64];
    snprintf(path, sizeof path, "%s/name", zone);
    snprintf(text, sizeof text, "%s\n", name);
    temporary_write(&folder, path, text);
    snprintf(path, sizeof path, "%s/max_energy_range_uj", zone);
    temporary_write(&folder, path, "10000000\n");
    snprintf(path, sizeof path, "%s/energy_uj", zone);
    snprintf(text, sizeof text, "%.0f\n", microjoules);
    temporary_write(&folder, path, text);
}

/* Two packages, a part of one, and the whole board. */
static int folder_open_zones(void **state) {
    static const char *const zones[][2] = {{"intel-rapl:0", "package-0"},
                                           {"intel-rapl:1", "package-1"},
                                           {"intel-rapl:0:0", "core"},
                                           {"intel-rapl:2", "psys"}};
    (void)state;
    temporary_open(&folder);
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        assert_int_equal(mkdir(temporary_path(&folder, zones[i][0]), 0700), 0);
        zone_write(zones[i][0], zones[i][1], 4e6);
    }
    return 0;
}

static int folder_close_zones(void **state) {
    (void)state;
    temporary_close(&folder);
    return 0;
}

TEST_BETWEEN(packages_are_added_and_may_wrap, folder_open_zones, folder_close_zones) {
    struct powercap *powercap = powercap_open(folder.path);
    assert_non_null(powercap);
    assert_true(powercap_energy(powercap) == 0.0);
    zone_write("intel-rapl:0", "package-0", 5.5e6);
    zone_write("intel-rapl:0:0", "core", 5e6); /* is in package-0 already */
    zone_write("intel-rapl:2", "psys", 9e6);
    assert_true(fabs(powercap_energy(powercap) - 1.5) < 1e-9);
    zone_write("intel-rapl:1", "package-1", 1e6); /* 4 J to 10 J, and from 0 J to 1 J */
    assert_true(fabs(powercap_energy(powercap) - 8.5) < 1e-9);
    assert_int_equal(remove(temporary_path(&folder, "intel-rapl:1/energy_uj")), 0);
    assert_true(isnan(powercap_energy(powercap)));
    powercap_close(powercap);
    assert_null(powercap_open(temporary_path(&folder, "nowhere")));
    assert_null(powercap_open(temporary_path(&folder, "intel-rapl:0")));
}

/* --- a contender that uses energy ------------------------------------------------------------- */

static double used; /* joules so far */

/* Each launch uses two joules of package 0. */
static enum status hungry(const struct transfer_problem *problem, struct execution *execution) {
    (void)execution;
    memcpy(problem->out, problem->a, (size_t)problem->count * sizeof(float));
    used += 2.0;
    char text[64];
    snprintf(text, sizeof text, "%.0f\n", fmod(4e6 + 1e6 * used, 1e7));
    temporary_write(&folder, "intel-rapl:0/energy_uj", text);
    return STATUS_OK;
}

static enum status plain(const struct transfer_problem *problem, struct execution *execution) {
    (void)execution;
    memcpy(problem->out, problem->a, (size_t)problem->count * sizeof(float));
    return STATUS_OK;
}

/* The same on a counter that moves with every fifth launch. */
static enum status hungry_in_steps(const struct transfer_problem *problem,
                                   struct execution *execution) {
    static int launches;
    if (++launches % 5 != 0)
        return plain(problem, execution);
    used += 3.0;
    return hungry(problem, execution);
}

struct fixture {
    struct operation operation;
    struct implementation implementation;
    struct bench_case c;
    struct devices devices;
    struct inputs inputs;
    struct buffer_set set;
    struct contender contender;
    struct message message;
};

/* `transfer/copy` on a CPU whose energy stands in `powercap`. */
static void fixture_open(struct fixture *f, transfer_kernel *kernel, const char *powercap) {
    *f = (struct fixture){.operation = operation_transfer};
    f->implementation = (struct implementation){.name = "copier", .run = RUN(transfer, kernel)};
    f->operation.implementations = &f->implementation;
    f->operation.implementation_count = 1;
    f->c = (struct bench_case){
        .operation = &f->operation, .size_count = 1, .sizes = {17}, .settings = {.seed = 1}};
    f->devices.count = 1;
    assert_int_equal(device_cpu_open_at(&f->devices.list[0], powercap, "", &f->message), STATUS_OK);
}

static void fixture_close(struct fixture *f) {
    assert_int_equal(devices_close(&f->devices, STATUS_OK, &f->message), STATUS_OK);
}

static double joules_of(struct fixture *f, int64_t iterations, double seconds) {
    double joules = -1.0;
    struct device *device = &f->devices.list[0];
    assert_int_equal(inputs_open(&f->c, &f->inputs, &f->message), STATUS_OK);
    assert_int_equal(buffer_set_open(&f->set, device, &f->inputs, &f->message), STATUS_OK);
    assert_int_equal(contender_open(&f->contender, &f->c, &f->implementation, device, 1, &f->set, 1,
                                    &f->message),
                     STATUS_OK);
    f->contender.iterations = iterations;
    assert_int_equal(energy_measure(&f->contender, seconds, 0.2, &joules, &f->message), STATUS_OK);
    contender_close(&f->contender);
    buffer_set_close(&f->set);
    inputs_close(&f->inputs);
    return joules;
}

TEST_BETWEEN(a_counter_is_divided_by_the_iterations, folder_open_zones, folder_close_zones) {
    struct fixture f;
    fixture_open(&f, hungry, folder.path);
    assert_true(fabs(joules_of(&f, 1, 0.0) - 2.0) < 1e-9);
    assert_true(fabs(joules_of(&f, 3, 0.01) - 2.0) < 1e-9);
    fixture_close(&f);
}

/* From step to step, not from where the pass happened to begin. */
TEST_BETWEEN(a_counter_that_moves_in_steps_is_read_at_them, folder_open_zones, folder_close_zones) {
    struct fixture f;
    fixture_open(&f, hungry_in_steps, folder.path);
    assert_true(fabs(joules_of(&f, 1, 0.0) - 1.0) < 1e-9);
    fixture_close(&f);
}

TEST_BETWEEN(a_counter_that_stands_still_gives_nothing, folder_open_zones, folder_close_zones) {
    struct fixture f;
    fixture_open(&f, plain, folder.path);
    assert_non_null(f.devices.list[0].energy);
    assert_true(isnan(joules_of(&f, 1, 0.0)));
    fixture_close(&f);
}

TEST(without_a_counter_there_is_no_energy) {
    struct fixture f;
    fixture_open(&f, plain, "/nonexistent");
    assert_null(f.devices.list[0].energy);
    assert_true(isnan(joules_of(&f, 1, 0.0)));
    fixture_close(&f);
}

static double hundred_watts(struct device *device) {
    (void)device;
    return 100.0;
}

/* 100 W for as long as it took, which is less than the whole call. */
TEST(power_alone_is_integrated) {
    struct fixture f;
    fixture_open(&f, plain, "/nonexistent");
    f.devices.list[0].power = hundred_watts;
    const double start = clock_seconds();
    const double joules = joules_of(&f, 1000, 0.01);
    assert_true(joules > 0.0 && joules * 1000.0 < 100.0 * (clock_seconds() - start));
    fixture_close(&f);
}

/* --- rows ------------------------------------------------------------------------------------- */

static int looks, slowed; /* looks so far; how many of them find the device slowed down */

static bool sometimes(struct device *device, char *reasons, size_t bytes) {
    (void)device;
    snprintf(reasons, bytes, "thermal slowdown");
    return looks++ < slowed;
}

static struct case_rows rows_of(struct fixture *f) {
    const struct measure_limits limits = {.case_seconds = 0.1,
                                          .sample_seconds = 1e-5,
                                          .target_noise = 0.01,
                                          .samples_min = 4,
                                          .samples_few = 3,
                                          .samples_max = 6,
                                          .energy_seconds = 0.001,
                                          .patience = 5.0};
    const int threads = 1;
    const struct ceilings ceilings = {0};
    struct predictions predictions = {0};
    struct progress progress = {0};
    struct nvtx ranges = {0};
    const struct contest_rules rules = {.devices = &f->devices,
                                        .threads = &threads,
                                        .thread_count = 1,
                                        .ceilings = &ceilings,
                                        .limits = limits,
                                        .predictions = &predictions,
                                        .progress = &progress,
                                        .ranges = &ranges};
    struct case_rows rows;
    if (contest_run(&rules, &f->c, NULL, 0, &rows, &f->message) != STATUS_OK)
        fail_msg("%s", f->message.text);
    assert_int_equal(rows.result_count, 1);
    predictions_close(&predictions);
    return rows;
}

TEST_BETWEEN(throttled_samples_are_dropped_and_counted, folder_open_zones, folder_close_zones) {
    struct fixture f;
    fixture_open(&f, hungry, folder.path);
    f.devices.list[0].throttled = sometimes;
    looks = 0;
    slowed = 3;
    struct case_rows rows = rows_of(&f);
    const struct result *row = &rows.results[0];
    assert_string_equal(row->status, "measured");
    assert_int_equal(rows.sample_count, row->samples);
    assert_int_equal(looks, row->samples + 3);
    assert_int_equal(rows.throttled_count, 3);
    assert_non_null(strstr(row->reason, "; 3 throttled samples dropped (thermal slowdown)"));
    assert_true(fabs(row->energy_j - 2.0) < 1e-9);
    contest_rows_release(&rows);
    fixture_close(&f);
}

TEST(a_device_slowed_down_for_good_is_skipped) {
    struct fixture f;
    fixture_open(&f, plain, "/nonexistent");
    f.devices.list[0].throttled = sometimes;
    looks = 0;
    slowed = 1 << 30;
    struct case_rows rows = rows_of(&f);
    const struct result *row = &rows.results[0];
    assert_string_equal(row->status, "skipped");
    assert_non_null(strstr(row->reason, "slowed down (thermal slowdown)"));
    assert_int_equal(rows.throttled_count, looks);
    assert_int_equal(rows.sample_count, 0);
    assert_true(isnan(row->median_s) && isnan(row->energy_j));
    contest_rows_release(&rows);
    fixture_close(&f);
}

/* --- NVML ------------------------------------------------------------------------------------- */

static void gpu_open_stand_in(struct device *device) {
    const struct gpu_selection selection = {
        .driver = STAND_IN_CUDA, .cublas = STAND_IN_CUBLAS, .nvml = STAND_IN_NVML};
    struct message message;
    stand_in_order(NULL);
    assert_int_equal(device_gpu_open_selection(&selection, device, &message), STATUS_OK);
}

/* The stand-in's GPU uses a joule between any two looks, and a look follows every batch. */
TEST(a_gpu_tells_through_nvml) {
    struct fixture f;
    struct message message;
    double joules = -1.0;
    f = (struct fixture){.c = {.operation = &operation_gemm,
                               .size_count = 3,
                               .sizes = {8, 8, 8},
                               .settings = {.alpha = 1.0F, .seed = 1}}};
    struct device device;
    gpu_open_stand_in(&device);
    const struct implementation cublas = {
        .name = "cublas", .device = DEVICE_GPU, .run = RUN(gemm, gemm_cublas)};
    assert_int_equal(inputs_open(&f.c, &f.inputs, &message), STATUS_OK);
    assert_int_equal(buffer_set_open(&f.set, &device, &f.inputs, &message), STATUS_OK);
    assert_int_equal(contender_open(&f.contender, &f.c, &cublas, &device, 0, &f.set, 1, &message),
                     STATUS_OK);
    f.contender.iterations = 4;
    assert_int_equal(energy_measure(&f.contender, 0.0, 1.0, &joules, &message), STATUS_OK);
    assert_true(fabs(joules - 0.25) < 1e-9);
    char reasons[128];
    assert_false(device.throttled(&device, reasons, sizeof reasons)); /* a power cap is normal */
    stand_in_order("throttle=36");
    assert_true(device.throttled(&device, reasons, sizeof reasons));
    assert_string_equal(reasons, "power cap, thermal slowdown");
    stand_in_order(NULL);
    contender_close(&f.contender);
    buffer_set_close(&f.set);
    inputs_close(&f.inputs);
    assert_int_equal(device.close(&device, &message), STATUS_OK);
}

TEST(the_environment_tells_of_the_gpu) {
    struct device device;
    struct message message;
    cJSON *object = cJSON_CreateObject();
    gpu_open_stand_in(&device);
    environment_gpu_to_json(&device, object);
    const cJSON *gpu = cJSON_GetObjectItem(object, "gpu");
    assert_string_equal(cJSON_GetObjectItem(gpu, "name")->valuestring, "Stand-in GPU 0");
    assert_string_equal(cJSON_GetObjectItem(gpu, "driver")->valuestring, "580.65.06");
    assert_true(cJSON_GetObjectItem(gpu, "sm_clock_mhz")->valuedouble == 1755.0);
    assert_true(cJSON_GetObjectItem(gpu, "power_limit_w")->valuedouble == 350.0);
    assert_string_equal(cJSON_GetObjectItem(gpu, "clocks_held_back_by")->valuestring, "power cap");
    cJSON_Delete(object);
    object = cJSON_CreateObject();
    stand_in_order("nvmlDeviceGetCurrentClocksEventReasons=999");
    environment_gpu_to_json(&device, object);
    stand_in_order(NULL);
    gpu = cJSON_GetObjectItem(object, "gpu");
    assert_string_equal(cJSON_GetObjectItem(gpu, "clocks_held_back_by")->valuestring, "not known");
    cJSON_Delete(object);
    assert_int_equal(device.close(&device, &message), STATUS_OK);
}

/* Why nothing is known is kept with the run. */
TEST(the_environment_tells_why_there_are_no_readings) {
    const struct gpu_selection selection = {.driver = STAND_IN_CUDA, .nvml = STAND_IN_NVML};
    struct device device;
    struct message message;
    cJSON *object = cJSON_CreateObject();
    stand_in_order("nvmlInit_v2=9");
    assert_int_equal(device_gpu_open_selection(&selection, &device, &message), STATUS_OK);
    stand_in_order(NULL);
    environment_gpu_to_json(&device, object);
    const cJSON *gpu = cJSON_GetObjectItem(object, "gpu");
    assert_non_null(strstr(cJSON_GetObjectItem(gpu, "energy")->valuestring, "NVML error 9"));
    cJSON_Delete(object);
    assert_int_equal(device.close(&device, &message), STATUS_OK);
}

TEST(an_emulated_gpu_has_no_energy) {
    struct staging *staging = staging_open_emulated();
    if (staging == NULL) {
        skip();
        return;
    }
    const struct device *device = &staging->device;
    assert_true(!device->energy && !device->power && !device->throttled);
    staging_close(staging);
}
