/* What the emulator wrote down about a program, for people: what was found wrong, and its
 * kernels. */
#ifndef LOCKSTEP_BENCH_COMMANDS_EMULATE_SUMMARY_H
#define LOCKSTEP_BENCH_COMMANDS_EMULATE_SUMMARY_H

#include "common/status.h"

#include <stddef.h>
#include <stdio.h>

/* Prints the lines of the file, and counts them. No file means nothing was found: it prints
 * nothing. */
enum status summary_print_findings(FILE *to, const char *path, size_t *count,
                                   struct message *message);

/* Prints a row a kernel of the counters' CSV file, and counts them. No file means that no kernel
 * was launched. */
enum status summary_print_kernels(FILE *to, const char *path, size_t *count,
                                  struct message *message);

#endif
