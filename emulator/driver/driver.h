/* The driver's start. Its end needs no call: it comes when the library is unloaded. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_DRIVER_H
#define LOCKSTEP_EMULATOR_DRIVER_DRIVER_H

#include "emulator/driver/state/types.h"

/* Reads the configuration and makes the machine, once. What is wrong with either is said. */
CUresult driver_start(void);

#endif
