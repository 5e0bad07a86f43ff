/* cuMulticast*. */
#include "emulator/driver/api/api.h"
#include "emulator/driver/memory/virtual.h"
#include "emulator/memory/pages.h"

static CUresult refuse(const char *call, const char *why) {
    driver_find("%s: %s", call, why);
    return CUDA_ERROR_INVALID_VALUE;
}

static bool is_whole(size_t bytes) {
    return bytes % PAGES_GRANULARITY == 0;
}

/* Handles for other processes are not there. */
static CUresult check_properties(const char *call, const CUmulticastObjectProp *properties) {
    if (!driver.device || driver.properties.capability_major < 9)
        return CUDA_ERROR_NOT_SUPPORTED;
    if (properties->flags || properties->numDevices < 1 ||
        properties->numDevices > DRIVER_DEVICES) {
        driver_find("%s: a team has 1 to %d devices and no flags; this one is for %u, with flags "
                    "0x%llx",
                    call, (int)DRIVER_DEVICES, properties->numDevices, properties->flags);
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (properties->handleTypes) {
        driver_say("%s: the emulator shares no multicast objects with other processes", call);
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return CUDA_SUCCESS;
}

CUresult cuMulticastGetGranularity(size_t *granularity, const CUmulticastObjectProp *properties,
                                   CUmulticastGranularity_flags option) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS &&
        (!granularity || !properties || (unsigned)option > CU_MULTICAST_GRANULARITY_RECOMMENDED))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = check_properties("cuMulticastGetGranularity", properties);
    if (status == CUDA_SUCCESS)
        *granularity = PAGES_GRANULARITY;
    return driver_end(status);
}

CUresult cuMulticastCreate(CUmemGenericAllocationHandle *handle,
                           const CUmulticastObjectProp *properties) {
    struct driver_physical *physical = NULL;
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && (!handle || !properties))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = check_properties("cuMulticastCreate", properties);
    if (status == CUDA_SUCCESS && (!properties->size || !is_whole(properties->size)))
        status = refuse("cuMulticastCreate",
                        "its size is a multiple of what cuMulticastGetGranularity gives");
    if (status == CUDA_SUCCESS)
        status = physical_open_team(properties, &physical);
    if (status == CUDA_SUCCESS)
        *handle = (CUmemGenericAllocationHandle)(uintptr_t)physical->handle;
    return driver_end(status);
}

static CUresult begin(const char *call, CUmemGenericAllocationHandle handle,
                      struct driver_physical **multicast) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS)
        status = physical_find(handle, multicast);
    if (status == CUDA_SUCCESS && !(*multicast)->team)
        status = refuse(call, "this is a handle of memory, not of a multicast object");
    return status;
}

CUresult cuMulticastAddDevice(CUmemGenericAllocationHandle handle, CUdevice device) {
    struct driver_physical *multicast = NULL;
    CUresult status = begin("cuMulticastAddDevice", handle, &multicast);
    if (status == CUDA_SUCCESS && !driver_has_device(device))
        status = CUDA_ERROR_INVALID_DEVICE;
    if (status != CUDA_SUCCESS)
        return driver_end(status);
    struct driver_team *team = multicast->team;
    if (team->has_device[device] || team_is_complete(team))
        return driver_end(refuse("cuMulticastAddDevice",
                                 "each device is added once, and as many as the object is for"));
    team->has_device[device] = true;
    team->device_count++;
    return driver_end(CUDA_SUCCESS);
}

/* ---- Bindings ---- */

static bool fits(size_t offset, size_t size, size_t all) {
    return offset <= all && size <= all - offset;
}

/* Binds bytes of the memory, from `from` on. */
static CUresult bind(const char *call, struct driver_physical *multicast,
                     struct driver_binding *binding, size_t from) {
    const struct driver_team *team = multicast->team;
    const struct driver_physical *physical = binding->physical;
    binding->device = physical->properties.location.id;
    if (physical->team)
        return refuse(call, "a multicast object is bound to no other");
    if (!binding->size || !is_whole(binding->size) || !is_whole(binding->offset) || !is_whole(from))
        return refuse(call,
                      "sizes and offsets are multiples of what cuMulticastGetGranularity gives");
    if (!fits(binding->offset, binding->size, multicast->size) ||
        !fits(from, binding->size, physical->size))
        return refuse(call, "the multicast object, or the memory, ends before");
    if (!team_is_complete(team))
        return refuse(
            call, "devices are still to be added (cuMulticastAddDevice), which a GPU waits for");
    if (!team->has_device[binding->device]) {
        (void)refuse(call, "the memory's device was not added to the multicast object");
        return CUDA_ERROR_INVALID_DEVICE;
    }
    return physical_bind(multicast, binding, from);
}

CUresult cuMulticastBindMem(CUmemGenericAllocationHandle handle, size_t offset,
                            CUmemGenericAllocationHandle memory, size_t memory_offset, size_t size,
                            unsigned long long flags) {
    struct driver_physical *multicast = NULL;
    struct driver_binding binding = {.offset = offset, .size = size};
    CUresult status = begin("cuMulticastBindMem", handle, &multicast);
    if (status == CUDA_SUCCESS && flags)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = physical_find(memory, &binding.physical);
    if (status == CUDA_SUCCESS)
        status = bind("cuMulticastBindMem", multicast, &binding, memory_offset);
    return driver_end(status);
}

/* Memory of pools may be bound too, by CUDA; its addresses are no such multiples here. */
CUresult cuMulticastBindAddr(CUmemGenericAllocationHandle handle, size_t offset,
                             CUdeviceptr address, size_t size, unsigned long long flags) {
    struct driver_physical *multicast = NULL;
    struct driver_binding binding = {.offset = offset, .size = size};
    CUresult status = begin("cuMulticastBindAddr", handle, &multicast);
    struct driver_reservation *reservation =
        status == CUDA_SUCCESS ? reservation_find(address, size) : NULL;
    const struct driver_mapping *mapping = reservation ? mapping_find(reservation, address) : NULL;
    if (status == CUDA_SUCCESS && flags)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS &&
        (!mapping || !fits((size_t)(address - mapping->address), size, mapping->size)))
        status = refuse("cuMulticastBindAddr",
                        "the bytes are not all of one mapping of memory that cuMemCreate made");
    if (status == CUDA_SUCCESS) {
        binding.physical = mapping->physical;
        status = bind("cuMulticastBindAddr", multicast, &binding,
                      mapping->offset + (size_t)(address - mapping->address));
    }
    return driver_end(status);
}

CUresult cuMulticastUnbind(CUmemGenericAllocationHandle handle, CUdevice device, size_t offset,
                           size_t size) {
    struct driver_physical *multicast = NULL;
    CUresult status = begin("cuMulticastUnbind", handle, &multicast);
    if (status == CUDA_SUCCESS && !driver_has_device(device))
        status = CUDA_ERROR_INVALID_DEVICE;
    if (status == CUDA_SUCCESS)
        status = physical_unbind(multicast, device, offset, size);
    return driver_end(status);
}
