/* See bench/added/watch.h. */
#include "bench/added/watch.h"
#include "common/words.h"

#include <errno.h>
#include <omp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const long patience_usual = 60, patience_most = 86400;

struct watch {
    pthread_t keeper, caller;
    long patience; /* seconds */
    pthread_mutex_t lock;
    pthread_cond_t closing;
    bool is_closing; /* under the lock */
    atomic_uint calls;
    atomic_bool inside; /* a call is going on, and `back` is where it can be left */
    sigjmp_buf back;
};

/* Whose call is going on, or was the last: a handler has no argument. */
static struct watch *_Atomic watching;

static void call_leave(int signal_number) {
    (void)signal_number;
    struct watch *watch = watching;
    if (watch && watch->inside && pthread_equal(watch->caller, pthread_self()))
        siglongjmp(watch->back, 1);
}

/* Sleeps a second, or until the watch is closed, which is true. */
static bool second_wait(struct watch *watch) {
    struct timespec end;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec++;
    (void)pthread_mutex_lock(&watch->lock);
    int result = 0;
    while (!watch->is_closing && result != ETIMEDOUT)
        result = pthread_cond_clockwait(&watch->closing, &watch->lock, CLOCK_MONOTONIC, &end);
    const bool is_closing = watch->is_closing;
    (void)pthread_mutex_unlock(&watch->lock);
    return is_closing;
}

static void *keep(void *argument) {
    struct watch *watch = argument;
    unsigned last = 0;
    long seconds = 0; /* that the same call has been seen for */
    while (!second_wait(watch)) {
        const unsigned call = watch->calls;
        seconds = watch->inside && call == last ? seconds + 1 : 0;
        last = call;
        if (seconds >= watch->patience)
            (void)pthread_kill(watch->caller, SIGRTMIN);
    }
    return NULL;
}

static enum status patience_read(long *seconds, struct message *message) {
    const char *text = getenv("LOCKSTEP_PATIENCE");
    char *end;
    *seconds = text && *text ? strtol(text, &end, 10) : patience_usual;
    if (*seconds >= 1 && *seconds <= patience_most && (!text || !*text || *end == '\0'))
        return STATUS_OK;
    return message_set(message, STATUS_INVALID,
                       "LOCKSTEP_PATIENCE is the seconds after which an added row hangs, 1 to %ld, "
                       "and not '%.60s'",
                       patience_most, text);
}

/* The signal is not blocked while its handler runs, which does not return. */
static bool keeper_start(struct watch *watch) {
    struct sigaction action = {.sa_handler = call_leave, .sa_flags = SA_NODEFER};
    sigset_t all, before;
    sigemptyset(&action.sa_mask);
    sigfillset(&all);
    if (sigaction(SIGRTMIN, &action, NULL) != 0 || pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    const bool started = pthread_create(&watch->keeper, NULL, keep, watch) == 0;
    return pthread_sigmask(SIG_SETMASK, &before, NULL) == 0 && started;
}

enum status watch_open(struct watch **watch, struct message *message) {
    long patience = 0;
    *watch = NULL;
    enum status status = patience_read(&patience, message);
    struct watch *opened = status == STATUS_OK ? calloc(1, sizeof *opened) : NULL;
    if (!opened)
        return status == STATUS_OK
                   ? message_set(message, STATUS_NO_MEMORY, "no memory to watch calls")
                   : status;
    opened->patience = patience;
    opened->caller = pthread_self();
    const bool has_locks = pthread_mutex_init(&opened->lock, NULL) == 0 &&
                           pthread_cond_init(&opened->closing, NULL) == 0;
    if (!has_locks || !keeper_start(opened)) {
        free(opened);
        return message_set(message, STATUS_NO_MEMORY, "no thread to watch calls");
    }
    *watch = opened;
    return STATUS_OK;
}

void watch_close(struct watch *watch) {
    if (!watch)
        return;
    (void)pthread_mutex_lock(&watch->lock);
    watch->is_closing = true;
    (void)pthread_cond_signal(&watch->closing);
    (void)pthread_mutex_unlock(&watch->lock);
    (void)pthread_join(watch->keeper, NULL);
    if (watching == watch)
        watching = NULL;
    (void)pthread_cond_destroy(&watch->closing);
    (void)pthread_mutex_destroy(&watch->lock);
    free(watch);
}

static enum status late_describe(const struct watch *watch, struct message *message) {
    if (omp_get_level() > 0)
        return message_set(message, STATUS_INTERRUPTED,
                           "a call did not end within %s, and OpenMP's threads are in it "
                           "still: nothing can be timed beside them",
                           COUNTED(watch->patience, "second"));
    return message_set(message, STATUS_ENDLESS,
                       "it did not end within %s (LOCKSTEP_PATIENCE says how many)",
                       COUNTED(watch->patience, "second"));
}

enum status watch_call(struct watch *watch, enum status (*function)(void *), void *argument,
                       struct message *message) {
    FILE *const own = stdout;
    if (sigsetjmp(watch->back, 0) != 0) {
        watch->inside = false;
        stdout = own;
        return late_describe(watch, message);
    }
    stdout = stderr;
    atomic_store_explicit(&watching, watch, memory_order_relaxed);
    atomic_fetch_add_explicit(&watch->calls, 1, memory_order_relaxed);
    atomic_store_explicit(&watch->inside, true, memory_order_relaxed);
    const enum status status = function(argument);
    atomic_store_explicit(&watch->inside, false, memory_order_relaxed);
    stdout = own;
    return status;
}
