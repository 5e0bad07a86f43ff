/* The functions that programs call and do not bring themselves: vprintf, malloc, free, __assertfail
 * and cudaGraphSetConditional. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_BUILTIN_H
#define LOCKSTEP_EMULATOR_EXECUTE_BUILTIN_H

#include "emulator/warps/state.h"

/* A call of such a function by the lanes, one after the other. The warp goes on behind the call, or
 * is at fault. */
void builtin_call(struct warp *warp, const struct instruction *instruction, uint32_t lanes);

#endif
