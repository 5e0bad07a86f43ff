/* MPI's own: MPI_Allreduce, MPI_Bcast, MPI_Allgather and MPI_Reduce_scatter. */
#include "ranks/ranks.h"
#include "reference/collectives/collectives.h"

enum status allreduce_mpi(const struct allreduce_problem *problem, struct execution *execution) {
    ranks_allreduce(execution->ranks, problem->dtype, problem->in, problem->out, problem->count);
    return STATUS_OK;
}

enum status broadcast_mpi(const struct broadcast_problem *problem, struct execution *execution) {
    const size_t bytes = dtype_is_narrow(problem->dtype) ? 2 : 4;
    ranks_copy(execution->ranks, problem->data, (size_t)problem->count * bytes);
    return STATUS_OK;
}

enum status allgather_mpi(const struct allgather_problem *problem, struct execution *execution) {
    ranks_allgather(execution->ranks, problem->dtype, problem->in, problem->out, problem->count);
    return STATUS_OK;
}

enum status reduce_scatter_mpi(const struct reduce_scatter_problem *problem,
                               struct execution *execution) {
    ranks_reduce_scatter(execution->ranks, problem->dtype, problem->in, problem->out,
                         problem->count);
    return STATUS_OK;
}
