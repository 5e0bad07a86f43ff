/*
 * The low bits of registers that are known when a kernel is assembled, whoever executes it: what
 * alignments follow from. Shared variables are placed, so the bits of their addresses are known.
 */
#ifndef LOCKSTEP_EMULATOR_ASSEMBLE_KNOWN_H
#define LOCKSTEP_EMULATOR_ASSEMBLE_KNOWN_H

#include "emulator/assemble/body.h"

/* The lowest `count` bits are those of `bits`. */
struct known {
    uint8_t count, bits;
};

enum { KNOWN_LIMIT = 5 };

/* By register. */
struct known *known_find(const struct body *body);
struct known known_constant(uint64_t value);
/* Of what the instruction computes, where those of its sources stand by register. */
struct known known_result(const struct body *body, const struct known *registers,
                          const struct instruction *instruction);

#endif
