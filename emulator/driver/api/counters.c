/* lockstep_emulator.h: what the emulator offers beside the driver API. */
#include <stdio.h>
#include <string.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/lockstep_emulator.h"
#include "emulator/driver/state.h"

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

static void counters_copy(struct lockstep_emulator_counters *to, const struct report_row *from) {
    const struct machine_counters *counters = &from->counters;
    *to = (struct lockstep_emulator_counters){
        .grid = {from->grid[0], from->grid[1], from->grid[2]},
        .block = {from->block[0], from->block[1], from->block[2]},
        .dynamic_shared = from->dynamic_shared,
        .launches = from->launches,
        .occupancy = from->occupancy,
        .warp_instructions = counters->warp_instructions,
        .thread_instructions = counters->thread_instructions,
        .fma_warp_instructions = counters->fma_warp_instructions,
        .tensor_warp_instructions = counters->tensor_warp_instructions,
        .branches = counters->branches,
        .divergent_branches = counters->divergent_branches,
        .barriers = counters->barriers,
        .global_load_requests = counters->global_load_requests,
        .global_load_sectors = counters->global_load_sectors,
        .global_store_requests = counters->global_store_requests,
        .global_store_sectors = counters->global_store_sectors,
        .global_atomic_requests = counters->global_atomic_requests,
        .global_atomic_sectors = counters->global_atomic_sectors,
        .local_load_requests = counters->local_load_requests,
        .local_store_requests = counters->local_store_requests,
        .shared_load_requests = counters->shared_load_requests,
        .shared_store_requests = counters->shared_store_requests,
        .shared_atomic_requests = counters->shared_atomic_requests,
        .shared_copy_requests = counters->shared_copy_requests,
        .shared_wavefronts = counters->shared_wavefronts,
        .shared_wavefronts_ideal = counters->shared_wavefronts_ideal,
        .bytes_touched = counters->bytes_touched,
        .blocks = counters->blocks,
        .warps = counters->warps,
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

DRIVER_API size_t lockstepEmulatorMessage(char *text, size_t size) {
    pthread_mutex_lock(&driver.lock);
    size_t length = strlen(driver.message);
    if (text && size)
        snprintf(text, size, "%s", driver.message);
    pthread_mutex_unlock(&driver.lock);
    return length;
}
