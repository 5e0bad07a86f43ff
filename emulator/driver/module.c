/* Modules: an image is recognised, its PTX is found and given to the machine. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/graph.h"
#include "emulator/driver/state.h"
#include "emulator/ptx/fatbin.h"

/* The newest version of PTX that CUDA 13.0 knows. */
enum { PTX_VERSION = 90 };

/* 80 for sm_80. */
static unsigned driver_architecture(void) {
    return (unsigned)(driver.properties.capability_major * 10 + driver.properties.capability_minor);
}

CUresult module_find(CUmodule handle, struct driver_module **module) {
    *module = handle_find(&driver.handles, HANDLE_MODULE, handle);
    return *module ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

/* ---- From image to PTX ---- */

struct module_source {
    const char *text;
    size_t length;
    char *owned; /* what to free */
};

static CUresult module_source_fatbin(const void *image, struct module_source *source, char *message,
                                     size_t size) {
    struct fatbin_ptx ptx;
    switch (fatbin_find_ptx(image, driver_architecture(), &ptx, message, size)) {
    case FATBIN_OK:
        *source = (struct module_source){ptx.text, ptx.length, ptx.text};
        return CUDA_SUCCESS;
    case FATBIN_NO_PTX:
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    case FATBIN_OUT_OF_MEMORY:
        return CUDA_ERROR_OUT_OF_MEMORY;
    default:
        return CUDA_ERROR_INVALID_IMAGE;
    }
}

/* PTX is text: a comment or a directive, behind white space. */
static bool module_is_text(const char *image) {
    while (isspace((unsigned char)*image))
        image++;
    return *image == '.' || *image == '/';
}

static CUresult module_source_open(const void *image, struct module_source *source, char *message,
                                   size_t size) {
    const char *bytes = image;
    *source = (struct module_source){bytes, 0, NULL};
    if (!strncmp(bytes, "\177ELF", 4)) {
        snprintf(message, size,
                 "the image is machine code (a cubin); the emulated device runs PTX: compile with "
                 "nvcc -ptx, or with "
                 "-fatbin and -gencode arch=compute_80,code=compute_80");
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
    if (fatbin_is(image))
        return module_source_fatbin(image, source, message, size);
    if (!module_is_text(bytes)) {
        snprintf(message, size, "the image is neither PTX, nor a fat binary, nor a cubin");
        return CUDA_ERROR_INVALID_IMAGE;
    }
    source->length = strlen(bytes);
    return CUDA_SUCCESS;
}

/* ---- Loading ---- */

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

void module_unload(struct driver_module *module) {
    for (size_t i = 0; module->functions && i < module->function_count; i++)
        handle_remove(&driver.handles, module->functions[i].handle);
    handle_remove(&driver.handles, module->handle);
    free(module->functions);
    if (module->machine)
        (void)machine_unload(driver.machine, module->machine);
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
    if (info->ptx_version > PTX_VERSION) {
        snprintf(message, size, "the PTX is of version %u.%u, newer than %d.%d",
                 info->ptx_version / 10, info->ptx_version % 10, PTX_VERSION / 10,
                 PTX_VERSION % 10);
        return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
    }
    if (info->target > device) {
        snprintf(message, size,
                 "the PTX is for sm_%u and the device is sm_%u; compile for compute_%u, or choose "
                 "another device with LOCKSTEP_EMULATOR=device=…",
                 info->target, device, device);
        return CUDA_ERROR_INVALID_PTX;
    }
    return CUDA_SUCCESS;
}

static CUresult module_compile(struct driver_module *module, const char *name,
                               const struct module_source *source, char *message, size_t size) {
    struct machine_diagnostic diagnostic = {.message = ""};
    enum machine_status status = machine_load(driver.machine, name, source->text, source->length,
                                              &module->machine, &diagnostic);
    if (status != MACHINE_OK) {
        module_explain(&diagnostic, status, message, size);
        return driver_status(status);
    }
    CUresult listed = module_list_functions(module);
    return listed == CUDA_SUCCESS ? module_check_target(module, message, size) : listed;
}

CUresult module_load(struct driver_context *context, const char *name, const void *image, char *log,
                     size_t log_size, struct driver_module **result) {
    char message[1200] = "";
    struct module_source source = {0};
    if (!image)
        return CUDA_ERROR_INVALID_VALUE;
    struct driver_module *module = calloc(1, sizeof *module);
    if (!module)
        return CUDA_ERROR_OUT_OF_MEMORY;
    module->context = context;
    module->handle = handle_add(&driver.handles, HANDLE_MODULE, module);
    CUresult status = module->handle ? module_source_open(image, &source, message, sizeof message)
                                     : CUDA_ERROR_OUT_OF_MEMORY;
    if (status == CUDA_SUCCESS)
        status = module_compile(module, name, &source, message, sizeof message);
    free(source.owned);
    if (status == CUDA_SUCCESS) {
        *result = module;
        return CUDA_SUCCESS;
    }
    module_unload(module);
    if (*message)
        driver_say("loading %s: %s", name, message);
    if (log && log_size)
        snprintf(log, log_size, "%s", message);
    return status;
}

CUresult module_read_file(const char *path, char **contents, size_t *size) {
    CUresult status = CUDA_ERROR_INVALID_IMAGE;
    FILE *file = fopen(path, "rbe");
    char *bytes = NULL;
    if (!file)
        return CUDA_ERROR_FILE_NOT_FOUND;
    long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (length >= 4 && fseek(file, 0, SEEK_SET) == 0) {
        bytes = malloc((size_t)length + 1);
        status = bytes ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (bytes && fread(bytes, 1, (size_t)length, file) != (size_t)length)
        status = CUDA_ERROR_INVALID_IMAGE;
    (void)fclose(file);
    if (status != CUDA_SUCCESS) {
        free(bytes);
        return status;
    }
    bytes[length] = '\0';
    *contents = bytes;
    *size = (size_t)length;
    return CUDA_SUCCESS;
}

/* ---- The options of the PTX compiler ---- */

/* Numbers come in place of pointers in the list of option values. */
static size_t jit_number(const void *value) {
    return (size_t)(uintptr_t)value & 0xFFFFFFFF;
}

CUresult jit_log_open(struct jit_log *log, unsigned count, const CUjit_option *options,
                      void **values) {
    *log = (struct jit_log){0};
    if (count && (!options || !values))
        return CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < count; i++) {
        switch ((int)options[i]) {
        case CU_JIT_ERROR_LOG_BUFFER:
            log->error = values[i];
            break;
        case CU_JIT_INFO_LOG_BUFFER:
            log->info = values[i];
            break;
        case CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES:
            log->error_size = jit_number(values[i]);
            log->error_written = &values[i];
            break;
        case CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES:
            log->info_size = jit_number(values[i]);
            log->info_written = &values[i];
            break;
        default: /* how to compile: nothing that changes what the code means */
            if ((unsigned)options[i] >= CU_JIT_NUM_OPTIONS)
                return CUDA_ERROR_INVALID_VALUE;
        }
    }
    if (log->error && log->error_size)
        *log->error = '\0';
    if (log->info && log->info_size)
        *log->info = '\0';
    return CUDA_SUCCESS;
}

static void *jit_length(const char *text, size_t size) {
    uintptr_t length = text && size ? strlen(text) + 1 : 0;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the API returns the number in place of a pointer
    return (void *)length;
}

void jit_log_close(struct jit_log *log) {
    if (log->error_written)
        *log->error_written = jit_length(log->error, log->error_size);
    if (log->info_written)
        *log->info_written = jit_length(log->info, log->info_size);
}

/* ---- Entry points ---- */

static CUresult module_load_image(CUmodule *handle, const char *name, const void *image, char *log,
                                  size_t log_size) {
    struct driver_context *context;
    struct driver_module *module;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS && !handle)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS) /* it allocates, and waits for the device */
        status = capture_forbid();
    if (status == CUDA_SUCCESS)
        status = module_load(context, name, image, log, log_size, &module);
    if (status == CUDA_SUCCESS)
        *handle = module->handle;
    return driver_end(status);
}

CUresult cuModuleLoadData(CUmodule *module, const void *image) {
    return module_load_image(module, "module", image, NULL, 0);
}

CUresult cuModuleLoadFatBinary(CUmodule *module, const void *image) {
    return module_load_image(module, "module", image, NULL, 0);
}

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int count,
                            CUjit_option *options, void **values) {
    struct jit_log log;
    CUresult status = jit_log_open(&log, count, options, values);
    if (status != CUDA_SUCCESS)
        return status;
    status = module_load_image(module, "module", image, log.error, log.error_size);
    jit_log_close(&log);
    return status;
}

CUresult cuModuleLoad(CUmodule *module, const char *path) {
    char *contents = NULL;
    size_t size = 0;
    CUresult status = path ? module_read_file(path, &contents, &size) : CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = module_load_image(module, path, contents, NULL, 0);
    free(contents);
    return status;
}

CUresult cuModuleUnload(CUmodule handle) {
    struct driver_context *context;
    struct driver_module *module = NULL;
    CUresult status = driver_begin_context(&context);
    if (status == CUDA_SUCCESS)
        status = module_find(handle, &module);
    if (status == CUDA_SUCCESS && module->library)
        status = CUDA_ERROR_NOT_PERMITTED; /* it goes with its library */
    if (status == CUDA_SUCCESS)
        module_unload(module);
    return driver_end(status);
}

static CUresult module_begin(CUmodule handle, struct driver_module **module) {
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

CUresult cuModuleGetFunction(CUfunction *handle, CUmodule module_handle, const char *name) {
    struct driver_module *module;
    struct driver_function *function = NULL;
    CUresult status = module_begin(module_handle, &module);
    if (status == CUDA_SUCCESS && (!handle || !name))
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        status = module_find_function(module, name, &function);
    if (status == CUDA_SUCCESS)
        *handle = function->handle;
    return driver_end(status);
}

CUresult cuModuleGetFunctionCount(unsigned int *count, CUmodule handle) {
    struct driver_module *module;
    CUresult status = module_begin(handle, &module);
    if (status == CUDA_SUCCESS && !count)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *count = (unsigned)module->function_count;
    return driver_end(status);
}

CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned int count, CUmodule handle) {
    struct driver_module *module;
    CUresult status = module_begin(handle, &module);
    if (status == CUDA_SUCCESS && count && !functions)
        status = CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; status == CUDA_SUCCESS && i < count && i < module->function_count; i++)
        functions[i] = module->functions[i].handle;
    return driver_end(status);
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

CUresult cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *bytes, CUmodule handle,
                              const char *name) {
    struct driver_module *module;
    CUresult status = module_begin(handle, &module);
    if (status == CUDA_SUCCESS)
        status = module_find_global(module, name, address, bytes);
    return driver_end(status);
}

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *mode) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && !mode)
        status = CUDA_ERROR_INVALID_VALUE;
    if (status == CUDA_SUCCESS)
        *mode = CU_MODULE_EAGER_LOADING;
    return driver_end(status);
}
