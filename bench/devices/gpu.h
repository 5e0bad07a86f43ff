/* A GPU, real or emulated, as a struct device (bench/devices/device.h). */
#ifndef LOCKSTEP_BENCH_DEVICES_GPU_H
#define LOCKSTEP_BENCH_DEVICES_GPU_H

#include "bench/devices/device.h"
#include "gpu/gpu.h"
#include "gpu/nvml.h"

/* Opens the GPU that --gpu names: "auto" (the first there is), a number, or "emulated". On success
 * the device is the caller's to device->close(), and its name is "gpu<N>" or "emulated".
 * STATUS_NO_GPU when there is none, STATUS_INVALID when `selection` is none of these. */
enum status device_gpu_open(const char *selection, struct device *device, struct message *message);

/* The number that `selection` is; STATUS_INVALID where it is none. */
enum status device_gpu_number(const char *selection, int *number, struct message *message);

/* The same for a driver and libraries chosen by the caller; selection->images may be NULL for this
 * program's own kernels. */
enum status device_gpu_open_selection(const struct gpu_selection *selection, struct device *device,
                                      struct message *message);

/* NVML for this GPU; NULL for the CPU, the emulated GPU, and where there is no NVML. */
struct nvml *device_gpu_nvml(struct device *device);

#endif
