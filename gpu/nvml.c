/* NVML, found at run time; see gpu/nvml.h. */
#include "gpu/nvml.h"

#include "gpu/library.h"
#include "gpu/nvml_api.h"

#include <stdio.h>
#include <stdlib.h>

struct nvml_functions {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator takes none */
#define NVML_MEMBER(member, name, parameters) nvml_result(*member) parameters;
    NVML_FUNCTIONS(NVML_MEMBER)
    NVML_READINGS(NVML_MEMBER) /* NULL where this driver lacks one */
#undef NVML_MEMBER
};

struct nvml {
    struct nvml_functions functions;
    struct nvml_device *device;
    char driver_version[96];
};

#define NVML_SYMBOL(member, name, parameters) {#name, offsetof(struct nvml_functions, member)},
static const struct library_symbol nvml_symbols[] = {NVML_FUNCTIONS(NVML_SYMBOL)};
static const struct library_symbol nvml_readings[] = {NVML_READINGS(NVML_SYMBOL)};
#undef NVML_SYMBOL

/* The result of a reading, asked only where the driver has it. */
#define ASK(nvml, reading, ...)                                                                    \
    ((nvml)->functions.reading == NULL ? NVML_ERROR_FUNCTION_NOT_FOUND                             \
                                       : (nvml)->functions.reading((nvml)->device, __VA_ARGS__))

static enum status nvml_start(struct nvml *nvml, const char *bus, struct message *message) {
    nvml_result result = nvml->functions.nvmlInit();
    if (result != NVML_SUCCESS)
        return message_set(message, STATUS_UNSUPPORTED,
                           "no clocks, power or energy of the GPU: nvmlInit failed with NVML error "
                           "%d; check that `nvidia-smi` works",
                           (int)result);
    result = nvml->functions.nvmlDeviceGetHandleByPciBusId(bus, &nvml->device);
    if (result != NVML_SUCCESS) {
        (void)nvml->functions.nvmlShutdown();
        return message_set(message, STATUS_UNSUPPORTED,
                           "no clocks, power or energy of the GPU: NVML knows none at PCI address "
                           "%s (NVML error %d)",
                           bus, (int)result);
    }
    if (nvml->functions.nvmlSystemGetDriverVersion == NULL ||
        nvml->functions.nvmlSystemGetDriverVersion(nvml->driver_version,
                                                   sizeof nvml->driver_version) != NVML_SUCCESS)
        nvml->driver_version[0] = '\0';
    return STATUS_OK;
}

enum status nvml_open(const char *path, const char *bus, struct nvml **nvml,
                      struct message *message) {
    const char *const names[] = {path != NULL ? path : "libnvidia-ml.so.1", NULL};
    void *library = NULL;
    struct message reason;
    *nvml = NULL;
    struct nvml *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return message_set(message, STATUS_NO_MEMORY, "no host memory for NVML's table");
    enum status status = library_open(names, &library, &reason);
    if (status == STATUS_OK)
        status = library_bind(library, nvml_symbols, sizeof nvml_symbols / sizeof nvml_symbols[0],
                              &opened->functions, &reason);
    if (status != STATUS_OK)
        message_set(
            message, status,
            "no clocks, power or energy of the GPU: NVML cannot be used (%s); it comes with "
            "NVIDIA's driver",
            reason.text);
    if (status == STATUS_OK) {
        library_bind_known(library, nvml_readings, sizeof nvml_readings / sizeof nvml_readings[0],
                           &opened->functions);
        status = nvml_start(opened, bus, message);
    }
    if (status != STATUS_OK) {
        free(opened);
        return status;
    }
    *nvml = opened;
    return STATUS_OK;
}

void nvml_close(struct nvml *nvml) {
    if (nvml == NULL)
        return;
    (void)nvml->functions.nvmlShutdown();
    free(nvml);
}

const char *nvml_driver_version(const struct nvml *nvml) {
    return nvml->driver_version;
}

static double scaled(nvml_result result, double value, double scale) {
    return result == NVML_SUCCESS ? value * scale : -1.0;
}

double nvml_energy(struct nvml *nvml) {
    unsigned long long millijoules = 0;
    nvml_result result = ASK(nvml, nvmlDeviceGetTotalEnergyConsumption, &millijoules);
    return scaled(result, (double)millijoules, 1e-3);
}

double nvml_power(struct nvml *nvml) {
    unsigned int milliwatts = 0;
    nvml_result result = ASK(nvml, nvmlDeviceGetPowerUsage, &milliwatts);
    return scaled(result, milliwatts, 1e-3);
}

bool nvml_throttle(struct nvml *nvml, unsigned long long *throttle) {
    nvml_result result = ASK(nvml, nvmlDeviceGetCurrentClocksEventReasons, throttle);
    if (result != NVML_SUCCESS)
        result = ASK(nvml, nvmlDeviceGetCurrentClocksThrottleReasons, throttle);
    return result == NVML_SUCCESS;
}

void nvml_read(struct nvml *nvml, struct nvml_reading *reading) {
    unsigned int value = 0;
    nvml_result result = ASK(nvml, nvmlDeviceGetClockInfo, NVML_CLOCK_SM, &value);
    reading->sm_clock_mhz = scaled(result, value, 1.0);
    result = ASK(nvml, nvmlDeviceGetClockInfo, NVML_CLOCK_MEM, &value);
    reading->memory_clock_mhz = scaled(result, value, 1.0);
    result = ASK(nvml, nvmlDeviceGetMaxClockInfo, NVML_CLOCK_SM, &value);
    reading->sm_clock_limit_mhz = scaled(result, value, 1.0);
    result = ASK(nvml, nvmlDeviceGetEnforcedPowerLimit, &value);
    reading->power_limit_w = scaled(result, value, 1e-3);
    result = ASK(nvml, nvmlDeviceGetTemperature, NVML_TEMPERATURE_GPU, &value);
    reading->temperature_c = scaled(result, value, 1.0);
    reading->power_w = nvml_power(nvml);
    reading->energy_j = nvml_energy(nvml);
    reading->throttle_known = nvml_throttle(nvml, &reading->throttle);
}

enum {
#define NVML_BIT(bit, name, text) NVML_BIT_##name = (int)(bit),
    NVML_THROTTLE_REASONS(NVML_BIT)
#undef NVML_BIT
};

bool nvml_throttled(unsigned long long throttle) {
    const unsigned long long slowed = NVML_BIT_HwSlowdown | NVML_BIT_SwThermalSlowdown |
                                      NVML_BIT_HwThermalSlowdown | NVML_BIT_HwPowerBrakeSlowdown;
    return (throttle & slowed) != 0;
}

void nvml_throttle_describe(unsigned long long throttle, char *text, size_t bytes) {
    static const struct {
        unsigned long long bit;
        const char *text;
    } reasons[] = {
#define NVML_REASON(bit, name, text) {bit, text},
        NVML_THROTTLE_REASONS(NVML_REASON)
#undef NVML_REASON
    };
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if ((throttle & reasons[i].bit) == 0 || used >= bytes)
            continue;
        int written =
            snprintf(text + used, bytes - used, "%s%s", used > 0 ? ", " : "", reasons[i].text);
        used += written > 0 ? (size_t)written : 0;
    }
    if (used == 0)
        snprintf(text, bytes, "none");
}
