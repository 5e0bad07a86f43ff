/* cuDevice*: the devices and what they say of themselves. */
#include <stdio.h>
#include <string.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/state/state.h"

CUresult cuDeviceGetCount(int *count) {
    CUresult status = driver_begin_device(0, count);
    if (status == CUDA_SUCCESS)
        *count = driver.device_count;
    return driver_end(status);
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
    CUresult status = driver_begin_device(ordinal, device);
    if (status == CUDA_SUCCESS)
        *device = ordinal;
    return driver_end(status);
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
    CUresult status = driver_begin_device(device, name);
    if (status == CUDA_SUCCESS && length < 1)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        snprintf(name, (size_t)length, "%s", driver.properties.name);
    return driver_end(status);
}

/* The same for the same model on every machine, and like no real device's: those are random. */
CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) {
    CUresult status = driver_begin_device(device, uuid);
    if (status == CUDA_SUCCESS) {
        *uuid = (CUuuid){.bytes = "lockstep"};
        strncpy(uuid->bytes + 8, driver.device->key, sizeof uuid->bytes - 8);
        uuid->bytes[sizeof uuid->bytes - 1] = (char)device;
    }
    return driver_end(status);
}
DRIVER_ALIAS(cuDeviceGetUuid_v2, cuDeviceGetUuid);

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
    CUresult status = driver_begin_device(device, bytes);
    if (status == CUDA_SUCCESS)
        *bytes = driver.properties.memory_bytes;
    return driver_end(status);
}

CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device) {
    CUresult status = driver_begin_device(device, major);
    if (status == CUDA_SUCCESS && !minor)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        *major = driver.properties.capability_major;
        *minor = driver.properties.capability_minor;
    }
    return driver_end(status);
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) {
    CUresult status = driver_begin_device(device, value);
    if (status == CUDA_SUCCESS &&
        !driver_device_attribute(driver.device, &driver.properties, device, attribute, value))
        status = CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

CUresult cuDeviceGetProperties(CUdevprop *properties, CUdevice device) {
    const struct machine_properties *of = &driver.properties;
    CUresult status = driver_begin_device(device, properties);
    if (status == CUDA_SUCCESS)
        *properties = (CUdevprop){
            .maxThreadsPerBlock = (int)of->max_threads_per_block,
            .maxThreadsDim = {(int)of->max_block[0], (int)of->max_block[1], (int)of->max_block[2]},
            .maxGridSize = {(int)of->max_grid[0], (int)of->max_grid[1], (int)of->max_grid[2]},
            .sharedMemPerBlock = (int)of->shared_per_block,
            .totalConstantMemory = (int)of->constant_memory,
            .SIMDWidth = (int)of->warp_size,
            .memPitch = INT32_MAX,
            .regsPerBlock = (int)of->registers_per_block,
            .clockRate = (int)of->clock_khz,
            .textureAlign = 512,
        };
    return driver_end(status);
}

CUresult cuDeviceGetPCIBusId(char *text, int length, CUdevice device) {
    CUresult status = driver_begin_device(device, text);
    if (status == CUDA_SUCCESS && length < 13)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        snprintf(text, (size_t)length, "0000:%02X:00.0", DEVICE_PCI_BUS + (unsigned)device);
    return driver_end(status);
}

/* [domain:]bus:device[.function], in hexadecimal; -1: there is no such device. */
static CUdevice device_at(const char *text) {
    unsigned domain = 0, bus = 0, slot = 0, function = 0;
    // NOLINTBEGIN(cert-err34-c): the range of each number is checked below
    if (sscanf(text, "%x:%x:%x.%x", &domain, &bus, &slot, &function) < 3) {
        domain = function = 0;
        if (sscanf(text, "%x:%x.%x", &bus, &slot, &function) < 2)
            return -1;
    }
    // NOLINTEND(cert-err34-c)
    const bool is_ours = domain == 0 && bus >= DEVICE_PCI_BUS && slot == 0 && function == 0;
    return is_ours && bus - DEVICE_PCI_BUS < DRIVER_DEVICES ? (CUdevice)(bus - DEVICE_PCI_BUS) : -1;
}

CUresult cuDeviceGetByPCIBusId(CUdevice *device, const char *text) {
    CUresult status = driver_begin_device(0, device);
    if (status == CUDA_SUCCESS && !text)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS && !driver_has_device(device_at(text)))
        status = CUDA_ERROR_INVALID_DEVICE;
    if (status == CUDA_SUCCESS)
        *device = device_at(text);
    return driver_end(status);
}

/* A device is not its own peer. */
CUresult cuDeviceCanAccessPeer(int *can_access_peer, CUdevice device, CUdevice peer) {
    CUresult status = driver_begin_device(device, can_access_peer);
    if (status == CUDA_SUCCESS && !driver_has_device(peer))
        status = CUDA_ERROR_INVALID_DEVICE;
    if (status == CUDA_SUCCESS)
        *can_access_peer = device != peer;
    return driver_end(status);
}

CUresult cuDeviceGetP2PAttribute(int *value, CUdevice_P2PAttribute attribute, CUdevice source,
                                 CUdevice destination) {
    CUresult status = driver_begin_device(source, value);
    if (status == CUDA_SUCCESS && (!driver_has_device(destination) || source == destination))
        status = CUDA_ERROR_INVALID_DEVICE;
    if (status == CUDA_SUCCESS &&
        (attribute < CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK ||
         attribute > CU_DEVICE_P2P_ATTRIBUTE_ONLY_PARTIAL_NATIVE_ATOMIC_SUPPORTED))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) /* the best rank is 0, and all of it is supported, not a part */
        *value = attribute != CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK &&
                 attribute != CU_DEVICE_P2P_ATTRIBUTE_ONLY_PARTIAL_NATIVE_ATOMIC_SUPPORTED;
    return driver_end(status);
}

CUresult cuDeviceGetExecAffinitySupport(int *value, CUexecAffinityType type, CUdevice device) {
    CUresult status = driver_begin_device(device, value);
    if (status == CUDA_SUCCESS && (unsigned)type >= CU_EXEC_AFFINITY_TYPE_MAX)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *value = 0;
    return driver_end(status);
}
