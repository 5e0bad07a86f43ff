/* Rows from a file of kernels with launch lines (docs/own-kernel.md). */
#ifndef LOCKSTEP_BENCH_ADDED_KERNEL_FILE_H
#define LOCKSTEP_BENCH_ADDED_KERNEL_FILE_H

#include "bench/added/way.h"

/* Takes .cu, .ptx, .fatbin and .cubin, and .launch: launch lines alone, whose `source` line names
 * one of the others. */
extern const struct added_way added_way_kernels;

#endif
