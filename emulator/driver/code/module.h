/* Modules. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_CODE_MODULE_H
#define LOCKSTEP_EMULATOR_DRIVER_CODE_MODULE_H

#include "emulator/driver/state/state.h"

struct driver_function;

struct driver_module {
    CUmodule handle;
    CUlibrary library;              /* NULL: a module of its own */
    struct driver_context *context; /* NULL: of a library, which belongs to no context */
    struct machine_module *machine;
    struct driver_function *functions;
    size_t function_count;
};

/* Loads PTX, a fat binary or its wrapper. `log` (may be NULL) receives what went wrong, at most
 * log_size bytes with the NUL. */
CUresult module_load(struct driver_context *context, const char *name, const void *image, char *log,
                     size_t log_size, struct driver_module **module);
/* Whether the text is PTX by its syntax; what it needs of others is not looked for. `log` as
 * above. */
CUresult module_check_syntax(const char *name, const char *text, char *log, size_t log_size);
void module_unload(struct driver_module *module);
CUresult module_find(CUmodule handle, struct driver_module **module);
/* The beginning of a call on a module. */
CUresult module_begin(CUmodule handle, struct driver_module **module);
CUresult module_find_function(const struct driver_module *module, const char *name,
                              struct driver_function **function);
CUresult module_find_global(const struct driver_module *module, const char *name,
                            CUdeviceptr *address, size_t *size);

#endif
