/* Implementations of `transfer/copy` that do well and badly, each as its name says. */
#ifndef LOCKSTEP_TESTS_SUPPORT_CONTENDERS_H
#define LOCKSTEP_TESTS_SUPPORT_CONTENDERS_H

#include "bench/operations/operation.h"

extern const struct implementation contenders[];
extern const int contender_count;

/* Before a contest: some change with the number of their launches. */
void contenders_begin(void);

#endif
