/* A program that `lockstep emulate` is given: the test itself, which loads the driver as any
 * program does where it is called with three words. Its main() begins with
 *
 *     if (argc == EMULATED_WORDS + 1)
 *         return emulated_program_run(argv + 1);
 */
#ifndef LOCKSTEP_TESTS_SUPPORT_EMULATED_PROGRAM_H
#define LOCKSTEP_TESTS_SUPPORT_EMULATED_PROGRAM_H

#include "tests/support/calling.h"

#include <limits.h>
#include <stdbool.h>

enum { EMULATED_WORDS = 3 };

/* The words: "frees", "leaks", "overruns" or "fails", before it does anything; "writes" inside or
 * "overruns", "asks" for a private table before, "loads" machine code first, "finds" libraries
 * loaded, one of emulated_refusals, or a way to end: "_exits", "is-killed", "exits-quickly",
 * "becomes-another" or "forks"; and the exit status. Gives that status; 100 where there is no
 * driver, 101 where "finds" found none. */
int emulated_program_run(char **words);

/* A call that the driver refuses, and what is told of it. A NULL ends them. */
struct emulated_refusal {
    const char *word, *said;
};
extern const struct emulated_refusal emulated_refusals[];

/* The path of the program, once it was found. False: it is not known. */
extern char emulated_self[PATH_MAX];
bool emulated_program_find(void);

#define EMULATE(...) call_of(&here, (const char *const[]){"emulate", __VA_ARGS__, NULL})

#endif
