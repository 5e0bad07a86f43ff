/* Calls of the program that it refuses, in the place of a test (tests/support/calling.h), and the
 * options of a short run. */
#ifndef LOCKSTEP_TESTS_SUPPORT_REFUSING_H
#define LOCKSTEP_TESTS_SUPPORT_REFUSING_H

#include "tests/support/calling.h"

/* Ended with `status`, one line on standard error that holds `words`, and nothing else. */
void check_refused(const char *const *arguments, int status, const char *words);

#define CHECK_REFUSED(status, words, ...)                                                          \
    check_refused((const char *const[]){__VA_ARGS__, NULL}, status, words)

/* What makes a run short. */
#define TINY "--quick", "--max-time", "0.1", "--threads", "1", "--gpu", "none", "--out", "run"

#endif
