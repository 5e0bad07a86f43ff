/* Attributes of launches: what they ask for, and what the nodes of graphs have of them. */
#include "emulator/driver/kernel_attribute.h"

#include <stdlib.h>
#include <string.h>

CUresult kernel_request_attribute(struct kernel_request *request, CUlaunchAttributeID attribute,
                                  const CUlaunchAttributeValue *value) {
    switch ((int)attribute) {
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
        request->cooperative = value->cooperative != 0;
        return CUDA_SUCCESS;
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
        request->cluster[0] = value->clusterDim.x;
        request->cluster[1] = value->clusterDim.y;
        request->cluster[2] = value->clusterDim.z;
        return request->cluster[0] && request->cluster[1] && request->cluster[2]
                   ? CUDA_SUCCESS
                   : CUDA_ERROR_INVALID_CLUSTER_SIZE;
    case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
    case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
    case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE:
        driver_find("launch: launch attribute %d is not supported", (int)attribute);
        return CUDA_ERROR_NOT_SUPPORTED;
    default:
        return attribute < CU_LAUNCH_ATTRIBUTE_MAX ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    }
}

/* Whether a node of a graph has the attribute. */
static bool is_of_nodes(CUlaunchAttributeID attribute) {
    switch ((int)attribute) {
    case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
    case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    case CU_LAUNCH_ATTRIBUTE_PRIORITY:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
    case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
    case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
    case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE:
    case CU_LAUNCH_ATTRIBUTE_NVLINK_UTIL_CENTRIC_SCHEDULING:
        return true;
    default:
        return false;
    }
}

CUresult kernel_attribute(const struct driver_kernel *kernel, CUlaunchAttributeID attribute,
                          CUlaunchAttributeValue *value) {
    if (!is_of_nodes(attribute))
        return CUDA_ERROR_INVALID_VALUE;
    memset(value, 0, sizeof *value);
    if (attribute == CU_LAUNCH_ATTRIBUTE_COOPERATIVE) {
        value->cooperative = kernel->cooperative;
    } else if (attribute == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
        value->clusterDim.x = kernel->cluster[0];
        value->clusterDim.y = kernel->cluster[1];
        value->clusterDim.z = kernel->cluster[2];
    } else if (kernel->hints) {
        *value = kernel->hints[attribute];
    }
    return CUDA_SUCCESS;
}

/* The launch that the kernel is, without its parameters. */
static struct kernel_request request_of(const struct driver_kernel *kernel) {
    struct kernel_request request = {.function = kernel->function,
                                     .dynamic_shared = (unsigned)kernel->dynamic_shared,
                                     .cooperative = kernel->cooperative};
    memcpy(request.grid, kernel->grid, sizeof request.grid);
    memcpy(request.block, kernel->block, sizeof request.block);
    memcpy(request.cluster, kernel->cluster, sizeof request.cluster);
    return request;
}

CUresult kernel_set_attribute(struct driver_kernel *kernel, CUlaunchAttributeID attribute,
                              const CUlaunchAttributeValue *value) {
    struct kernel_request request = request_of(kernel);
    if (!is_of_nodes(attribute))
        return CUDA_ERROR_INVALID_VALUE;
    CUresult status = kernel_request_attribute(&request, attribute, value);
    if (status == CUDA_SUCCESS)
        status = kernel_adopt(kernel, &request);
    if (status == CUDA_SUCCESS && !kernel->hints) {
        kernel->hints = calloc(CU_LAUNCH_ATTRIBUTE_MAX, sizeof *value);
        status = kernel->hints ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (status == CUDA_SUCCESS)
        kernel->hints[attribute] = *value;
    return status;
}

CUresult kernel_copy_attributes(struct driver_kernel *to, const struct driver_kernel *from) {
    struct kernel_request request = request_of(to);
    if (to == from)
        return CUDA_SUCCESS;
    memcpy(request.cluster, from->cluster, sizeof request.cluster);
    request.cooperative = from->cooperative;
    const CUresult status = kernel_adopt(to, &request);
    return status == CUDA_SUCCESS ? kernel_copy_hints(to, from) : status;
}
