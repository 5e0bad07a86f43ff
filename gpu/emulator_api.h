/* What the emulated GPU's library exports beside the CUDA driver API: how it is told from a real
 * driver, and its counters. The emulator is reached through this alone; docs/emulator.md defines
 * every counter.
 */
#ifndef LOCKSTEP_GPU_EMULATOR_API_H
#define LOCKSTEP_GPU_EMULATOR_API_H

#include <stddef.h>
#include <stdint.h>

/* Totals over the launches of one kernel with one geometry since the last reset. */
struct emulator_counters {
    size_t size; /* sizeof(struct emulator_counters), set by the caller */
    char kernel[256];
    uint32_t grid[3], block[3];
    uint64_t dynamic_shared; /* bytes */
    uint64_t launches;
    double occupancy; /* theoretical, 0 to 1 */
#define COUNTER(name, column) uint64_t name;
#define COUNTER_UNWRITTEN(name) uint64_t name;
#include "common/emulator_counters.def"
#undef COUNTER
#undef COUNTER_UNWRITTEN
};

/* Member, exported name, result, arguments. */
#define EMULATOR_FUNCTIONS(X)                                                                      \
    X(version, lockstepEmulatorVersion, int, (void))                                               \
    X(counters_reset, lockstepEmulatorCountersReset, void, (void))                                 \
    X(counters_count, lockstepEmulatorCountersCount, size_t, (void))                               \
    X(counters_read, lockstepEmulatorCountersRead, int,                                            \
      (size_t index, struct emulator_counters * row))                                              \
    X(message, lockstepEmulatorMessage, size_t, (char *text, size_t bytes))                        \
    X(stop_when, lockstepEmulatorStopWhen, void, (int (*asked)(void *context), void *context))     \
    X(forget, lockstepEmulatorForget, int, (uint64_t address, size_t size))

struct emulator_functions {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator takes none */
#define EMULATOR_MEMBER(member, name, result, parameters) result(*member) parameters;
    EMULATOR_FUNCTIONS(EMULATOR_MEMBER)
#undef EMULATOR_MEMBER
};

#endif
