/* The devices that the emulator can claim to be. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_STATE_DEVICES_H
#define LOCKSTEP_EMULATOR_DRIVER_STATE_DEVICES_H

#include <stddef.h>

#include "emulator/driver/state/types.h"
#include "emulator/machine/machine.h"

/* Where on the emulated PCI bus the first device is: 0000:03:00.0 */
enum { DEVICE_PCI_BUS = 3 };

struct driver_device {
    const char *key; /* what device= in the configuration calls it */
    struct machine_properties properties;
    int single_to_double_ratio;
    int pci_identifier; /* device and vendor, as lspci's [10de:…] */
};

/* The table; the first is the default. */
const struct driver_device *driver_devices(size_t *count);
/* NULL when no device has this key. */
const struct driver_device *driver_device_find(const char *key);
/* ", or choose --device b200 (LOCKSTEP_EMULATOR=device=b200)", the first that takes PTX for
 * sm_TARGET with these features; nothing where none does. */
void driver_device_advise(unsigned target, char features, char *text, size_t size);
/* 0 when there is no such attribute. `properties` are the device's with what the configuration
 * changed. */
int driver_device_attribute(const struct driver_device *device,
                            const struct machine_properties *properties, CUdevice ordinal,
                            CUdevice_attribute attribute, int *value);

#endif
