/* What is asked of conditional nodes. */
#include "emulator/driver/conditional.h"

#include "emulator/driver/condition.h"

const struct driver_graph *conditional_choose(const struct driver_conditional *conditional) {
    uint32_t body = condition_read(conditional->condition);
    if (conditional->type != CU_GRAPH_COND_TYPE_SWITCH)
        body = body == 0; /* of an if, the second is for zero */
    return body < conditional->size ? conditional->bodies[body] : NULL;
}

bool conditional_is_capturing(const struct driver_conditional *conditional) {
    for (unsigned k = 0; k < conditional->size; k++) {
        const struct driver_graph *body = conditional->bodies[k];
        if (body->capturing)
            return true;
        for (size_t i = 0; i < body->count; i++)
            if (body->nodes[i]->operation.type == CU_GRAPH_NODE_TYPE_CONDITIONAL &&
                conditional_is_capturing(body->nodes[i]->operation.conditional))
                return true;
    }
    return false;
}

bool graph_is_conditional(const struct driver_graph *graph) {
    for (size_t i = 0; i < graph->count; i++) {
        const struct driver_operation *operation = &graph->nodes[i]->operation;
        if (operation->type == CU_GRAPH_NODE_TYPE_CONDITIONAL ||
            (operation->type == CU_GRAPH_NODE_TYPE_GRAPH && graph_is_conditional(operation->child)))
            return true;
    }
    return false;
}

static bool is_valid_within(const struct driver_graph *graph, bool in_body) {
    for (size_t i = 0; i < graph->count; i++) {
        const struct driver_operation *operation = &graph->nodes[i]->operation;
        switch ((int)operation->type) {
        case CU_GRAPH_NODE_TYPE_CONDITIONAL:
            for (unsigned k = 0; k < operation->conditional->size; k++)
                if (!is_valid_within(operation->conditional->bodies[k], true))
                    return false;
            break;
        case CU_GRAPH_NODE_TYPE_GRAPH:
            if (!is_valid_within(operation->child, in_body))
                return false;
            break;
        case CU_GRAPH_NODE_TYPE_HOST:
        case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
        case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
        case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
        case CU_GRAPH_NODE_TYPE_MEM_ALLOC:
        case CU_GRAPH_NODE_TYPE_MEM_FREE:
            if (in_body)
                return false;
            break;
        default:
            break;
        }
    }
    return true;
}

bool graph_has_valid_bodies(const struct driver_graph *graph) {
    return is_valid_within(graph, false);
}

void graph_begin_conditions(const struct driver_graph *graph) {
    for (size_t i = 0; i < graph->count; i++) {
        const struct driver_operation *operation = &graph->nodes[i]->operation;
        if (operation->type == CU_GRAPH_NODE_TYPE_GRAPH)
            graph_begin_conditions(operation->child);
        if (operation->type != CU_GRAPH_NODE_TYPE_CONDITIONAL)
            continue;
        condition_begin(operation->conditional->condition);
        for (unsigned k = 0; k < operation->conditional->size; k++)
            graph_begin_conditions(operation->conditional->bodies[k]);
    }
}
