/* Sums and copies over ranks: MPI's own, and two algorithms of a sum to read. Contract:
 * common/problem.h; all ranks call at once, with execution->ranks. */
#ifndef LOCKSTEP_REFERENCE_COLLECTIVES_COLLECTIVES_H
#define LOCKSTEP_REFERENCE_COLLECTIVES_COLLECTIVES_H

#include "common/problem.h"

allreduce_kernel allreduce_ring;
allreduce_kernel allreduce_recursive;
allreduce_kernel allreduce_shared;
allreduce_kernel allreduce_mpi;

broadcast_kernel broadcast_mpi;
allgather_kernel allgather_mpi;
reduce_scatter_kernel reduce_scatter_mpi;

#endif
