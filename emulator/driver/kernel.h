/* A launch: what a program says about it, checked and packed, and how it runs. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_KERNEL_H
#define LOCKSTEP_EMULATOR_DRIVER_KERNEL_H

#include "emulator/driver/state/state.h"

struct driver_kernel {
    CUfunction function; /* found again at each launch: its module may be gone by then */
    unsigned grid[3], block[3], cluster[3];
    size_t dynamic_shared;
    bool cooperative;
    size_t parameter_count, parameter_bytes;
    unsigned char *parameters; /* packed; owned */
    void **pointers;           /* to each parameter in `parameters`; owned */
    CUlaunchAttributeValue
        *hints; /* of each attribute that is without effect; NULL: none was set; owned */
};

/* What a program says about a launch, in any of the API's forms. */
struct kernel_request {
    CUfunction function;
    const struct driver_context *context; /* of the stream; NULL: of a graph, which has none */
    unsigned multiprocessors;             /* that it may have; 0: the device's */
    unsigned grid[3], block[3];
    unsigned cluster[3]; /* zeros: as the function says */
    unsigned dynamic_shared;
    bool cooperative;
    void **parameters, **extra;
};

/* Checks the request against the function and the device and packs the parameters. */
CUresult kernel_prepare(struct driver_kernel *kernel, const struct kernel_request *request);
CUresult kernel_clone(struct driver_kernel *to, const struct driver_kernel *from);
void kernel_release(struct driver_kernel *kernel);
/* Takes over clusters and cooperation of the request, where they fit the kernel. */
CUresult kernel_adopt(struct driver_kernel *kernel, const struct kernel_request *request);
CUresult kernel_copy_hints(struct driver_kernel *to, const struct driver_kernel *from);
CUresult kernel_execute(struct driver_context *context, const struct driver_kernel *kernel);

#endif
