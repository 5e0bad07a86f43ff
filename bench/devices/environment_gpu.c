/* See bench/devices/environment_gpu.h. */
#include "bench/devices/environment_gpu.h"

#include "bench/devices/gpu.h"

static void add_known(cJSON *object, const char *name, double value) {
    if (value >= 0.0)
        cJSON_AddNumberToObject(object, name, value);
}

static void add_reading(cJSON *object, struct nvml *nvml) {
    struct nvml_reading reading;
    char reasons[256];
    nvml_read(nvml, &reading);
    if (reading.throttle_known)
        nvml_throttle_describe(reading.throttle, reasons, sizeof reasons);
    cJSON_AddStringToObject(object, "driver", nvml_driver_version(nvml));
    add_known(object, "sm_clock_mhz", reading.sm_clock_mhz);
    add_known(object, "sm_clock_limit_mhz", reading.sm_clock_limit_mhz);
    add_known(object, "memory_clock_mhz", reading.memory_clock_mhz);
    add_known(object, "power_w", reading.power_w);
    add_known(object, "power_limit_w", reading.power_limit_w);
    add_known(object, "temperature_c", reading.temperature_c);
    cJSON_AddStringToObject(object, "clocks_held_back_by",
                            reading.throttle_known ? reasons : "not known");
    cJSON_AddStringToObject(object, "energy",
                            reading.energy_j >= 0.0  ? "NVML's counter"
                            : reading.power_w >= 0.0 ? "NVML's power, integrated"
                                                     : "not known");
}

void environment_gpu_to_json(struct device *device, cJSON *object) {
    const struct gpu_properties *properties = gpu_properties(device->gpu);
    cJSON *gpu = cJSON_AddObjectToObject(object, "gpu");
    cJSON_AddStringToObject(gpu, "device", device->name);
    cJSON_AddStringToObject(gpu, "name", properties->name);
    cJSON_AddNumberToObject(gpu, "cuda_version", properties->driver_version);
    cJSON_AddNumberToObject(gpu, "compute_capability", properties->capability / 10.0);
    cJSON_AddNumberToObject(gpu, "multiprocessors", properties->multiprocessors);
    cJSON_AddNumberToObject(gpu, "memory_bytes", (double)properties->memory_bytes);
    cJSON_AddNumberToObject(gpu, "l2_bytes", (double)properties->l2_bytes);
    struct nvml *nvml = device_gpu_nvml(device);
    if (nvml)
        add_reading(gpu, nvml);
    else if (!device->emulated)
        cJSON_AddStringToObject(gpu, "energy", device->readings_absence);
}
