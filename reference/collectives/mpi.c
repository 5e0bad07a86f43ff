/* MPI_Allreduce. */
#include "ranks/ranks.h"
#include "reference/collectives/collectives.h"

enum status allreduce_mpi(const struct allreduce_problem *problem, struct execution *execution) {
    ranks_allreduce(execution->ranks, problem->dtype, problem->in, problem->out, problem->count);
    return STATUS_OK;
}
