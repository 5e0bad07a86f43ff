/*
 * The driver's state, and what every entry point begins and ends with.
 *
 * The driver API belongs to a process, so there is one `struct driver`, guarded by one lock. Every
 * entry point has the same shape: driver_begin or driver_begin_context takes the lock and checks
 * the preconditions, the work is done by functions that assume the lock, driver_end gives the lock
 * back and hands the status through.
 *
 * Work is done when it is submitted: streams keep order by themselves, and waiting never blocks.
 */
#ifndef LOCKSTEP_EMULATOR_DRIVER_STATE_STATE_H
#define LOCKSTEP_EMULATOR_DRIVER_STATE_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/driver/state/config.h"
#include "emulator/driver/state/devices.h"
#include "emulator/driver/state/handles.h"
#include "emulator/driver/state/journal.h"
#include "emulator/driver/state/log.h"
#include "emulator/driver/state/report.h"
#include "emulator/driver/state/types.h"
#include "emulator/machine/machine.h"

struct driver_advice;
struct driver_allocation;
struct driver_capture;
struct driver_green;
struct driver_pool;
struct driver_region;
struct driver_reservation;
struct driver_stream;
struct driver_texture;

struct driver_context {
    CUcontext handle;
    CUdevice device;
    unsigned peers;      /* a bit for each device whose memory it was given access to */
    uint64_t identifier; /* another one each time that the primary context is opened */
    unsigned flags;
    bool primary;
    bool active;       /* the primary context: retained; others: always */
    unsigned retained; /* of the primary context */
    unsigned attached; /* by cuCtxAttach, and not detached yet */
    unsigned running;  /* graphs under way in it; their host functions let other threads in */
    bool doomed;       /* destroyed while one runs: freed when the last of them ends */
    CUresult error;    /* a kernel's fault: every later call in the context returns it */
    CUfunc_cache cache;
    CUsharedconfig banks;
    size_t persisting_l2; /* kept, and without effect */
    struct driver_stream *legacy, *per_thread;
};

/* What each of the devices has of its own. All are of one model, and share one machine and its
 * addresses. */
enum { DRIVER_DEVICES = 8 };

/* Of one place: its own pool, and the one in use. NULL: nobody has asked. */
struct driver_pools {
    struct driver_pool *own, *current;
};

struct driver_seat {
    struct driver_context primary;
    struct driver_pools pools, managed_pools;
};

/* A function of the program that is called at the end of the call that is under way, without the
 * lock. */
struct driver_farewell {
    struct driver_farewell *next;
    CUhostFn function;
    void *data;
};

/* A function of the program that is given every line of the log. */
struct driver_log_callback {
    CUlogsCallback function;
    void *data;
};

struct driver {
    pthread_mutex_t lock;
    struct driver_pools host_pools, host_managed_pools, managed_pools; /* the last at no place */
    bool initialised;
    bool finished; /* the library is being unloaded */
    bool forked;   /* a child of the process that called cuInit: CUDA is not for it */
    bool faulted;  /* a kernel has broken a context: what was in it could not be freed */
    struct driver_config config;
    const struct driver_device *device;
    struct machine_properties properties;
    struct machine *machine;
    bool launch_blocking; /* CUDA_LAUNCH_BLOCKING=1: a launch returns its own fault */
    struct handle_table handles;
    struct driver_seat seats[DRIVER_DEVICES];
    int device_count;                      /* that the program sees */
    struct driver_allocation *allocations; /* by address */
    size_t allocation_count, allocation_capacity;
    struct driver_advice *variable_advice; /* of managed variables; NULL: none was given */
    struct driver_capture *captures;
    struct driver_green *greens;
    struct driver_texture *textures; /* and surfaces */
    struct driver_reservation *reservations;
    struct driver_shared_pages *shared_pages; /* with other processes */
    int shared_file;                          /* that they are in; 0: none yet */
    struct driver_region *regions;            /* memory of graphs */
    struct driver_condition *conditions;      /* variables of graphs */
    size_t graph_bytes, graph_bytes_high;
    struct driver_farewell *farewells; /* each is freed when it has been called */
    size_t allocated_bytes;            /* of all allocations */
    struct driver_report report;
    struct driver_journal journal;
    uint64_t next_identifier;
    int (*stop)(void *context); /* of lockstepEmulatorStopWhen, for a machine that comes */
    void *stop_context;
    struct driver_log log;
    const char *lacked; /* of the call under way; NULL: nothing */
    const void *lacked_handle;
    char message[1200]; /* the last line said on stderr */
};

/* What belongs to a host thread. */
enum { CONTEXT_STACK_DEPTH = 64 };

struct driver_thread {
    CUcontext contexts[CONTEXT_STACK_DEPTH];
    unsigned depth;
    unsigned in_host_function; /* inside cuLaunchHostFunc's function: no CUDA call is allowed */
    bool in_log_callback;      /* what it does is not logged, or it would never end */
    CUstreamCaptureMode capture_mode;
};

extern struct driver driver;
extern _Thread_local struct driver_thread driver_thread;

/* The lock is taken, the driver is usable, and no host function is asking. */
CUresult driver_begin(void);
/* Also: a context is current and no kernel has broken it. */
CUresult driver_begin_context(struct driver_context **context);
/* Also: there is such a device, and somewhere to put the answer. */
CUresult driver_begin_device(CUdevice device, const void *answer);
/* Logs a failure, by the name of the entry point that calls it, and tells callbacks what was logged
 * since. */
#define driver_end(status) driver_end_of(__func__, status)
CUresult driver_end_of(const char *call, CUresult status);
bool driver_has_device(CUdevice device);
/* What is current in the thread, alive or not; NULL: nothing. */
CUcontext driver_current(void);
/* One line on stderr, marked as the emulator's. The lock must be held. */
__attribute__((format(printf, 1, 2))) void driver_say(const char *format, ...);
/* Also appends the line to the file of findings=: something is wrong with the program, which it may
 * not notice. */
__attribute__((format(printf, 1, 2))) void driver_find(const char *format, ...);
/* A handle names nothing of its kind (`what`): driver_end finds the call wrong for it, by its name,
 * unless it succeeds. */
void driver_lack(const char *what, const void *handle);
/* check=leak, and no kernel's fault has kept the program from freeing what it has. */
bool driver_seeks_leaks(void);
/* What would leak if the process ended now goes into its journal. */
void driver_note_memory(void);
CUresult driver_status(enum machine_status status);
/* 80 for sm_80. */
unsigned driver_architecture(void);
/* Calls a function of the program without the lock. Any object that nothing holds on to may be gone
 * afterwards. */
void driver_call_host(CUhostFn function, void *data);
/* Between the two a context that is destroyed is closed, but not freed. */
void driver_enter_context(struct driver_context *context);
void driver_leave_context(struct driver_context *context);

#endif
