/* The emulated driver's state: start, end, and what every entry point begins and ends with. */
#include "emulator/driver/state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/graph.h"
#include "emulator/driver/lockstep_emulator.h"

struct driver driver = {.lock = PTHREAD_MUTEX_INITIALIZER};
_Thread_local struct driver_thread driver_thread;

void driver_say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(driver.message, sizeof driver.message, format, arguments);
    va_end(arguments);
    fprintf(stderr, "lockstep emulator: %s\n", driver.message);
}

static void driver_log(void *context, const char *line) {
    (void)context;
    driver_say("%s", line);
}

CUresult driver_status(enum machine_status status) {
    switch (status) {
    case MACHINE_OK:
        return CUDA_SUCCESS;
    case MACHINE_INVALID_VALUE:
        return CUDA_ERROR_INVALID_VALUE;
    case MACHINE_OUT_OF_MEMORY:
        return CUDA_ERROR_OUT_OF_MEMORY;
    case MACHINE_INVALID_PTX:
        return CUDA_ERROR_INVALID_PTX;
    case MACHINE_NOT_FOUND:
        return CUDA_ERROR_NOT_FOUND;
    case MACHINE_INVALID_ADDRESS:
        return CUDA_ERROR_ILLEGAL_ADDRESS;
    case MACHINE_MISALIGNED_ADDRESS:
        return CUDA_ERROR_MISALIGNED_ADDRESS;
    case MACHINE_INVALID_ADDRESS_SPACE:
        return CUDA_ERROR_INVALID_ADDRESS_SPACE;
    case MACHINE_INVALID_PC:
        return CUDA_ERROR_INVALID_PC;
    case MACHINE_ILLEGAL_INSTRUCTION:
        return CUDA_ERROR_ILLEGAL_INSTRUCTION;
    case MACHINE_ASSERT:
        return CUDA_ERROR_ASSERT;
    case MACHINE_STACK_OVERFLOW:
        return CUDA_ERROR_HARDWARE_STACK_ERROR;
    case MACHINE_DEADLOCK:
    case MACHINE_BUDGET_SPENT:
        return CUDA_ERROR_LAUNCH_TIMEOUT;
    case MACHINE_TOO_MANY_RESOURCES:
        return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
    case MACHINE_TRAP:
    case MACHINE_CHECK_FAILED:
        return CUDA_ERROR_LAUNCH_FAILED;
    }
    return CUDA_ERROR_UNKNOWN;
}

CUresult driver_begin(void) {
    pthread_mutex_lock(&driver.lock);
    if (driver.finished)
        return CUDA_ERROR_DEINITIALIZED;
    if (!driver.initialised)
        return CUDA_ERROR_NOT_INITIALIZED;
    return driver_thread.in_host_function ? CUDA_ERROR_NOT_PERMITTED : CUDA_SUCCESS;
}

CUresult driver_end(CUresult status) {
    pthread_mutex_unlock(&driver.lock);
    return status;
}

struct driver_context *driver_current(void) {
    if (driver_thread.depth == 0)
        return NULL;
    return handle_find(&driver.handles, HANDLE_CONTEXT,
                       driver_thread.contexts[driver_thread.depth - 1]);
}

CUresult driver_begin_context(struct driver_context **context) {
    CUresult status = driver_begin();
    *context = NULL;
    if (status != CUDA_SUCCESS)
        return status;
    if (driver_thread.depth == 0 || !driver_thread.contexts[driver_thread.depth - 1])
        return CUDA_ERROR_INVALID_CONTEXT;
    *context = driver_current();
    if (!*context || !(*context)->active)
        return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    return (*context)->error;
}

void driver_call_host(CUhostFn function, void *data) {
    driver_thread.in_host_function++;
    pthread_mutex_unlock(&driver.lock);
    function(data);
    pthread_mutex_lock(&driver.lock);
    driver_thread.in_host_function--;
}

void driver_enter_context(struct driver_context *context) {
    context->running++;
}

void driver_leave_context(struct driver_context *context) {
    context->running--;
    if (context->doomed && !context->running)
        free(context);
}

static CUresult driver_start(void) {
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
    pool_open_default();
    if (!driver.primary.handle || !driver.default_pool.handle) {
        machine_destroy(driver.machine);
        handle_table_free(&driver.handles);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    driver.primary.primary = true;
    driver.initialised = true;
    return CUDA_SUCCESS;
}

CUresult cuInit(unsigned int flags) {
    CUresult status = driver_begin();
    if (status == CUDA_ERROR_NOT_INITIALIZED)
        status = flags ? CUDA_ERROR_INVALID_VALUE : driver_start();
    else if (status == CUDA_SUCCESS && flags)
        status = CUDA_ERROR_INVALID_VALUE;
    return driver_end(status);
}

/* The library is unloaded or the program ends: write the report, free what the program did not. */
__attribute__((destructor)) static void driver_finish(void) {
    pthread_mutex_lock(&driver.lock);
    if (driver.initialised) {
        if (*driver.config.report && !report_write(&driver.report, driver.config.report))
            driver_say("report=%s: cannot write the counters: %s", driver.config.report,
                       strerror(errno));
        capture_close_all();
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

/* ---- lockstep_emulator.h ---- */

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
