/* Variables of the device by the host's name for them. */
#ifndef LOCKSTEP_EMULATOR_RUNTIME_SYMBOL_H
#define LOCKSTEP_EMULATOR_RUNTIME_SYMBOL_H

#include "emulator/runtime/types.h"

/* The place `offset` bytes into a variable, which has room for `bytes` there; NULL beside an error.
 * What is no such place is found wrong. */
cudaError_t symbol_find(const void *symbol, size_t offset, size_t bytes, char **place);

#endif
