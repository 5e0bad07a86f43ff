/*
 * The inside of the emulated driver: its state, its objects, and what its files offer each other.
 *
 * The driver API belongs to a process, so there is one `struct driver`, guarded by one lock. Every
 * entry point has the same shape: driver_begin or driver_begin_context takes the lock and checks
 * the preconditions, the work is done by functions that assume the lock, driver_end gives the lock
 * back and hands the status through.
 *
 * Work is done when it is submitted: streams keep order by themselves, and waiting never blocks.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_STATE_H
#define LOCKSTEP_EMULATOR_DRIVER_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/driver/api/api.h"
#include "emulator/driver/config.h"
#include "emulator/driver/devices.h"
#include "emulator/driver/handles.h"
#include "emulator/driver/report.h"
#include "emulator/machine/machine.h"

struct driver_capture;

struct driver_context {
    CUcontext handle;
    uint64_t identifier; /* another one each time that the primary context is opened */
    unsigned flags;
    bool primary;
    bool active;       /* the primary context: retained; others: always */
    unsigned retained; /* of the primary context */
    unsigned running;  /* graphs under way in it; their host functions let other threads in */
    bool doomed;       /* destroyed while one runs: freed when the last of them ends */
    CUresult error;    /* a kernel's fault: every later call in the context returns it */
    CUfunc_cache cache;
    CUsharedconfig banks;
    struct driver_stream *legacy, *per_thread;
};

struct driver_function {
    CUfunction handle;
    struct driver_module *module;
    struct machine_function *machine;
    const struct machine_function_info *info;
    size_t dynamic_limit; /* CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES; 0: not set */
    int carveout;
};

struct driver_module {
    CUmodule handle;
    CUlibrary library;              /* NULL: a module of its own */
    struct driver_context *context; /* NULL: of a library, which belongs to no context */
    struct machine_module *machine;
    struct driver_function *functions;
    size_t function_count;
};

struct driver_stream {
    CUstream handle;
    struct driver_context *context;
    unsigned flags;
    int priority;
    uint64_t identifier;
    CUstreamAttrValue policy, window; /* attributes are kept and given back, no more */
    struct driver_capture *capture;   /* NULL: the stream is not capturing */
    struct driver_node **pending;     /* capturing: what the next operation depends on */
    size_t pending_count;
    CUgraphNode *pending_handles; /* as cuStreamGetCaptureInfo has shown them */
};

struct driver_event {
    CUevent handle;
    struct driver_context *context;
    unsigned flags;
    bool recorded;
    struct driver_capture *capture; /* last recorded in a capturing stream */
    struct driver_node **pending;
    size_t pending_count;
};

enum allocation_kind {
    ALLOCATION_DEVICE,
    ALLOCATION_HOST,
    ALLOCATION_REGISTERED,
    ALLOCATION_MANAGED,
    ALLOCATION_POOL,
};

struct driver_allocation {
    CUdeviceptr address;
    size_t size;
    enum allocation_kind kind;
    unsigned flags;
    uint64_t identifier;
    struct driver_context *context;
    struct driver_pool *pool; /* ALLOCATION_POOL */
};

struct driver_pool {
    CUmemoryPool handle;
    uint64_t release_threshold;
    int reuse[3];
    size_t used, used_high;
};

struct driver {
    pthread_mutex_t lock;
    bool initialised;
    bool finished; /* the library is being unloaded */
    struct driver_config config;
    const struct driver_device *device;
    struct machine_properties properties;
    struct machine *machine;
    bool launch_blocking; /* CUDA_LAUNCH_BLOCKING=1: a launch returns its own fault */
    struct handle_table handles;
    struct driver_context primary;
    struct driver_allocation *allocations; /* by address */
    size_t allocation_count, allocation_capacity;
    struct driver_pool default_pool, *pool;
    struct driver_capture *captures;
    struct driver_report report;
    uint64_t next_identifier;
    char message[1200]; /* the last line said on stderr */
};

/* What belongs to a host thread. */
enum { CONTEXT_STACK_DEPTH = 64 };

struct driver_thread {
    CUcontext contexts[CONTEXT_STACK_DEPTH];
    unsigned depth;
    unsigned in_host_function; /* inside cuLaunchHostFunc's function: no CUDA call is allowed */
    CUstreamCaptureMode capture_mode;
};

extern struct driver driver;
extern _Thread_local struct driver_thread driver_thread;

/* ---- driver.c ---- */

/* The lock is taken, the driver is usable, and no host function is asking. */
CUresult driver_begin(void);
/* Also: a context is current and no kernel has broken it. */
CUresult driver_begin_context(struct driver_context **context);
CUresult driver_end(CUresult status);
/* The current context or NULL, whatever state it is in. */
struct driver_context *driver_current(void);
/* One line on stderr, marked as the emulator's. */
__attribute__((format(printf, 1, 2))) void driver_say(const char *format, ...);
CUresult driver_status(enum machine_status status);
/* Calls a function of the program without the lock. Any object that nothing holds on to may be gone
 * afterwards. */
void driver_call_host(CUhostFn function, void *data);
/* Between the two a context that is destroyed is closed, but not freed. */
void driver_enter_context(struct driver_context *context);
void driver_leave_context(struct driver_context *context);

/* ---- driver_context.c ---- */

CUresult context_find(CUcontext handle, struct driver_context **context);
CUresult context_open(struct driver_context *context, bool primary, unsigned flags);
/* Frees all that the context owns. */
void context_close(struct driver_context *context);
void context_close_all(void);

/* ---- driver_module.c, driver_library.c, driver_link.c, driver_function.c ---- */

/* Loads PTX, a fat binary or its wrapper. `log` (may be NULL) receives what went wrong, at most
 * log_size bytes with the NUL. */
CUresult module_load(struct driver_context *context, const char *name, const void *image, char *log,
                     size_t log_size, struct driver_module **module);
void module_unload(struct driver_module *module);
CUresult module_find(CUmodule handle, struct driver_module **module);
CUresult module_find_function(const struct driver_module *module, const char *name,
                              struct driver_function **function);
CUresult module_find_global(const struct driver_module *module, const char *name,
                            CUdeviceptr *address, size_t *size);
/* A whole file with a NUL behind it; the caller frees it. */
CUresult module_read_file(const char *path, char **contents, size_t *size);
void library_close_all(void);
void link_close_all(void);

/* The log buffers that the options of cuModuleLoadDataEx and cuLinkCreate name. */
struct jit_log {
    char *error, *info;
    size_t error_size, info_size;
    void **error_written, **info_written; /* where the lengths go */
};

CUresult jit_log_open(struct jit_log *log, unsigned count, const CUjit_option *options,
                      void **values);
void jit_log_close(struct jit_log *log);

CUresult function_find(CUfunction handle, struct driver_function **function);
CUresult function_attribute(const struct driver_function *function, CUfunction_attribute attribute,
                            int *value);
CUresult function_set_attribute(struct driver_function *function, CUfunction_attribute attribute,
                                int value);
CUresult function_parameter(const struct driver_function *function, size_t index, size_t *offset,
                            size_t *size);

/* ---- driver_memory.c, driver_pool.c ---- */

/* The allocation that holds the address, or NULL. */
struct driver_allocation *allocation_find(CUdeviceptr address);
CUresult allocation_add(struct driver_context *context, enum allocation_kind kind,
                        CUdeviceptr address, size_t size, unsigned flags, struct driver_pool *pool);
/* Gives the memory back to the machine and forgets it. */
CUresult allocation_free(struct driver_allocation *allocation);
/* Frees what the context owns; NULL: everything. */
void allocation_free_all(const struct driver_context *context);
CUresult allocation_create(struct driver_context *context, enum allocation_kind kind, size_t size,
                           unsigned flags, struct driver_pool *pool, CUdeviceptr *address);
void pool_open_default(void);
void pool_close_all(void);

/* ---- driver_stream.c, driver_event.c ---- */

/* NULL is the legacy stream of the context. The stream must belong to the context. */
CUresult stream_find(const struct driver_context *context, CUstream handle,
                     struct driver_stream **stream);
CUresult stream_open(struct driver_context *context, unsigned flags, int priority,
                     struct driver_stream **stream);
void stream_close(struct driver_stream *stream);
void event_close(struct driver_event *event);

#endif
