/* The tables of the executor that are built once; the hot ones are built for each instruction set
 * (isa.h). */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_EXECUTE_H
#define LOCKSTEP_EMULATOR_EXECUTE_EXECUTE_H

#include "emulator/decode/instruction_set.h"

/* Of a pattern: a strong access that orders, or does not, says among whom. */
#define AMONG(order) order ".cta," order ".cluster," order ".gpu," order ".sys"

extern const struct generic_handlers executor_generic;
extern const struct instruction_table executor_control, executor_warp, executor_barrier,
    executor_barrier_cluster, executor_atomic, executor_texture, executor_multimem, executor_fill,
    executor_fence, executor_stack, executor_texture_query, executor_surface;

#endif
