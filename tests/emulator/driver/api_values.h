/* The numbers of the driver API as one set of declarations has them: see emulator_api_values.c. */
#ifndef LOCKSTEP_TESTS_EMULATOR_DRIVER_API_VALUES_H
#define LOCKSTEP_TESTS_EMULATOR_DRIVER_API_VALUES_H

#include <stddef.h>

struct api_number {
    const char *what;
    long long number;
};

/* From emulator/driver/state/types.h. */
extern const struct api_number api_ours[];
extern const size_t api_ours_count;
/* From the toolkit's cuda.h; defined where one is installed. */
extern const struct api_number api_toolkit[];
extern const size_t api_toolkit_count;

#endif
