/*
 * The variables that conditional nodes of graphs decide by. Kernels write them by
 * cudaGraphSetConditional, so each is four bytes of the device's memory, and its handle is their
 * address.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_CONDITION_H
#define LOCKSTEP_EMULATOR_DRIVER_CONDITION_H

#include "emulator/driver/state/state.h"

struct driver_condition {
    struct driver_condition *next;
    struct driver_region *region; /* the memory */
    CUgraph graph;                /* that it was made for; NULL when that is gone */
    uint32_t initial;
    bool is_reset; /* to `initial`, whenever the graph is launched */
    bool is_taken; /* by a node: no other may have it */
    unsigned references;
};

/* With one reference, which is the graph's. */
CUresult condition_open(CUgraph graph, uint32_t initial, bool is_reset,
                        CUgraphConditionalHandle *handle);
struct driver_condition *condition_find(CUgraphConditionalHandle handle);
void condition_hold(struct driver_condition *condition);
void condition_release(struct driver_condition *condition);
/* The graph is destroyed: what no node uses goes. */
void condition_release_all(CUgraph graph);
uint32_t condition_read(const struct driver_condition *condition);
/* A launch begins. */
void condition_begin(const struct driver_condition *condition);

#endif
