/* The log buffers that the options of cuModuleLoadDataEx and cuLinkCreate name. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_CODE_JIT_LOG_H
#define LOCKSTEP_EMULATOR_DRIVER_CODE_JIT_LOG_H

#include <stddef.h>

#include "emulator/driver/state/types.h"

struct jit_log {
    char *error, *info;
    size_t error_size, info_size;
    void **error_written, **info_written; /* where the lengths go */
};

CUresult jit_log_open(struct jit_log *log, unsigned count, const CUjit_option *options,
                      void **values);
/* Tells the lengths. */
void jit_log_close(struct jit_log *log);

#endif
