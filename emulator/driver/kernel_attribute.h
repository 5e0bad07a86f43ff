/* Attributes of launches, and of the kernels in nodes of graphs. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_KERNEL_ATTRIBUTE_H
#define LOCKSTEP_EMULATOR_DRIVER_KERNEL_ATTRIBUTE_H

#include "emulator/driver/kernel.h"

/* What an attribute of a launch asks for. Those that change what a kernel means, and are lacking,
 * are found wrong. */
CUresult kernel_request_attribute(struct kernel_request *request, CUlaunchAttributeID attribute,
                                  const CUlaunchAttributeValue *value);
/* Attributes of a node's kernel: CUDA_ERROR_INVALID_VALUE for those that nodes do not have. */
CUresult kernel_attribute(const struct driver_kernel *kernel, CUlaunchAttributeID attribute,
                          CUlaunchAttributeValue *value);
CUresult kernel_set_attribute(struct driver_kernel *kernel, CUlaunchAttributeID attribute,
                              const CUlaunchAttributeValue *value);
/* Refused where they do not fit the kernel. */
CUresult kernel_copy_attributes(struct driver_kernel *to, const struct driver_kernel *from);

#endif
