/*
 * A loop of one basic block: an assembler unrolls it, so that accesses of successive rounds come to
 * stand side by side, and what grows by a constant is computed once for several rounds.
 */
#ifndef LOCKSTEP_EMULATOR_ASSEMBLE_LOOP_H
#define LOCKSTEP_EMULATOR_ASSEMBLE_LOOP_H

#include "emulator/assemble/known.h"
#include "emulator/assemble/places.h"

/* By register: by how much it grows each round, and its low bits in the first round. */
struct loop {
    uint64_t rounds; /* 0: not known */
    bool *is_linear;
    int64_t *step;
    struct known *first;
};

/* `places` stand at the end of the block of instructions from `begin` to before `end`. False where
 * it is no such loop. */
bool loop_find(const struct body *body, const struct known *known, const struct places *places,
               uint32_t begin, uint32_t end, struct loop *loop);

#endif
