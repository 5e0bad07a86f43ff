/*
 * Resources of a device: its multiprocessors, which are split into parts, and parts that are put
 * together again. A resource is the program's, and what the driver knows of it stands in the
 * program's bytes.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_RESOURCE_H
#define LOCKSTEP_EMULATOR_DRIVER_RESOURCE_H

#include "emulator/driver/state/state.h"

/* So many multiprocessors of a device, which may be split. */
CUdevResource resource_of(CUdevice device, unsigned multiprocessors);
/* How many groups of at least `least` multiprocessors there can be, and how many each has in fact.
 * None is no error. */
CUresult resource_count_groups(const CUdevResource *whole, unsigned flags, unsigned least,
                               unsigned *groups, unsigned *each);
/* The groups, and what is left. `rest` may be NULL; its type says where nothing is left. */
void resource_split(const CUdevResource *whole, unsigned groups, unsigned each,
                    CUdevResource *parts, CUdevResource *rest);
/* One that has what all of them have: parts of one splitting, and each part once. */
CUresult resource_join(const CUdevResource *parts, unsigned count, CUdevResource *whole);
/* The device that a resource is of. */
CUdevice resource_device(const CUdevResource *resource);

#endif
