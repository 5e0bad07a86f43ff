/* MPI's own: MPI_Allreduce, MPI_Bcast, MPI_Allgather and MPI_Reduce_scatter. */
#include "ranks/ranks.h"
#include "reference/collectives/collectives.h"

enum status allreduce_mpi(const struct allreduce_problem *problem, struct execution *execution) {
    ranks_allreduce(execution->ranks, problem->dtype, problem->in, problem->out, problem->count);
    return STATUS_OK;
}

/* The algorithm is ranks/shared.c. */
enum status allreduce_shared(const struct allreduce_problem *problem, struct execution *execution) {
    if (ranks_allreduce_shared(execution->ranks, problem->dtype, 1.0F, problem->in, problem->out,
                               problem->count))
        return STATUS_OK;
    return message_set(
        execution->message, STATUS_UNSUPPORTED,
        "is through memory that ranks of one machine share, and there is none: start "
        "two ranks on a machine");
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
