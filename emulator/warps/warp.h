/* Runs one warp, and reports its faults. */
#ifndef LOCKSTEP_EMULATOR_WARPS_WARP_H
#define LOCKSTEP_EMULATOR_WARPS_WARP_H

#include "emulator/warps/state.h"

/* Runs until every lane waits or has ended, the fuel is gone, or a fault. */
void warp_run(struct warp *warp);
/* Writes the executing lanes' program counter to lane_pc and lets warp_run choose anew. */
void warp_save(struct warp *warp, uint32_t pc);
/* Stops the warp's block: the first fault of a block is kept. `lane` may be LANES for none. */
void warp_fault(struct warp *warp, const struct instruction *instruction,
                enum machine_status status, unsigned lane, uint64_t address, const char *format,
                ...) __attribute__((format(printf, 6, 7)));

/* Adds to the fault that has just been told where in the program the other side of it was. */
void warp_fault_other(struct warp *warp, const struct instruction *other, const char *what);

/* Says `what` of a lane at an instruction: fills in kernel, block, thread and place. */
void warp_describe(const struct warp *warp, const struct instruction *instruction, unsigned lane,
                   const char *what, struct machine_diagnostic *diagnostic);

#endif
