/* A stand-in for libnvidia-ml.so.1: one GPU at 0000:01:00.0 that draws 300 W, is capped by power,
 * and consumes 1 J at each look. The old one names the reasons of its clocks as drivers before 535
 * do and tells no temperature, the other as those to come may. */
#include "gpu/nvml_api.h"
#include "tests/stand_in/record.h"

#include <stdio.h>
#include <string.h>

#define DECLARE(member, name, parameters) nvml_result name parameters;
NVML_FUNCTIONS(DECLARE)
NVML_READINGS(DECLARE)

#define BEGIN()                                                                                    \
    do {                                                                                           \
        int ordered = record_failure(__func__);                                                    \
        if (ordered != 0)                                                                          \
            return (nvml_result)ordered;                                                           \
    } while (0)

nvml_result nvmlInit_v2(void) {
    BEGIN();
    record_live(1);
    return NVML_SUCCESS;
}

nvml_result nvmlShutdown(void) {
    record_live(-1);
    return NVML_SUCCESS;
}

nvml_result nvmlSystemGetDriverVersion(char *version, unsigned int bytes) {
    BEGIN();
    snprintf(version, bytes, "580.65.06");
    return NVML_SUCCESS;
}

nvml_result nvmlDeviceGetHandleByPciBusId_v2(const char *bus, struct nvml_device **device) {
    BEGIN();
    if (strcmp(bus, "0000:01:00.0") != 0)
        return (nvml_result)6; /* NVML_ERROR_NOT_FOUND */
    *device = (struct nvml_device *)1;
    return NVML_SUCCESS;
}

nvml_result nvmlDeviceGetClockInfo(struct nvml_device *device, nvml_clock clock,
                                   unsigned int *mhz) {
    (void)device;
    BEGIN();
    *mhz = clock == NVML_CLOCK_SM ? 1755 : 2619;
    return NVML_SUCCESS;
}

nvml_result nvmlDeviceGetMaxClockInfo(struct nvml_device *device, nvml_clock clock,
                                      unsigned int *mhz) {
    (void)device;
    (void)clock;
    BEGIN();
    *mhz = 1980;
    return NVML_SUCCESS;
}

nvml_result nvmlDeviceGetPowerUsage(struct nvml_device *device, unsigned int *milliwatts) {
    (void)device;
    BEGIN();
    *milliwatts = 300000;
    return NVML_SUCCESS;
}

nvml_result nvmlDeviceGetEnforcedPowerLimit(struct nvml_device *device, unsigned int *milliwatts) {
    (void)device;
    BEGIN();
    *milliwatts = 350000;
    return NVML_SUCCESS;
}

nvml_result nvmlDeviceGetTotalEnergyConsumption(struct nvml_device *device,
                                                unsigned long long *millijoules) {
    static unsigned long long consumed;
    (void)device;
    BEGIN();
    *millijoules = consumed += 1000;
    return NVML_SUCCESS;
}

#ifndef STAND_IN_OLD
nvml_result nvmlDeviceGetTemperature(struct nvml_device *device, nvml_sensor sensor,
                                     unsigned int *celsius) {
    (void)device;
    (void)sensor;
    BEGIN();
    *celsius = 61;
    return NVML_SUCCESS;
}
#endif

#ifdef STAND_IN_OLD
#    define REASONS nvmlDeviceGetCurrentClocksThrottleReasons
#else
#    define REASONS nvmlDeviceGetCurrentClocksEventReasons
#endif
nvml_result REASONS(struct nvml_device *device, unsigned long long *reasons) {
    (void)device;
    BEGIN();
    *reasons = (unsigned long long)record_setting("throttle", 4);
    return NVML_SUCCESS;
}
#undef REASONS
