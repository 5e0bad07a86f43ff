/* Modules: the PTX of an image is given to the machine, which finds functions and variables in
 * it. */
#include "emulator/driver/code/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/code/function.h"
#include "emulator/driver/code/image.h"
#include "emulator/driver/memory/managed.h"
#include "emulator/driver/memory/reference.h"
#include "emulator/ptx/target.h"

static CUresult module_list_functions(struct driver_module *module) {
    module->function_count = machine_function_count(module->machine);
    module->functions = calloc(module->function_count + 1, sizeof *module->functions);
    if (!module->functions)
        return CUDA_ERROR_OUT_OF_MEMORY;
    for (size_t i = 0; i < module->function_count; i++) {
        struct driver_function *function = &module->functions[i];
        function->module = module;
        function->machine = machine_function_at(module->machine, i);
        function->info = machine_function_info(function->machine);
        function->carveout = -1;
        function->handle = handle_add(&driver.handles, HANDLE_FUNCTION, function);
        if (!function->handle)
            return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

static void module_forget_managed(const struct driver_module *module) {
    uint64_t address;
    size_t size;
    for (size_t i = 0; machine_managed_variable(module->machine, i, &address, &size); i++)
        managed_forget(address, size);
}

void module_unload(struct driver_module *module) {
    for (size_t i = 0; module->functions && i < module->function_count; i++) {
        handle_remove(&driver.handles, module->functions[i].handle);
        free(module->functions[i].legacy);
    }
    reference_close_module(module->handle);
    handle_remove(&driver.handles, module->handle);
    free(module->functions);
    if (module->machine) {
        module_forget_managed(module);
        (void)machine_unload(driver.machine, module->machine);
    }
    free(module);
}

/* "line:column: what", in the form that editors and CI systems find. */
static void module_explain(const struct machine_diagnostic *diagnostic, enum machine_status status,
                           char *message, size_t size) {
    char place[48];
    const char *what = *diagnostic->message ? diagnostic->message : machine_status_name(status);
    if (!diagnostic->line) {
        snprintf(message, size, "%s", what);
        return;
    }
    snprintf(place, sizeof place, "line %u, column %u: ", diagnostic->line, diagnostic->column);
    if (!strncmp(what, place, strlen(place)))
        what += strlen(place);
    snprintf(message, size, "%u:%u: %s", diagnostic->line, diagnostic->column, what);
}

/* What a real driver of this version refuses to compile for this device. */
static CUresult module_check_target(const struct driver_module *module, char *message,
                                    size_t size) {
    unsigned device = driver_architecture();
    if (!module->function_count)
        return CUDA_SUCCESS;
    const struct machine_function_info *info = module->functions[0].info; /* the same for all */
    if (!target_fits(info->target, info->target_features, device)) {
        char advice[100];
        driver_device_advise(info->target, info->target_features, advice, sizeof advice);
        snprintf(message, size,
                 "the PTX is for sm_%u%.1s and the device is sm_%u; compile for compute_%u%s",
                 info->target, &info->target_features, device, device, advice);
        return CUDA_ERROR_INVALID_PTX;
    }
    return CUDA_SUCCESS;
}

static CUresult module_compile(struct driver_module *module, const char *name,
                               const struct image_ptx *ptx, char *message, size_t size) {
    struct machine_diagnostic diagnostic = {.message = ""};
    enum machine_status status =
        machine_load(driver.machine, name, ptx->text, ptx->length, &module->machine, &diagnostic);
    if (status != MACHINE_OK) {
        module_explain(&diagnostic, status, message, size);
        return driver_status(status);
    }
    CUresult listed = module_list_functions(module);
    return listed == CUDA_SUCCESS ? module_check_target(module, message, size) : listed;
}

CUresult module_check_syntax(const char *name, const char *text, char *log, size_t log_size) {
    char message[1200];
    struct machine_diagnostic diagnostic = {.message = ""};
    const enum machine_status status = machine_check_syntax(text, strlen(text), &diagnostic);
    if (status == MACHINE_OK)
        return CUDA_SUCCESS;
    module_explain(&diagnostic, status, message, sizeof message);
    driver_say("loading %s: %s", name, message);
    if (log && log_size)
        snprintf(log, log_size, "%s", message);
    return driver_status(status);
}

CUresult module_load(struct driver_context *context, const char *name, const void *image, char *log,
                     size_t log_size, struct driver_module **result) {
    char message[1200] = "";
    struct image_ptx ptx = {0};
    if (!image)
        return CUDA_ERROR_INVALID_VALUE;
    struct driver_module *module = calloc(1, sizeof *module);
    if (!module)
        return CUDA_ERROR_OUT_OF_MEMORY;
    module->context = context;
    module->handle = handle_add(&driver.handles, HANDLE_MODULE, module);
    CUresult status = module->handle ? image_open(image, &ptx, message, sizeof message)
                                     : CUDA_ERROR_OUT_OF_MEMORY;
    if (status == CUDA_SUCCESS)
        status = module_compile(module, name, &ptx, message, sizeof message);
    free(ptx.owned);
    if (status == CUDA_SUCCESS) {
        *result = module;
        return CUDA_SUCCESS;
    }
    module_unload(module);
    /* A program that goes on without its kernels looks right to who reads its exit status. */
    if (*message)
        driver_find("loading %s: %s", name, message);
    if (log && log_size)
        snprintf(log, log_size, "%s", message);
    return status;
}

/* ---- What is in a module ---- */

CUresult module_find(CUmodule handle, struct driver_module **module) {
    *module = handle_find(&driver.handles, HANDLE_MODULE, handle);
    if (!*module)
        driver_lack("module", handle);
    return *module ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult module_begin(CUmodule handle, struct driver_module **module) {
    struct driver_context *context;
    CUresult status = driver_begin_context(&context);
    return status == CUDA_SUCCESS ? module_find(handle, module) : status;
}

CUresult module_find_function(const struct driver_module *module, const char *name,
                              struct driver_function **function) {
    for (size_t i = 0; i < module->function_count; i++) {
        *function = &module->functions[i];
        if (!strcmp((*function)->info->name, name))
            return CUDA_SUCCESS;
    }
    driver_say("the module has no kernel '%s': it has %zu%s%s", name, module->function_count,
               module->function_count ? ", the first is " : "",
               module->function_count ? module->functions[0].info->name : "");
    return CUDA_ERROR_NOT_FOUND;
}

CUresult module_find_global(const struct driver_module *module, const char *name,
                            CUdeviceptr *address, size_t *size) {
    uint64_t found_address;
    size_t found_size;
    if (!name)
        return CUDA_ERROR_INVALID_VALUE;
    enum machine_status status =
        machine_find_global(module->machine, name, &found_address, &found_size);
    if (status == MACHINE_OK && address)
        *address = found_address;
    if (status == MACHINE_OK && size)
        *size = found_size;
    if (status == MACHINE_NOT_FOUND)
        driver_say(
            "the module has no variable '%s'; one that no kernel uses and that is not visible "
            "may have been left out by the compiler",
            name);
    return driver_status(status);
}
