/* References to textures and surfaces: variables of modules in which the handles of images lie. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_MEMORY_REFERENCE_H
#define LOCKSTEP_EMULATOR_DRIVER_MEMORY_REFERENCE_H

#include "emulator/driver/state/state.h"

struct driver_reference {
    void *handle;
    struct driver_context *context;
    CUmodule module;   /* NULL: of cuTexRefCreate, which kernels do not see */
    uint64_t variable; /* where the handle of the image lies */
    bool is_surface;
    bool is_bound;  /* the resource is there */
    uint64_t image; /* the object that is made of it; 0: none, as parts of it do not fit together */
    CUarray_format format;
    unsigned channels; /* 0: the format has not been said */
    CUDA_RESOURCE_DESC resource;
    CUDA_TEXTURE_DESC description;
};

/* The reference that has its handle at the variable; it is made where there is none. */
CUresult reference_open(struct driver_context *context, CUmodule module, uint64_t variable,
                        bool is_surface, struct driver_reference **reference);
CUresult reference_find(void *handle, bool is_surface, struct driver_reference **reference);
/* Makes the image anew of what is known by now, for the launches to come. */
CUresult reference_update(struct driver_reference *reference);
/* The array, whose format becomes the reference's. */
CUresult reference_bind_array(struct driver_reference *reference, CUarray array);
void reference_close(struct driver_reference *reference);
/* Those of the module, which is about to go. */
void reference_close_module(CUmodule module);
/* Those of the context. */
void reference_close_all(const struct driver_context *context);

#endif
