/* The driver's state: its lock, its last line, and what is asked of it before each call. */
#include "emulator/driver/state/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/state/errors.h"

struct driver driver = {.lock = PTHREAD_MUTEX_INITIALIZER};
_Thread_local struct driver_thread driver_thread;

static void note(CUlogLevel level, const char *message) {
    if (!driver_thread.in_log_callback)
        log_add(&driver.log, level, message);
}

__attribute__((format(printf, 2, 0))) static void tell(CUlogLevel level, const char *format,
                                                       va_list arguments) {
    vsnprintf(driver.message, sizeof driver.message, format, arguments);
    fprintf(stderr, "lockstep emulator: %s\n", driver.message);
    note(level, driver.message);
}

void driver_say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    tell(CU_LOG_LEVEL_WARNING, format, arguments);
    va_end(arguments);
}

void driver_find(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    tell(CU_LOG_LEVEL_ERROR, format, arguments);
    va_end(arguments);
    if (!*driver.config.findings)
        return;
    /* One write a line: processes that share the file keep their lines whole. */
    FILE *file = fopen(driver.config.findings, "ae");
    const bool done = file && fprintf(file, "%s\n", driver.message) > 0;
    if ((file && fclose(file) != 0) || !done)
        fprintf(stderr, "lockstep emulator: findings=%s: cannot write it\n",
                driver.config.findings);
}

bool driver_seeks_leaks(void) {
    return driver.config.check_leak && !driver.faulted;
}

void driver_note_memory(void) {
    const bool seeks = driver_seeks_leaks();
    if (driver.config.check_leak &&
        !journal_put_memory(&driver.journal, seeks ? driver.allocation_count : 0,
                            seeks ? driver.allocated_bytes : 0))
        driver_say("processes=%s: cannot write it", driver.config.processes);
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
    case MACHINE_STOPPED:
        return CUDA_ERROR_LAUNCH_TIMEOUT;
    case MACHINE_TOO_MANY_RESOURCES:
        return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
    case MACHINE_NOT_SUPPORTED:
        return CUDA_ERROR_NOT_SUPPORTED;
    case MACHINE_TRAP:
    case MACHINE_CHECK_FAILED:
        return CUDA_ERROR_LAUNCH_FAILED;
    }
    return CUDA_ERROR_UNKNOWN;
}

unsigned driver_architecture(void) {
    return (unsigned)(driver.properties.capability_major * 10 + driver.properties.capability_minor);
}

CUresult driver_begin(void) {
    pthread_mutex_lock(&driver.lock);
    if (driver.finished)
        return CUDA_ERROR_DEINITIALIZED;
    if (!driver.initialised || driver.forked)
        return CUDA_ERROR_NOT_INITIALIZED;
    return driver_thread.in_host_function ? CUDA_ERROR_NOT_PERMITTED : CUDA_SUCCESS;
}

void driver_call_host(CUhostFn function, void *data) {
    driver_thread.in_host_function++;
    pthread_mutex_unlock(&driver.lock);
    function(data);
    pthread_mutex_lock(&driver.lock);
    driver_thread.in_host_function--;
}

/* Of a function that several entry points share, the name says nothing to the program. */
static void note_failure(const char *call, CUresult status) {
    char line[160];
    const struct driver_error *error = driver_error_find(status);
    const bool is_named = strncmp(call, "cu", 2) == 0;
    snprintf(line, sizeof line, "Returning %d (%s)%s%s", (int)status,
             error ? error->name : "unknown", is_named ? " from " : "", is_named ? call : "");
    note(CU_LOG_LEVEL_ERROR, line);
}

/* Callbacks may call CUDA, and end their registration. */
static void tell_callbacks(void) {
    struct driver_log_line line;
    driver_thread.in_log_callback = true;
    while (log_next(&driver.log, &line)) {
        const struct driver_log_callback *next;
        uint32_t position = 0;
        while ((next = handle_next(&driver.handles, HANDLE_LOG_CALLBACK, &position))) {
            const struct driver_log_callback callback = *next;
            char *message = line.text + line.head;
            pthread_mutex_unlock(&driver.lock);
            callback.function(callback.data, line.level, message, strlen(message));
            pthread_mutex_lock(&driver.lock);
        }
    }
    driver_thread.in_log_callback = false;
}

void driver_lack(const char *what, const void *handle) {
    driver.lacked = what;
    driver.lacked_handle = handle;
}

/* Programs destroy at their end what has gone with its context. */
static void tell_lacked(const char *call) {
    const char *version = strstr(call, "_v");
    const int length = version ? (int)(version - call) : (int)strlen(call);
    const bool is_named = strncmp(call, "cu", 2) == 0;
    if (!strstr(call, "Destroy") || !handle_went_along(&driver.handles, driver.lacked_handle))
        driver_find("%.*s%s%p is no %s (destroyed?)", is_named ? length : 0, call,
                    is_named ? ": " : "", driver.lacked_handle, driver.lacked);
}

CUresult driver_end_of(const char *call, CUresult status) {
    if (driver.lacked && status != CUDA_SUCCESS)
        tell_lacked(call);
    driver.lacked = NULL;
    while (driver.farewells) {
        struct driver_farewell *first = driver.farewells;
        driver.farewells = first->next;
        driver_call_host(first->function, first->data);
        free(first);
    }
    if (status != CUDA_SUCCESS && status != CUDA_ERROR_NOT_READY)
        note_failure(call, status);
    if (driver.log.told != driver.log.count && !driver_thread.in_log_callback && !driver.finished)
        tell_callbacks();
    pthread_mutex_unlock(&driver.lock);
    return status;
}

CUcontext driver_current(void) {
    return driver_thread.depth ? driver_thread.contexts[driver_thread.depth - 1] : NULL;
}

CUresult driver_begin_context(struct driver_context **context) {
    const CUresult status = driver_begin();
    const CUcontext current = driver_current();
    *context = NULL;
    if (status != CUDA_SUCCESS)
        return status;
    if (!current)
        return CUDA_ERROR_INVALID_CONTEXT;
    *context = handle_find(&driver.handles, HANDLE_CONTEXT, current);
    if (!*context || !(*context)->active)
        return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    return (*context)->error;
}

bool driver_has_device(CUdevice device) {
    return device >= 0 && device < driver.device_count;
}

CUresult driver_begin_device(CUdevice device, const void *answer) {
    CUresult status = driver_begin();
    if (status == CUDA_SUCCESS && !driver_has_device(device))
        status = CUDA_ERROR_INVALID_DEVICE;
    return status == CUDA_SUCCESS && !answer ? CUDA_ERROR_INVALID_VALUE : status;
}

void driver_enter_context(struct driver_context *context) {
    context->running++;
}

void driver_leave_context(struct driver_context *context) {
    context->running--;
    if (context->doomed && !context->running)
        free(context);
}
