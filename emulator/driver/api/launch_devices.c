/* cuLaunchCooperativeKernelMultiDevice: one kernel on several devices, whose grids run one after
 * another. */
#include <string.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/code/function.h"
#include "emulator/driver/execute.h"
#include "emulator/driver/stream.h"

/* What is prepared before anything runs. */
struct member {
    struct driver_stream *stream;
    struct driver_operation operation;
};

static struct kernel_request request_of(const CUDA_LAUNCH_PARAMS *launch) {
    return (struct kernel_request){
        .function = launch->function,
        .grid = {launch->gridDimX, launch->gridDimY, launch->gridDimZ},
        .block = {launch->blockDimX, launch->blockDimY, launch->blockDimZ},
        .dynamic_shared = launch->sharedMemBytes,
        .cooperative = true,
        .parameters = launch->kernelParams,
    };
}

/* The same code, since each device has its own module, and a grid of the same shape. What is no
 * function equals all: kernel_prepare() names it. */
static bool is_same(const CUDA_LAUNCH_PARAMS *launch, const CUDA_LAUNCH_PARAMS *first) {
    const struct kernel_request a = request_of(launch), b = request_of(first);
    struct driver_function *own, *other;
    if (function_find(launch->function, &own) != CUDA_SUCCESS ||
        function_find(first->function, &other) != CUDA_SUCCESS)
        return true;
    return strcmp(own->info->name, other->info->name) == 0 &&
           memcmp(a.grid, b.grid, sizeof a.grid) == 0 &&
           memcmp(a.block, b.block, sizeof a.block) == 0 && a.dynamic_shared == b.dynamic_shared;
}

/* The default streams belong to no one device. */
static CUresult member_stream(const CUDA_LAUNCH_PARAMS *launch, unsigned *devices,
                              struct driver_stream **found) {
    struct driver_stream *stream = handle_find(&driver.handles, HANDLE_STREAM, launch->hStream);
    *found = stream;
    if (!stream) {
        driver_find("cooperative launch over devices: %p is no stream that the program has created",
                    (void *)launch->hStream);
        return CUDA_ERROR_INVALID_HANDLE;
    }
    const unsigned device = 1U << stream->context->device;
    if (*devices & device) {
        driver_find("cooperative launch over devices: two streams are of device %d",
                    (int)stream->context->device);
        return CUDA_ERROR_INVALID_VALUE;
    }
    *devices |= device;
    if (stream->capture) {
        driver_find("cooperative launch over devices: the stream of device %d is being captured, "
                    "and no graph holds such a launch",
                    (int)stream->context->device);
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    return stream->context->error;
}

static CUresult members_prepare(const CUDA_LAUNCH_PARAMS *launches, unsigned count,
                                struct member *members, unsigned *prepared) {
    unsigned devices = 0;
    for (*prepared = 0; *prepared < count; ++*prepared) {
        const CUDA_LAUNCH_PARAMS *launch = &launches[*prepared];
        struct member *member = &members[*prepared];
        if (!is_same(launch, launches)) {
            driver_find("cooperative launch over devices: kernel %u has another function, grid, "
                        "block or shared memory than the first",
                        *prepared);
            return CUDA_ERROR_INVALID_VALUE;
        }
        struct kernel_request request = request_of(launch);
        member->operation.type = CU_GRAPH_NODE_TYPE_KERNEL;
        CUresult status = member_stream(launch, &devices, &member->stream);
        if (status == CUDA_SUCCESS) {
            request.context = member->stream->context;
            status = kernel_prepare(&member->operation.kernel, &request);
        }
        if (status != CUDA_SUCCESS)
            return status;
    }
    return CUDA_SUCCESS;
}

static CUresult list_check(const CUDA_LAUNCH_PARAMS *launches, unsigned count, unsigned flags) {
    enum {
        FLAGS = CUDA_COOPERATIVE_LAUNCH_MULTI_DEVICE_NO_PRE_LAUNCH_SYNC |
                CUDA_COOPERATIVE_LAUNCH_MULTI_DEVICE_NO_POST_LAUNCH_SYNC
    };
    if (!launches || !count)
        driver_find("cooperative launch over devices: a list of %u kernels at %p has none", count,
                    (const void *)launches);
    else if (count > (unsigned)driver.device_count)
        driver_find("cooperative launch over devices: these are %u kernels, and there are %d "
                    "devices (devices=N in LOCKSTEP_EMULATOR)",
                    count, driver.device_count);
    else if (flags & ~(unsigned)FLAGS)
        driver_find("cooperative launch over devices: 0x%x has flags that are not known", flags);
    else
        return CUDA_SUCCESS;
    return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuLaunchCooperativeKernelMultiDevice(CUDA_LAUNCH_PARAMS *launches, unsigned int count,
                                              unsigned int flags) {
    struct member members[DRIVER_DEVICES] = {0};
    struct driver_context *context;
    unsigned prepared = 0;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = list_check(launches, count, flags);
    if (status == CUDA_SUCCESS)
        status = members_prepare(launches, count, members, &prepared);
    for (unsigned k = 0; k < prepared; k++) {
        if (status == CUDA_SUCCESS)
            status = operation_submit(members[k].stream, &members[k].operation);
        operation_release(&members[k].operation);
    }
    return driver_end(status);
}
