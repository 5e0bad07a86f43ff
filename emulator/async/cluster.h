/* The blocks of a cluster, which run together. */
#ifndef LOCKSTEP_EMULATOR_ASYNC_CLUSTER_H
#define LOCKSTEP_EMULATOR_ASYNC_CLUSTER_H

#include "emulator/execute/block.h"

/* Takes the memory of all its blocks; -1 when there is none. A cluster is opened once and then
 * started for as many numbers as its worker comes to. */
int cluster_open(struct cluster *cluster, struct launch *launch);
void cluster_close(struct cluster *cluster);
/* Starts the cluster of that number: they count as blocks do, along x first. */
void cluster_start(struct cluster *cluster, struct worker *worker, uint64_t number);
/* Runs all warps of all its blocks a slice each: BLOCK_ENDED, BLOCK_RUNNING or BLOCK_FAULTED. */
enum block_state cluster_step(struct cluster *cluster);
/* What went wrong, after BLOCK_FAULTED. */
const struct fault *cluster_fault(const struct cluster *cluster);

/* Says `what` of the cluster, with the place of its first thread that could go on. */
void cluster_describe(const struct cluster *cluster, const char *what,
                      struct machine_diagnostic *diagnostic);

#endif
