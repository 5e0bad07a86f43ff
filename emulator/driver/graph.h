/* Graphs, executable graphs, and the capture of streams into graphs. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_GRAPH_H
#define LOCKSTEP_EMULATOR_DRIVER_GRAPH_H

#include "emulator/driver/operation.h"

struct driver_node {
    CUgraphNode handle;
    CUgraphNode origin; /* of a clone: the node that it was made from */
    struct driver_graph *graph;
    struct driver_operation operation;
    struct driver_node **dependencies;
    size_t dependency_count;
    bool disabled;
    size_t mark; /* scratch for walks over the graph */
};

struct driver_graph {
    CUgraph handle;
    CUgraph origin; /* of a clone */
    bool owned;     /* by a capture or by a child graph node: the program must not destroy it */
    bool capturing; /* a stream remembers its nodes, so none may be destroyed */
    struct driver_node **nodes; /* in the order in which they were added */
    size_t count, capacity;
};

struct driver_exec {
    CUgraphExec handle;
    struct driver_graph *graph; /* a copy, its nodes in an order that respects the dependencies */
    uint64_t flags;
    unsigned running; /* launches under way; host functions let other threads in */
    bool doomed;      /* destroyed while it runs: freed at the end of the launch */
};

/* ---- driver_graph.c ---- */

struct driver_graph *graph_open(void);
void graph_free(struct driver_graph *graph);
/* Graphs and executable graphs that the program left. */
void graph_close_all(void);
/* With handles (a graph that the program may change) or without (an executable graph's own). NULL:
 * no memory. */
struct driver_graph *graph_clone(const struct driver_graph *graph, bool with_handles);
CUresult graph_find(CUgraph handle, struct driver_graph **graph);
CUresult graph_find_node(CUgraphNode handle, struct driver_node **node);
CUresult graph_add(struct driver_graph *graph, struct driver_node *const *dependencies,
                   size_t count, const struct driver_operation *operation,
                   struct driver_node **node);
/* The same from the API's handles. */
CUresult graph_add_handles(CUgraphNode *handle, CUgraph graph, const CUgraphNode *dependencies,
                           size_t count, const struct driver_operation *operation);
/* Puts the nodes into an order that respects the dependencies. False when there is a cycle. */
bool graph_sort(struct driver_graph *graph);
/* Marks each node with the number of nodes that depend on it. */
void graph_count_dependents(struct driver_graph *graph);

/* ---- driver_graph_exec.c ---- */

/* Runs the nodes of a sorted graph, until one fails or the context is closed. */
CUresult graph_execute(struct driver_context *context, const struct driver_graph *graph);
void exec_free(struct driver_exec *exec);
/* The node that was made from `origin`, or NULL. */
struct driver_node *exec_find_node(const struct driver_exec *exec, CUgraphNode origin);

/* ---- driver_capture.c ---- */

CUresult capture_add(struct driver_stream *stream, const struct driver_operation *operation);
/* Records an event in a capturing stream. */
CUresult capture_record(struct driver_stream *stream, struct driver_event *event);
/* Makes the stream wait for an event where one of the two is part of a capture. */
CUresult capture_wait(struct driver_stream *stream, const struct driver_event *event);
/* A call that a capture in a strict mode forbids (allocating, synchronous copies): ends such
 * captures as invalid. */
CUresult capture_forbid(void);
/* A call that waits for a whole context. */
CUresult capture_forbid_context(const struct driver_context *context);
/* A call that waits for or asks about a stream. */
CUresult capture_forbid_stream(const struct driver_stream *stream);
/* Work in the legacy stream would wait for capturing streams. */
CUresult capture_forbid_implicit(const struct driver_stream *stream);
/* The stream is destroyed. */
void capture_drop_stream(struct driver_stream *stream);
/* Ends the captures of a context that is closed. */
void capture_abandon(const struct driver_context *context);
void capture_close_all(void);

#endif
