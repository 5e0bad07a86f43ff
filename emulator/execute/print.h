/* printf of kernels. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_PRINT_H
#define LOCKSTEP_EMULATOR_EXECUTE_PRINT_H

#include "emulator/warps/state.h"

/* One lane's printf. Both addresses have been checked; that of the arguments may be 0. */
void print_lane(struct warp *warp, unsigned lane, uint64_t format_address,
                uint64_t arguments_address);

#endif
