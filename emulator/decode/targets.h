/* Which targets have an instruction. */
#ifndef LOCKSTEP_EMULATOR_DECODE_TARGETS_H
#define LOCKSTEP_EMULATOR_DECODE_TARGETS_H

#include "emulator/decode/decoder.h"

/* What the PTX manual notes of an instruction under "Target ISA Notes". */
struct target_note {
    const char *pattern; /* as pattern_occurs() takes it: the modifiers that make the difference */
    /* The targets that have it, any of them: "80" and all newer ones, "90a" alone, "100f" and those
     * of its family. The manual's is the first. */
    const char *targets;
    uint8_t operands; /* as PTX writes them; 0: any number */
};

/* In the order of their roots. Of each root the first that fits an instruction is its note. */
extern const struct target_note target_notes[];
extern const size_t target_note_count;

/* The note of an instruction, whose modifiers stand in the manual's order; NULL: all targets have
 * it. */
const struct target_note *targets_find(const struct syntax_instruction *instruction);

/* The first target that the instruction is noted with, by its number; 0: all have it. */
unsigned targets_first(const struct syntax_instruction *instruction);

/* Refuses the current instruction where its unit's target does not have it. */
void targets_check(struct decoder *decoder);

#endif
