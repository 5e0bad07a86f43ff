/* The driver's start and end. */
#include "emulator/driver/driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/capture.h"
#include "emulator/driver/code/library.h"
#include "emulator/driver/code/link.h"
#include "emulator/driver/context.h"
#include "emulator/driver/executable.h"
#include "emulator/driver/graph.h"
#include "emulator/driver/pool.h"
#include "emulator/driver/state/state.h"

static void driver_log(void *context, const char *line) {
    (void)context;
    driver_say("%s", line);
}

CUresult driver_start(void) {
    char message[512];
    if (!driver_config_read(&driver.config, getenv("LOCKSTEP_EMULATOR"), message, sizeof message)) {
        driver_say("%s", message);
        return CUDA_ERROR_INVALID_VALUE;
    }
    const char *blocking = getenv("CUDA_LAUNCH_BLOCKING");
    driver.launch_blocking = blocking && *blocking && *blocking != '0';
    driver.device = driver.config.device;
    driver.properties = driver.device->properties;
    driver.properties.memory_bytes = driver.config.memory_bytes;
    driver.config.options.log = driver_log;
    driver.machine = machine_create(&driver.properties, &driver.config.options);
    if (!driver.machine)
        return CUDA_ERROR_OUT_OF_MEMORY;
    driver.primary.handle = handle_add(&driver.handles, HANDLE_CONTEXT, &driver.primary);
    driver.default_pool = driver.pool = pool_open();
    if (!driver.primary.handle || !driver.pool) {
        pool_close_all();
        machine_destroy(driver.machine);
        handle_table_free(&driver.handles);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    driver.primary.primary = true;
    driver.initialised = true;
    return CUDA_SUCCESS;
}

/* The library is unloaded or the program ends: write the report, free what the program did not. */
__attribute__((destructor)) static void driver_finish(void) {
    pthread_mutex_lock(&driver.lock);
    if (driver.initialised) {
        if (*driver.config.report && !report_write(&driver.report, driver.config.report))
            driver_say("report=%s: cannot write the counters: %s", driver.config.report,
                       strerror(errno));
        capture_close_all();
        exec_close_all();
        graph_close_all();
        library_close_all();
        link_close_all();
        context_close_all();
        pool_close_all();
        machine_destroy(driver.machine);
        report_free(&driver.report);
        handle_table_free(&driver.handles);
        free(driver.allocations);
        driver.initialised = false;
    }
    driver.finished = true;
    pthread_mutex_unlock(&driver.lock);
}
