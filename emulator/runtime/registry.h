/* What a program has registered: fat binaries, and the kernels and variables in them by their host
 * address. */
#ifndef LOCKSTEP_EMULATOR_RUNTIME_REGISTRY_H
#define LOCKSTEP_EMULATOR_RUNTIME_REGISTRY_H

#include "emulator/runtime/types.h"

struct runtime_kernel;

/* The device's context has been reset: modules are loaded again when they are needed. */
void registry_forget_modules(int device);

/* The kernel of a function of the host, or of what this has given before; NULL: there is none. */
struct runtime_kernel *registry_kernel(const void *host);
/* Loads its module when it is the first of it. */
CUresult registry_function(struct runtime_kernel *kernel, CUfunction *function);
/* The driver's function of either, or of a kernel of a library. CUDA_ERROR_INVALID_HANDLE: it is
 * none of them. */
CUresult registry_find(const void *host, CUfunction *function);
/* Likewise, as another device has it. */
CUresult registry_find_on(const void *host, int device, CUfunction *function);
/* What the program calls a function of the driver: the host's function, or the handle as it is. */
const void *registry_name(CUfunction function);
/* A variable's place and size. CUDA_ERROR_NOT_FOUND: the symbol is none. */
CUresult registry_variable(const void *host, CUdeviceptr *address, size_t *size);

#endif
