/* What an image holds, asked of the driver; see gpu/gpu.h. */
#include "gpu/state.h"

#include <stdlib.h>

static enum status image_known(const struct gpu *gpu, struct message *message) {
    const struct driver *driver = &gpu->driver;
    if (driver->cuModuleGetFunctionCount != NULL && driver->cuModuleEnumerateFunctions != NULL &&
        driver->cuFuncGetName != NULL && driver->cuFuncGetParamInfo != NULL)
        return STATUS_OK;
    return message_set(message, STATUS_UNSUPPORTED,
                       "the driver is for CUDA %d.%d, and only from 12.4 on does it tell what an "
                       "image holds",
                       driver->version / 1000, driver->version % 1000 / 10);
}

enum status gpu_image_kernels(struct gpu *gpu, const char *image, const char ***names,
                              size_t *count, struct message *message) {
    struct cuda_module *module = NULL;
    unsigned number = 0;
    *names = NULL;
    *count = 0;
    enum status status = gpu_usable(gpu, message);
    if (status == STATUS_OK)
        status = gpu_module(gpu, (struct gpu_kernel){image, "any"}, &module, message);
    if (status == STATUS_OK)
        status = image_known(gpu, message);
    if (status == STATUS_OK)
        status = gpu_check(gpu, gpu->driver.cuModuleGetFunctionCount(&number, module), message,
                           "cuModuleGetFunctionCount of %s", image);
    if (status != STATUS_OK)
        return status;
    struct cuda_function **functions = calloc(number + 1, sizeof(void *));
    const char **list = calloc(number + 1, sizeof *list);
    if (functions == NULL || list == NULL) {
        free((void *)functions);
        free((void *)list);
        return message_set(message, STATUS_NO_MEMORY, "no host memory for %u kernels", number);
    }
    status = gpu_check(gpu, gpu->driver.cuModuleEnumerateFunctions(functions, number, module),
                       message, "cuModuleEnumerateFunctions of %s", image);
    for (unsigned i = 0; i < number && status == STATUS_OK; i++)
        status = gpu_check(gpu, gpu->driver.cuFuncGetName(&list[i], functions[i]), message,
                           "cuFuncGetName of a kernel in %s", image);
    free((void *)functions);
    if (status != STATUS_OK) {
        free((void *)list);
        return status;
    }
    *names = list;
    *count = number;
    return STATUS_OK;
}

enum status gpu_kernel_parameters(struct gpu *gpu, struct gpu_kernel kernel,
                                  size_t bytes[GPU_PARAMETERS_MAX], int *count,
                                  struct message *message) {
    struct gpu_function found;
    *count = 0;
    enum status status = gpu_usable(gpu, message);
    if (status == STATUS_OK)
        status = gpu_function(gpu, kernel, &found, message);
    if (status == STATUS_OK)
        status = image_known(gpu, message);
    size_t offset;
    /* The first index that there is no parameter of is an error, which says where they end. */
    while (status == STATUS_OK && *count < GPU_PARAMETERS_MAX &&
           gpu->driver.cuFuncGetParamInfo(found.function, (size_t)*count, &offset,
                                          &bytes[*count]) == CUDA_SUCCESS)
        ++*count;
    return status;
}
