/*
 * Memory of graphs. A node that allocates has its address from the start, so that other nodes can
 * name it. There is memory at it from the node's run until it is freed, by a node or by the
 * program.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_REGION_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_REGION_H

#include "emulator/driver/state/state.h"

struct driver_region {
    struct driver_region *next;
    CUdeviceptr address;
    size_t size, span; /* as asked for; the addresses that it takes */
    unsigned references;
    bool is_live;
};

/* With one reference. */
CUresult region_open(size_t size, struct driver_region **region);
void region_hold(struct driver_region *region);
/* The addresses go with the last reference; memory that is there holds one itself. */
void region_release(struct driver_region *region);
/* The region of an address, or NULL. */
struct driver_region *region_find(CUdeviceptr address);
/* The memory of an address, as the machine has it, or as a graph will have it. */
struct machine_range region_find_range(CUdeviceptr address);
CUresult region_fill(struct driver_region *region);
void region_empty(struct driver_region *region);

#endif
