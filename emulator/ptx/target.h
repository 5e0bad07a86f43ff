/* Targets of PTX, and the devices that take them. */
#ifndef LOCKSTEP_EMULATOR_PTX_TARGET_H
#define LOCKSTEP_EMULATOR_PTX_TARGET_H

#include <stdbool.h>

/* sm_80 is for its architecture and all later ones, sm_90a for its own alone, sm_100f for the later
 * ones of its family, whose numbers differ in the last digit. `features` is 'a', 'f' or NUL. */
static inline bool target_fits(unsigned target, char features, unsigned device) {
    enum { FAMILY = 10 };
    if (features == 'a')
        return target == device;
    return target <= device && (features != 'f' || target / FAMILY == device / FAMILY);
}

#endif
