/* What a pointer is: cuPointerGetAttribute and its kin. */
#include <string.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/memory/allocation.h"
#include "emulator/driver/memory/pool.h"

/* One answer, of whichever type the attribute has. */
struct pointer_answer {
    size_t size;
    union {
        void *pointer;
        CUdeviceptr address;
        unsigned long long number;
        size_t bytes;
        int integer;
        unsigned flags;
        bool truth;
    };
};

#define ANSWER(member, value)                                                                      \
    (struct pointer_answer) {                                                                      \
        .size = sizeof((struct pointer_answer *)0)->member, .member = (value)                      \
    }
/* Handles are pointers. */
#define ANSWER_HANDLE(handle)                                                                      \
    (struct pointer_answer) {                                                                      \
        .size = sizeof(void *), .pointer = (handle)                                                \
    }

/* Memory that the allocation's owner reads and writes as host memory. */
static bool pointer_on_host(const struct driver_allocation *allocation) {
    return allocation->kind == ALLOCATION_HOST || allocation->kind == ALLOCATION_REGISTERED ||
           allocation->kind == ALLOCATION_POOL_HOST;
}

static struct pointer_answer pointer_answer(const struct driver_allocation *of,
                                            CUpointer_attribute attribute, CUdeviceptr address) {
    bool managed = of->kind == ALLOCATION_MANAGED || of->kind == ALLOCATION_POOL_MANAGED;
    switch (attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
        return ANSWER_HANDLE(of->context->handle);
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
        return ANSWER(flags, pointer_on_host(of) ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE);
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
        return ANSWER(address, address);
    case CU_POINTER_ATTRIBUTE_HOST_POINTER: /* the same number, where the host may use it */
        return pointer_on_host(of) || managed ? ANSWER(address, address) : ANSWER(address, 0);
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
    case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
        return ANSWER(truth, false);
    case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
        return ANSWER(truth, of->kind == ALLOCATION_DEVICE);
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
    case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
        return ANSWER(number, of->identifier);
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
        return ANSWER(truth, managed);
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
        return ANSWER(integer, of->device);
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
        return ANSWER(address, of->address);
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
    case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
        return ANSWER(bytes, of->size);
    case CU_POINTER_ATTRIBUTE_MAPPED:
        return ANSWER(truth, true);
    case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
        return ANSWER(number, CU_MEM_HANDLE_TYPE_NONE);
    case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS: /* CU_POINTER_ATTRIBUTE_ACCESS_FLAG_READWRITE */
        return ANSWER(flags, 3);
    case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
        return ANSWER_HANDLE(of->pool ? of->pool->handle : NULL);
    default:
        return (struct pointer_answer){0};
    }
}

/* The allocation as the API sees it: variables of modules are device memory too. */
static bool pointer_allocation(CUdeviceptr address, struct driver_context *context,
                               struct driver_allocation *allocation) {
    const struct driver_allocation *found = allocation_find(address);
    struct machine_range range = machine_find_range(driver.machine, address);
    if (found)
        *allocation = *found;
    else
        *allocation = (struct driver_allocation){.address = range.address,
                                                 .size = range.size,
                                                 .kind = range.is_managed ? ALLOCATION_MANAGED
                                                                          : ALLOCATION_DEVICE,
                                                 .context = context,
                                                 .device = context->device};
    return found || range.kind != MACHINE_MEMORY_NONE;
}

CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr address) {
    struct driver_context *context;
    struct driver_allocation allocation;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && (!data || !pointer_allocation(address, context, &allocation)))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) {
        struct pointer_answer answer = pointer_answer(&allocation, attribute, address);
        if (answer.size)
            memcpy(data, &answer.number, answer.size);
        else
            status = CUDA_ERROR_INVALID_VALUE;
    }
    return driver_end(status);
}

/* A pointer that the driver does not know is no error here: its memory type is 0 and all else is
 * zero. */
CUresult cuPointerGetAttributes(unsigned int count, CUpointer_attribute *attributes, void **data,
                                CUdeviceptr address) {
    static const struct driver_context nowhere;
    struct driver_context *context;
    struct driver_allocation allocation;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && (!count || !attributes || !data))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status != CUDA_SUCCESS)
        return driver_end(status);
    bool known = pointer_allocation(address, context, &allocation);
    if (!known)
        allocation.context = (struct driver_context *)&nowhere;
    for (unsigned i = 0; i < count && status == CUDA_SUCCESS; i++) {
        struct pointer_answer answer = pointer_answer(&allocation, attributes[i], address);
        if (!answer.size || !data[i])
            status = CUDA_ERROR_INVALID_VALUE;
        else if (known)
            memcpy(data[i], &answer.number, answer.size);
        else
            memset(data[i], 0, answer.size);
    }
    return driver_end(status);
}

CUresult cuPointerSetAttribute(const void *value, CUpointer_attribute attribute,
                               CUdeviceptr address) {
    struct driver_context *context;
    struct driver_allocation allocation;
    CUresult status = driver_begin_context(&context);
    bool valid = value && attribute == CU_POINTER_ATTRIBUTE_SYNC_MEMOPS;
    if (status == CUDA_SUCCESS && (!valid || !pointer_allocation(address, context, &allocation)))
        status = CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}
