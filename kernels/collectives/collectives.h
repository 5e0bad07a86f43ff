/* Sums over the GPUs of a job, and data that goes from one to the next, one GPU a rank, by NCCL.
 *
 * All ranks call at once, in the same order. A sum is enqueued like any other work, and waits on the GPU
 * for those of the other ranks. So nobody waits for the GPU alone: what is launched lies between
 * collectives_enter() and collectives_leave(), which waits for all ranks' work or for one's failure.
 */
#ifndef LOCKSTEP_KERNELS_COLLECTIVES_COLLECTIVES_H
#define LOCKSTEP_KERNELS_COLLECTIVES_COLLECTIVES_H

#include "common/problem.h"
#include "gpu/gpu.h"

#include <stdbool.h>

/* Before work that has sums in it, outside what is timed. Joins the ranks by NCCL where they are not.
 * A status is that of all ranks. */
enum status collectives_enter(struct gpu *gpu, struct ranks *ranks, struct message *message);

/* Behind it, where the work's timer ends too (gpu_timer_mark()). `status` and `message` are this
 * rank's, of enqueuing; what is returned is the worst of all ranks'. After a failure the ranks have
 * left NCCL, and collectives_enter() joins them again. */
enum status collectives_leave(struct gpu *gpu, struct ranks *ranks, enum status status,
                              struct message *message);

/* The same inside such work, for what must be over before it goes on. */
enum status collectives_wait(struct gpu *gpu, struct ranks *ranks, enum status status,
                             struct message *message);

/* ncclAllReduce. */
allreduce_kernel allreduce_nccl;

/* data[i] = the sum over all ranks of share * data[i]. `beside`: in a second stream, behind what is
 * enqueued so far, while the first goes on; collectives_finish() makes that wait for all of them. */
struct collectives_mean {
    float *data;
    int64_t count;
    float share;
    bool beside;
};
enum status collectives_average(const struct collectives_mean *mean, struct execution *execution);
enum status collectives_finish(struct execution *execution);

/* Around a ring: each rank sends bytes of its GPU's memory to the next one, by ncclSend, and
 * receives as many from the one before, by ncclRecv. */
struct collectives_ring {
    const void *sent;
    void *received;
    size_t bytes;
};
enum status collectives_pass_on(const struct collectives_ring *ring, struct execution *execution);

/* A sum as a CUDA Graph: captured at the first run and replayed. The problem is the same at each run.
 * Closed before the GPU is reset or closed. */
struct collectives_graph;
enum status collectives_graph_open(struct collectives_graph **graph, struct message *message);
enum status collectives_graph_run(struct collectives_graph *graph,
                                  const struct allreduce_problem *problem,
                                  struct execution *execution);
void collectives_graph_close(struct collectives_graph *graph); /* NULL is allowed */

#endif
