/* Fits instructions to the patterns of the tables (lanes.h says how patterns are written). */
#ifndef LOCKSTEP_EMULATOR_PTX_PATTERN_H
#define LOCKSTEP_EMULATOR_PTX_PATTERN_H

#include "emulator/ptx/syntax.h"

enum { PATTERN_GROUPS = 16, PATTERN_MODIFIERS = 32 };

/* How an instruction fits a pattern. */
struct pattern_fit {
    signed char choice[PATTERN_GROUPS]; /* what each group of the pattern chose */
    uint8_t order[PATTERN_MODIFIERS]; /* the number of the modifier that it takes first, second … */
};

/* Whether root and modifiers are the pattern's. In any order: as the assembler does, modifiers may
 * stand anywhere. Only types keep their order among each other, and so do spaces and layouts. */
bool pattern_match(const char *pattern, const struct syntax_instruction *instruction,
                   bool any_order, struct pattern_fit *fit);

/* Whether the modifiers that the pattern names (`.a` and `.{a,b}`) are among the instruction's, in
 * this order, with any others between them. Roots are not compared. */
bool pattern_occurs(const char *pattern, const struct syntax_instruction *instruction);

#endif
