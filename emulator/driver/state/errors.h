/* The names and meanings of CUDA's results. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_STATE_ERRORS_H
#define LOCKSTEP_EMULATOR_DRIVER_STATE_ERRORS_H

#include "emulator/driver/state/types.h"

struct driver_error {
    CUresult code;
    const char *name, *text;
};

/* NULL: no result has this number. */
const struct driver_error *driver_error_find(CUresult code);

#endif
