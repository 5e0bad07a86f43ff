/* What entry points are declared with. */
#ifndef LOCKSTEP_EMULATOR_DRIVER_STATE_ENTRY_H
#define LOCKSTEP_EMULATOR_DRIVER_STATE_ENTRY_H

#ifndef DRIVER_TYPES_FROM_TOOLKIT
#    include "emulator/driver/state/types.h"
#endif

/* The only symbols besides lockstepEmulator* that the library exports. */
#define DRIVER_API __attribute__((visibility("default")))

/* A second name for the same function: the forms for a per-thread default stream, and old names
 * whose type is equal. */
#define DRIVER_ALIAS(function, name)                                                               \
    extern DRIVER_API __typeof__(function)(name) __attribute__((alias(#function)))

#endif
