/*
 * Virtual memory management: addresses are reserved, memory is made apart from them, mapped there,
 * and may be accessed once that is allowed. Memory is a file without a name, so that it can be
 * mapped in several places and handed to other processes. A multicast object is mapped as memory
 * is, but has none of its own.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_VIRTUAL_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_VIRTUAL_H

#include "emulator/driver/memory/team.h"

struct driver_physical {
    void *handle; /* the number that the API gives, as the table of handles has it */
    CUmemAllocationProp properties;
    size_t size;
    int file;
    struct driver_team *team; /* of a multicast object, which has no file; else NULL */
    unsigned references;      /* of the program, by cuMemCreate and its kin */
    unsigned mappings;        /* and bindings to multicast objects */
};

struct driver_mapping {
    CUdeviceptr address;
    size_t size;
    struct driver_physical *physical;
    size_t offset; /* in it */
    CUmemAccess_flags access;
};

struct driver_reservation {
    struct driver_reservation *next;
    CUdeviceptr address;
    size_t size;
    struct driver_mapping *mappings; /* by address */
    size_t mapping_count, mapping_capacity;
    CUdeviceptr
        *exposed; /* where each stretch begins that may be accessed, sides that touch joined */
    size_t exposed_count;
};

CUresult physical_open(const CUmemAllocationProp *properties, size_t size,
                       struct driver_physical **physical);
/* Takes the file over, of another process or of this one. */
CUresult physical_adopt(int file, struct driver_physical **physical);
/* A multicast object. */
CUresult physical_open_team(const CUmulticastObjectProp *properties,
                            struct driver_physical **physical);
CUresult physical_find(CUmemGenericAllocationHandle handle, struct driver_physical **physical);
/* The program holds one reference less; freed with the last of them and the last mapping. */
void physical_release(struct driver_physical *physical);

CUresult reservation_open(size_t size, size_t alignment, CUdeviceptr *address);
/* The reservation that holds all of it, or NULL. */
struct driver_reservation *reservation_find(CUdeviceptr address, size_t size);
/* Nothing may be mapped in it. */
void reservation_close(struct driver_reservation *reservation);

CUresult mapping_add(struct driver_reservation *reservation, CUdeviceptr address, size_t size,
                     size_t offset, struct driver_physical *physical);
/* What is mapped at an address, or NULL. */
struct driver_mapping *mapping_find(struct driver_reservation *reservation, CUdeviceptr address);
/* Whole mappings alone can be removed, or given access to. */
CUresult mapping_remove(struct driver_reservation *reservation, CUdeviceptr address, size_t size);
CUresult mapping_allow(struct driver_reservation *reservation, CUdeviceptr address, size_t size,
                       CUmemAccess_flags access);

/* Binds the memory of `binding`, from `from` on, to a multicast object, and ends that again. What
 * is mapped of the object changes with it. */
CUresult physical_bind(struct driver_physical *multicast, struct driver_binding *binding,
                       size_t from);
CUresult physical_unbind(struct driver_physical *multicast, CUdevice device, size_t offset,
                         size_t size);
/* All that the program left. */
void virtual_close_all(void);

#endif
