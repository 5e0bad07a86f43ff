/* Executable graphs. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_EXECUTABLE_H
#define LOCKSTEP_EMULATOR_DRIVER_EXECUTABLE_H

#include "emulator/driver/graph.h"
#include "emulator/driver/stream.h"

struct driver_exec {
    CUgraphExec handle;
    struct driver_graph *graph; /* a copy, its nodes in an order that respects the dependencies */
    uint64_t flags;
    unsigned running; /* launches under way; host functions let other threads in */
    bool doomed;      /* destroyed while it runs: freed at the end of the launch */
};

CUresult exec_find(CUgraphExec handle, struct driver_exec **exec);
/* *cycle says whether the graph was refused because its dependencies go round. */
CUresult exec_open(const struct driver_graph *graph, uint64_t flags, CUgraphExec *handle,
                   bool *cycle);
/* One that is running is freed when its launch ends. */
void exec_free(struct driver_exec *exec);
void exec_close_all(void);
/* The node that was made from `origin`, or NULL. */
struct driver_node *exec_find_node(const struct driver_exec *exec, CUgraphNode origin);
CUresult exec_launch(struct driver_exec *exec, struct driver_stream *stream);
/* Takes over a copy of the graph as the child of a node, whose child must be of the same shape. */
CUresult exec_set_child(const struct driver_exec *exec, struct driver_node *node,
                        const struct driver_graph *graph);
/* Takes over a copy of the graph; `result` says what does not fit. */
CUresult exec_update(struct driver_exec *exec, const struct driver_graph *graph,
                     CUgraphExecUpdateResultInfo *result);

#endif
