/* lockstep_emulator.h: what the emulator offers beside the driver API. */
#include <stdio.h>
#include <string.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/lockstep_emulator.h"
#include "emulator/driver/state/state.h"

DRIVER_API int lockstepEmulatorVersion(void) {
    return LOCKSTEP_EMULATOR_VERSION;
}

DRIVER_API void lockstepEmulatorCountersReset(void) {
    pthread_mutex_lock(&driver.lock);
    report_reset(&driver.report);
    pthread_mutex_unlock(&driver.lock);
}

DRIVER_API size_t lockstepEmulatorCountersCount(void) {
    pthread_mutex_lock(&driver.lock);
    size_t count = driver.report.since_reset.count;
    pthread_mutex_unlock(&driver.lock);
    return count;
}

/* The public struct spells its counters out, for it may be copied. They are the same ones, in the
 * same order and at its end. */
enum { COUNTERS_START = offsetof(struct lockstep_emulator_counters, warp_instructions) };
#define COUNTER(name)                                                                              \
    _Static_assert(offsetof(struct lockstep_emulator_counters, name) ==                            \
                       COUNTERS_START + offsetof(struct machine_counters, name),                   \
                   "counters.def and lockstep_emulator.h have different places for " #name);
#include "emulator/lanes/counters.def"
#undef COUNTER
_Static_assert(sizeof(struct lockstep_emulator_counters) ==
                   COUNTERS_START + sizeof(struct machine_counters),
               "lockstep_emulator.h has counters that counters.def lacks");

static void counters_copy(struct lockstep_emulator_counters *to, const struct report_row *from) {
    const struct machine_counters *counters = &from->counters;
    *to = (struct lockstep_emulator_counters){
        .grid = {from->grid[0], from->grid[1], from->grid[2]},
        .block = {from->block[0], from->block[1], from->block[2]},
        .dynamic_shared = from->dynamic_shared,
        .launches = from->launches,
        .occupancy = from->occupancy,
#define COUNTER(name) .name = counters->name,
#include "emulator/lanes/counters.def"
#undef COUNTER
    };
    memcpy(to->kernel, from->kernel, sizeof to->kernel);
}

DRIVER_API int lockstepEmulatorCountersRead(size_t index, struct lockstep_emulator_counters *row) {
    struct lockstep_emulator_counters whole;
    if (!row || row->size < sizeof row->size)
        return -1;
    pthread_mutex_lock(&driver.lock);
    bool found = index < driver.report.since_reset.count;
    if (found)
        counters_copy(&whole, &driver.report.since_reset.rows[index]);
    pthread_mutex_unlock(&driver.lock);
    if (!found)
        return -1;
    whole.size = row->size;
    memcpy(row, &whole, row->size < sizeof whole ? row->size : sizeof whole);
    return 0;
}

DRIVER_API void lockstepEmulatorFind(const char *line) {
    pthread_mutex_lock(&driver.lock);
    driver_find("%s", line);
    (void)driver_end(CUDA_SUCCESS);
}

DRIVER_API void lockstepEmulatorStopWhen(int (*asked)(void *context), void *context) {
    pthread_mutex_lock(&driver.lock);
    driver.stop = asked;
    driver.stop_context = context;
    if (driver.initialised) {
        struct machine_options options = machine_options(driver.machine);
        options.stop = asked;
        options.stop_context = context;
        machine_set_options(driver.machine, &options);
    }
    pthread_mutex_unlock(&driver.lock);
}

DRIVER_API int lockstepEmulatorForget(uint64_t address, size_t size) {
    pthread_mutex_lock(&driver.lock);
    const bool done =
        driver.initialised && machine_forget(driver.machine, address, size) == MACHINE_OK;
    pthread_mutex_unlock(&driver.lock);
    return done ? 0 : -1;
}

DRIVER_API size_t lockstepEmulatorMessage(char *text, size_t size) {
    pthread_mutex_lock(&driver.lock);
    size_t length = strlen(driver.message);
    if (text && size)
        snprintf(text, size, "%s", driver.message);
    pthread_mutex_unlock(&driver.lock);
    return length;
}
