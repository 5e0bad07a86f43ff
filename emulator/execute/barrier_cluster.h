/* The barrier of a cluster. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_BARRIER_CLUSTER_H
#define LOCKSTEP_EMULATOR_EXECUTE_BARRIER_CLUSTER_H

#include "emulator/warps/state.h"

/* On request it is a fault that lanes end before they have come to the barrier where others are. */
void barrier_cluster_check_end(struct warp *warp, const struct instruction *instruction,
                               uint32_t lanes);
/* Threads of the cluster have ended, which may complete its barrier. */
void barrier_cluster_threads_exited(struct cluster *cluster);

#endif
