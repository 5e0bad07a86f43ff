/*
 * Accesses to shared memory that an assembler joins, as ptxas does for sm_75, sm_80 and sm_89:
 * those of one basic block, from one root and under one guard, that lie in one aligned piece. Loads
 * of three words of four, or of four, become one of 16 bytes; stores do where they fill the piece.
 * Two aligned words become one of 8 bytes. A store between parts loads, a load between parts
 * stores, and a barrier both. Loads of successive rounds of a loop that is unrolled lie in one
 * block, too.
 */
#ifndef LOCKSTEP_EMULATOR_ASSEMBLE_JOIN_H
#define LOCKSTEP_EMULATOR_ASSEMBLE_JOIN_H

#include "emulator/assemble/body.h"

/* Says of each access which bytes its request has (struct detail). */
void join_accesses(const struct body *body);

#endif
