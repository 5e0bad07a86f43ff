/* The part of NVML that lockstep calls, declared here as gpu/cuda_api.h does for the driver ("NVML
 * API Reference Guide"); compared with nvml.h by tests/gpu/test_cuda_api.c where that is installed.
 * A translation unit that has nvml.h defines LOCKSTEP_NVML_TYPES and maps the type names below.
 */
#ifndef LOCKSTEP_GPU_NVML_API_H
#define LOCKSTEP_GPU_NVML_API_H

#define NVML_RESULTS(X)                                                                            \
    X(NVML_SUCCESS, 0)                                                                             \
    X(NVML_ERROR_FUNCTION_NOT_FOUND, 13)

#define NVML_CLOCKS(X)                                                                             \
    X(NVML_CLOCK_SM, 1)                                                                            \
    X(NVML_CLOCK_MEM, 2)

#define NVML_SENSORS(X) X(NVML_TEMPERATURE_GPU, 0)

#ifndef LOCKSTEP_NVML_TYPES
#    define NVML_ENUMERATOR(name, value) name = (value),
typedef enum { NVML_RESULTS(NVML_ENUMERATOR) } nvml_result;
typedef enum { NVML_CLOCKS(NVML_ENUMERATOR) } nvml_clock;
typedef enum { NVML_SENSORS(NVML_ENUMERATOR) } nvml_sensor;
#    undef NVML_ENUMERATOR
#endif
struct nvml_device;

/* Why a clock is lower than it could be: bit, NVML's name without its prefix, and what a person
 * calls it. */
#define NVML_THROTTLE_REASONS(X)                                                                   \
    X(0x001ull, GpuIdle, "idle")                                                                   \
    X(0x002ull, ApplicationsClocksSetting, "application clocks")                                   \
    X(0x004ull, SwPowerCap, "power cap")                                                           \
    X(0x008ull, HwSlowdown, "hardware slowdown")                                                   \
    X(0x010ull, SyncBoost, "sync boost")                                                           \
    X(0x020ull, SwThermalSlowdown, "thermal slowdown")                                             \
    X(0x040ull, HwThermalSlowdown, "hardware thermal slowdown")                                    \
    X(0x080ull, HwPowerBrakeSlowdown, "power brake")                                               \
    X(0x100ull, DisplayClockSetting, "display clocks")

/* Member of struct nvml_functions, exported name, arguments. All return nvml_result. The first list
 * is what nothing goes without. */
#define NVML_FUNCTIONS(X)                                                                          \
    X(nvmlInit, nvmlInit_v2, (void))                                                               \
    X(nvmlShutdown, nvmlShutdown, (void))                                                          \
    X(nvmlDeviceGetHandleByPciBusId, nvmlDeviceGetHandleByPciBusId_v2,                             \
      (const char *bus, struct nvml_device **device))

/* What a driver may be too old or too new for: the throttle reasons are called event reasons since
 * driver 535, and some of the others are deprecated. Power in milliwatts, energy in millijoules
 * since the driver was loaded, clocks in MHz. */
#define NVML_READINGS(X)                                                                           \
    X(nvmlSystemGetDriverVersion, nvmlSystemGetDriverVersion, (char *version, unsigned int bytes)) \
    X(nvmlDeviceGetClockInfo, nvmlDeviceGetClockInfo,                                              \
      (struct nvml_device * device, nvml_clock clock, unsigned int *mhz))                          \
    X(nvmlDeviceGetMaxClockInfo, nvmlDeviceGetMaxClockInfo,                                        \
      (struct nvml_device * device, nvml_clock clock, unsigned int *mhz))                          \
    X(nvmlDeviceGetPowerUsage, nvmlDeviceGetPowerUsage,                                            \
      (struct nvml_device * device, unsigned int *milliwatts))                                     \
    X(nvmlDeviceGetEnforcedPowerLimit, nvmlDeviceGetEnforcedPowerLimit,                            \
      (struct nvml_device * device, unsigned int *milliwatts))                                     \
    X(nvmlDeviceGetTotalEnergyConsumption, nvmlDeviceGetTotalEnergyConsumption,                    \
      (struct nvml_device * device, unsigned long long *millijoules))                              \
    X(nvmlDeviceGetTemperature, nvmlDeviceGetTemperature,                                          \
      (struct nvml_device * device, nvml_sensor sensor, unsigned int *celsius))                    \
    X(nvmlDeviceGetCurrentClocksEventReasons, nvmlDeviceGetCurrentClocksEventReasons,              \
      (struct nvml_device * device, unsigned long long *reasons))                                  \
    X(nvmlDeviceGetCurrentClocksThrottleReasons, nvmlDeviceGetCurrentClocksThrottleReasons,        \
      (struct nvml_device * device, unsigned long long *reasons))

#endif
