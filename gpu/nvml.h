/* What NVIDIA's management library says about a GPU while it works: clocks, power, energy,
 * temperature, and why a clock is lower than it could be. */
#ifndef LOCKSTEP_GPU_NVML_H
#define LOCKSTEP_GPU_NVML_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

struct nvml;

/* One look at the GPU. A member that this GPU or driver does not tell is -1. */
struct nvml_reading {
    double sm_clock_mhz, memory_clock_mhz;
    double sm_clock_limit_mhz; /* the highest that the GPU can do */
    double power_w, power_limit_w;
    double energy_j; /* a counter: only differences mean something; moves every 20 to 100 ms */
    double temperature_c;
    bool throttle_known;
    unsigned long long throttle; /* bits of NVML_THROTTLE_REASONS in gpu/nvml_api.h, if known */
};

/* Opens NVML (`path`, or the system's libnvidia-ml.so.1 for NULL) for the GPU at a PCI address,
 * that of struct gpu_properties. STATUS_UNSUPPORTED with the reason when there is none. On success
 * *nvml is the caller's to nvml_close(). */
enum status nvml_open(const char *path, const char *bus, struct nvml **nvml,
                      struct message *message);
void nvml_close(struct nvml *nvml); /* NULL is allowed */

void nvml_read(struct nvml *nvml, struct nvml_reading *reading);

/* One member of a reading alone, for looks between batches, which should not keep the GPU idle. */
double nvml_energy(struct nvml *nvml);
double nvml_power(struct nvml *nvml);
bool nvml_throttle(struct nvml *nvml, unsigned long long *throttle); /* false: it is not told */

/* The kernel driver's version, such as "580.65.06"; empty when unknown. Lives as long as `nvml`. */
const char *nvml_driver_version(const struct nvml *nvml);

/* True when heat or a hardware limit slows the GPU down: such a sample says nothing of the kernel.
 * The power cap does not count: a GPU under full load runs at it for good. */
bool nvml_throttled(unsigned long long throttle);

/* "power cap, thermal slowdown"; "none" without reasons. */
void nvml_throttle_describe(unsigned long long throttle, char *text, size_t bytes);

#endif
