/*
 * What a stream can be given to do: a kernel, a copy, a fill, a host function, a graph, nothing.
 * The same value is run at once, or becomes a node of a graph when the stream is capturing.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_GRAPH_H
#define LOCKSTEP_EMULATOR_DRIVER_GRAPH_H

#include "emulator/driver/kernel.h"
#include "emulator/driver/state/state.h"
#include "emulator/driver/user_object.h"

struct driver_graph;
struct driver_region;
struct driver_condition;
struct driver_conditional;

struct driver_operation {
    /* KERNEL, MEMCPY, MEMSET, HOST, GRAPH, EVENT_RECORD, WAIT_EVENT, MEM_ALLOC, MEM_FREE,
     * BATCH_MEM_OP, CONDITIONAL, EMPTY */
    CUgraphNodeType type;
    union {
        struct driver_kernel kernel;
        CUDA_MEMCPY3D copy;
        CUDA_MEMSET_NODE_PARAMS fill;
        CUDA_HOST_NODE_PARAMS host;
        struct driver_graph *child;   /* owned */
        CUevent event;                /* found again at each launch: it may be gone by then */
        struct driver_region *region; /* MEM_ALLOC; held */
        CUdeviceptr freed;            /* MEM_FREE */
        CUDA_BATCH_MEM_OP_NODE_PARAMS values;   /* BATCH_MEM_OP; its array is owned */
        struct driver_conditional *conditional; /* owned */
    };
};

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
    CUgraph origin;             /* of a clone */
    bool owned;                 /* by a capture or by a node: the program must not destroy it */
    bool capturing;             /* a stream remembers its nodes, so none may be destroyed */
    struct driver_node **nodes; /* in the order in which they were added */
    size_t count, capacity;
    struct driver_user_references user_objects;
};

/* Graphs inside a graph, of which a variable chooses. */
struct driver_conditional {
    struct driver_condition *condition; /* held */
    CUgraphConditionalNodeType type;
    unsigned size;
    struct driver_graph **bodies; /* owned */
    CUgraph *handles;             /* theirs, as the program reads them */
};

/* A copy of the steps, which operation_release frees. */
CUresult operation_set_values(struct driver_operation *operation,
                              const CUDA_BATCH_MEM_OP_NODE_PARAMS *values);
/* Frees what the operation owns. */
void operation_release(struct driver_operation *operation);

struct driver_graph *graph_open(void);
void graph_free(struct driver_graph *graph);
/* Graphs that the program left. */
void graph_close_all(void);
/* With handles (a graph that the program may change) or without (an executable graph's own). NULL:
 * no memory. */
struct driver_graph *graph_clone(const struct driver_graph *graph, bool with_handles);
CUresult graph_find(CUgraph handle, struct driver_graph **graph);
CUresult graph_find_node(CUgraphNode handle, struct driver_node **node);
/* The beginning of a call on a node, which must be of one type. */
CUresult graph_begin_node(CUgraphNode handle, CUgraphNodeType type, struct driver_node **node);
CUresult graph_add(struct driver_graph *graph, struct driver_node *const *dependencies,
                   size_t count, const struct driver_operation *operation,
                   struct driver_node **node);
/* Puts the nodes into an order that respects the dependencies. False when there is a cycle. */
bool graph_sort(struct driver_graph *graph);
/* Marks each node with the number of nodes that depend on it. */
void graph_count_dependents(struct driver_graph *graph);

/* With empty bodies. NULL: no memory. */
struct driver_conditional *conditional_open(struct driver_condition *condition,
                                            CUgraphConditionalNodeType type, unsigned size);
struct driver_conditional *conditional_clone(const struct driver_conditional *from);
void conditional_free(struct driver_conditional *conditional);

/* What edges say beyond plain order, NULL: nothing. A node that may begin before another's end
 * begins behind it here, so that it is right is all that is asked. */
CUresult edges_check(const CUgraphEdgeData *edges, size_t count);
/* Puts a copy of a graph in place of the child of a node. */
CUresult node_set_child(struct driver_node *node, const struct driver_graph *graph);
bool node_depends(const struct driver_node *node, const struct driver_node *on);
CUresult node_add_dependency(struct driver_node *to, struct driver_node *from);
CUresult node_remove_dependency(struct driver_node *to, struct driver_node *from);
/* Takes the node out of its graph, with its edges, and frees it. */
void graph_remove(struct driver_node *node);

#endif
