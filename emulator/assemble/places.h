/*
 * Addresses as an assembler compares them: a root that nothing more is known of, and a constant.
 * Two of one root and version differ by exactly their offsets.
 */
#ifndef LOCKSTEP_EMULATOR_ASSEMBLE_PLACES_H
#define LOCKSTEP_EMULATOR_ASSEMBLE_PLACES_H

#include "emulator/assemble/body.h"

enum { ROOT_CONSTANT = UINT32_MAX - 2, ROOT_DYNAMIC, ROOT_UNKNOWN };

struct place {
    uint32_t root;    /* a register, or one of the above */
    uint32_t version; /* which of the values that the root has within a basic block */
    int64_t offset;
};

/* What is known while a basic block is gone through. */
struct places {
    const struct body *body;
    struct place *now; /* by register; of this block where `block` says so */
    uint32_t *block;
    uint32_t current, versions;
};

struct places places_open(const struct body *body);
void places_begin_block(struct places *places);
/* Goes over an instruction: what it writes has another value from here on. */
void places_step(struct places *places, const struct instruction *instruction);
/* Where the register points now. */
struct place places_register(const struct places *places, uint32_t number);
/* The address of a load or store, whose first source is its base. */
struct place places_address(const struct places *places, const struct instruction *instruction);
bool places_share_root(struct place a, struct place b);

#endif
