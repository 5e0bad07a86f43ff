/* A GPU as environment.json tells it. */
#ifndef LOCKSTEP_BENCH_DEVICES_ENVIRONMENT_GPU_H
#define LOCKSTEP_BENCH_DEVICES_ENVIRONMENT_GPU_H

#include "bench/devices/device.h"

#include <cjson/cJSON.h>

/* Adds "gpu": name, driver, memory, and what NVML says at this moment of clocks, power, temperature
 * and throttling; what it does not tell is left out. */
void environment_gpu_to_json(struct device *device, cJSON *object);

#endif
