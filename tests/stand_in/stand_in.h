/* What the stand-ins for NVIDIA's libraries share: each is a shared library with the real one's
 * function names that records its calls and works on host memory, so that everything that talks to
 * a GPU can be tested without one. A test finds the functions below in the loaded library with
 * dlsym.
 *
 * The environment's LOCKSTEP_STAND_IN orders one failure: "<function>=<result>" makes that function
 * return the result at its next call, once for each new value of the variable. "version=<number>"
 * and "devices=<number>" change what the driver claims, and "memory=<MiB>" what the GPU has, for as
 * long as the variable stands; so do "fast=<side>", "wrong=<side>" and "spoiling=<side>" of
 * tests/stand_in/kernels.h.
 * With LOCKSTEP_STAND_IN_SILENT nothing is recorded: for whole runs of the program, which would
 * overflow the log.
 */
#ifndef LOCKSTEP_TESTS_STAND_IN_STAND_IN_H
#define LOCKSTEP_TESTS_STAND_IN_STAND_IN_H

/* The calls since the last stand_in_clear(), one a line: the function's name and what matters. */
const char *stand_in_log(void);
void stand_in_clear(void);

/* Objects made and not yet destroyed: memory, streams, events, modules, graphs, handles. */
int stand_in_live(void);

#endif
