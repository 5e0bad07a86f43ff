/* Fits instructions to the patterns of the tables (lanes.h says how patterns are written). */
#ifndef LOCKSTEP_EMULATOR_DECODE_PATTERN_H
#define LOCKSTEP_EMULATOR_DECODE_PATTERN_H

#include "emulator/ptx/syntax.h"

enum { PATTERN_GROUPS = 16 };

/* Whether root and modifiers are the pattern's; then with what each of its groups chose. */
bool pattern_match(const char *pattern, const struct syntax_instruction *instruction,
                   signed char choice[PATTERN_GROUPS]);

#endif
