/* Machine instructions of one PTX instruction that stands by itself. */
#ifndef LOCKSTEP_EMULATOR_ASSEMBLE_COST_H
#define LOCKSTEP_EMULATOR_ASSEMBLE_COST_H

#include "emulator/assemble/body.h"

unsigned cost_of(const struct body *body, const struct instruction *instruction);

#endif
