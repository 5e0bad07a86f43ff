/*
 * The runtime's state, and what every function of its interface begins and ends with.
 *
 * A call opens the driver and its primary context when it is the first, does its work by the
 * driver's API, and leaves its error for cudaGetLastError. The driver keeps order and locks; the
 * runtime has one lock, for what the program has registered.
 */
#ifndef LOCKSTEP_EMULATOR_RUNTIME_RUNTIME_H
#define LOCKSTEP_EMULATOR_RUNTIME_RUNTIME_H

#include <pthread.h>
#include <stdbool.h>

#include "emulator/runtime/types.h"

#define RUNTIME_API __attribute__((visibility("default")))

/* The same function under the name of programs whose default stream is one a thread. */
#define RUNTIME_PER_THREAD(function, suffix)                                                       \
    RUNTIME_API extern __typeof__(function) function##suffix __attribute__((alias(#function)))

/* The runtime's pointers are the driver's addresses. */
static inline CUdeviceptr address_of(const void *memory) {
    return (CUdeviceptr)(uintptr_t)memory;
}

static inline void *pointer_of(CUdeviceptr address) {
    return (void *)(uintptr_t)address; // NOLINT(performance-no-int-to-ptr)
}

/* A function that is the driver's by another name. */
#define RUNTIME_RETURN(call)                                                                       \
    do {                                                                                           \
        CUresult result = runtime_begin();                                                         \
        if (result == CUDA_SUCCESS)                                                                \
            result = (call);                                                                       \
        return runtime_end(result);                                                                \
    } while (0)

/* The driver is started, and a context is current. */
CUresult runtime_begin(void);
/* The primary context of the current device is reset: the next call opens it again. */
CUresult runtime_reset(void);
/* As many as the driver has at most. */
enum { RUNTIME_DEVICES = 8 };
/* The device of the calling thread. */
CUresult runtime_device(int *device);
CUresult runtime_set_device(int device);
/* The primary context of a device, held as long as the process runs. */
CUresult runtime_context(int device, CUcontext *context);
/* The driver's result as the runtime's, kept as the thread's last error unless it is none. */
cudaError_t runtime_end(CUresult result);
/* Likewise, with an error of the runtime's own. */
cudaError_t runtime_fail(cudaError_t error);
/* Likewise, and what was wrong with the call is found, as where the driver refuses one. */
__attribute__((format(printf, 2, 3))) cudaError_t runtime_refuse(cudaError_t error,
                                                                 const char *format, ...);

#endif
