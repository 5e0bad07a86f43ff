/* The machine that the targets launch on: small, silent, and with an end to every launch. */
#ifndef LOCKSTEP_TESTS_EMULATOR_FUZZ_MACHINE_H
#define LOCKSTEP_TESTS_EMULATOR_FUZZ_MACHINE_H

#include "emulator/machine/machine.h"

/* One host thread and so many warp instructions a launch; with `checks`, all checks. NULL: no
 * memory for it. */
struct machine *fuzz_machine(uint64_t budget, bool checks);

#endif
