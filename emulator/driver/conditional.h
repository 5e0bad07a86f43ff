/* What is asked of conditional nodes, and of graphs that may have some. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_CONDITIONAL_H
#define LOCKSTEP_EMULATOR_DRIVER_CONDITIONAL_H

#include "emulator/driver/graph.h"

/* The body that the variable chooses now; NULL: none. */
const struct driver_graph *conditional_choose(const struct driver_conditional *conditional);
/* Whether the graph, or one inside it, has a conditional node. */
bool graph_is_conditional(const struct driver_graph *graph);
/* Whether all bodies hold nothing but what the device does by itself. */
bool graph_has_valid_bodies(const struct driver_graph *graph);
/* Whether a stream captures into a body, at any depth. */
bool conditional_is_capturing(const struct driver_conditional *conditional);
/* A launch of the graph begins. */
void graph_begin_conditions(const struct driver_graph *graph);

#endif
