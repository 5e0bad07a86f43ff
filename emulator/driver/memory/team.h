/*
 * Teams of devices that have multicast addresses: which devices are in one, and which memory of
 * each is bound where.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_TEAM_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_TEAM_H

#include "emulator/driver/state/state.h"

struct driver_physical;
struct multicast_range;

/* Memory of a device, `size` bytes from `offset` on. It is mapped a second time, at `memory`. */
struct driver_binding {
    CUdevice device;
    size_t offset, size;
    uint64_t memory;
    struct driver_physical *physical;
};

struct driver_team {
    CUmulticastObjectProp properties;
    bool has_device[DRIVER_DEVICES];
    unsigned device_count;
    struct driver_binding *bindings; /* by device */
    size_t binding_count, binding_capacity;
};

/* NULL: no host memory. */
struct driver_team *team_open(const CUmulticastObjectProp *properties);
/* Nothing may be bound. */
void team_close(struct driver_team *team);
/* All devices that the object is for have been added. */
bool team_is_complete(const struct driver_team *team);

/* Maps the pages of the file, from `file_offset` on, at `binding->memory`, which it fills in. */
CUresult team_bind(struct driver_team *team, struct driver_binding *binding, int file,
                   size_t file_offset);
/* Takes out what a device has bound there, and unmaps it; false: nothing is bound so. */
bool team_unbind(struct driver_team *team, CUdevice device, size_t offset, size_t size,
                 struct driver_binding *was);
/* Any binding; false: none is left. */
bool team_unbind_any(struct driver_team *team, struct driver_binding *was);

/* What the object's bytes from `offset` on are at an address; NULL: no host memory. */
struct multicast_range *team_range(const struct driver_team *team, CUdeviceptr address,
                                   size_t offset, size_t size);

#endif
