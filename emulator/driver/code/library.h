/* Libraries. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_CODE_LIBRARY_H
#define LOCKSTEP_EMULATOR_DRIVER_CODE_LIBRARY_H

#include "emulator/driver/code/jit_log.h"
#include "emulator/driver/code/module.h"

/* Handles of libraries name the module directly; the module keeps the library's handle. */
CUresult library_find(CUlibrary handle, struct driver_module **module);
CUresult library_open(const char *name, const void *image, struct jit_log *log, CUlibrary *handle);
void library_close(struct driver_module *module);
void library_close_all(void);

#endif
