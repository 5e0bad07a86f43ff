/* Recording and ordered failures, as each stand-in library has its own copy of them. */
#ifndef LOCKSTEP_TESTS_STAND_IN_RECORD_H
#define LOCKSTEP_TESTS_STAND_IN_RECORD_H

#include "tests/stand_in/stand_in.h"

/* Adds a line to the log. */
void record(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The result ordered for this call of `function`, or 0. */
int record_failure(const char *function);

/* The value ordered for `key`, or `otherwise`. */
int record_setting(const char *key, int otherwise);

/* +1 when an object is made, -1 when it is destroyed. */
void record_live(int change);

#endif
