/* Sums over ranks: MPI's own, and two of its algorithms to read. Contract: common/problem.h; all
 * ranks call at once, with execution->ranks. */
#ifndef LOCKSTEP_REFERENCE_COLLECTIVES_COLLECTIVES_H
#define LOCKSTEP_REFERENCE_COLLECTIVES_COLLECTIVES_H

#include "common/problem.h"

allreduce_kernel allreduce_ring;
allreduce_kernel allreduce_recursive;
allreduce_kernel allreduce_mpi;

#endif
