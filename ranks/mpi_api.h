/* What lockstep calls of MPI, as a table between the program and ranks/mpi/mpi.c.
 *
 * MPI libraries share an interface of sources and none of machine code: the types of OpenMPI are
 * pointers, those of MPICH numbers. So what includes mpi.h is a small library of its own, compiled
 * by mpicc for one MPI and loaded where a launcher has started the process. The program itself
 * knows this table alone.
 *
 * No function returns an error: MPI's own handler ends the job, for after a failed call the ranks
 * agree on nothing any more.
 */
#ifndef LOCKSTEP_RANKS_MPI_API_H
#define LOCKSTEP_RANKS_MPI_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Changes with every declaration of this file. */
enum { MPI_API_VERSION = 3 };

enum mpi_element { MPI_ELEMENT_F32, MPI_ELEMENT_BF16, MPI_ELEMENT_F16 };

/* to[i] += from[i], rounded to the element once. */
typedef void mpi_add(enum mpi_element element, void *to, const void *from, int64_t count);

struct mpi_api {
    int version; /* MPI_API_VERSION */

    /* Joins the job. `add` is how elements of 16 bits are summed, which MPI has no type for. */
    void (*open)(mpi_add *add);
    void (*close)(void);

    int (*rank)(void);
    int (*size)(void);
    /* Among those that share memory with this process. */
    int (*local_rank)(void);
    int (*local_size)(void);
    const char *(*library)(void); /* "Open MPI v4.1.4, …"; stays valid */

    /* values[i] becomes the largest of all ranks'. */
    void (*maximum)(double *values, int count);
    /* … their sum. */
    void (*sum)(double *values, int count);
    /* Bytes of `root` for all; of each for all, in the order of ranks. */
    void (*broadcast)(void *data, size_t bytes, int root);
    void (*gather)(const void *mine, void *all, size_t bytes);

    /* out[i] = the sum of in[i] over all ranks. Both are apart; `in` NULL: in place. */
    void (*allreduce)(enum mpi_element element, const void *in, void *out, int64_t count);
    /* Begins one in place, while the caller does something else; waits for all that were begun. */
    void (*allreduce_begin)(enum mpi_element element, void *data, int64_t count);
    void (*allreduce_finish)(void);
    /* Parts of `count` elements for all; the sum of `count` elements in parts. Rank r's part begins
     * at count * r / P. Both are apart. */
    void (*allgather)(enum mpi_element element, const void *in, void *out, int64_t count);
    void (*reduce_scatter)(enum mpi_element element, const void *in, void *out, int64_t count);

    /* Memory that the ranks of a machine share, `bytes` of each: segments[q] is that of local rank
     * q, here and on all of them. All ranks of the job call it, once. false, on all: a machine has
     * none. */
    bool (*share)(size_t bytes, void *segments[]);
    /* The fewest ranks that a machine has. */
    int (*local_least)(void);
    /* Waits for the ranks of this machine. What they wrote to shared memory before is read behind
     * it. */
    void (*local_meet)(void);
    /* The sum in place over the ranks of the same local number, one a machine; that number is below
     * local_least(). */
    void (*allreduce_across)(enum mpi_element element, void *data, int64_t count);

    /* Sends to one rank while receiving from one. */
    void (*exchange)(const void *sent, size_t sent_bytes, int to, void *received,
                     size_t received_bytes, int from);
};

/* What the library exports. */
#define MPI_API_SYMBOL "lockstep_mpi_api"
extern const struct mpi_api lockstep_mpi_api;

#endif
