/*
 * For tests of the emulator's arithmetic: finds instructions by the text of PTX and runs them.
 */
#ifndef LOCKSTEP_TESTS_SUPPORT_ARITHMETIC_LOOKUP_H
#define LOCKSTEP_TESTS_SUPPORT_ARITHMETIC_LOOKUP_H

#include "emulator/arithmetic/arithmetic.h"

#include <stdbool.h>
#include <stddef.h>

enum { LOOKUP_CHOICES = 16, LOOKUP_OPERANDS = 32 };

/* An operation with the choices that its mnemonic makes. */
struct lookup {
    const struct lane_operation *operation; /* NULL: there is no such instruction in this build */
    signed char choice[LOOKUP_CHOICES];
};

/* Finds a mnemonic such as "fma.rn.ftz.f32" in the given build, or in the machine's best. */
struct lookup lookup_in(enum arithmetic_isa isa, const char *mnemonic);
struct lookup lookup(const char *mnemonic);

/* Whether this machine has the build. */
bool lookup_can_run(enum arithmetic_isa isa);

/* Runs an operation of up to three sources on one value in every lane and gives that of lane 17, as
 * the bits; fails the test where lanes differ. Widths come from the operation's operands. */
uint64_t lookup_value(const struct lookup *found, uint64_t a, uint64_t b, uint64_t c);

/* The same by name; fails the test where there is no such instruction. */
uint64_t ptx(const char *mnemonic, uint64_t a, uint64_t b, uint64_t c);

/* A pseudo-random number, the same sequence everywhere (splitmix64). */
uint64_t lookup_random(uint64_t *state);

#endif
