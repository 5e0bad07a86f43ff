/* Seeing a rank fail. A process's descriptor becomes readable when it ends, so a thread that waits
 * for all of them takes no time from what is measured. That a process is stopped no descriptor
 * says: once a second each rank looks at the next one on its machine. Of ranks that are stopped
 * together the last one stands before one that runs, or all are.
 */
#include "common/clock.h"
#include "ranks/state.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

struct watch {
    struct ranks *ranks;
    pthread_t thread;
    int count;              /* of descriptors: the end's first, then a rank's each */
    struct pollfd *waiting; /* ranks->count + 1 */
    int *numbers;           /* whose each descriptor is */
    int next;               /* the rank behind this one on this machine */
    int next_stopped;       /* for so many seconds */
    double seen;            /* when this thread last went on */
};

/* Ends the job; all that find the same call it, and one says it. */
static void job_end(const struct ranks *ranks, int failed, const char *how, bool speaks) {
    const struct rank_identity *identity = &ranks->identities[failed];
    const char *kept = atomic_load(&ranks->kept);
    char sentence[8192];
    snprintf(sentence, sizeof sentence, "rank %d (process %lld on %s) %s, and with it the job%s%s",
             failed, (long long)identity->process, identity->host, how, kept ? "; " : "",
             kept ? kept : "");
    ranks->end(STATUS_FAILED, speaks ? sentence : NULL);
}

static void rank_mourn(const struct ranks *ranks, int dead) {
    job_end(ranks, dead, "has died", ranks->number == (dead == 0 ? 1 : 0));
}

/* Whether a process is stopped: the letter behind its name, which may hold anything. A debugger's
 * stop is another letter, and none of this thread's business. */
static bool process_is_stopped(int64_t process) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)process);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    const size_t length = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[length] = '\0';
    const char *name_end = strrchr(text, ')');
    return name_end && strncmp(name_end, ") T", 3) == 0;
}

/* Seconds are counted as they are seen: a job that was stopped as a whole has seen none. */
static void next_look(struct watch *watch) {
    const struct ranks *ranks = watch->ranks;
    char how[80];
    if (!process_is_stopped(ranks->identities[watch->next].process)) {
        watch->next_stopped = 0;
        return;
    }
    if (++watch->next_stopped < ranks->stopped_seconds)
        return;
    snprintf(how, sizeof how, "has been stopped for %d s", ranks->stopped_seconds);
    job_end(ranks, watch->next, how, true);
}

/* One that was stopped for that long itself was given up: the others have ended, and have said
 * why. */
static bool was_given_up(const struct watch *watch, double now) {
    const double least = watch->ranks->stopped_seconds - 1;
    return now - watch->seen > (least > 1.5 ? least : 1.5);
}

static void *watch_run(void *argument) {
    struct watch *watch = argument;
    for (;;) {
        const int readable = poll(watch->waiting, (nfds_t)watch->count, 1000);
        const double now = clock_seconds();
        const bool given_up = was_given_up(watch, now);
        watch->seen = now;
        if (readable == 0)
            next_look(watch);
        if (readable <= 0)
            continue;
        if (watch->waiting[0].revents)
            return NULL;
        for (int i = 1; i < watch->count; i++) {
            if (watch->waiting[i].revents && given_up)
                watch->ranks->end(STATUS_FAILED, NULL);
            if (watch->waiting[i].revents)
                rank_mourn(watch->ranks, watch->numbers[i]);
        }
    }
}

static void watch_free(struct watch *watch) {
    for (int i = 0; i < watch->count; i++)
        (void)close(watch->waiting[i].fd);
    free(watch->waiting);
    free(watch->numbers);
    free(watch);
}

static void watch_add(struct watch *watch, int descriptor, int number) {
    if (descriptor < 0)
        return;
    watch->waiting[watch->count] = (struct pollfd){.fd = descriptor, .events = POLLIN};
    watch->numbers[watch->count++] = number;
}

void watch_start(struct ranks *ranks) {
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return;
    watch->ranks = ranks;
    watch->seen = clock_seconds();
    watch->waiting = calloc((size_t)ranks->count + 1, sizeof *watch->waiting);
    watch->numbers = calloc((size_t)ranks->count + 1, sizeof *watch->numbers);
    if (watch->waiting && watch->numbers)
        watch_add(watch, eventfd(0, EFD_CLOEXEC), -1);
    /* From the next rank around to the one before this one. */
    for (int i = 1; i < ranks->count && watch->count > 0; i++) {
        const int number = (ranks->number + i) % ranks->count;
        if (ranks->identities[number].kernel == ranks->identities[ranks->number].kernel)
            watch_add(watch, (int)syscall(SYS_pidfd_open, ranks->identities[number].process, 0),
                      number);
    }
    if (watch->count > 1)
        watch->next = watch->numbers[1];
    if (watch->count < 2 || pthread_create(&watch->thread, NULL, watch_run, watch) != 0) {
        watch_free(watch);
        return;
    }
    ranks->watch = watch;
}

void watch_stop(struct ranks *ranks) {
    const uint64_t one = 1;
    if (!ranks->watch)
        return;
    if (write(ranks->watch->waiting[0].fd, &one, sizeof one) == (ssize_t)sizeof one &&
        pthread_join(ranks->watch->thread, NULL) == 0)
        watch_free(ranks->watch);
    ranks->watch = NULL;
}
