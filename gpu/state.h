/* What is inside a struct gpu; for the files of gpu/ alone.
 *
 * A file calls those above it and none below:
 *   library      shared libraries opened at run time
 *   driver       the CUDA driver's table and its errors
 *   state        whether the GPU is usable, what a result means, the GPU's properties
 *   stream       waiting, and the time between two events
 *   memory, graph, launch, tensor_map, counters
 *   image        what an image holds, as the driver tells
 *   cublas       needs memory for its workspace
 *   nccl         sums over the GPUs of several processes
 *   context      opening, closing and resetting, which gives back what all of these hold
 */
#ifndef LOCKSTEP_GPU_STATE_H
#define LOCKSTEP_GPU_STATE_H

#include "gpu/driver.h"
#include "gpu/gpu.h"

/* Pointers handed out and not yet given back. */
struct gpu_pointers {
    void **items;
    size_t count, capacity;
};

struct gpu_function {
    const char *name; /* NULL: the slot is free */
    const char *image;
    struct cuda_function *function;
    int shared_bytes; /* a block, static */
};

/* Open addressing; far more slots than kernels. */
enum { GPU_FUNCTION_SLOTS = 1024 };

struct gpu_cublas;
struct gpu_nccl;

struct gpu {
    struct driver driver;
    cuda_device device;
    struct gpu_properties properties;

    /* These go and come with the context. */
    struct cuda_context *context;
    struct cuda_stream *stream;
    struct cuda_event *timer_start, *timer_stop;
    struct cuda_stream *beside; /* NULL until first used, and its event */
    struct cuda_event *crossing;
    cuda_address words;
    struct cuda_module **modules; /* one an image, NULL until loaded */
    struct gpu_function functions[GPU_FUNCTION_SLOTS];
    struct gpu_cublas *cublas; /* NULL until first used */
    struct gpu_nccl *nccl;     /* NULL until loaded */
    struct gpu_pointers device_pointers, host_pointers;

    struct gpu_image *images;
    size_t image_count;
    const char *cublas_path; /* NULL: the system's */
    bool (*stop)(void *);    /* of gpu_stop_when(); NULL: launches run to their end */
    void *stop_argument;
    bool opened; /* that there is no GPU is no reason any more */
    bool capturing;
    bool timer_marked; /* timer_stop is recorded */
    bool broken;
    bool interrupted;          /* broken by a launch that was stopped as `stop` asked */
    struct message reason;     /* of the sticky error */
    struct message unreturned; /* the first failure of gpu_check_release(); empty without one */
};

/* STATUS_OK for CUDA_SUCCESS; else the message "<call> … failed: …" and its status, and the GPU is
 * broken if the error is a sticky one. `format` says what was tried, beginning with the call. */
enum status gpu_check(struct gpu *gpu, enum cuda_result result, struct message *message,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same for a call that needs memory on the GPU: its CUDA_ERROR_OUT_OF_MEMORY is
 * STATUS_NO_MEMORY. The driver loads code when it is first asked for, so launches are such
 * calls. */
enum status gpu_check_allocation(struct gpu *gpu, enum cuda_result result, struct message *message,
                                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same for a call that gives something back, whose caller has no status: the first failure is
 * kept for gpu_close(). */
void gpu_check_release(struct gpu *gpu, enum cuda_result result, const char *call);

/* STATUS_OK, or STATUS_FAILED with the first reason when the GPU is broken. */
enum status gpu_usable(const struct gpu *gpu, struct message *message);

/* Asks the driver for the properties of gpu->device. */
enum status gpu_properties_read(struct gpu *gpu, struct message *message);

/* The module of the image, loaded where it was not yet; `kernel` is for the message. */
enum status gpu_module(struct gpu *gpu, struct gpu_kernel kernel, struct cuda_module **module,
                       struct message *message);
/* The kernel as the driver knows it, loaded where it was not yet. */
enum status gpu_function(struct gpu *gpu, struct gpu_kernel kernel, struct gpu_function *found,
                         struct message *message);

/* Frees what hangs on the context; a broken context frees nothing, its owner resets it. */
void gpu_memory_release_all(struct gpu *gpu);
void gpu_modules_unload(struct gpu *gpu);
void gpu_cublas_release(struct gpu *gpu);
void gpu_nccl_release(struct gpu *gpu);

#endif
