/* The driver's start and end. */
#include "emulator/driver/driver.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/driver/capture.h"
#include "emulator/driver/code/library.h"
#include "emulator/driver/code/link.h"
#include "emulator/driver/context.h"
#include "emulator/driver/executable.h"
#include "emulator/driver/graph.h"
#include "emulator/driver/green.h"
#include "emulator/driver/memory/interprocess.h"
#include "emulator/driver/memory/managed.h"
#include "emulator/driver/memory/pool.h"
#include "emulator/driver/memory/virtual.h"
#include "emulator/driver/state/state.h"
#include "emulator/driver/user_object.h"

static void driver_log(void *context, const char *line) {
    (void)context;
    driver_find("%s", line);
}

/* As a real driver, one that was started does not survive a fork. The lock may be held by a thread
 * that the child does not have. */
static void driver_forked(void) {
    static const pthread_mutex_t free_lock = PTHREAD_MUTEX_INITIALIZER;
    driver.lock = free_lock;
    driver.forked = true;
}

/* CUDA_VISIBLE_DEVICES lists devices up to the first that is none. Names are not looked at, nor the
 * order: the devices are alike. */
static int driver_visible(int devices) {
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    int count = 0;
    if (!visible || isalpha((unsigned char)*visible))
        return devices;
    while (isdigit((unsigned char)*visible) && count < devices) {
        char *end;
        if (strtol(visible, &end, 10) >= devices)
            break;
        count++;
        visible = *end == ',' ? end + 1 : end;
    }
    return count;
}

/* The machine has the memory of all devices. */
static CUresult driver_make_machine(void) {
    struct machine_properties whole = driver.properties;
    whole.memory_bytes *= (size_t)driver.config.devices;
    driver.machine = machine_create(&whole, &driver.config.options);
    if (driver.machine)
        return CUDA_SUCCESS;
    driver_say("memory=%zu: no room for so much device memory: %s; a smaller memory=, or a "
               "higher limit on address space (ulimit -v), may help",
               driver.config.memory_bytes, strerror(errno));
    return CUDA_ERROR_OUT_OF_MEMORY;
}

/* Primary contexts. */
static CUresult driver_make_seats(void) {
    for (int device = 0; device < driver.device_count; device++) {
        struct driver_seat *seat = &driver.seats[device];
        seat->primary.handle = handle_add(&driver.handles, HANDLE_CONTEXT, &seat->primary);
        seat->primary.primary = true;
        seat->primary.device = device;
        if (!seat->primary.handle)
            return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

static void driver_finish(void);

CUresult driver_start(void) {
    char message[512];
    if (driver.forked) {
        driver_say("the process called cuInit before it forked: its child cannot use CUDA");
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    if (!driver_config_read(&driver.config, getenv("LOCKSTEP_EMULATOR"), message, sizeof message)) {
        driver_say("%s", message);
        return CUDA_ERROR_INVALID_VALUE;
    }
    driver.device_count = driver_visible(driver.config.devices);
    if (!driver.device_count)
        return CUDA_ERROR_NO_DEVICE;
    const char *blocking = getenv("CUDA_LAUNCH_BLOCKING");
    driver.launch_blocking = blocking && *blocking && *blocking != '0';
    driver.device = driver.config.device;
    driver.properties = driver.device->properties;
    driver.properties.memory_bytes = driver.config.memory_bytes;
    driver.config.options.log = driver_log;
    driver.config.options.stop = driver.stop;
    driver.config.options.stop_context = driver.stop_context;
    CUresult status = driver_make_machine();
    if (status != CUDA_SUCCESS)
        return status;
    status = driver_make_seats();
    if (status != CUDA_SUCCESS) {
        pool_close_all();
        machine_destroy(driver.machine);
        handle_table_free(&driver.handles);
        return status;
    }
    if (pthread_atfork(NULL, NULL, driver_forked) != 0)
        driver_say("no memory to notice when the process forks");
    if (at_quick_exit(driver_finish) != 0)
        driver_say("no memory to notice quick_exit");
    if (*driver.config.processes && !journal_open(&driver.journal, driver.config.processes))
        driver_say("processes=%s: cannot write there: %s; the GPU runs, and what this process does "
                   "is not kept (has the command that started it ended?)",
                   driver.config.processes, strerror(errno));
    driver.initialised = true;
    return CUDA_SUCCESS;
}

/* The heap of malloc in kernels lasts as long as the process. */
static void report_heap_leak(void) {
    size_t count;
    const size_t bytes = machine_heap_in_use(driver.machine, &count);
    if (driver_seeks_leaks() && count)
        driver_find("leak: %zu bytes in %zu allocations of malloc in kernels were never freed",
                    bytes, count);
}

/* The counters are in one place at a time, so that nobody adds them twice. */
static void report_hand_over(void) {
    if (*driver.config.report && !report_write(&driver.report, driver.config.report))
        driver_say("report=%s: cannot write the counters: %s", driver.config.report,
                   strerror(errno));
    (void)journal_forget(&driver.journal);
}

static void log_callbacks_close(void) {
    uint32_t position = 0;
    void *callback;
    while ((callback = handle_next(&driver.handles, HANDLE_LOG_CALLBACK, &position)))
        free(callback);
}

/* The library is unloaded or the program ends: write the report, free what the program did not. */
__attribute__((destructor)) static void driver_finish(void) {
    pthread_mutex_lock(&driver.lock);
    if (driver.initialised && !driver.forked) {
        report_hand_over();
        capture_close_all();
        exec_close_all();
        graph_close_all();
        user_object_close_all();
        library_close_all();
        link_close_all();
        green_close_all();
        context_close_all();
        pool_close_all();
        managed_close_all();
        virtual_close_all();
        interprocess_close_all();
        report_heap_leak();
        machine_destroy(driver.machine);
        report_free(&driver.report);
        log_callbacks_close();
        handle_table_free(&driver.handles);
        free(driver.allocations);
        driver.initialised = false;
        journal_close(&driver.journal);
    }
    driver.finished = true;
    pthread_mutex_unlock(&driver.lock);
}
