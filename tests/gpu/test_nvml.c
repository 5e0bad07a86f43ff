/* gpu/nvml.h against its stand-in. */
#include "gpu/nvml.h"
#include "tests/stand_in/client.h"
#include "tests/support/support.h"
#include "tests/support/test.h"

static const char bus[] = "0000:01:00.0";

TEST(a_reading_is_in_the_units_of_its_names) {
    struct stand_in library = stand_in_attach(STAND_IN_NVML);
    int live = library.live();
    struct nvml *nvml = NULL;
    struct nvml_reading first, second;
    struct message message;
    assert_int_equal(nvml_open(STAND_IN_NVML, bus, &nvml, &message), STATUS_OK);
    nvml_read(nvml, &first);
    nvml_read(nvml, &second);
    check_near(first.sm_clock_mhz, 1755.0, 1e-9);
    check_near(first.memory_clock_mhz, 2619.0, 1e-9);
    check_near(first.sm_clock_limit_mhz, 1980.0, 1e-9);
    check_near(first.power_w, 300.0, 1e-9);
    check_near(first.power_limit_w, 350.0, 1e-9);
    check_near(first.temperature_c, 61.0, 1e-9);
    check_near(second.energy_j - first.energy_j, 1.0, 1e-9);
    assert_string_equal(nvml_driver_version(nvml), "580.65.06");
    nvml_close(nvml);
    nvml_close(NULL);
    assert_int_equal(library.live(), live);
}

TEST(what_the_gpu_does_not_tell_is_minus_one) {
    struct nvml *nvml = NULL;
    struct nvml_reading reading;
    struct message message;
    assert_int_equal(nvml_open(STAND_IN_NVML, bus, &nvml, &message), STATUS_OK);
    stand_in_order("nvmlDeviceGetTotalEnergyConsumption=3");
    nvml_read(nvml, &reading);
    stand_in_order(NULL);
    check_near(reading.energy_j, -1.0, 0.0);
    check_near(reading.power_w, 300.0, 1e-9);
    assert_true(reading.throttle_known);
    stand_in_order("nvmlDeviceGetCurrentClocksEventReasons=999");
    nvml_read(nvml, &reading);
    stand_in_order(NULL);
    assert_false(reading.throttle_known); /* and not: nothing holds the clocks back */
    nvml_close(nvml);
}

TEST(a_driver_without_one_reading_gives_the_others) {
    struct nvml *nvml = NULL;
    struct nvml_reading reading;
    struct message message;
    if (nvml_open(STAND_IN_OLD_NVML, bus, &nvml, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    nvml_read(nvml, &reading);
    check_near(reading.temperature_c, -1.0, 0.0);
    check_near(reading.power_w, 300.0, 1e-9);
    assert_int_equal(reading.throttle, 4);
    nvml_close(nvml);
}

TEST(what_is_no_nvml_is_refused) {
    struct nvml *nvml = NULL;
    struct message message;
    assert_int_equal(nvml_open(STAND_IN_CUDA, bus, &nvml, &message), STATUS_UNSUPPORTED);
    assert_non_null(strstr(message.text, "it has no nvmlInit_v2"));
    assert_null(nvml);
}

TEST(heat_throttles_and_a_power_cap_does_not) {
    static const struct {
        const char *order;
        bool throttled;
        const char *text;
    } cases[] = {{"throttle=0", false, "none"},
                 {"throttle=4", false, "power cap"},
                 {"throttle=36", true, "power cap, thermal slowdown"},
                 {"throttle=8", true, "hardware slowdown"},
                 {"throttle=128", true, "power brake"}};
    struct nvml *nvml = NULL;
    struct message message;
    assert_int_equal(nvml_open(STAND_IN_NVML, bus, &nvml, &message), STATUS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct nvml_reading reading;
        char text[128], tiny[6];
        stand_in_order(cases[i].order);
        nvml_read(nvml, &reading);
        assert_int_equal(nvml_throttled(reading.throttle), cases[i].throttled);
        nvml_throttle_describe(reading.throttle, text, sizeof text);
        assert_string_equal(text, cases[i].text);
        nvml_throttle_describe(reading.throttle, tiny, sizeof tiny); /* cut off, within bounds */
        assert_memory_equal(tiny, text, strlen(tiny));
    }
    stand_in_order(NULL);
    nvml_close(nvml);
}

TEST(without_nvml_the_reason_is_told) {
    struct stand_in library = stand_in_attach(STAND_IN_NVML);
    int live = library.live();
    struct nvml *nvml = NULL;
    struct message message;
    assert_int_equal(nvml_open("/nonexistent/libnvidia-ml.so.1", bus, &nvml, &message),
                     STATUS_UNSUPPORTED);
    assert_non_null(strstr(message.text, "/nonexistent/libnvidia-ml.so.1"));
    assert_int_equal(nvml_open(STAND_IN_NVML, "0000:09:00.0", &nvml, &message), STATUS_UNSUPPORTED);
    assert_non_null(strstr(message.text, "0000:09:00.0"));
    stand_in_order("nvmlInit_v2=9");
    assert_int_equal(nvml_open(STAND_IN_NVML, bus, &nvml, &message), STATUS_UNSUPPORTED);
    assert_non_null(strstr(message.text, "NVML error 9"));
    stand_in_order(NULL);
    assert_null(nvml);
    assert_int_equal(library.live(), live);
}
