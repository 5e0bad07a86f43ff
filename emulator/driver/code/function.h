/* Functions, which are kernels too: with one device the two are the same thing. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_CODE_FUNCTION_H
#define LOCKSTEP_EMULATOR_DRIVER_CODE_FUNCTION_H

#include "emulator/driver/state/state.h"

struct driver_module;

/* What the calls from before CUDA 4 say of the next launch, one thing at a time. */
enum { FUNCTION_PARAMETER_BYTES = 4096 };
struct function_legacy {
    unsigned block[3], shared_bytes, parameter_bytes;
    unsigned char parameters[FUNCTION_PARAMETER_BYTES];
};

struct driver_function {
    CUfunction handle;
    struct driver_module *module;
    struct machine_function *machine;
    const struct machine_function_info *info;
    size_t dynamic_limit; /* CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES; 0: not set */
    int carveout;
    unsigned cluster[3];        /* CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_…; zeros: not set */
    bool allows_large_clusters; /* CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED */
    int cluster_policy;
    struct function_legacy *legacy; /* NULL: no such call was made; owned */
};

CUresult function_find(CUfunction handle, struct driver_function **function);
/* The beginning of a call on a function that needs a context. */
CUresult function_begin(CUfunction handle, struct driver_function **function);
CUresult function_attribute(const struct driver_function *function, CUfunction_attribute attribute,
                            int *value);
CUresult function_set_attribute(struct driver_function *function, CUfunction_attribute attribute,
                                int value);
CUresult function_parameter(const struct driver_function *function, size_t index, size_t *offset,
                            size_t *size);

#endif
