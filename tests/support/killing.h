/* Killing the program just before it changes a file, at each such call in turn.
 *
 * What counts is a system call by which the program, or a process that it started, writes to, cuts,
 * flushes or closes a file in the test's folder, or makes, renames or removes a name. They are seen
 * by ptrace, so that no library hides one.
 */
#ifndef LOCKSTEP_TESTS_SUPPORT_KILLING_H
#define LOCKSTEP_TESTS_SUPPORT_KILLING_H

#include "tests/support/calling.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Whether processes may be traced here. */
bool killing_is_possible(void);

/* Runs the program and kills it, and all that it started, before its call number `number`, from 1;
 * 0: never. Returns how many calls there were. `variables` as in struct call_limits. On `log`,
 * unless it is NULL, each call has a line: "fsync run/results.csv", or its name alone. */
size_t kill_before(const struct calling *calling, const char *const *arguments,
                   const char *const *variables, size_t number, FILE *log);

#endif
