/* A job whose machines have STAND_IN_MACHINE_RANKS ranks each, though all run on one: MPI's
 * question which ranks share memory is answered by their numbers. Linked into one library with
 * ranks/mpi/mpi.c, by MPI's own interface for profiling. */
#include <mpi.h>
#include <stdlib.h>

int MPI_Comm_split_type(MPI_Comm all, int type, int key, MPI_Info information, MPI_Comm *machine) {
    const char *ranks = getenv("STAND_IN_MACHINE_RANKS");
    int rank;
    if (!ranks)
        return PMPI_Comm_split_type(all, type, key, information, machine);
    MPI_Comm_rank(all, &rank);
    return PMPI_Comm_split(all, rank / (int)strtol(ranks, NULL, 10), key, machine);
}
