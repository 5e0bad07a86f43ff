/* Shared libraries that a test makes of C text, as users of --add do. */
#ifndef LOCKSTEP_TESTS_SUPPORT_COMPILING_H
#define LOCKSTEP_TESTS_SUPPORT_COMPILING_H

#include "tests/support/temporary.h"

/* Compiles the C file, named from the working directory, as the shared library `library`; fails the
 * test when that cannot be done. */
void compile_library(const char *source, const char *library);

/* The same of a text that includes lockstep/implementation.h: NAME.so in the folder. */
void compile_library_text(struct temporary *place, const char *name, const char *text);

/* Whether the compiler finds no mistake in a text that includes headers of this tree. */
bool compile_accepts(struct temporary *place, const char *text);

#endif
